/* SPDX-License-Identifier: Apache-2.0
 *
 * Inside the http folder only: a ws as its connection sees it. The drawing is in ws.h; OPEN and FULL are one here, told
 * apart by `full`.
 */
#ifndef HTTP_WS_INSIDE_H
#define HTTP_WS_INSIDE_H

#include "base/turn.h"
#include "http/ws.h"
#include "http/ws_reader.h"

struct conn;

enum ws_state { WS_STATE_OPEN, WS_STATE_CLOSING, WS_STATE_OVER };

struct ws {
    const struct ws_events *events; /* borrowed */
    void *user;
    const char *protocol; /* borrowed from the API's list */
    struct conn *conn;    /* borrowed; NULL when over */
    struct turn *turn;    /* borrowed */
    struct later later;   /* open: its connection goes on; over: on_closed */
    enum ws_state state;
    bool full;        /* the API was told ERR_AGAIN */
    int code;         /* for on_closed */
    size_t counted;   /* bytes of the message that is arriving, in http->body_bytes */
    int64_t heard_ms; /* mono: when something came last */
    int64_t ping_ms;  /* mono: when the next ping is due */
    int64_t since_ms; /* mono: when the message under way began, or our close frame was sent */
    struct ws_reader reader;
};

/* One step of the table, called by the connection. False: nothing could be done, more bytes must come. */
bool ws_step(struct ws *w, struct str *in);
void ws_drained(struct ws *w); /* the kernel has taken all: the client's time begins anew */
void ws_gone(struct ws *w);    /* its connection is being closed */
int64_t ws_deadline(const struct ws *w);
void ws_due(struct ws *w); /* a deadline may have come; not while the connection is sending */

#endif
