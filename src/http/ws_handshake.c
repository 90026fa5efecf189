/* SPDX-License-Identifier: Apache-2.0
 *
 * A request without the upgrade, or of another version, is answered 426 with what is spoken here (RFC 9110 section
 * 15.5.22, RFC 6455 section 4.4); one that is wrong in itself 400.
 */
#include "http/ws_handshake.h"

#include "base/base64.h"
#include "base/hash.h"
#include "http/problem.h"

#define KEY_TEXT 24 /* base64 of 16 bytes */

void ws_handshake_accept(char ret[WS_ACCEPT_TEXT], struct str key)
{
    struct buf b;
    uint8_t sum[HASH_SHA1];
    buf_init(&b, 256);
    buf_add_str(&b, str_sub(key, 0, KEY_TEXT));
    buf_add_text(&b, "258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
    hash_sha1(buf_str(&b), sum);
    buf_release(&b);
    base64_encode(sum, sizeof sum, ret);
}

/* The headers of that name, a comma-separated list together: does it have the token? */
static bool lists(const struct http_request *r, const char *name, const char *token)
{
    for (size_t i = 0; i < r->n_headers; i++) {
        if (!str_eq_nocase(r->headers[i].name, str_of(name))) continue;
        for (struct str rest = r->headers[i].value; rest.len;)
            if (str_eq_nocase(str_trim(str_cut(&rest, ',')), str_of(token))) return true;
    }
    return false;
}

/* The value of a header that is there exactly once, else STR_NONE. */
static struct str only(const struct http_request *r, const char *name)
{
    struct str value = STR_NONE;
    unsigned n = 0;
    for (size_t i = 0; i < r->n_headers; i++) {
        if (!str_eq_nocase(r->headers[i].name, str_of(name))) continue;
        value = r->headers[i].value;
        n++;
    }
    return n == 1 ? value : STR_NONE;
}

static bool is_key(struct str s)
{
    uint8_t bytes[BASE64_BYTES(KEY_TEXT + 3)];
    size_t n;
    return s.len == KEY_TEXT && base64_decode(s, bytes, &n) == 0 && n == 16;
}

/* The first of the client's that is spoken here (section 4.1, item 10: they are in order of preference). */
static const char *choose(const struct http_request *r, const char *const *ours)
{
    for (size_t i = 0; ours && i < r->n_headers; i++) {
        if (!str_eq_nocase(r->headers[i].name, STR("Sec-WebSocket-Protocol"))) continue;
        for (struct str rest = r->headers[i].value; rest.len;) {
            struct str offered = str_trim(str_cut(&rest, ','));
            for (const char *const *p = ours; *p; p++)
                if (str_eq(offered, str_of(*p))) return *p;
        }
    }
    return NULL;
}

int ws_handshake_read(struct ws_handshake *ret, const struct http_request *r, bool http10, const struct ws_conf *conf,
                      struct err *e)
{
    if (!str_eq(r->method, STR("GET"))) return err_set(e, ERR_METHOD, "a WebSocket begins with GET");
    if (http10 || !lists(r, "Connection", "upgrade") || !lists(r, "Upgrade", "websocket"))
        return err_set(e, ERR_UPGRADE,
                       "the request has no `Connection: Upgrade` and `Upgrade: websocket`, of HTTP/1.1");
    if (!str_eq(only(r, "Sec-WebSocket-Version"), STR("13")))
        return err_set(e, ERR_UPGRADE, "the only Sec-WebSocket-Version spoken here is 13");
    struct str key = only(r, "Sec-WebSocket-Key");
    if (!is_key(key)) return err_set(e, ERR_INVALID, "the Sec-WebSocket-Key is not 16 bytes in base64");
    if (r->has_body) return err_set(e, ERR_INVALID, "a WebSocket begins without a body");
    const char *protocol = choose(r, conf->protocols);
    if (conf->needs_protocol && !protocol)
        return err_set(e, ERR_INVALID, "no Sec-WebSocket-Protocol that is spoken here is offered, as %s would be",
                       conf->protocols[0]);
    ret->protocol = protocol;
    ws_handshake_accept(ret->accept, key);
    return 0;
}

const struct http_header *ws_handshake_headers(int code, size_t *ret_n)
{
    static const struct http_header upgrade[] = {{STR("Upgrade"), STR("websocket")},
                                                 {STR("Connection"), STR("Upgrade")},
                                                 {STR("Sec-WebSocket-Version"), STR("13")}};
    static const struct http_header allow[] = {{STR("Allow"), STR("GET")}};
    *ret_n = code == ERR_UPGRADE ? 3 : code == ERR_METHOD ? 1 : 0;
    return code == ERR_UPGRADE ? upgrade : code == ERR_METHOD ? allow : NULL;
}

void ws_handshake_refuse(struct http_request *r, const struct err *e)
{
    size_t n;
    const struct http_header *headers = ws_handshake_headers(e->code, &n);
    problem_reply_with(r, e, err_http_status(e->code) == 503 ? 1 : 0, headers, n, STR(""));
}

void ws_handshake_head(struct buf *b, const struct ws_handshake *h)
{
    buf_add_text(
        b, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ");
    buf_add_text(b, h->accept);
    if (h->protocol) {
        buf_add_text(b, "\r\nSec-WebSocket-Protocol: ");
        buf_add_text(b, h->protocol);
    }
    buf_add_text(b, "\r\n");
}
