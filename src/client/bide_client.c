/* SPDX-License-Identifier: Apache-2.0
 *
 * The client's calls: each is a path, perhaps a body, and the answer handed to the caller as it came. Names that go
 * into a path or query are percent-encoded here (RFC 3986 section 2.1), so that a queue called "a/b" stays one segment.
 */
#include "base/clock.h"
#include "base/json.h"
#include "base/json_write.h"
#include "base/limits.h"
#include "client/bide_error.h"
#include "client/bide_http.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#define ANSWER_MAX (64 * 1024 * 1024)
#define POLL_S 30
#define AWAY_MS (30 * 1000) /* how long a server that has answered before may be gone while we wait */

struct bide_client {
    struct bide_http *http; /* owned */
};

struct bide_client *bide_client_new(const struct bide_client_options *options, struct bide_error *error)
{
    struct bide_client *c = calloc(1, sizeof *c);
    if (!c) {
        bide_error_nomem(error);
        return NULL;
    }
    c->http = bide_http_new(options, error);
    if (c->http) return c;
    free(c);
    return NULL;
}

void bide_client_free(struct bide_client *c)
{
    if (!c) return;
    bide_http_free(c->http);
    free(c);
}

const char *bide_client_server(const struct bide_client *c) { return bide_http_server(c->http); }

/* Sends, and on success puts the answer into *ret. Takes the path: releases it whatever happens. */
static int send_request(struct bide_client *c, struct bide_http_request *r, struct buf *path, struct bide_text *ret,
                        int *ret_status, struct bide_error *error)
{
    struct buf answer;
    buf_init(&answer, ANSWER_MAX);
    r->path = path->p;
    int rc;
    if (buf_err(path) == ERR_NOMEM) rc = bide_error_nomem(error);
    else if (buf_err(path)) rc = bide_error_set(error, "too_large", "the names in the request are too long");
    else rc = bide_http_send(c->http, r, &answer, ret_status, error);
    buf_release(path);
    if (rc) {
        buf_release(&answer);
        return -1;
    }
    bide_text_free(ret);
    *ret = (struct bide_text){.p = answer.p, .len = answer.len, .cap = answer.cap};
    return 0;
}

static void add_encoded(struct buf *b, const char *text)
{
    for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
        bool plain =
            (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9') || strchr("-._~", *p);
        if (plain) buf_add_char(b, (char)*p);
        else buf_add_format(b, "%%%02X", *p);
    }
}

/* base/name/verb, name encoded; verb may be "" */
static struct buf path_of(const char *base, const char *name, const char *verb)
{
    struct buf b;
    buf_init(&b, LIMIT_HTTP_TARGET);
    buf_add_text(&b, base);
    buf_add_char(&b, '/');
    add_encoded(&b, name);
    buf_add_text(&b, verb);
    return b;
}

static int call_named(struct bide_client *c, const char *method, const char *base, const char *name, const char *verb,
                      struct bide_text *ret, struct bide_error *error)
{
    if (!*name) return bide_error_set(error, "invalid", "an empty name: an id or the name of a queue is expected");
    struct buf path = path_of(base, name, verb);
    struct bide_http_request r = {.method = method};
    return send_request(c, &r, &path, ret, NULL, error);
}

int bide_client_call(struct bide_client *c, const char *method, const char *path, const char *json,
                     struct bide_text *ret, int *ret_status, struct bide_error *error)
{
    struct buf copy;
    buf_init(&copy, LIMIT_HTTP_TARGET);
    buf_add_text(&copy, path);
    struct bide_http_request r = {.method = method, .json = str_of(json)};
    return send_request(c, &r, &copy, ret, ret_status, error);
}

