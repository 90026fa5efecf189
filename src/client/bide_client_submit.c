/* SPDX-License-Identifier: Apache-2.0
 *
 * Submits, one or many in a request. A task is one JSON object; its input, and the members the library has no name for,
 * are pasted into it, so each of those must be one whole value by itself.
 */
#include "base/json.h"
#include "base/json_write.h"
#include "base/limits.h"
#include "client/bide_error.h"
#include "client/bide_problem.h"
#include "client/bide_request.h"

#include <stdlib.h>

enum shape { ANY, OBJECT, ARRAY };

static bool has_shape(const struct json_node *v, enum shape shape)
{
    return shape == ANY || v->kind == (shape == OBJECT ? JSON_OBJECT : JSON_ARRAY);
}

/* Cuts the blanks around it. */
static int check_json(struct str *text, enum shape shape, const char *what, struct bide_error *error)
{
    struct err e = {0};
    struct json j;
    json_init(&j);
    j.root_only = true;
    int rc = json_parse(&j, *text, &e);
    bool fits = !rc && has_shape(json_root(&j), shape);
    if (!rc) *text = json_span(&j, json_root(&j));
    json_release(&j);
    if (fits) return 0;
    if (rc == ERR_NOMEM) return bide_error_nomem(error);
    static const char *const shapes[] = {[ANY] = "JSON", [OBJECT] = "a JSON object", [ARRAY] = "a JSON array"};
    return bide_error_set(error, "invalid_json", "the %s is not %s%s%s", what, shapes[shape], rc ? ": " : "", e.text);
}

static void write_tags(struct buf *b, const struct bide_submit *s)
{
    json_write_key(b, "tags");
    json_write_open(b, '{');
    for (size_t i = 0; i < s->n_tags; i++) {
        json_write_key_str(b, str_of(s->tags[i].key));
        json_write_text(b, s->tags[i].value);
    }
    json_write_close(b, '}');
}

static void write_fields(struct buf *b, const struct bide_submit *s)
{
    if (s->queue) json_write_member_text(b, "queue", s->queue);
    if (s->priority) json_write_member_int(b, "priority", s->priority);
    if (s->run_at_ms) json_write_member_time(b, "run_at", s->run_at_ms);
    if (s->delay_ms) json_write_member_int(b, "delay_ms", s->delay_ms);
    if (s->timeout_ms) json_write_member_int(b, "timeout_ms", s->timeout_ms);
    if (s->start_within_ms) json_write_member_int(b, "start_within_ms", s->start_within_ms);
    if (s->max_attempts) json_write_member_int(b, "max_attempts", s->max_attempts);
    if (s->subject) json_write_member_text(b, "subject", s->subject);
    if (s->n_tags) write_tags(b, s);
}

static bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

/* What is between the braces of an object, without blanks around it. */
static struct str members_of(struct str object)
{
    struct str inside = object.len ? str_sub(object, 1, object.len - 2) : object;
    while (inside.len > 0 && is_blank(inside.p[0])) inside = str_sub(inside, 1, inside.len);
    while (inside.len > 0 && is_blank(inside.p[inside.len - 1])) inside.len--;
    return inside;
}

/* One task as JSON. What does not fit is in `b` as its error. */
static int write_task(struct buf *b, const struct bide_submit *s, struct bide_error *error)
{
    struct str input = {s->input, s->input_len}, more = str_of(s->more);
    if (!s->input) input = STR("{}");
    else if (!s->input_len) input = str_of(s->input);
    if (!s->type) return bide_error_set(error, "invalid", "a task needs a type");
    if (check_json(&input, ANY, "input", error)) return -1;
    if (s->more && check_json(&more, OBJECT, "object of further members", error)) return -1;
    struct str on_success = str_of(s->on_success), on_failure = str_of(s->on_failure);
    if (s->on_success && check_json(&on_success, ARRAY, "list on_success", error)) return -1;
    if (s->on_failure && check_json(&on_failure, ARRAY, "list on_failure", error)) return -1;
    json_write_open(b, '{');
    json_write_member_text(b, "type", s->type);
    json_write_member_raw(b, "input", input);
    write_fields(b, s);
    if (s->on_success) json_write_member_raw(b, "on_success", on_success);
    if (s->on_failure) json_write_member_raw(b, "on_failure", on_failure);
    more = members_of(more);
    if (more.len) json_write_raw(b, more);
    json_write_close(b, '}');
    return 0;
}

