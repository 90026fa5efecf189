/* SPDX-License-Identifier: Apache-2.0
 *
 * What the tests of bodies in pieces share: a server whose requests are held from their heads on (but for /whole), and
 * one who takes their bodies.
 */
#ifndef INTAKE_RIG_H
#define INTAKE_RIG_H

#include "rig.h"

#define POST(more) "POST /1 HTTP/1.1\r\nHost: a\r\n" more "\r\n"
#define GET(path) "GET " path " HTTP/1.1\r\nHost: a\r\n\r\n"

struct taker { /* what came by on_body */
    uint64_t bytes, hash;
    int pieces, ends, error; /* error: the last one's code */
    bool greedy;             /* asks for more at once */
    bool inside;             /* within http_read */
};
static struct taker taker;

static inline bool in_pieces(void *user, const struct http_request *r)
{
    (void)user;
    return !str_eq(r->path, STR("/whole"));
}

static inline void on_body(struct http_request *r, struct str piece, const struct err *e);

static inline void ask(struct http_request *r)
{
    taker.inside = true;
    http_read(r, on_body);
    taker.inside = false;
}

static inline void on_body(struct http_request *r, struct str piece, const struct err *e)
{
    if (taker.inside) abort(); /* never from inside */
    if (e) {
        taker.error = e->code;
    } else if (piece.len == 0) {
        taker.ends++;
    } else {
        taker.pieces++;
        taker.bytes += piece.len;
        for (size_t i = 0; i < piece.len; i++) taker.hash = taker.hash * 31 + (unsigned char)piece.p[i];
        if (taker.greedy) ask(r);
    }
}

static inline void open_taker(struct rig *rig, bool greedy)
{
    rig_open(rig);
    rig->hold = true;
    rig->http->conf.in_pieces = in_pieces;
    taker = (struct taker){.greedy = greedy};
}

static inline int open_held(struct rig *rig, const char *text)
{
    int fd = rig_connect(rig), before = rig->n_held;
    rig_send(rig, fd, str_of(text));
    while (rig->n_held == before) rig_step(rig);
    return fd;
}

static inline uint64_t hash_of(struct str s)
{
    uint64_t h = 0;
    for (size_t i = 0; i < s.len; i++) h = h * 31 + (unsigned char)s.p[i];
    return h;
}

static inline void quiet(struct rig *rig)
{
    for (int i = 0; i < 5; i++) rig_step(rig);
}

#endif
