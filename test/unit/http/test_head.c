/* SPDX-License-Identifier: Apache-2.0
 *
 * Which heads are accepted and which are refused, and with what. Every head goes in whole, and again byte by byte.
 */
#include "base/limits.h"
#include "http/head.h"
#include "http/parse.h"
#include "test/test.h"

struct result {
    int rc; /* 1 accepted, 0 not whole, ERR_* */
    struct framing f;
    struct http_request r;
};

/* `step`: how many more bytes are there at each look. */
static void read_head(struct result *x, struct str text, size_t step)
{
    struct head h = {0};
    struct err e;
    size_t len = 0;
    *x = (struct result){0};
    arena_init(&x->r.arena);
    size_t gone = 0; /* dropped in front */
    for (size_t have = 0; have < text.len && x->rc == 0;) {
        have = have + step < text.len ? have + step : text.len;
        struct str in = str_sub(text, gone, have - gone);
        x->rc = head_find(&h, &in, &len, &e);
        gone = (size_t)(in.p - text.p);
        if (x->rc == 1) {
            int rc = parse_head(&x->r, str_sub(in, 0, len), h.lines, &x->f, &e);
            if (rc < 0) x->rc = rc;
        }
    }
}

static int outcome(struct str text)
{
    struct result whole, bytewise;
    read_head(&whole, text, text.len);
    read_head(&bytewise, text, 1);
    arena_release(&whole.r.arena);
    arena_release(&bytewise.r.arena);
    return whole.rc == bytewise.rc ? whole.rc : 12345;
}

#define H "Host: a\r\n"

static const struct {
    struct str text;
    const char *method, *path, *query;
    bool has_body, chunked, keep_alive;
    uint64_t length;
} accepted[] = {
    {STR("GET / HTTP/1.1\r\n" H "\r\n"), "GET", "/", "", false, false, true, 0},
    {STR("\r\nGET / HTTP/1.1\r\n" H "\r\n"), "GET", "/", "", false, false, true, 0},
    {STR("GET /a%20b?x=1&y HTTP/1.1\r\n" H "\r\n"), "GET", "/a%20b", "x=1&y", false, false, true, 0},
    {STR("GET /a?b?c HTTP/1.1\r\n" H "\r\n"), "GET", "/a", "b?c", false, false, true, 0},
    {STR("GET http://a.example:80/p?q HTTP/1.1\r\n" H "\r\n"), "GET", "/p", "q", false, false, true, 0},
    {STR("GET http://a HTTP/1.1\r\n" H "\r\n"), "GET", "/", "", false, false, true, 0},
    {STR("GET HTTPS://[::1]?q HTTP/1.1\r\n" H "\r\n"), "GET", "/", "q", false, false, true, 0},
    {STR("OPTIONS * HTTP/1.1\r\n" H "\r\n"), "OPTIONS", "*", "", false, false, true, 0},
    {STR("PATCH /x HTTP/1.1\r\n" H "\r\n"), "PATCH", "/x", "", false, false, true, 0},
    {STR("GET / HTTP/1.0\r\n\r\n"), "GET", "/", "", false, false, false, 0},
    {STR("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"), "GET", "/", "", false, false, true, 0},
    {STR("GET / HTTP/1.1\r\n" H "Connection: close\r\n\r\n"), "GET", "/", "", false, false, false, 0},
    {STR("GET / HTTP/1.1\r\n" H "connection: foo, Close\r\n\r\n"), "GET", "/", "", false, false, false, 0},
    {STR("GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n"), "GET", "/", "", false, false, true, 0},
    {STR("GET / HTTP/1.1\r\nHost: a-b_c.d:\r\n\r\n"), "GET", "/", "", false, false, true, 0},
    {STR("GET / HTTP/1.1\r\nHost: a%2D%7e:80\r\n\r\n"), "GET", "/", "", false, false, true, 0},
    {STR("GET / HTTP/1.1\r\nHost:\r\n\r\n"), "GET", "/", "", false, false, true, 0},
    {STR("GET / HTTP/1.1\r\n" H "Upgrade: websocket\r\nConnection: Upgrade\r\n\r\n"), "GET", "/", "", false, false,
     true, 0},
    {STR("GET / HTTP/1.1\r\n" H "X:\t\xC3\xA9 \t\r\nY:\r\n\r\n"), "GET", "/", "", false, false, true, 0},
    {STR("POST / HTTP/1.1\r\n" H "Content-Length: 0\r\n\r\n"), "POST", "/", "", true, false, true, 0},
    {STR("POST / HTTP/1.1\r\n" H "content-LENGTH:007\r\n\r\n"), "POST", "/", "", true, false, true, 7},
    {STR("GET / HTTP/1.1\r\n" H "Content-Length: 3\r\n\r\n"), "GET", "/", "", true, false, true, 3},
    {STR("POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n"), "POST", "/", "", true, true, true, 0},
    {STR("POST / HTTP/1.1\r\n" H "transfer-encoding:  Chunked \r\n\r\n"), "POST", "/", "", true, true, true, 0},
};

