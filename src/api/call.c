/* SPDX-License-Identifier: Apache-2.0
 *
 * Small things around an answer.
 */
#include "api/call.h"

#include "api/prefer.h"
#include "api/route_answer.h"
#include "api/route_point.h"
#include "api/route_uploads.h"
#include "base/text.h"
#include "http/problem.h"
#include "http/ws.h"

#include <stdio.h>

struct buf call_buf(struct call *c)
{
    (void)c;
    struct buf b;
    buf_init(&b, ANSWER_MAX);
    return b;
}

static void count_since(struct api *a, int64_t started_mono_ms, int status)
{
    metrics_observe_ms(&a->answers[status / 100], turn_mono_ms(a->server->turn) - started_mono_ms);
}

static void count(struct call *c, int status) { count_since(c->api, c->req->started_mono_ms, status); }

int call_claim(struct call *c, size_t bytes)
{
    int err = http_claim(c->req, bytes);
    if (err) call_refuse(c, err, "too many large answers are waiting to be read by their clients; try again later");
    return err;
}

void call_answer_with(struct call *c, int status, const char *content_type, struct str body,
                      const struct http_header *headers, size_t n_headers)
{
    if (body.len >= CALL_LARGE && call_claim(c, body.len)) return;
    count(c, status);
    http_reply(c->req, &(struct http_reply){.status = status,
                                            .content_type = content_type,
                                            .body = body,
                                            .headers = headers,
                                            .n_headers = n_headers,
                                            .body_stays = true});
}

void call_answer_buf(struct call *c, int status, const char *content_type, struct buf *b, const struct http_header *headers,
                     size_t n_headers)
{
    int err = buf_err(b);
    if (!err && c->through) {
        route_answer(c, status, b, headers, n_headers);
        return;
    }
    if (err || (b->len >= CALL_LARGE && call_claim(c, b->len))) {
        buf_release(b);
        if (err == ERR_TOO_BIG) call_refuse(c, ERR_INTERNAL, "the answer would be larger than %d bytes", ANSWER_MAX);
        else if (err) call_refuse(c, err, "%s", err_text(err));
        return;
    }
    count(c, status);
    http_reply(c->req, &(struct http_reply){.status = status,
                                            .content_type = content_type,
                                            .body = buf_take(b),
                                            .headers = headers,
                                            .n_headers = n_headers,
                                            .body_taken = true});
}

void call_answer(struct call *c, int status, struct buf *json)
{
    call_answer_buf(c, status, CALL_JSON, json, NULL, 0);
}

void call_begin(struct call *c, int status, const char *content_type, const struct http_header *headers, size_t n_headers,
                int64_t length, void (*on_room)(struct http_request *r))
{
    struct http_reply head = {.status = status, .content_type = content_type, .headers = headers, .n_headers = n_headers};
    count(c, status);
    http_begin(c->req, &head, length, on_room);
}

struct ws *call_upgrade(struct call *c, const struct ws_conf *conf)
{
    struct api *api = c->api;
    int64_t started_mono_ms = c->req->started_mono_ms;
    int status;
    struct ws *w = ws_accept(c->req, conf, &status); /* which ends the request, and the call with it */
    if (status) count_since(api, started_mono_ms, status);
    return w;
}

void call_problem_with(struct call *c, const struct err *e, const struct http_header *headers, size_t n_headers,
                       struct str extra)
{
    int status = err_http_status(e->code);
    struct err own = *e;
    route_uploads_drop(c);
    if (c->through) {
        route_point(c, &own);
        e = &own;
    }
    if (c->through && route_answer_problem(c, e, headers, n_headers, extra)) return;
    count(c, status);
    bool later = status == 429 || status == 503 || status == 507;
    problem_reply_with(c->req, e, later ? 1 : 0, headers, n_headers, extra);
}

void call_problem(struct call *c, const struct err *e)
{
    call_problem_with(c, e, NULL, 0, STR_NONE);
}

