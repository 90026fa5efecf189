/* SPDX-License-Identifier: Apache-2.0
 *
 * One call of the handler `http`: a request from its templates to the end of its answer, which is kept, or passed on when it
 * is a stream. It says what came of it and decides nothing.
 *
 *   idle ──start──▶ running ──answered, broken, too slow──▶ over (on_over)        running ──stop──▶ idle (nothing follows)
 *     ▲                └─ more than a result may have, a stream that has said its end ─▶ ending ─▶ over
 *     └───────────────────────── the next start ─────────────────────────┘
 */
#ifndef HANDLER_WEB_CALL_H
#define HANDLER_WEB_CALL_H

#include "handler/web_fill.h"
#include "handler/web_stream.h"
#include "http/fetch.h"

struct web_ask { /* borrowed for the call */
    enum web_method method;
    const char *url;    /* a template */
    bool has_body;      /* the configured one, or the input */
    bool streams;       /* the answer may be a stream */
    int64_t timeout_ms; /* 0: none */
};

struct web_call {
    void (*on_over)(struct web_call *c); /* once for each start that succeeded, never from inside it; legal to start again */
    const struct web_conf *conf;         /* borrowed, as are the next three */
    struct turn *turn;
    struct fetcher *fetcher;
    struct attempt *attempt;

    struct fetch fetch;
    struct timer linger;     /* a stream that has said its end: its answer is waited for, so that the connection can be kept */
    struct later ending;
    bool running, too_large;
    struct buf answer;       /* its body, at most LIMIT_RESULT */
    struct web_stream stream;
    struct buf place;        /* "POST http://host/path", for messages */
};

void web_call_init(struct web_call *c, const struct web_conf *conf, struct turn *turn, struct fetcher *fetcher,
                   struct attempt *a, void (*on_over)(struct web_call *c));
void web_call_release(struct web_call *c); /* stops it, too */
/* ERR_INVALID, ERR_TOO_BIG: the templates cannot be filled in, with the reason; nothing was started. */
int web_call_start(struct web_call *c, const struct web_ask *ask, const struct web_words *words, struct err *e) MUST_USE;
void web_call_stop(struct web_call *c); /* at once; idle: nothing */
bool web_call_is_shortage(const struct web_call *c); /* over: nothing was sent, the machine is short of something */
bool web_call_is_good(const struct web_call *c); /* over: answered with 2xx, whole, within its limits */
/* Why it is not, in words: "HTTP 503: overloaded", "Connection refused". */
struct str web_call_why(const struct web_call *c, struct arena *arena);

#endif
