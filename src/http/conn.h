/* SPDX-License-Identifier: Apache-2.0
 *
 * One connection of a client, from accept to close. The drawing is in conn.c.
 */
#ifndef HTTP_CONN_H
#define HTTP_CONN_H

#include "base/list.h"
#include "base/timer.h"
#include "http/head.h"
#include "http/request.h"

enum conn_state {
    CONN_WAIT,   /* nothing of a request has come */
    CONN_HEAD,   /* a part of a head has */
    CONN_BODY,   /* the head was accepted, its body is arriving */
    CONN_HELD,   /* the API has the request */
    CONN_WS,     /* it has become a WebSocket */
    CONN_LAST,   /* answered for the last time, not all of it sent yet */
    CONN_LINGER, /* our side is ended; reading on so that the client sees the answer */
    CONN_CLOSED, /* its stream is being closed */
};

struct conn {
    struct list link;      /* in http->conns */
    struct list resting;   /* in http->share.resting */
    struct http *http;     /* borrowed */
    struct stream *stream; /* owned, closes asynchronously */
    enum conn_state state;
    bool driving;            /* inside drive(): an answer made now is sent when the step returns */
    bool sending;            /* the kernel has not taken all; nothing new is read meanwhile */
    bool ended;              /* the client has ended its side */
    bool refused;            /* answered by the layer itself */
    bool full;               /* the last read was as large as a read can be: there may be more */
    bool cut;                /* bytes behind the request were dropped: its answer is the last */
    unsigned steps;          /* heads taken in this drive() */
    struct request *request; /* owned: from the whole head to its answer */
    struct ws *ws;           /* linked both ways: CONN_WS only; freed by itself */
    struct head head;
    struct buf in;       /* owned: bytes that came and were not used yet */
    struct buf out;      /* owned: answers not yet given to the kernel */
    struct list kept;    /* requests answered, whose arena the kernel still reads */
    struct timer timer;  /* set for deadline_ms or earlier; looks and sets itself again */
    int64_t deadline_ms; /* mono; INT64_MAX: none */
    int64_t since_ms;    /* mono: first byte of the request, start of its body, start of lingering */
    size_t counted;      /* bytes of what is queued, in http->answer_bytes */
    size_t in_counted;   /* bytes of `in`, in http->body_bytes */
    size_t watched;      /* sending: bytes the client had still to take when last looked; lingering: bytes read */
    char peer[LISTEN_PEER];
};

void conn_new(struct http *h, struct stream *s, const char *peer); /* takes the stream; over the limit: refuses it */
void conn_reply(struct conn *c, struct request *q, const struct http_reply *reply);
void conn_refuse(struct conn *c, const struct err *e); /* the layer's own answer, the last one */
void conn_go_on(struct conn *c); /* something has changed: takes the steps that are possible now */
void conn_close(struct conn *c); /* at once; legal from any state */

/* For answers in pieces (outflow.c). */
bool conn_is_last(const struct conn *c, const struct request *q); /* whatever is answered, nothing can follow it */
void conn_head(struct conn *c, const struct request *q, const struct http_reply *reply, int64_t length, bool last);
void conn_answered(struct conn *c, struct request *q, bool last); /* all of it is in `out` or sent; frees the request */
void conn_abort(struct conn *c, bool reset); /* drops the request, which is the caller's again, and closes */

/* conn_time.c */
void conn_set_deadline(struct conn *c); /* after anything that may have changed it */

/* conn_send.c, for conn.c */
#define CONN_BATCH (32 * 1024)      /* answers to pipelined requests are sent when they are this many bytes */
void conn_open_out(struct conn *c); /* before anything is added to c->out */
/* Gives `out` and then `body` to the kernel; what it does not take is queued: `body` copied, unless `keep` is the
 * request in whose arena it lies; that one is taken. False: the connection broke and is closed. */
bool conn_send(struct conn *c, struct str body, struct request *keep);
void conn_sent(struct conn *c); /* nothing is queued any more: frees what was kept for it */

#endif