void call_store_failed(struct call *c, int err)
{
    call_store_failed_or(c, err, "there is no task with this id");
}

void call_store_failed_or(struct call *c, int err, const char *none)
{
    if (err == ERR_NOT_FOUND) call_refuse(c, err, "%s", none);
    else call_refuse(c, err, "the store did not answer; try again later");
}

void call_list_open(struct buf *b)
{
    json_write_open(b, '{');
    call_list_items(b);
}

void call_list_items(struct buf *b)
{
    json_write_key(b, "items");
    json_write_open(b, '[');
}

void call_list_close(struct buf *b, const char *cursor)
{
    json_write_close(b, ']');
    json_write_member_text(b, "next_cursor", cursor);
    json_write_close(b, '}');
}

void call_refuse(struct call *c, int code, const char *format, ...)
{
    struct err e = {.code = code};
    va_list args;
    va_start(args, format);
    vsnprintf(e.text, sizeof e.text, format, args);
    va_end(args);
    call_problem(c, &e);
}

int call_id(struct call *c, struct id *ret)
{
    if (id_parse(ret, c->params[0]) == 0) {
        if (!id_is_derived(ret)) return 0;
        call_refuse(c, ERR_NOT_FOUND, "this is no task but what belongs to one; deliveries are under /v1/deliveries");
        return ERR_NOT_FOUND;
    }
    call_refuse(c, ERR_NOT_FOUND, "'%.60s' is not a task id: an id looks like 01a1ffe8-96cd-754e-be93-691a58a8ee38",
                c->params[0].p);
    return ERR_NOT_FOUND;
}

int call_id_or(struct call *c, const char *none, struct id *ret)
{
    if (id_parse(ret, c->params[0]) == 0) return 0;
    call_refuse(c, ERR_NOT_FOUND, "%s", none);
    return ERR_NOT_FOUND;
}

int call_number(struct call *c, const char *name, int64_t low, int64_t high, int64_t otherwise, int64_t *ret)
{
    struct str text = query_get(&c->query, name);
    *ret = otherwise;
    if (!text.p) return 0;
    if (text_int(ret, text) == 0 && *ret >= low && *ret <= high) return 0;
    call_refuse(c, ERR_INVALID, "%s must be a whole number from %lld to %lld, not '%.*s'", name, (long long)low,
                (long long)high, (int)(text.len > 40 ? 40 : text.len), text.p);
    return ERR_INVALID;
}

/* Seconds with up to three decimals. */
static bool read_seconds(struct str text, int64_t *ret_ms)
{
    struct str decimals = text;
    struct str whole = str_cut(&decimals, '.');
    int64_t s = 0, fraction = 0;
    int64_t scale = decimals.len == 1 ? 100 : decimals.len == 2 ? 10 : 1;
    bool good = text_int(&s, whole) == 0 && s >= 0 && whole.len <= 9 && decimals.len <= 3 &&
                (decimals.len == 0 || (text_int(&fraction, decimals) == 0 && fraction >= 0));
    int64_t ms = s * 1000 + fraction * scale;
    if (good) *ret_ms = ms > LIMIT_WAIT_MS ? LIMIT_WAIT_MS : ms;
    return good;
}

int call_shares(struct call *c)
{
    int64_t share;
    int err = call_number(c, "share", 0, 1, 0, &share);
    c->shares = !err && share;
    return err;
}

int call_wait_ms(struct call *c, int64_t *ret_ms)
{
    struct str asked = query_get(&c->query, "wait"), preferred = prefer_find(c->req, "wait");
    *ret_ms = 0;
    if (asked.p && !read_seconds(asked, ret_ms)) {
        call_refuse(c, ERR_INVALID, "wait must be a number of seconds from 0 to %d", LIMIT_WAIT_MS / 1000);
        return ERR_INVALID;
    }
    if (!asked.p && preferred.p && !read_seconds(preferred, ret_ms)) *ret_ms = 0; /* RFC 7240 section 2: ignored */
    return 0;
}
