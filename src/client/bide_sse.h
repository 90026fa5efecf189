/* SPDX-License-Identifier: Apache-2.0
 *
 * Server-sent events (text/event-stream, the HTML standard, section 9.2.6) out of bytes that come in pieces cut anywhere: name,
 * id and data of each, and how long the server wants a client to rest before it comes again. Private to libbide; http/sse.h,
 * which tells data alone, is on a floor that libbide does not have. Pure.
 */
#ifndef CLIENT_BIDE_SSE_H
#define CLIENT_BIDE_SSE_H

#include "base/buf.h"

#define BIDE_SSE_EVENT (32 * 1024 * 1024) /* a line, or the data of one event; an output of 1 MiB may be six times that, escaped */
#define BIDE_SSE_WORD 256                 /* a name or an id; a longer one is none */

struct bide_sse {
    bool (*on_event)(struct bide_sse *s); /* name, id, data are there; false: no more is wanted */
    void *user;
    struct buf line, data;
    char name[BIDE_SSE_WORD];
    char id[BIDE_SSE_WORD];   /* of the last event that was told to its end; stays for those that have none */
    char coming[BIDE_SSE_WORD]; /* the one of the event that is coming */
    int64_t retry_ms;         /* 0: the server has not said */
    bool has_data, begun, after_cr, stopped;
};

void bide_sse_init(struct bide_sse *s, bool (*on_event)(struct bide_sse *s), void *user);
void bide_sse_release(struct bide_sse *s);
/* For the next connection: what came of an event is dropped, the id and retry_ms stay. */
void bide_sse_again(struct bide_sse *s);
/* 0, ERR_NOMEM, or ERR_TOO_BIG; after an error nothing comes of it any more. */
int bide_sse_add(struct bide_sse *s, struct str bytes) MUST_USE;

#endif
