/* SPDX-License-Identifier: Apache-2.0
 *
 * Chunked bodies: what is accepted, what is refused, in every split into two, and byte by byte.
 */
#include "base/limits.h"
#include "http/body.h"
#include "test/test.h"

/* Body text in `out`; returns 1 whole, 0 not, ERR_*; `ret_rest`: bytes left over. */
static int read_body(struct str text, size_t first, size_t step, struct buf *out, size_t *ret_rest)
{
    struct body b = {0};
    struct framing f = {.has_body = true, .chunked = true};
    struct err e;
    int rc = 0;
    body_start(&b, &f, true);
    buf_clear(out);
    size_t at = 0;
    for (size_t len = first; at < text.len && rc == 0; len = step) {
        struct str in = str_sub(text, at, len);
        at += in.len;
        rc = body_take(&b, &in, &e);
        at -= in.len;
        if (rc == 0 && in.len) rc = 54321; /* must use all it gets until the end */
    }
    *ret_rest = text.len - at;
    buf_add_str(out, buf_str(&b.data));
    body_release(&b);
    return rc;
}

static const struct {
    struct str text;
    int rc;
    const char *body;
    size_t rest;
} rows[] = {
    {STR("0\r\n\r\n"), 1, "", 0},
    {STR("5\r\nhello\r\n0\r\n\r\n"), 1, "hello", 0},
    {STR("5\r\nhello\r\n6\r\n world\r\n0\r\n\r\nGET /"), 1, "hello world", 5},
    {STR("00A\r\n0123456789\r\n000\r\n\r\n"), 1, "0123456789", 0},
    {STR("a\r\n0123456789\r\n0\r\n\r\n"), 1, "0123456789", 0},
    {STR("5;a=b;c=\"d\"\r\nhello\r\n0;x\r\n\r\n"), 1, "hello", 0},
    {STR("1\r\nx\r\n0\r\nTrailer: dropped\r\nAnother:\tone\r\n\r\n"), 1, "x", 0},
    {STR("1\r\nx\r\n0\r\nEmpty:\r\nLike-a-Request:GET / HTTP/1.1\r\n\r\n"), 1, "x", 0},
    {STR("2\r\n\r\n\r\n0\r\n\r\n"), 1, "\r\n", 0},
    {STR("5\r\nhello\r\n0\r\n"), 0, "hello", 0},
    {STR("5\r\nhel"), 0, "hel", 0},
    {STR("5\nhello\r\n0\r\n\r\n"), ERR_INVALID, NULL, 0},
    {STR("5\r\nhello\n0\r\n\r\n"), ERR_INVALID, NULL, 0},
    {STR("5\r\nhelloXX0\r\n\r\n"), ERR_INVALID, NULL, 0},
    {STR("5\r\nhello\r0\r\n\r\n"), ERR_INVALID, NULL, 0},
    {STR("5\r\nhelloX\n0\r\n\r\n"), ERR_INVALID, NULL, 0},
    {STR("5\rXhello\r\n0\r\n\r\n"), ERR_INVALID, NULL, 0},
    {STR("4\r\nhello\r\n0\r\n\r\n"), ERR_INVALID, NULL, 0},
    {STR("5 \r\nhello\r\n0\r\n\r\n"), ERR_INVALID, NULL, 0},
    {STR("5 ;a\r\nhello\r\n0\r\n\r\n"), ERR_INVALID, NULL, 0},
    {STR(" 5\r\nhello\r\n0\r\n\r\n"), ERR_INVALID, NULL, 0},
    {STR("0x5\r\nhello\r\n0\r\n\r\n"), ERR_INVALID, NULL, 0},
    {STR("-1\r\nhello\r\n0\r\n\r\n"), ERR_INVALID, NULL, 0},
    {STR("+5\r\nhello\r\n0\r\n\r\n"), ERR_INVALID, NULL, 0},
    {STR("g\r\n\r\n"), ERR_INVALID, NULL, 0},
    {STR("\r\n\r\n"), ERR_INVALID, NULL, 0},
    {STR(";a\r\n\r\n"), ERR_INVALID, NULL, 0},
    {STR("10000000000000005\r\nhello\r\n0\r\n\r\n"), ERR_INVALID, NULL, 0},
    {STR("5;a\nb\r\nhello\r\n0\r\n\r\n"), ERR_INVALID, NULL, 0},
    {STR("5;a\0b\r\nhello\r\n0\r\n\r\n"), ERR_INVALID, NULL, 0},
    {STR("0\r\nA: b\n\r\n"), ERR_INVALID, NULL, 0},
    {STR("0\r\n A: b\r\n\r\n"), ERR_INVALID, NULL, 0},
    {STR("0\r\nA\r\n\r\n"), ERR_INVALID, NULL, 0},
    {STR("0\r\nA : b\r\n\r\n"), ERR_INVALID, NULL, 0},
    {STR("0\r\n: b\r\n\r\n"), ERR_INVALID, NULL, 0},
    {STR("0\r\nA\0B: b\r\n\r\n"), ERR_INVALID, NULL, 0},
    {STR("0\r\nGET /smuggled HTTP/1.1\r\n\r\n"), ERR_INVALID, NULL, 0},
    {STR("0\r\nA: b\r\n folded\r\n\r\n"), ERR_INVALID, NULL, 0},
    {STR("0\r\n\n"), ERR_INVALID, NULL, 0},
    {STR("0\r\n\rX"), ERR_INVALID, NULL, 0},
};

