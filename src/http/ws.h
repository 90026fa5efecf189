/* SPDX-License-Identifier: Apache-2.0
 *
 * WebSocket (RFC 6455) behind the HTTP layer: text messages in both directions. Who is asked for an upgrade looks at
 * the request first (who asks, Origin, which path) and refuses it by an ordinary http_reply, or gives it to ws_accept.
 *
 *   http_request ── ws_accept: no handshake (section 4.2) ──▶ 400, 405, 426 or 503, as problem+json
 *        │ 101                          ws_send: the kernel did not take all
 *        └─────────▶ OPEN ────────────────────────────────────────────────────▶ FULL
 *                     │ ▲                 it has, on_room                        │
 *                     │ └────────────────────────────────────────────────────────┘
 *   OPEN, FULL ── ws_close; the server drains: 1001 ──▶ CLOSING (5.5.1; messages that still come are dropped)
 *   OPEN, FULL, CLOSING ── the client's close frame, answered ──▶ OVER with its code, 1005 when it says none (7.4.1)
 *   OPEN, FULL, CLOSING ── what breaks the protocol ──▶ a close frame of ours (7.1.7) ──▶ OVER with our code
 *   OPEN, FULL, CLOSING ── gone, silent, no answer to our close frame; http_close ──▶ OVER with 1006
 *   OVER ── on_closed, then the ws is freed
 *
 *            | ws_send        | ws_close | a message  | a ping  | drained | client closes | trouble
 *   OPEN     | OPEN, FULL     | CLOSING  | on_message | pong    | CLOSING | OVER          | OVER
 *   FULL     | a bug          | CLOSING  | not read   | unread  | later   | not read      | OVER
 *   CLOSING  | ERR_AWAY       | -        | dropped    | dropped | -       | OVER          | OVER
 *   OVER     | ERR_AWAY       | -        | -          | -       | -       | -             | -
 *
 * Trouble and its code: 1002 no frame of RFC 6455 (an unmasked one, an extension's bit, a wrong order or length), 1003
 * a binary message, 1007 text that is not UTF-8, 1008 a message that took longer than LIMIT_WS_MESSAGE_MS, 1009 one of
 * more than LIMIT_WS_MESSAGE bytes, 1013 no memory for it among all request bodies.
 *
 * The layer joins fragments (5.4), answers pings and sends its own each LIMIT_WS_PING_MS (5.5.2); of extensions it
 * accepts none. A client is not read while it does not take what is sent to it, and is closed when it takes it too
 * slowly, as with any answer (LIMIT_HTTP_SEND_MS, LIMIT_HTTP_RATE). Nothing else ends an idle ws.
 */
#ifndef HTTP_WS_H
#define HTTP_WS_H

#include "http/http.h"

struct ws;

/* Called from the loop, never from inside a call of these functions. */
struct ws_events {
    void (*on_message)(struct ws *w, struct str text); /* UTF-8; borrowed until it returns */
    void (*on_room)(struct ws *w);                     /* after ERR_AGAIN: there is room again */
    void (*on_closed)(struct ws *w, int code);         /* once, the last call; `w` is freed when it returns */
};

struct ws_conf {
    const struct ws_events *events; /* borrowed for the ws's life */
    void *user;
    const char *const
        *protocols;      /* subprotocols spoken here, NULL at the end; the client's order decides. NULL: none */
    bool needs_protocol; /* refuse who offers none of them */
};

#define WS_NORMAL 1000
#define WS_GOING_AWAY 1001
#define WS_PROTOCOL_ERROR 1002
#define WS_NOT_TEXT 1003
#define WS_NO_CODE 1005  /* on_closed only: the client's close frame says none */
#define WS_ABNORMAL 1006 /* on_closed only: it went without a close frame */
#define WS_NOT_UTF8 1007
#define WS_POLICY 1008
#define WS_TOO_BIG 1009
#define WS_INTERNAL 1011
#define WS_TRY_LATER 1013

/* Is it a handshake that would be accepted? For who shapes refusals of his own: e->code, and the headers that such a refusal must
 * have (RFC 9110 sections 15.5.6 and 15.5.22), which are static. */
int ws_check(struct http_request *r, const struct ws_conf *conf, struct err *e, const struct http_header **ret_headers, size_t *ret_n) MUST_USE;
/* Ends the request, one that was handed over and not answered: by 101 and a ws that was told nothing yet; or by a
 * refusal, or because its client has gone: NULL, and nothing is called back. *ret_status: what was answered; 0: nothing. */
struct ws *ws_accept(struct http_request *r, const struct ws_conf *conf, int *ret_status);
void *ws_user(const struct ws *w);
const char *ws_protocol(const struct ws *w); /* the subprotocol that was chosen, of conf.protocols; NULL: none */
/* One text message; copied where the kernel does not take it. 0: go on; ERR_AGAIN: it was taken, but the next one has
 * to wait for on_room; ERR_AWAY: nobody will read it, on_closed comes or has come. It must be UTF-8. */
int ws_send(struct ws *w, struct str text) MUST_USE;
bool ws_has_room(const struct ws *w); /* ws_send may be called: false between ERR_AGAIN and on_room */
/* Begins the closing handshake; on_closed follows when the client has answered, or not in LIMIT_WS_CLOSE_MS. `code`:
 * one that may be sent (7.4), `reason`: UTF-8, cut to 123 bytes. Nothing when it is closing already. */
void ws_close(struct ws *w, int code, struct str reason);

#endif
