/* SPDX-License-Identifier: Apache-2.0
 *
 * The seam of outgoing HTTP: one request to somebody else's server, its answer read as it comes. Handlers know only this;
 * behind it is libcurl (client.c), or a test's fake.
 *
 *   idle ──start──▶ under way ──▶ on_body* ──▶ over (on_over)         under way ──cancel──▶ idle (nothing follows)
 *     ▲                                            │
 *     └──────────────── the next start ────────────┘
 */
#ifndef HTTP_FETCH_H
#define HTTP_FETCH_H

#include "base/err.h"
#include "base/str.h"

#define FETCH_TYPE 128       /* a content type and a NUL; longer ones are cut */
#define FETCH_RETRY_AFTER 64 /* the same of Retry-After */

struct sockaddr;

struct fetch_guard { /* of the addresses that are connected to; borrowed until on_over */
    /* NULL: go on; else why not, for people. */
    const char *(*why_not)(const struct fetch_guard *g, const struct sockaddr *to);
};

struct fetch_spec { /* all borrowed for the call */
    const char *method;
    const char *url;            /* http or https */
    const char *const *headers; /* "Name: value", NULL at the end */
    struct str body;            /* copied; p NULL: none */
    const char *proxy;          /* URL; NULL: none, whatever the environment says */
    const char *proxy_login;    /* USER=PASSWORD, for a proxy that wants them; NULL: none */
    const char *ca_file;        /* who may vouch for the other side; NULL: whom the system trusts */
    int64_t connect_timeout_ms; /* 0: none, as for the next */
    int64_t timeout_ms;         /* of all of it */
    const struct fetch_guard *guard; /* NULL: any address; not with a proxy, which connects where it likes */
};

struct fetcher;

/* One request. The struct is the owner's and stays put until on_over or fetch_cancel. */
struct fetch {
    void (*on_body)(struct fetch *f, struct str bytes); /* borrowed for the call; cancel is legal in it */
    void (*on_over)(struct fetch *f);                   /* once, from the loop; legal to start again, or to free it */
    struct fetcher *fetcher;                            /* set by fetch_start */
    void *inside;                                       /* the fetcher's; NULL: idle */

    int status;                          /* of the answer, known in on_body; 0: none came */
    char type[FETCH_TYPE];               /* its Content-Type, its Retry-After, "" when not said */
    char retry_after[FETCH_RETRY_AFTER];
    struct err err;                      /* code 0: the whole answer was read; ERR_TIMEOUT, ERR_AWAY, ERR_IO: it was not; ERR_FORBIDDEN: nothing came
                                          * through, the proxy wants another login (status: its own), or the guard did not let it (0); ERR_AGAIN: nothing was sent, this machine has no socket to give */
};

/* Answers in pieces without a limit: the owner, who keeps them, cancels when it has enough. Compressed ones (gzip, deflate) come
 * as what they were before, so that is what it counts. Redirects are answers. */
struct fetcher {
    int (*start)(struct fetcher *by, struct fetch *f, const struct fetch_spec *spec, struct err *e);
    void (*cancel)(struct fetch *f);
};

/* 0: on_over follows, never from inside. Error: nothing follows. */
static inline int fetch_start(struct fetcher *by, struct fetch *f, const struct fetch_spec *spec, struct err *e)
{
    f->fetcher = by;
    f->status = 0;
    f->type[0] = f->retry_after[0] = '\0';
    f->err = (struct err){0};
    return by->start(by, f, spec, e);
}
static inline bool fetch_is_on(const struct fetch *f) { return f->inside != NULL; }
static inline void fetch_cancel(struct fetch *f) /* idle: nothing */
{
    if (f->inside) f->fetcher->cancel(f);
}

#endif