static void write_submit(struct buf *b, const struct bide_submit *s, struct str input)
{
    json_write_open(b, '{');
    json_write_member_text(b, "type", s->type);
    json_write_member_raw(b, "input", input);
    if (s->queue) json_write_member_text(b, "queue", s->queue);
    if (s->priority) json_write_member_int(b, "priority", s->priority);
    if (s->delay_ms) json_write_member_int(b, "delay_ms", s->delay_ms);
    if (s->timeout_ms) json_write_member_int(b, "timeout_ms", s->timeout_ms);
    if (s->start_within_ms) json_write_member_int(b, "start_within_ms", s->start_within_ms);
    if (s->max_attempts) json_write_member_int(b, "max_attempts", s->max_attempts);
    if (s->subject) json_write_member_text(b, "subject", s->subject);
    if (s->n_tags) {
        json_write_key(b, "tags");
        json_write_open(b, '{');
        for (size_t i = 0; i < s->n_tags; i++) {
            json_write_key_str(b, str_of(s->tags[i].key));
            json_write_text(b, s->tags[i].value);
        }
        json_write_close(b, '}');
    }
    json_write_close(b, '}');
}

/* Pasted into the body as it is, so it must be one whole value, without the blanks around it. */
static int check_input(struct str *input, struct bide_error *error)
{
    struct err e = {0};
    struct json j;
    json_init(&j);
    j.root_only = true;
    int rc = json_parse(&j, *input, &e);
    if (!rc) *input = json_span(&j, json_root(&j));
    json_release(&j);
    if (rc == ERR_NOMEM) return bide_error_nomem(error);
    return rc ? bide_error_set(error, "invalid_json", "the input is not JSON: %s", e.text) : 0;
}

int bide_client_submit(struct bide_client *c, const struct bide_submit *s, struct bide_text *ret,
                       struct bide_error *error)
{
    struct str input = {s->input, s->input_len};
    if (!s->input) input = STR("{}");
    else if (!s->input_len) input = str_of(s->input);
    if (!s->type) return bide_error_set(error, "invalid", "a task needs a type");
    if (check_input(&input, error)) return -1;
    struct buf body, path;
    buf_init(&body, LIMIT_BODY);
    write_submit(&body, s, input);
    buf_init(&path, LIMIT_HTTP_TARGET);
    buf_add_text(&path, "/v1/tasks");
    struct bide_http_request r = {.method = "POST", .json = buf_str(&body)};
    int rc;
    if (!buf_err(&body)) {
        rc = send_request(c, &r, &path, ret, NULL, error);
    } else {
        buf_release(&path);
        rc = buf_err(&body) == ERR_NOMEM ? bide_error_nomem(error)
                                         : bide_error_set(error, "too_large", "the task is over %d bytes", LIMIT_BODY);
    }
    buf_release(&body);
    return rc;
}

int bide_client_get(struct bide_client *c, const char *id, struct bide_text *ret, struct bide_error *error)
{
    return call_named(c, "GET", "/v1/tasks", id, "", ret, error);
}

int bide_client_poll(struct bide_client *c, const char *id, int wait_s, struct bide_text *ret, struct bide_error *error)
{
    if (wait_s <= 0) return bide_client_get(c, id, ret, error);
    struct buf path = path_of("/v1/tasks", id, "?wait=");
    buf_add_format(&path, "%d", wait_s);
    struct bide_http_request r = {.method = "GET", .wait_s = wait_s};
    return send_request(c, &r, &path, ret, NULL, error);
}

static bool is_away(const struct bide_error *e)
{
    return strcmp(e->code, err_word(ERR_AWAY)) == 0 || e->http_status == 503;
}

int bide_client_wait(struct bide_client *c, const char *id, int64_t timeout_ms, struct bide_text *ret,
                     struct bide_error *error)
{
    int64_t begun = clock_mono_ms(&clock_system), answered = 0;
    struct bide_text task = {0};
    struct bide_task_view view = {0};
    struct bide_error why;
    for (;;) {
        int64_t now = clock_mono_ms(&clock_system), left = timeout_ms < 0 ? INT64_MAX : begun + timeout_ms - now;
        int rc = bide_client_poll(c, id, left / 1000 < POLL_S ? (int)(left / 1000) : POLL_S, &task, &why);
        if (rc == 0) rc = bide_task_view_read(&view, task.p ? task.p : "", &why);
        if (rc == 0 && view.ended) break;
        int64_t after = clock_mono_ms(&clock_system);
        if (rc == 0) answered = after;
        bool patient = rc == 0 || (is_away(&why) && answered && after - answered < AWAY_MS);
        if (!patient || (timeout_ms >= 0 && after - begun >= timeout_ms)) {
            bide_text_free(&task);
            if (rc == 0) return bide_error_set(error, err_word(ERR_TIMEOUT), "task %s has not ended in time", id);
            if (error) *error = why;
            return -1;
        }
        /* a breath, for answers that come at once: a change that is no ending, a server that restarts */
        int64_t rest = timeout_ms < 0 ? 100 : begun + timeout_ms - after;
        if (after - now < 100) (void)poll(NULL, 0, (int)(rest < 100 ? rest : 100));
    }
    bide_text_free(ret);
    *ret = task;
    return 0;
}

