/* SPDX-License-Identifier: Apache-2.0
 *
 * One row per field. Rows that set nothing by themselves (delay_ms) leave their value in the draft; settle() puts the
 * whole together.
 */
#include "api/submission.h"

#include "base/limits.h"
#include "base/text.h"

#include <stdio.h>

struct draft {
    const struct json *j;
    struct server *server;
    struct arena *arena;
    struct err *e;
    struct task_body *body;
    const struct config_type *type;
    int64_t now_ms;
    int64_t priority, max_attempts, delay_ms, start_within_ms; /* -1: not said (priority: INT64_MIN) */
    const struct json_node *retry;
};

struct field {
    const char *name;
    int (*read)(struct draft *d, const struct json_node *v, const char *pointer);
};

/* `prefix` and the member's name as a JSON pointer (RFC 6901 section 3), cut to fit; the name itself in *ret_name. */
static void point(struct draft *d, const char *prefix, const struct json_node *v, char pointer[128], struct str *ret_name)
{
    struct buf name;
    buf_init(&name, LIMIT_INPUT);
    json_add_key(d->j, v, &name);
    *ret_name = arena_str(d->arena, buf_str(&name));
    buf_release(&name);
    size_t n = (size_t)snprintf(pointer, 100, "%s", prefix);
    for (size_t i = 0; i < ret_name->len && n < 124; i++) {
        char c = ret_name->p[i];
        if (c == '~' || c == '/') pointer[n++] = '~';
        pointer[n++] = c == '~' ? '0' : c == '/' ? '1' : c;
    }
    pointer[n] = 0;
}

static int expected(struct draft *d, const struct json_node *v, const char *pointer, const char *what)
{
    return err_set_at(d->e, ERR_INVALID, pointer, "%s must be %s, not %s", pointer + 1, what, json_kind_name(v->kind));
}

/* A whole number within bounds. */
static int number(struct draft *d, const struct json_node *v, const char *pointer, int64_t low, int64_t high, int64_t *ret)
{
    if (v->kind != JSON_NUMBER) return expected(d, v, pointer, "a whole number");
    if (json_int(d->j, v, ret) != 0 || *ret < low || *ret > high)
        return err_set_at(d->e, ERR_INVALID, pointer, "%s must be a whole number from %lld to %lld", pointer + 1,
                          (long long)low, (long long)high);
    return 0;
}

static int text(struct draft *d, const struct json_node *v, const char *pointer, size_t max, struct str *ret)
{
    if (v->kind != JSON_STRING) return expected(d, v, pointer, "a string");
    struct buf b;
    buf_init(&b, v->len); /* as sent: escapes are longer than what they stand for */
    json_add_string(d->j, v, &b);
    bool too_long = buf_err(&b) || b.len > max;
    *ret = arena_str(d->arena, buf_str(&b));
    buf_release(&b);
    if (too_long) return err_set_at(d->e, ERR_INVALID, pointer, "%s must be at most %zu bytes long", pointer + 1, max);
    if (memchr(ret->p, 0, ret->len))
        return err_set_at(d->e, ERR_INVALID, pointer, "%s must not contain a NUL character", pointer + 1);
    return 0;
}

static int read_type(struct draft *d, const struct json_node *v, const char *pointer)
{
    return text(d, v, pointer, LIMIT_NAME, &d->body->type);
}

static int read_input(struct draft *d, const struct json_node *v, const char *pointer)
{
    d->body->input = json_span(d->j, v);
    if (d->body->input.len <= LIMIT_INPUT) return 0;
    return err_set_at(d->e, ERR_TOO_BIG, pointer, "input must be at most %d bytes", LIMIT_INPUT);
}

static int read_queue(struct draft *d, const struct json_node *v, const char *pointer)
{
    return text(d, v, pointer, LIMIT_NAME, &d->body->queue);
}

static int read_priority(struct draft *d, const struct json_node *v, const char *pointer)
{
    return number(d, v, pointer, -LIMIT_PRIORITY, LIMIT_PRIORITY, &d->priority);
}

static int read_run_at(struct draft *d, const struct json_node *v, const char *pointer)
{
    struct str s;
    int err = text(d, v, pointer, 64, &s);
    if (err) return err;
    if (text_time(&d->body->run_at_ms, s) == 0 && d->body->run_at_ms > 0) return 0;
    return err_set_at(d->e, ERR_INVALID, pointer, "run_at must be a time like 2026-11-21T20:00:00Z (RFC 3339)");
}

static int read_delay(struct draft *d, const struct json_node *v, const char *pointer)
{
    return number(d, v, pointer, 0, LIMIT_DELAY_MS, &d->delay_ms);
}

static int read_timeout(struct draft *d, const struct json_node *v, const char *pointer)
{
    return number(d, v, pointer, 1, LIMIT_DELAY_MS, &d->body->timeout_ms);
}

