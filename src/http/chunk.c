/* SPDX-License-Identifier: Apache-2.0
 *
 *   SIZE ──;──▶ EXTENSION                              0 ▶ TRAILER ──CR──▶ END_LF ──▶ DONE
 *     └──CR──▶ SIZE_LF ──▶ size ─┤                          │  ▲
 *     ▲                          n ▶ DATA ▶ DATA_CR         ▼  │
 *     └───────────────────────────── DATA_LF ◀──┘          NAME ──:──▶ FIELD ──CR──▶ FIELD_LF ──▶ TRAILER
 *
 * Written here because the packaged parser's lax build takes anything for the CRLF after the data and a bare LF in an
 * extension. Every byte outside the data must be the one the grammar asks for. No space around the size either:
 * the grammar's BWS is something only attackers send. A trailer is dropped, and yet must be one: a line without a colon
 * may be the next request, to whoever takes the body to end with the last chunk.
 */
#include "http/chunk.h"
#include "base/limits.h"
#include "http/head.h"

static int hex(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

static int refuse(struct err *e) { return err_set(e, ERR_INVALID, "the chunked body is not well-formed"); }

static int step_size(struct chunk *c, char ch, struct err *e)
{
    int digit = hex(ch);
    if (digit >= 0) {
        if (++c->digits > 15) return refuse(e);
        c->left = c->left << 4 | (uint64_t)digit;
        return 0;
    }
    if (c->digits == 0) return refuse(e);
    if (ch == ';') c->state = CHUNK_EXTENSION;
    else if (ch == '\r') c->state = CHUNK_SIZE_LF;
    else return refuse(e);
    return 0;
}

static int drop(struct chunk *c, struct err *e)
{
    if (++c->dropped > LIMIT_HTTP_TRAILER)
        return err_set(e, ERR_HEADERS, "trailers and chunk extensions are longer than %d bytes", LIMIT_HTTP_TRAILER);
    return 0;
}

/* Text that is dropped, up to its CR. */
static int step_dropped(struct chunk *c, char ch, enum chunk_state next, struct err *e)
{
    if (ch == '\r') {
        c->state = next;
        return 0;
    }
    unsigned char u = (unsigned char)ch;
    if ((u < 0x20 && u != '\t') || u == 0x7F) return refuse(e);
    return drop(c, e);
}

static int step_name(struct chunk *c, char ch, struct err *e)
{
    bool is_colon = ch == ':' && c->state == CHUNK_NAME;
    if (!is_colon && !head_is_token((struct str){&ch, 1})) return refuse(e);
    c->state = is_colon ? CHUNK_FIELD : CHUNK_NAME;
    return drop(c, e);
}

static int expect(struct chunk *c, char ch, char wanted, enum chunk_state next, struct err *e)
{
    if (ch != wanted) return refuse(e);
    c->state = next;
    return 0;
}

static int step(struct chunk *c, char ch, struct err *e)
{
    switch (c->state) {
    case CHUNK_SIZE: return step_size(c, ch, e);
    case CHUNK_EXTENSION: return step_dropped(c, ch, CHUNK_SIZE_LF, e);
    case CHUNK_SIZE_LF: return expect(c, ch, '\n', c->left ? CHUNK_DATA : CHUNK_TRAILER, e);
    case CHUNK_DATA_CR: return expect(c, ch, '\r', CHUNK_DATA_LF, e);
    case CHUNK_DATA_LF: c->digits = 0; return expect(c, ch, '\n', CHUNK_SIZE, e);
    case CHUNK_TRAILER:
        if (ch == '\r') return expect(c, ch, '\r', CHUNK_END_LF, e);
        return step_name(c, ch, e);
    case CHUNK_NAME: return step_name(c, ch, e);
    case CHUNK_FIELD: return step_dropped(c, ch, CHUNK_FIELD_LF, e);
    case CHUNK_FIELD_LF: return expect(c, ch, '\n', CHUNK_TRAILER, e);
    case CHUNK_END_LF: return expect(c, ch, '\n', CHUNK_DONE, e);
    case CHUNK_DATA:
    case CHUNK_DONE: break; /* no byte is stepped through in these */
    }
    return refuse(e);
}

int chunk_take(struct chunk *c, struct str *in, struct str *ret_data, struct err *e)
{
    while (in->len && c->state != CHUNK_DONE) {
        if (c->state == CHUNK_DATA) {
            size_t len = c->left < in->len ? (size_t)c->left : in->len;
            *ret_data = str_sub(*in, 0, len);
            *in = str_sub(*in, len, in->len);
            c->left -= len;
            if (c->left == 0) c->state = CHUNK_DATA_CR;
            return 1;
        }
        int rc = step(c, in->p[0], e);
        if (rc < 0) return rc;
        *in = (struct str){in->p + 1, in->len - 1};
    }
    return 0;
}
