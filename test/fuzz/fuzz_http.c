/* SPDX-License-Identifier: Apache-2.0
 *
 * The reading of requests (head, parser, framing, body) fed with anything, cut anywhere. The input is the bytes of a
 * connection; where they are cut is drawn from a hash of them, so a run repeats itself. Read twice, in one piece and in
 * random pieces, the same bytes must give the same requests and the same refusal: two readings of one stream are what
 * request smuggling is made of.
 */
#include "base/limits.h"
#include "http/body.h"
#include "http/head.h"
#include "http/parse.h"
#include "http/query.h"
#include <stdlib.h>

struct reading {
    uint64_t hash; /* of all that was read */
    int requests;
    int outcome; /* 0: wants more, ERR_*: refused */
};

struct reader {
    struct buf in; /* came and not used yet, as in a connection */
    struct head head;
    struct framing framing;
    struct body body;
    struct http_request request;
    bool in_body;
};

static void must(bool condition)
{
    if (!condition) abort();
}

static void mix(struct reading *x, struct str s) { x->hash = (x->hash ^ str_hash(s) ^ s.len) * 0x9E3779B97F4A7C15u; }

static void mix_head(struct reading *x, struct reader *r)
{
    struct http_request *q = &r->request;
    struct query query;
    struct str decoded;
    struct err e;
    mix(x, q->method);
    mix(x, q->path);
    mix(x, q->query);
    for (size_t i = 0; i < q->n_headers; i++) {
        must(head_is_token(q->headers[i].name));
        must(str_find(q->headers[i].value, '\n') == q->headers[i].value.len);
        must(str_find(q->headers[i].value, '\r') == q->headers[i].value.len);
        must(str_find(q->headers[i].value, '\0') == q->headers[i].value.len);
        mix(x, q->headers[i].name);
        mix(x, q->headers[i].value);
    }
    must(q->n_headers <= LIMIT_HTTP_HEADERS);
    must(q->path.len && (q->path.p[0] == '/' || q->path.p[0] == '*'));
    must(!r->framing.chunked || r->framing.length == 0);
    if (query_parse(&q->arena, q->query, &query, &e) == 0) must(query.n <= 64);
    if (query_decode(&q->arena, q->path, false, &decoded) == 0) must(decoded.len <= q->path.len);
}

/* One step of the machine in conn.c: 1 go on, 0 wants more, ERR_*. */
static int step(struct reading *x, struct reader *r, struct str *in)
{
    struct err e;
    size_t len = 0;
    if (r->in_body) {
        int rc = r->framing.has_body ? body_take(&r->body, in, &e) : 1;
        if (rc != 1) return rc;
        mix(x, buf_str(&r->body.data));
        body_clear(&r->body);
        arena_clear(&r->request.arena);
        x->requests++;
        r->in_body = false;
        r->head = (struct head){0};
        return 1;
    }
    int rc = head_find(&r->head, in, &len, &e);
    if (rc != 1) return rc;
    must(len <= in->len);
    rc = parse_head(&r->request, str_sub(*in, 0, len), r->head.lines, &r->framing, &e);
    if (rc < 0) return rc;
    mix_head(x, r);
    *in = str_sub(*in, len, in->len);
    if (r->framing.length > LIMIT_BODY) return ERR_TOO_BIG;
    body_start(&r->body, &r->framing, true);
    r->in_body = true;
    return 1;
}

/* `chance`: 0 reads all in one piece. */
static struct reading read_all(struct str bytes, uint64_t chance)
{
    struct reading x = {0};
    struct reader r = {0};
    buf_init(&r.in, 8 << 20);
    arena_init(&r.request.arena);
    while (bytes.len && x.outcome == 0) {
        chance = chance * 6364136223846793005u + 1442695040888963407u * (chance != 0);
        struct str piece = str_sub(bytes, 0, chance ? 1 + (chance >> 33) % (1 << ((chance >> 60) & 7)) : bytes.len);
        bytes = str_sub(bytes, piece.len, bytes.len);
        buf_add_str(&r.in, piece);
        struct str in = buf_str(&r.in);
        int rc;
        while ((rc = step(&x, &r, &in)) == 1) continue;
        if (rc < 0) x.outcome = rc;
        buf_drop(&r.in, r.in.len - in.len);
    }
    buf_release(&r.in);
    body_release(&r.body);
    arena_release(&r.request.arena);
    return x;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str bytes = {(const char *)data, size};
    if (size > 1 << 20) return 0;
    struct reading whole = read_all(bytes, 0), pieces = read_all(bytes, str_hash(bytes) | 1);
    must(whole.outcome == pieces.outcome);
    must(whole.requests == pieces.requests);
    must(whole.hash == pieces.hash);
    return 0;
}