static void add_query(struct buf *b, const char *key, const char *value)
{
    if (!value) return;
    buf_add_char(b, memchr(b->p, '?', b->len) ? '&' : '?');
    buf_add_text(b, key);
    buf_add_char(b, '=');
    add_encoded(b, value);
}

int bide_client_list(struct bide_client *c, const struct bide_filter *f, struct bide_text *ret,
                     struct bide_error *error)
{
    struct buf path;
    buf_init(&path, LIMIT_HTTP_TARGET);
    buf_add_text(&path, "/v1/tasks");
    if (buf_err(&path)) return bide_error_nomem(error);
    add_query(&path, "status", f->status);
    add_query(&path, "type", f->type);
    add_query(&path, "queue", f->queue);
    add_query(&path, "subject", f->subject);
    for (size_t i = 0; i < f->n_tags; i++) {
        add_query(&path, "tag", f->tags[i].key);
        buf_add_char(&path, ':');
        add_encoded(&path, f->tags[i].value);
    }
    char limit[16];
    snprintf(limit, sizeof limit, "%d", f->limit);
    if (f->limit > 0) add_query(&path, "limit", limit);
    add_query(&path, "cursor", f->cursor);
    struct bide_http_request r = {.method = "GET"};
    return send_request(c, &r, &path, ret, NULL, error);
}

int bide_client_cancel(struct bide_client *c, const char *id, struct bide_text *ret, struct bide_error *error)
{
    return call_named(c, "POST", "/v1/tasks", id, "/cancel", ret, error);
}

int bide_client_retry(struct bide_client *c, const char *id, struct bide_text *ret, struct bide_error *error)
{
    return call_named(c, "POST", "/v1/tasks", id, "/retry", ret, error);
}

int bide_client_result(struct bide_client *c, const char *id, struct bide_text *ret, struct bide_error *error)
{
    struct buf path = path_of("/v1/tasks", id, "/result");
    struct bide_http_request r = {.method = "GET"};
    struct bide_text bytes = {0};
    int status = 0;
    if (send_request(c, &r, &path, &bytes, &status, error)) return -1;
    if (status == 202) {
        bide_text_free(&bytes);
        bide_error_set(error, "not_ended", "task %s has not ended yet", id);
        if (error) error->http_status = status;
        return -1;
    }
    bide_text_free(ret);
    *ret = bytes;
    return 0;
}

int bide_client_log(struct bide_client *c, const char *id, struct bide_text *ret, struct bide_error *error)
{
    return call_named(c, "GET", "/v1/tasks", id, "/log", ret, error);
}

int bide_client_queues(struct bide_client *c, struct bide_text *ret, struct bide_error *error)
{
    return bide_client_call(c, "GET", "/v1/queues", NULL, ret, NULL, error);
}

int bide_client_queue(struct bide_client *c, const char *queue, struct bide_text *ret, struct bide_error *error)
{
    return call_named(c, "GET", "/v1/queues", queue, "", ret, error);
}

int bide_client_queue_pause(struct bide_client *c, const char *queue, struct bide_text *ret, struct bide_error *error)
{
    return call_named(c, "POST", "/v1/queues", queue, "/pause", ret, error);
}

int bide_client_queue_resume(struct bide_client *c, const char *queue, struct bide_text *ret, struct bide_error *error)
{
    return call_named(c, "POST", "/v1/queues", queue, "/resume", ret, error);
}

int bide_client_stats(struct bide_client *c, struct bide_text *ret, struct bide_error *error)
{
    return bide_client_call(c, "GET", "/v1/stats", NULL, ret, NULL, error);
}