static int read_start_within(struct draft *d, const struct json_node *v, const char *pointer)
{
    return number(d, v, pointer, 1, LIMIT_DELAY_MS, &d->start_within_ms);
}

static int read_grace(struct draft *d, const struct json_node *v, const char *pointer)
{
    return number(d, v, pointer, 1, LIMIT_DELAY_MS, &d->body->grace_ms);
}

static int read_max_attempts(struct draft *d, const struct json_node *v, const char *pointer)
{
    return number(d, v, pointer, 1, LIMIT_ATTEMPTS, &d->max_attempts);
}

static int read_retry(struct draft *d, const struct json_node *v, const char *pointer)
{
    if (v->kind != JSON_OBJECT) return expected(d, v, pointer, "an object");
    d->retry = v;
    return 0;
}

static int read_subject(struct draft *d, const struct json_node *v, const char *pointer)
{
    return text(d, v, pointer, LIMIT_SUBJECT, &d->body->subject);
}

static int read_tags(struct draft *d, const struct json_node *v, const char *pointer)
{
    if (v->kind != JSON_OBJECT) return expected(d, v, pointer, "an object of strings");
    if (v->count > LIMIT_TAGS)
        return err_set_at(d->e, ERR_INVALID, pointer, "tags must be at most %d", LIMIT_TAGS);
    struct task_tag *tags = arena_alloc(d->arena, (v->count ? v->count : 1) * sizeof *tags);
    size_t n = 0;
    for (const struct json_node *m = json_first(v); m; m = json_next(v, m)) {
        char at[128];
        point(d, "/tags/", m, at, &tags[n].key);
        if (tags[n].key.len == 0 || tags[n].key.len > LIMIT_TAG_KEY)
            return err_set_at(d->e, ERR_INVALID, at, "a tag's name must be 1 to %d bytes long", LIMIT_TAG_KEY);
        int err = text(d, m, at, LIMIT_TAG_VALUE, &tags[n].value);
        if (err) return err;
        n++;
    }
    d->body->tags = tags;
    d->body->n_tags = n;
    return 0;
}

static const struct field fields[] = {
    {"type", read_type},
    {"input", read_input},
    {"queue", read_queue},
    {"priority", read_priority},
    {"run_at", read_run_at},
    {"delay_ms", read_delay},
    {"timeout_ms", read_timeout},
    {"start_within_ms", read_start_within},
    {"grace_ms", read_grace},
    {"max_attempts", read_max_attempts},
    {"retry", read_retry},
    {"subject", read_subject},
    {"tags", read_tags},
};
#define FIELDS (sizeof fields / sizeof *fields)

/* ---- retry: {backoff, base_ms, cap_ms, jitter} ---- */

static int word(struct draft *d, const struct json_node *v, const char *pointer, int (*of)(const char *, unsigned long),
                const char *words, int *ret)
{
    struct str s;
    int err = text(d, v, pointer, LIMIT_NAME, &s);
    if (err) return err;
    *ret = of(s.p, s.len);
    return *ret >= 0 ? 0 : err_set_at(d->e, ERR_INVALID, pointer, "%s must be %s", pointer + 1, words);
}

static int read_policy(struct draft *d, struct retry_policy *p)
{
    for (const struct json_node *v = json_first(d->retry); v; v = json_next(d->retry, v)) {
        int value = 0, err = 0;
        if (json_key_is(d->j, v, STR("backoff"))) {
            err = word(d, v, "/retry/backoff", retry_backoff_of, "fixed or exponential", &value);
            p->backoff = (enum retry_backoff)value;
        } else if (json_key_is(d->j, v, STR("jitter"))) {
            err = word(d, v, "/retry/jitter", retry_jitter_of, "none or full", &value);
            p->jitter = (enum retry_jitter)value;
        } else if (json_key_is(d->j, v, STR("base_ms"))) {
            err = number(d, v, "/retry/base_ms", 0, LIMIT_DELAY_MS, &p->base_ms);
        } else if (json_key_is(d->j, v, STR("cap_ms"))) {
            err = number(d, v, "/retry/cap_ms", 0, LIMIT_DELAY_MS, &p->cap_ms);
        } else {
            err = err_set_at(d->e, ERR_UNKNOWN_FIELD, "/retry", "retry knows backoff, base_ms, cap_ms and jitter");
        }
        if (err) return err;
    }
    return 0;
}

/* ---- the whole ---- */