static const struct {
    struct str text;
    int code;
} refused[] = {
    /* line ends, control bytes, folding */
    {STR("GET / HTTP/1.1\n" H "\r\n"), ERR_INVALID},
    {STR("GET / HTTP/1.1\r\nHost: a\n\r\n"), ERR_INVALID},
    {STR("GET / HTTP/1.1\r\n" H "\n"), ERR_INVALID},
    {STR("GET / HTTP/1.1\r\n" H "X: a\rb\r\n\r\n"), ERR_INVALID},
    {STR("GET / HTTP/1.1\r\n" H "X: a\r\r\n\r\n"), ERR_INVALID},
    {STR("GET / HTTP/1.1\r\n" H "X: a\0b\r\n\r\n"), ERR_INVALID},
    {STR("GET / HTTP/1.1\r\n" H "X: a long value with a \x01 within\r\n\r\n"), ERR_INVALID},
    {STR("GET / HTTP/1.1\r\n" H "X: \x7F\r\n\r\n"), ERR_INVALID},
    {STR("GET / HTTP/1.1\r\n" H "X: a\r\n b\r\n\r\n"), ERR_INVALID},
    {STR("GET / HTTP/1.1\r\n" H "X: a\r\n\tb\r\n\r\n"), ERR_INVALID},
    {STR("GET / HTTP/1.1\r\n " H "\r\n"), ERR_INVALID},
    {STR("\r\n\r\nGET / HTTP/1.1\r\n" H "\r\n"), ERR_INVALID},
    {STR("\nGET / HTTP/1.1\r\n" H "\r\n"), ERR_INVALID},
    /* the request line */
    {STR("\x16\x03\x01\x02\x00\x01\x00"), ERR_INVALID},
    {STR(" GET / HTTP/1.1\r\n" H "\r\n"), ERR_INVALID},
    {STR("GET  / HTTP/1.1\r\n" H "\r\n"), ERR_INVALID},
    {STR("GET /  HTTP/1.1\r\n" H "\r\n"), ERR_INVALID},
    {STR("GET / HTTP/1.1 \r\n" H "\r\n"), ERR_INVALID},
    {STR("GET\t/ HTTP/1.1\r\n" H "\r\n"), ERR_INVALID},
    {STR("GET\r\n" H "\r\n"), ERR_INVALID},
    {STR("G(T / HTTP/1.1\r\n" H "\r\n"), ERR_INVALID},
    {STR("GET /a b HTTP/1.1\r\n" H "\r\n"), ERR_INVALID},
    {STR("GET /\xC3\xA9 HTTP/1.1\r\n" H "\r\n"), ERR_INVALID},
    {STR("GET /#f HTTP/1.1\r\n" H "\r\n"), ERR_INVALID},
    {STR("GET a HTTP/1.1\r\n" H "\r\n"), ERR_INVALID},
    {STR("GET * HTTP/1.1\r\n" H "\r\n"), ERR_INVALID},
    {STR("GET ftp://a/ HTTP/1.1\r\n" H "\r\n"), ERR_INVALID},
    {STR("GET http:/a HTTP/1.1\r\n" H "\r\n"), ERR_INVALID},
    {STR("GET http:///a HTTP/1.1\r\n" H "\r\n"), ERR_INVALID},
    {STR("GET http://u@a/ HTTP/1.1\r\n" H "\r\n"), ERR_INVALID},
    {STR("GET http://:80/ HTTP/1.1\r\n" H "\r\n"), ERR_INVALID},
    {STR("GET http://a:b/ HTTP/1.1\r\n" H "\r\n"), ERR_INVALID},
    {STR("GET http://[::1/ HTTP/1.1\r\n" H "\r\n"), ERR_INVALID},
    {STR("FROB / HTTP/1.1\r\n" H "\r\n"), ERR_UNSUPPORTED},
    {STR("get / HTTP/1.1\r\n" H "\r\n"), ERR_UNSUPPORTED},
    {STR("CONNECT a:80 HTTP/1.1\r\n" H "\r\n"), ERR_UNSUPPORTED},
    {STR("GET /\r\n" H "\r\n"), ERR_VERSION},
    {STR("GET / HTTP/2.0\r\n" H "\r\n"), ERR_VERSION},
    {STR("GET / HTTP/1.2\r\n" H "\r\n"), ERR_VERSION},
    {STR("GET / HTTP/0.9\r\n" H "\r\n"), ERR_VERSION},
    {STR("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), ERR_VERSION},
    {STR("GET / http/1.1\r\n" H "\r\n"), ERR_INVALID},
    {STR("SOURCE / ICE/1.0\r\n" H "\r\n"), ERR_INVALID},
    /* header names */
    {STR("GET / HTTP/1.1\r\n" H "X : a\r\n\r\n"), ERR_INVALID},
    {STR("GET / HTTP/1.1\r\n" H "X Y: a\r\n\r\n"), ERR_INVALID},
    {STR("GET / HTTP/1.1\r\n" H ": a\r\n\r\n"), ERR_INVALID},
    {STR("GET / HTTP/1.1\r\n" H "no colon\r\n\r\n"), ERR_INVALID},
    {STR("GET / HTTP/1.1\r\n" H "Nocolon\r\n\r\n"), ERR_INVALID},
    {STR("GET / HTTP/1.1\r\n" H "X\xC3\xA9: a\r\n\r\n"), ERR_INVALID},
    /* Host */
    {STR("GET / HTTP/1.1\r\n\r\n"), ERR_INVALID},
    {STR("GET / HTTP/1.1\r\n" H H "\r\n"), ERR_INVALID},
    {STR("GET / HTTP/1.0\r\n" H H "\r\n"), ERR_INVALID},
    {STR("GET / HTTP/1.1\r\nHost: a b\r\n\r\n"), ERR_INVALID},
    {STR("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"), ERR_INVALID},
    {STR("GET / HTTP/1.1\r\nHost: u@a\r\n\r\n"), ERR_INVALID},
    {STR("GET / HTTP/1.1\r\nHost: a:b\r\n\r\n"), ERR_INVALID},
    {STR("GET / HTTP/1.1\r\nHost: a:80:80\r\n\r\n"), ERR_INVALID},
    {STR("GET / HTTP/1.1\r\nHost: :80\r\n\r\n"), ERR_INVALID},
    {STR("GET / HTTP/1.1\r\nHost: ::1\r\n\r\n"), ERR_INVALID},
    {STR("GET / HTTP/1.1\r\nHost: [::1\r\n\r\n"), ERR_INVALID},
    {STR("GET / HTTP/1.1\r\nHost: [::1]a\r\n\r\n"), ERR_INVALID},
    {STR("GET / HTTP/1.1\r\nHost: []\r\n\r\n"), ERR_INVALID},
    {STR("GET / HTTP/1.1\r\nHost: [a b]\r\n\r\n"), ERR_INVALID},
    {STR("GET / HTTP/1.1\r\nHost: a]\r\n\r\n"), ERR_INVALID},
    {STR("GET / HTTP/1.1\r\nHost: a,b\r\n\r\n"), ERR_INVALID},
    {STR("GET / HTTP/1.1\r\nHost: a%\r\n\r\n"), ERR_INVALID},
    {STR("GET / HTTP/1.1\r\nHost: a%2\r\n\r\n"), ERR_INVALID},
    {STR("GET / HTTP/1.1\r\nHost: a%zz\r\n\r\n"), ERR_INVALID},
    /* where the body ends */
    {STR("POST / HTTP/1.1\r\n" H "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n"), ERR_INVALID},
    {STR("POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n"), ERR_INVALID},
    {STR("POST / HTTP/1.1\r\n" H "Content-Length: 3\r\nContent-Length: 3\r\n\r\n"), ERR_INVALID},
    {STR("POST / HTTP/1.1\r\n" H "Content-Length: 3\r\nContent-Length: 4\r\n\r\n"), ERR_INVALID},
    {STR("POST / HTTP/1.1\r\n" H "Content-Length: 3, 3\r\n\r\n"), ERR_INVALID},
    {STR("POST / HTTP/1.1\r\n" H "Content-Length: -1\r\n\r\n"), ERR_INVALID},
    {STR("POST / HTTP/1.1\r\n" H "Content-Length: +1\r\n\r\n"), ERR_INVALID},
    {STR("POST / HTTP/1.1\r\n" H "Content-Length: 1 1\r\n\r\n"), ERR_INVALID},
    {STR("POST / HTTP/1.1\r\n" H "Content-Length: 0x1\r\n\r\n"), ERR_INVALID},
    {STR("POST / HTTP/1.1\r\n" H "Content-Length:\r\n\r\n"), ERR_INVALID},
    {STR("POST / HTTP/1.1\r\n" H "Content-Length: 99999999999999999999999\r\n\r\n"), ERR_INVALID},
    {STR("POST / HTTP/1.1\r\n" H "Transfer-Encoding: gzip, chunked\r\n\r\n"), ERR_UNSUPPORTED},
    {STR("POST / HTTP/1.1\r\n" H "Transfer-Encoding: gzip\r\n\r\n"), ERR_UNSUPPORTED},
    {STR("POST / HTTP/1.1\r\n" H "Transfer-Encoding: identity\r\n\r\n"), ERR_UNSUPPORTED},
    {STR("POST / HTTP/1.1\r\n" H "Transfer-Encoding: xchunked\r\n\r\n"), ERR_UNSUPPORTED},
    {STR("POST / HTTP/1.1\r\n" H "Transfer-Encoding: \x0B"
         "chunked\r\n\r\n"),
     ERR_INVALID},
    {STR("POST / HTTP/1.1\r\n" H "Transfer-Encoding:\r\n\r\n"), ERR_UNSUPPORTED},
    {STR("POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n"), ERR_INVALID},
    {STR("POST / HTTP/1.0\r\n" H "Transfer-Encoding: chunked\r\n\r\n"), ERR_INVALID},
    {STR("POST / HTTP/1.1\r\n" H "Content-Length: 1\r\nContent-Encoding: gzip\r\n\r\n"), ERR_MEDIA},
};

TEST(well_formed_heads_are_accepted_and_taken_apart)
{
    for (size_t i = 0; i < sizeof accepted / sizeof *accepted; i++) {
        struct result x;
        if (outcome(accepted[i].text) != 1) fprintf(stderr, "row %zu: %.*s\n", i, STR_ARG(accepted[i].text));
        CHECK_INT(outcome(accepted[i].text), 1);
        read_head(&x, accepted[i].text, accepted[i].text.len);
        CHECK_STR(x.r.method, accepted[i].method);
        CHECK_STR(x.r.path, accepted[i].path);
        CHECK_STR(x.r.query, accepted[i].query);
        CHECK_INT(x.f.has_body, accepted[i].has_body);
        CHECK_INT(x.f.chunked, accepted[i].chunked);
        CHECK_INT(x.f.keep_alive, accepted[i].keep_alive);
        CHECK_INT(x.f.length, accepted[i].length);
        arena_release(&x.r.arena);
    }
}

TEST(ambiguous_and_broken_heads_are_refused)
{
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        if (outcome(refused[i].text) != refused[i].code)
            fprintf(stderr, "row %zu: %.*s\n", i, STR_ARG(refused[i].text));
        CHECK_INT(outcome(refused[i].text), refused[i].code);
    }
}

TEST(every_control_byte_at_every_place_of_a_line_is_refused)
{
    for (int c = 0; c < 256; c++) {
        for (size_t at = 0; at < 20; at++) {
            char text[] = "GET / HTTP/1.1\r\nHost: a\r\nX: aaaaaaaaaaaaaaaaaaaaaaaa\r\n\r\n";
            text[28 + at] = (char)c;
            bool fine = c == '\t' || (c >= 0x20 && c != 0x7F);
            CHECK_INT(outcome((struct str){text, sizeof text - 1}), fine ? 1 : ERR_INVALID);
        }
    }
}

TEST(header_values_are_trimmed_and_names_kept_as_sent)
{
    struct result x;
    read_head(&x, STR("GET / HTTP/1.1\r\nhOST: a\r\nX-Y: \t b c \t\r\nX-Y:d\r\nE:\r\n\r\n"), 1000);
    CHECK_INT(x.rc, 1);
    CHECK_INT(x.r.n_headers, 4);
    CHECK_STR(x.r.headers[0].name, "hOST");
    CHECK_STR(x.r.headers[1].value, "b c");
    CHECK_STR(x.r.headers[2].value, "d");
    CHECK_STR(x.r.headers[3].value, "");
    arena_release(&x.r.arena);
}

/* `fill` times 'a' between the two texts. */
static int outcome_of(const char *before, size_t fill, const char *after)
{
    char *text = malloc(strlen(before) + fill + strlen(after) + 1);
    memcpy(text, before, strlen(before));
    memset(text + strlen(before), 'a', fill);
    memcpy(text + strlen(before) + fill, after, strlen(after) + 1);
    int rc = outcome(str_of(text));
    free(text);
    return rc;
}

TEST(sizes_over_a_limit_are_refused_and_sizes_at_it_are_not)
{
    CHECK_INT(outcome_of("GET /", LIMIT_HTTP_TARGET - 1, " HTTP/1.1\r\n" H "\r\n"), 1);
    CHECK_INT(outcome_of("GET /", LIMIT_HTTP_TARGET, " HTTP/1.1\r\n" H "\r\n"), ERR_TARGET);
    CHECK_INT(outcome_of("GET /", LIMIT_HTTP_TARGET + 100, ""), ERR_TARGET);
    const char before[] = "GET / HTTP/1.1\r\n" H "X: ", after[] = "\r\n\r\n";
    size_t fill = LIMIT_HTTP_HEADER - strlen(before) - strlen(after);
    CHECK_INT(outcome_of(before, fill, after), 1);
    CHECK_INT(outcome_of(before, fill + 1, after), ERR_HEADERS);
    CHECK_INT(outcome_of(before, LIMIT_HTTP_HEADER, ""), ERR_HEADERS);
}

/* outcome() looks whether the bytes get the same answer at once and one by one. */
TEST(what_is_too_long_is_so_whatever_else_is_wrong_with_it)
{
    CHECK_INT(outcome_of("G", LIMIT_HTTP_TARGET + 100, " / HTTP/1.1\r\n" H "\r\n"), ERR_TARGET);
    CHECK_INT(outcome_of("G(", LIMIT_HTTP_TARGET + 100, " / HTTP/1.1\r\n" H "\r\n"), ERR_TARGET);
    CHECK_INT(outcome_of("(", LIMIT_HTTP_TARGET + 100, " / HTTP/1.1\r\n" H "\r\n"), ERR_INVALID);
    CHECK_INT(outcome_of("GET / HTTP/1.1", LIMIT_HTTP_TARGET + 100, "\r\n" H "\r\n"), ERR_TARGET);
    CHECK_INT(outcome_of("GET / HTTP/1.1", LIMIT_HTTP_TARGET + 100, "\n" H "\r\n"), ERR_TARGET);
    CHECK_INT(outcome_of("GET / HTTP/1.1\x7F", LIMIT_HTTP_TARGET + 100, "\r\n" H "\r\n"), ERR_TARGET);
    CHECK_INT(outcome_of("GET / HTTP/1.1\r\n" H "X: ", LIMIT_HTTP_HEADER, "\n\r\n"), ERR_HEADERS);
    CHECK_INT(outcome_of("GET / HTTP/1.1\r\n" H "X: \x7F", LIMIT_HTTP_HEADER, "\r\n\r\n"), ERR_HEADERS);
    for (size_t around = 0; around < 8; around++) {
        CHECK(outcome_of("G", LIMIT_HTTP_TARGET + 46 + around, " / HTTP/1.1\r\n" H "\r\n") < 0);
        CHECK(outcome_of("GET / HTTP/1.1\r\n" H "X: ", LIMIT_HTTP_HEADER - 32 + around, "\n\r\n") < 0);
    }
}

TEST(the_number_of_headers_has_a_limit)
{
    char text[4096] = "GET / HTTP/1.1\r\n" H;
    for (int i = 1; i < LIMIT_HTTP_HEADERS; i++) strncat(text, "X: y\r\n", sizeof text - strlen(text) - 1);
    size_t len = strlen(text);
    memcpy(text + len, "\r\n", 3);
    CHECK_INT(outcome(str_of(text)), 1);
    memcpy(text + len, "X: y\r\n\r\n", 9);
    CHECK_INT(outcome(str_of(text)), ERR_HEADERS);
}

TEST(reasons_are_known_for_the_statuses_we_send)
{
    CHECK_STR(str_of(parse_reason(202)), "Accepted");
    CHECK_STR(str_of(parse_reason(431)), "Request Header Fields Too Large");
    CHECK_STR(str_of(parse_reason(299)), "");
}

TEST_MAIN