int bide_client_submit(struct bide_client *c, const struct bide_submit *s, struct bide_text *ret,
                       struct bide_error *error)
{
    struct buf body;
    buf_init(&body, LIMIT_BODY);
    int rc = write_task(&body, s, error);
    if (!rc && buf_err(&body)) rc = bide_request_no_body(&body, error);
    if (!rc) {
        struct buf path = bide_request_path("/v1/tasks", NULL, "");
        struct bide_http_request r = {.method = "POST", .json = buf_str(&body), .idempotency_key = s->idempotency_key};
        rc = bide_request_send(c, &r, &path, ret, NULL, error);
    }
    buf_release(&body);
    return rc;
}

static int write_tasks(struct buf *b, const struct bide_submit *submits, size_t n, struct bide_error *error)
{
    json_write_open(b, '[');
    for (size_t i = 0; i < n; i++) {
        struct bide_error why = {0};
        int rc = submits[i].idempotency_key
                     ? bide_error_set(&why, "invalid", "many tasks have one idempotency key: that of the call")
                     : write_task(b, &submits[i], &why);
        if (!rc) continue;
        bide_error_set(error, why.code, "task %zu: %s", i, why.text);
        return -1;
    }
    json_write_close(b, ']');
    return buf_err(b) ? bide_request_no_body(b, error) : 0;
}

static int64_t int_member(const struct json *j, const struct json_node *object, struct str key)
{
    int64_t value;
    const struct json_node *v = json_member(j, object, key);
    return v && json_int(j, v, &value) == 0 ? value : -1;
}

/* 0, ERR_INVALID or ERR_NOMEM */
static int read_item(const struct json *j, const struct json_node *item, struct bide_submitted *each, size_t n)
{
    int64_t index = int_member(j, item, STR("index")), status = int_member(j, item, STR("status"));
    if (index < 0 || (size_t)index >= n || each[index].status || status < 100 || status > 999) return ERR_INVALID;
    struct bide_submitted *s = &each[index];
    s->status = (int)status;
    if (status >= 300) {
        bide_error_set(&s->error, "invalid", "refused with status %d", s->status);
        return bide_problem_read(&s->error, j, json_member(j, item, STR("error")), s->status);
    }
    const struct json_node *id = json_member(j, item, STR("id"));
    struct buf text = {.p = s->id, .cap = sizeof s->id, .max = sizeof s->id - 1}; /* full before it would grow */
    if (!id || id->kind != JSON_STRING) return ERR_INVALID;
    json_add_string(j, id, &text);
    return buf_err(&text) ? ERR_INVALID : 0;
}

static int read_items(const struct bide_text *answer, struct bide_submitted *each, size_t n, struct bide_error *error)
{
    struct json j;
    json_init(&j);
    j.envelope = LIMIT_JSON_ENVELOPE;
    j.any_size = true;
    int rc = json_parse(&j, (struct str){answer->p, answer->len}, NULL);
    const struct json_node *items = rc ? NULL : json_member(&j, json_root(&j), STR("items"));
    if (!rc && (!items || items->kind != JSON_ARRAY || items->count != n)) rc = ERR_INVALID;
    if (!rc)
        for (const struct json_node *v = json_first(items); v && !rc; v = json_next(items, v))
            rc = read_item(&j, v, each, n);
    json_release(&j);
    if (rc == ERR_NOMEM) return bide_error_nomem(error);
    return rc ? bide_error_set(error, "bad_answer", "the answer does not say of each task what became of it") : 0;
}

int bide_client_submit_many(struct bide_client *c, const struct bide_submit *submits, size_t n,
                            const char *idempotency_key, struct bide_submitted *ret_each, struct bide_error *error)
{
    if (n == 0) return 0;
    struct bide_submitted *each = calloc(n, sizeof *each);
    if (!each) return bide_error_nomem(error);
    struct bide_text answer = {0};
    struct buf body;
    buf_init(&body, LIMIT_BODY);
    int rc = write_tasks(&body, submits, n, error);
    if (!rc) {
        struct buf path = bide_request_path("/v1/tasks:batch", NULL, "");
        struct bide_http_request r = {.method = "POST", .json = buf_str(&body), .idempotency_key = idempotency_key};
        rc = bide_request_send(c, &r, &path, &answer, NULL, error);
    }
    if (!rc) rc = read_items(&answer, each, n, error);
    if (!rc) memcpy(ret_each, each, n * sizeof *each);
    bide_text_free(&answer);
    buf_release(&body);
    free(each);
    return rc;
}
