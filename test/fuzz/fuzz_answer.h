/* SPDX-License-Identifier: Apache-2.0
 *
 * What a client got back, taken apart and held against HTTP (RFC 9112) and against what bide promises of its answers:
 * JSON where it says so, every error a problem (RFC 9457) with type, title and status, Allow with a 405, Retry-After with
 * what may be tried again. Stops the program where it does not hold.
 */
#ifndef FUZZ_FUZZ_ANSWER_H
#define FUZZ_FUZZ_ANSWER_H

#include "test/fuzz/fuzz.h"

struct fuzz_answer {
    int status;
    struct str head; /* the lines of its headers */
    struct str body; /* chunks put together, in `text` */
    struct buf text; /* chunked: owned */
    bool is_json, is_problem;
};

/* The value of a header; p NULL when there is none. Given twice it is wrong. */
static inline struct str fuzz_header(const struct fuzz_answer *a, const char *name)
{
    struct str rest = a->head, found = STR_NONE;
    while (rest.len) {
        struct str value = str_cut(&rest, '\n');
        struct str its_name = str_cut(&value, ':');
        if (!str_eq_nocase(its_name, str_of(name))) continue;
        must(!found.p);
        found = str_trim(str_sub(value, 0, value.len - 1)); /* without CR */
    }
    return found;
}

static inline void fuzz_check_head(struct str head)
{
    must(head.len < 64 * 1024);
    while (head.len) {
        struct str value = str_cut(&head, '\n'), name = str_cut(&value, ':');
        must(name.len > 0 && value.len > 0 && value.p[value.len - 1] == '\r');
        for (size_t i = 0; i < name.len; i++) must(name.p[i] > ' ' && name.p[i] < 127);
        for (size_t i = 0; i < value.len - 1; i++) must((unsigned char)value.p[i] >= ' ' && value.p[i] != 127);
    }
}

static inline struct str fuzz_chunks(struct str *in, struct buf *text)
{
    buf_init(text, LIMIT_HTTP_REPLY * 2);
    for (;;) {
        struct str line = str_cut(in, '\n');
        char number[20];
        must(line.len > 1 && line.p[line.len - 1] == '\r' && str_copy(number, sizeof number, str_sub(line, 0, line.len - 1)));
        char *end;
        size_t len = strtoul(number, &end, 16);
        must(!*end && in->len >= len + 2 && in->p[len] == '\r' && in->p[len + 1] == '\n');
        buf_add_str(text, str_sub(*in, 0, len));
        *in = str_sub(*in, len + 2, in->len);
        if (len == 0) return text->p ? buf_str(text) : STR("");
    }
}

static inline void fuzz_check_lines(struct str body)
{
    must(body.len == 0 || body.p[body.len - 1] == '\n');
    while (body.len) fuzz_must_be_json(str_cut(&body, '\n'), JSON_OBJECT);
}

static inline void fuzz_check_problem(const struct fuzz_answer *a)
{
    static const char *const texts[] = {"type", "title", "code", "request_id"};
    struct json j;
    int64_t status = 0;
    fuzz_must_be_json(a->body, JSON_OBJECT);
    json_init(&j);
    must(json_parse(&j, a->body, NULL) == 0);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        const struct json_node *v = json_member(&j, json_root(&j), str_of(texts[i]));
        must(v && v->kind == JSON_STRING && v->len > 2);
    }
    must(json_int(&j, json_member(&j, json_root(&j), STR("status")), &status) == 0 && status == a->status);
    json_release(&j);
}

static inline void fuzz_check_meaning(struct fuzz_answer *a)
{
    struct str type = fuzz_header(a, "Content-Type");
    a->is_problem = str_starts(type, STR("application/problem+json"));
    a->is_json = str_starts(type, STR("application/json"));
    must(a->status < 400 || a->is_problem);
    must(a->status != 405 || fuzz_header(a, "Allow").len);
    must((a->status != 429 && a->status != 503 && a->status != 507) || fuzz_header(a, "Retry-After").len);
    must(fuzz_header(a, "Date").len && fuzz_header(a, "X-Request-Id").len);
    if (!a->body.p) return; /* HEAD */
    if (a->is_problem) fuzz_check_problem(a);
    if (a->is_json) fuzz_must_be_json(a->body, FUZZ_ANY_KIND);
    if (str_starts(type, STR("application/x-ndjson"))) fuzz_check_lines(a->body);
}

/* Takes the next answer off *in; fuzz_answer_release afterwards. What is of a HEAD, no body follows: seen by what does. */
static inline struct fuzz_answer fuzz_answer_take(struct str *in)
{
    struct fuzz_answer a = {0};
    struct str line = str_cut(in, '\n');
    must(line.len >= 14 && str_starts(line, STR("HTTP/1.1 ")) && line.p[12] == ' ' && line.p[line.len - 1] == '\r');
    a.status = (int)strtol(line.p + 9, NULL, 10);
    must(a.status >= 100 && a.status < 600);
    const char *end = in->len >= 2 && in->p[0] == '\r' ? in->p : memmem(in->p, in->len, "\r\n\r\n", 4);
    must(end != NULL);
    size_t len = end == in->p ? 0 : (size_t)(end - in->p) + 2;
    a.head = str_sub(*in, 0, len);
    *in = str_sub(*in, len + 2, in->len);
    fuzz_check_head(a.head);
    if (a.status == 100) return a;
    struct str length = fuzz_header(&a, "Content-Length");
    bool chunked = fuzz_header(&a, "Transfer-Encoding").p != NULL;
    must(!(length.p && chunked));
    bool none = a.status == 204 || a.status == 304 || in->len == 0 || str_starts(*in, STR("HTTP/1.1 "));
    int64_t n = 0;
    if (length.p) must(text_int(&n, length) == 0 && n >= 0);
    if (length.p && n == 0) {
        a.body = STR("");
    } else if (!none && chunked) {
        a.body = fuzz_chunks(in, &a.text);
    } else if (!none) {
        if (!length.p) n = (int64_t)in->len; /* to the end of the connection */
        must((int64_t)in->len >= n);
        a.body = str_sub(*in, 0, (size_t)n);
        *in = str_sub(*in, (size_t)n, in->len);
    }
    fuzz_check_meaning(&a);
    return a;
}

static inline void fuzz_answer_release(struct fuzz_answer *a) { buf_release(&a->text); }

#endif
