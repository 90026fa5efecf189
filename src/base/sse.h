/* SPDX-License-Identifier: Apache-2.0
 *
 * Server-sent events (text/event-stream, the HTML standard, section 9.2.6) out of bytes that come in pieces cut anywhere: name,
 * id and data of each, and how long the server wants a client to rest before it comes again. Comments are read over. Pure.
 *
 *   line ──field: value──▶ line ──blank line──▶ on_event, when there was any `data`
 */
#ifndef BASE_SSE_H
#define BASE_SSE_H

#include "base/buf.h"

#define SSE_WORD 256 /* a name or an id; a longer one is none */

struct sse {
    bool (*on_event)(struct sse *s); /* name, id, data are there; false: no more is wanted */
    void *user;
    struct buf line, data;  /* data: its lines joined by line feeds */
    char name[SSE_WORD];    /* empty: none */
    char id[SSE_WORD];      /* of the last event that was told to its end; stays for those that have none */
    char coming[SSE_WORD];  /* the one of the event that is coming */
    int64_t retry_ms;       /* 0: the server has not said */
    bool has_data, begun;   /* begun: past the place of a byte order mark */
    bool after_cr, stopped; /* a line feed now belongs to the carriage return before it; on_event said so, or there was an error */
};

/* max: bytes of a line, and of the data of one event */
void sse_init(struct sse *s, size_t max, bool (*on_event)(struct sse *s), void *user);
void sse_release(struct sse *s);
/* For the next connection: what came of an event is dropped, the id and retry_ms stay. */
void sse_again(struct sse *s);
/* 0, ERR_NOMEM, or ERR_TOO_BIG: longer than max; after an error nothing comes of it any more. */
int sse_add(struct sse *s, struct str bytes) MUST_USE;

#endif
