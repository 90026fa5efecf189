/* SPDX-License-Identifier: Apache-2.0
 *
 * What the tests of WebSocket share: a server that accepts every upgrade and writes down what it is told, and a client
 * made of single frames.
 */
#ifndef WS_RIG_H
#define WS_RIG_H

#include "http/ws.h"
#include "rig.h"

#define WS_KEY "dGhlIHNhbXBsZSBub25jZQ==" /* RFC 6455 section 1.3 */
#define WS_UPGRADE                                                                                                     \
    "GET /ws HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n"                         \
    "Sec-WebSocket-Key: " WS_KEY "\r\nSec-WebSocket-Version: 13\r\n"

struct ws_seen { /* by the API */
    struct ws *w;
    struct buf texts; /* each message in brackets */
    int n_messages, n_room, n_closed, code;
    int status; /* of the last ws_accept */
    size_t bytes;
    bool echoes;
    bool inside; /* within one of our calls: nothing may be told */
};
static struct ws_seen seen;

static inline void ws_on_message(struct ws *w, struct str text)
{
    if (seen.inside || w != seen.w || seen.n_closed) abort();
    seen.n_messages++;
    seen.bytes += text.len;
    if (text.len < 100) buf_add_format(&seen.texts, "[%.*s]", STR_ARG(text));
    if (seen.echoes && ws_send(w, text) == ERR_AWAY) abort();
}

static inline void ws_on_room(struct ws *w)
{
    if (seen.inside || !ws_has_room(w)) abort();
    seen.n_room++;
}

static inline void ws_on_closed(struct ws *w, int code)
{
    if (seen.inside || w != seen.w) abort();
    seen.n_closed++;
    seen.code = code;
}

static const struct ws_events ws_told = {ws_on_message, ws_on_room, ws_on_closed};
static const char *const ws_protocols[] = {"bide.v1", "bide.v0", NULL};
static struct ws_conf ws_conf_now;

static inline void ws_on_request(void *user, struct http_request *r)
{
    struct rig *rig = user;
    if (str_eq(r->path, STR("/plain"))) rig_echo(r);
    else if (rig->hold) rig->held[rig->n_held++] = r;
    else seen.w = ws_accept(r, &ws_conf_now, &seen.status);
}

static inline void ws_rig_open(struct rig *rig)
{
    rig_open(rig);
    rig->http->conf.on_request = ws_on_request;
    seen = (struct ws_seen){0};
    buf_init(&seen.texts, 1 << 20);
    ws_conf_now = (struct ws_conf){.events = &ws_told, .protocols = ws_protocols};
}

static inline void ws_rig_close(struct rig *rig)
{
    rig_close(rig);
    buf_release(&seen.texts);
    CHECK_INT(seen.n_closed, 1);
}

/* A frame as a client sends it: `first` is FIN, RSV and opcode; `mask` 0: not masked. */
static inline void ws_frame(struct buf *b, int first, struct str payload, uint32_t mask)
{
    uint8_t key[4] = {(uint8_t)(mask >> 24), (uint8_t)(mask >> 16), (uint8_t)(mask >> 8), (uint8_t)mask};
    int bit = mask ? 0x80 : 0;
    buf_add_char(b, (char)first);
    buf_add_char(b, (char)(bit | (payload.len < 126 ? (int)payload.len : payload.len < 65536 ? 126 : 127)));
    for (int n = payload.len < 126 ? 0 : payload.len < 65536 ? 2 : 8; n--;)
        buf_add_char(b, (char)((uint64_t)payload.len >> (8 * n) & 0xFF));
    if (mask) buf_add(b, key, 4);
    for (size_t i = 0; i < payload.len; i++) buf_add_char(b, (char)((uint8_t)payload.p[i] ^ (mask ? key[i & 3] : 0)));
}

static inline void ws_put(struct rig *rig, int fd, int first, struct str payload)
{
    struct buf b;
    buf_init(&b, 1 << 20);
    ws_frame(&b, first, payload, 0x37fa213d);
    rig_send(rig, fd, buf_str(&b));
    buf_release(&b);
}

/* The server's next frame at the front of `b`; 0: not whole, else its length. Its payload in *payload. */
static inline size_t ws_frame_len(struct str in, int *first, struct str *payload)
{
    if (in.len < 2) return 0;
    size_t len = (uint8_t)in.p[1], head = 2;
    CHECK(len < 128); /* a server does not mask (RFC 6455 section 5.1) */
    if (len > 125) {
        head = len == 126 ? 4 : 10;
        if (in.len < head) return 0;
        len = 0;
        for (size_t i = 2; i < head; i++) len = len << 8 | (uint8_t)in.p[i];
    }
    if (in.len < head + len) return 0;
    *first = (uint8_t)in.p[0];
    *payload = str_sub(in, head, len);
    return head + len;
}

/* Takes it off `b`, waits for it; borrowed until the next call. */
static inline struct str ws_get(struct rig *rig, int fd, struct buf *b, int first)
{
    static struct buf last;
    struct str payload = STR_NONE;
    int seen_first = 0;
    size_t len;
    while ((len = ws_frame_len(buf_str(b), &seen_first, &payload)) == 0) {
        CHECK(rig_read(fd, b) != 0);
        rig_step(rig);
    }
    CHECK_INT(seen_first, first);
    buf_release(&last);
    buf_init(&last, 1 << 20);
    buf_add_str(&last, payload);
    buf_drop(b, len);
    return last.len ? buf_str(&last) : STR("");
}

/* The server's close frame: its code. */
static inline int ws_get_close(struct rig *rig, int fd, struct buf *b)
{
    struct str payload = ws_get(rig, fd, b, 0x88);
    return payload.len < 2 ? WS_NO_CODE : (uint8_t)payload.p[0] << 8 | (uint8_t)payload.p[1];
}

static inline void ws_put_close(struct rig *rig, int fd, int code)
{
    char bytes[2] = {(char)(code >> 8), (char)(code & 0xFF)};
    ws_put(rig, fd, 0x88, (struct str){bytes, 2});
}

/* A client after its handshake; `b` is where it reads into. */
static inline int ws_open(struct rig *rig, struct buf *b)
{
    const char *end;
    int fd = rig_connect(rig);
    buf_init(b, 64 << 20);
    rig_send(rig, fd, STR(WS_UPGRADE "\r\n"));
    while (!(end = b->len ? memmem(b->p, b->len, "\r\n\r\n", 4) : NULL)) {
        CHECK(rig_read(fd, b) != 0);
        rig_step(rig);
    }
    CHECK(str_starts(buf_str(b), STR("HTTP/1.1 101 ")));
    buf_drop(b, (size_t)(end - b->p) + 4);
    CHECK(seen.w != NULL);
    return fd;
}

/* The server has nothing more to say and closes; what the API was told. */
static inline void ws_expect_end(struct rig *rig, int fd, struct buf *b, int code)
{
    rig_read_all(rig, fd, b);
    CHECK_INT(b->len, 0);
    close(fd);
    buf_release(b);
    while (!seen.n_closed) rig_step(rig);
    CHECK_INT(seen.code, code);
}

#endif
