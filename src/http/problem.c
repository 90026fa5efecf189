/* SPDX-License-Identifier: Apache-2.0
 *
 * The `type` of a problem is urn:bide:error:<code>: the word of err.def is what a program switches on, and a title that
 * is ours does not go with about:blank (RFC 9457 section 4.2.1).
 */
#include "http/problem.h"
#include "base/json_write.h"
#include <stdio.h>

/* What goes in beside `extra`: a reason twice and a pointer, each byte six when escaped; the words of err.def. */
#define OWN_MAX ((2 * sizeof((struct err *)0)->text + sizeof((struct err *)0)->pointer) * 6 + 2048)

void problem_write(struct buf *b, const struct err *e, const char *request_id, struct str extra)
{
    char type[80];
    snprintf(type, sizeof type, "urn:bide:error:%s", err_word(e->code));
    json_write_open(b, '{');
    json_write_member_text(b, "type", type);
    json_write_member_text(b, "title", err_text(e->code));
    json_write_member_int(b, "status", err_http_status(e->code));
    json_write_member_text(b, "code", err_word(e->code));
    json_write_member_text(b, "detail", e->text[0] ? e->text : err_text(e->code));
    if (request_id && *request_id) json_write_member_text(b, "request_id", request_id);
    if (e->pointer[0]) {
        json_write_key(b, "errors");
        json_write_open(b, '[');
        json_write_open(b, '{');
        json_write_member_text(b, "pointer", e->pointer);
        json_write_member_text(b, "detail", e->text);
        json_write_close(b, '}');
        if (e->more) {
            buf_add_char(b, ',');
            buf_add_text(b, e->more);
        }
        json_write_close(b, ']');
    }
    if (extra.len > 2) { /* "{...}": its members, without the brackets */
        buf_add_char(b, ',');
        buf_add(b, extra.p + 1, extra.len - 2);
    }
    json_write_close(b, '}');
}

void problem_reply_with(struct http_request *r, const struct err *e, int retry_after_s,
                        const struct http_header *headers, size_t n_headers, struct str extra)
{
    struct buf b;
    buf_init(&b, OWN_MAX + extra.len + (e->more ? strlen(e->more) : 0));
    problem_write(&b, e, r->request_id, extra);
    struct http_header *all = arena_alloc(&r->arena, (n_headers + 1) * sizeof *all);
    size_t n = 0;
    for (; n < n_headers; n++) all[n] = headers[n];
    if (retry_after_s > 0)
        all[n++] = (struct http_header){STR("Retry-After"), arena_format(&r->arena, "%d", retry_after_s)};
    struct http_reply reply = {.status = err_http_status(e->code), .headers = all, .n_headers = n};
    if (buf_err(&b)) { /* out of memory: the status has to say it all */
        buf_release(&b);
    } else {
        reply.content_type = "application/problem+json";
        reply.body = buf_take(&b);
        reply.body_taken = true;
    }
    http_reply(r, &reply);
}

void problem_reply(struct http_request *r, const struct err *e, int retry_after_s)
{
    problem_reply_with(r, e, retry_after_s, NULL, 0, STR(""));
}