TEST(chunked_bodies_are_read_strictly_in_every_split)
{
    struct buf out;
    buf_init(&out, 1024);
    buf_room(&out, 1); /* never a NULL to compare with */
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        for (size_t first = 1; first <= rows[i].text.len; first++) {
            size_t rest, step = first == 1 ? 1 : rows[i].text.len;
            int rc = read_body(rows[i].text, first, step, &out, &rest);
            if (rc != rows[i].rc) fprintf(stderr, "row %zu split at %zu: %.*s\n", i, first, STR_ARG(rows[i].text));
            CHECK_INT(rc, rows[i].rc);
            if (rc < 0) continue;
            CHECK_STR(buf_str(&out), rows[i].body);
            CHECK_INT(rest, rows[i].rest);
        }
    }
    buf_release(&out);
}

static int long_part(const char *before, size_t fill, const char *after)
{
    char *text = malloc(strlen(before) + fill + strlen(after) + 1);
    memcpy(text, before, strlen(before));
    memset(text + strlen(before), 'a', fill);
    memcpy(text + strlen(before) + fill, after, strlen(after) + 1);
    struct buf out;
    size_t rest;
    buf_init(&out, 1024);
    int rc = read_body(str_of(text), 1000, 1000, &out, &rest);
    buf_release(&out);
    free(text);
    return rc;
}

TEST(extensions_and_trailers_have_a_limit)
{
    CHECK_INT(long_part("1;", LIMIT_HTTP_TRAILER - 10, "\r\nx\r\n0\r\n\r\n"), 1);
    CHECK_INT(long_part("1;", LIMIT_HTTP_TRAILER + 1, "\r\nx\r\n0\r\n\r\n"), ERR_HEADERS);
    CHECK_INT(long_part("0\r\nA: ", LIMIT_HTTP_TRAILER - 10, "\r\n\r\n"), 1);
    CHECK_INT(long_part("0\r\nA: ", LIMIT_HTTP_TRAILER + 1, "\r\n\r\n"), ERR_HEADERS);
}

TEST(a_chunked_body_over_the_limit_is_refused_while_it_arrives)
{
    struct body b = {0};
    struct framing f = {.has_body = true, .chunked = true};
    struct err e;
    int rc = 0;
    static char chunk[4 + 2 + 0x8000 + 2];
    memcpy(chunk, "8000\r\n", 6);
    memset(chunk + 6, 'x', 0x8000);
    memcpy(chunk + 6 + 0x8000, "\r\n", 2);
    body_start(&b, &f, true);
    int sent = 0;
    for (; rc == 0; sent++) {
        struct str in = {chunk, sizeof chunk};
        rc = body_take(&b, &in, &e);
    }
    CHECK_INT(rc, ERR_TOO_BIG);
    CHECK_INT(sent, LIMIT_BODY / 0x8000 + 1);
    body_release(&b);
}

TEST_MAIN
