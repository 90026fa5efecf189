/* SPDX-License-Identifier: Apache-2.0
 *
 * The handler `http`: a task is a request to somebody else's server. Its input, or a body made from a template, is sent to a
 * URL, and what is answered is the result; or the answer only says that the work was taken, and the other side is asked until
 * it is done (`poll`), or calls back (`callback`), or both: the first ending wins. An answer that is a stream of events is
 * passed on as it comes (`stream`). One attempt of it: web_run.h.
 */
#ifndef HANDLER_WEB_H
#define HANDLER_WEB_H

#include "handler/handler.h"

struct fetcher;  /* http/fetch.h */
struct web_desk;

enum web_method { WEB_POST, WEB_PUT, WEB_PATCH, WEB_DELETE, WEB_GET };
enum web_shape { WEB_OBJECT, WEB_STRING }; /* text as a result: {"text": ...}, or a string */

/* URLs are templates (web_fill.h). The pointers are JSON pointers (RFC 6901) into an answer; an empty one is the whole of it. */
struct web_poll_conf {
    const char *status;      /* URL; NULL: the other side is not asked */
    const char *result;      /* URL; NULL: the last answer of `status` is the result */
    int64_t every_ms;        /* between two calls */
    int64_t call_timeout_ms; /* of each call */
    int32_t tries;           /* unusable answers in a row until the attempt fails */
    const char *state, *progress, *message, *error; /* in what `status` says */
    const char *const *done, *const *failed;        /* words of the state, NULL at the end */
};

struct web_callback_conf {
    const char *base;  /* URL of this server as the other side reaches it; NULL: it does not call back */
    const char *state; /* NULL: each callback is the end, and well */
    const char *result, *error, *progress, *message;
    const char *const *done, *const *failed;
};

struct web_stream_conf {
    const char *piece; /* the text in an event's data; NULL: answers are no streams */
    const char *error; /* there: why it failed */
    const char *end;   /* the data that ends it; "": the end of the answer does */
    enum web_shape shape;
};

struct web_conf { /* borrowed for as long as the handler lives */
    const char *name; /* the type */
    const char *url;  /* NULL: another handler's type */
    enum web_method method;
    const char *const *headers;        /* NAME=VALUE, the values templates; with every call */
    const char *const *secret_headers; /* NAME=VALUE: never shown, no templates */
    const char *body;                  /* JSON text, its strings templates; NULL: the input */
    const char *result;                /* in the answer that has it; NULL: all of it, JSON or not */
    const char *error;                 /* in an answer that is a refusal */
    const char *id;                    /* of the remote work, in what `url` answers */
    const char *cancel;                /* URL; NULL: the other side is not told */
    enum web_method cancel_method;
    int32_t concurrency;               /* attempts at one time */
    int64_t connect_timeout_ms, call_timeout_ms; /* call: of `url`; 0: the task's own is enough */
    const char *ca_file, *proxy;       /* NULL: the system's, none */
    const char *const *proxy_login;    /* one USER=PASSWORD; NULL: the proxy wants none */
    struct web_poll_conf poll;
    struct web_callback_conf callback;
    struct web_stream_conf stream;
};

int web_new(struct handler **ret, struct turn *turn, struct fetcher *fetcher, struct web_desk *desk, const struct web_conf *conf);

#endif