static int unknown(struct draft *d, const struct json_node *v)
{
    const char *names[FIELDS + 1] = {NULL};
    for (size_t i = 0; i < FIELDS; i++) names[i] = fields[i].name;
    struct str key;
    char pointer[128];
    point(d, "/", v, pointer, &key);
    const char *near = text_nearest(key, names);
    return err_set_at(d->e, ERR_UNKNOWN_FIELD, pointer, "the field \"%.*s\" is not known here%s%s%s",
                      (int)(key.len > 100 ? 100 : key.len), key.p, near ? "; did you mean \"" : "", near ? near : "",
                      near ? "\"?" : "");
}

static int read_fields(struct draft *d, const struct json_node *node)
{
    for (const struct json_node *v = json_first(node); v; v = json_next(node, v)) {
        size_t i = 0;
        while (i < FIELDS && !json_key_is(d->j, v, str_of(fields[i].name))) i++;
        if (i == FIELDS) return unknown(d, v);
        char pointer[64];
        snprintf(pointer, sizeof pointer, "/%s", fields[i].name);
        int err = fields[i].read(d, v, pointer);
        if (err) return err;
    }
    return 0;
}

static int find_type(struct draft *d)
{
    const struct config *c = d->server->conf.config;
    struct str name = d->body->type;
    if (!name.p) return err_set_at(d->e, ERR_INVALID, "/type", "type is missing: which kind of work is it?");
    d->type = text_is_name(name) ? config_type_find(c, name) : NULL;
    if (d->type) return 0;
    const char **names = arena_alloc(d->arena, (c->n_types + 1) * sizeof *names);
    for (size_t i = 0; i < c->n_types; i++) names[i] = c->types[i].name;
    const char *near = text_nearest(name, names);
    return err_set_at(d->e, ERR_UNKNOWN_TYPE, "/type", "the configuration declares no type \"%.*s\"%s%s%s",
                      (int)(name.len > 100 ? 100 : name.len), name.p, near ? "; did you mean \"" : "", near ? near : "",
                      near ? "\"?" : "");
}

static int find_queue(struct draft *d)
{
    const struct config *c = d->server->conf.config;
    if (!d->body->queue.p) d->body->queue = str_of(d->type->queue);
    if (queue_find(&d->server->queues, d->body->queue)) return 0;
    const char **names = arena_alloc(d->arena, (c->n_queues + 1) * sizeof *names);
    for (size_t i = 0; i < c->n_queues; i++) names[i] = c->queues[i].name;
    struct str name = d->body->queue;
    const char *near = text_nearest(name, names);
    return err_set_at(d->e, ERR_UNKNOWN_QUEUE, "/queue", "the configuration declares no queue \"%.*s\"%s%s%s",
                      (int)(name.len > 100 ? 100 : name.len), name.p, near ? "; did you mean \"" : "", near ? near : "",
                      near ? "\"?" : "");
}

static int settle(struct draft *d)
{
    struct task_body *b = d->body;
    const struct config_rules *rules = &d->type->rules;
    if (d->delay_ms >= 0 && b->run_at_ms)
        return err_set_at(d->e, ERR_INVALID, "/delay_ms", "give run_at or delay_ms, not both");
    if (d->delay_ms > 0) b->run_at_ms = d->now_ms + d->delay_ms;
    if (d->start_within_ms > 0) b->rules.start_by_ms = d->now_ms + d->start_within_ms;
    if (b->rules.start_by_ms && b->run_at_ms > b->rules.start_by_ms)
        return err_set_at(d->e, ERR_INVALID, "/start_within_ms", "it could never start: run_at is after the end of start_within_ms");
    b->rules.priority = d->priority == INT64_MIN ? d->type->priority : (int32_t)d->priority;
    b->rules.max_attempts = d->max_attempts < 0 ? rules->max_attempts : (int32_t)d->max_attempts;
    b->rules.retry = rules->retry;
    if (!b->timeout_ms) b->timeout_ms = rules->timeout_ms;
    if (!b->grace_ms) b->grace_ms = rules->grace_ms;
    if (!b->input.p) b->input = STR("{}");
    return d->retry ? read_policy(d, &b->rules.retry) : 0;
}

int submission_read(struct task_body *ret, const struct json *j, const struct json_node *node, struct server *s,
                    struct arena *a, struct err *e)
{
    if (node->kind != JSON_OBJECT)
        return err_set(e, ERR_INVALID, "a submit is a JSON object like {\"type\":\"transcribe\",\"input\":{}}, not %s",
                       json_kind_name(node->kind));
    int64_t now_ms = turn_wall_ms(s->turn);
    *ret = (struct task_body){.created_at_ms = now_ms};
    struct draft d = {.j = j, .server = s, .arena = a, .e = e, .body = ret, .now_ms = now_ms, .priority = INT64_MIN,
                      .max_attempts = -1, .delay_ms = -1};
    int err = read_fields(&d, node);
    if (!err) err = find_type(&d);
    if (!err) err = find_queue(&d);
    if (!err) err = settle(&d);
    return err;
}
