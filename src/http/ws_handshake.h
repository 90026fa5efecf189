/* SPDX-License-Identifier: Apache-2.0
 *
 * The server's side of the opening handshake (RFC 6455 section 4.2): is this request one, and what is answered to it.
 * Extensions that are offered are read over: none is accepted.
 */
#ifndef HTTP_WS_HANDSHAKE_H
#define HTTP_WS_HANDSHAKE_H

#include "base/buf.h"
#include "http/ws.h"

#define WS_ACCEPT_TEXT 29 /* base64 of a SHA-1 and a NUL */

struct ws_handshake {
    char accept[WS_ACCEPT_TEXT];
    const char *protocol; /* of conf.protocols, NULL: none */
};

/* `http10`: HTTP/1.0, which knows no upgrade. ERR_METHOD, ERR_UPGRADE, ERR_INVALID. */
int ws_handshake_read(struct ws_handshake *ret, const struct http_request *r, bool http10, const struct ws_conf *conf,
                      struct err *e) MUST_USE;
/* Those of a refusal with this code, static; none: NULL. */
const struct http_header *ws_handshake_headers(int code, size_t *ret_n);
/* Answers a request that ws_handshake_read, or who asked it, did not take: with what the client needs to do better. */
void ws_handshake_refuse(struct http_request *r, const struct err *e);
/* The head of the 101 but for its empty line, and the lines that all answers have. */
void ws_handshake_head(struct buf *b, const struct ws_handshake *h);
/* Section 4.2.2, item 5.4: the proof that the key was read by one who speaks WebSocket. */
void ws_handshake_accept(char ret[WS_ACCEPT_TEXT], struct str key);

#endif
