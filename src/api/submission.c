/* SPDX-License-Identifier: Apache-2.0
 *
 * One row per field. Rows that set nothing by themselves (delay_ms) leave their value in the draft; settle() puts the
 * whole together.
 */
#include "api/submission.h"

#include "api/cache_field.h"
#include "api/command.h"
#include "api/file_refs.h"
#include "api/members.h"
#include "api/sequel.h"
#include "base/limits.h"
#include "base/text.h"
#include "handler/command.h"
#include "task/cache.h"

#include <assert.h>
#include <stdio.h>

struct draft {
    const struct members *m;
    struct server *server;
    struct task_body *body;
    const struct config_type *type;
    int64_t now_ms;
    int64_t priority, max_attempts, delay_ms, start_within_ms; /* -1: not said (priority: INT64_MIN) */
    const struct json_node *retry, *on_success, *on_failure, *webhook, *notify;
    bool conflict; /* on_conflict was said */
    struct cache_field cache;
};

static int read_type(const struct members *m, void *to, const struct json_node *v, const char *pointer)
{
    struct draft *d = to;
    return members_text(m, v, pointer, LIMIT_NAME, &d->body->type);
}

static int read_input(const struct members *m, void *to, const struct json_node *v, const char *pointer)
{
    struct draft *d = to;
    d->body->input = json_span(m->j, v);
    if (d->body->input.len <= LIMIT_INPUT) return 0;
    return err_set_at(d->m->e, ERR_TOO_BIG, pointer, "input must be at most %d bytes", LIMIT_INPUT);
}

static int read_queue(const struct members *m, void *to, const struct json_node *v, const char *pointer)
{
    struct draft *d = to;
    return members_text(m, v, pointer, LIMIT_NAME, &d->body->queue);
}

static int read_priority(const struct members *m, void *to, const struct json_node *v, const char *pointer)
{
    struct draft *d = to;
    return members_int(m, v, pointer, -LIMIT_PRIORITY, LIMIT_PRIORITY, &d->priority);
}

static int read_run_at(const struct members *m, void *to, const struct json_node *v, const char *pointer)
{
    struct draft *d = to;
    return members_time(m, v, pointer, &d->body->run_at_ms);
}

static int read_delay(const struct members *m, void *to, const struct json_node *v, const char *pointer)
{
    struct draft *d = to;
    return members_int(m, v, pointer, 0, LIMIT_DELAY_MS, &d->delay_ms);
}

static int read_timeout(const struct members *m, void *to, const struct json_node *v, const char *pointer)
{
    struct draft *d = to;
    return members_int(m, v, pointer, 1, LIMIT_DELAY_MS, &d->body->timeout_ms);
}

static int read_start_within(const struct members *m, void *to, const struct json_node *v, const char *pointer)
{
    struct draft *d = to;
    return members_int(m, v, pointer, 1, LIMIT_DELAY_MS, &d->start_within_ms);
}

static int read_grace(const struct members *m, void *to, const struct json_node *v, const char *pointer)
{
    struct draft *d = to;
    return members_int(m, v, pointer, 1, LIMIT_DELAY_MS, &d->body->grace_ms);
}

static int read_max_attempts(const struct members *m, void *to, const struct json_node *v, const char *pointer)
{
    struct draft *d = to;
    return members_int(m, v, pointer, 1, LIMIT_ATTEMPTS, &d->max_attempts);
}

static int read_retry(const struct members *m, void *to, const struct json_node *v, const char *pointer)
{
    struct draft *d = to;
    if (v->kind != JSON_OBJECT) return members_expected(m, v, pointer, "an object");
    d->retry = v;
    return 0;
}

static int read_on_success(const struct members *m, void *to, const struct json_node *v, const char *pointer)
{
    (void)m, (void)pointer;
    ((struct draft *)to)->on_success = v;
    return 0;
}

static int read_on_failure(const struct members *m, void *to, const struct json_node *v, const char *pointer)
{
    (void)m, (void)pointer;
    ((struct draft *)to)->on_failure = v;
    return 0;
}

static int read_notify(const struct members *m, void *to, const struct json_node *v, const char *pointer)
{
    (void)m, (void)pointer;
    ((struct draft *)to)->notify = v;
    return 0;
}

/* null: forever. */
static int read_webhook(const struct members *m, void *to, const struct json_node *v, const char *pointer)
{
    (void)m, (void)pointer;
    ((struct draft *)to)->webhook = v;
    return 0;
}

static int read_retain(const struct members *m, void *to, const struct json_node *v, const char *pointer)
{
    struct draft *d = to;
    d->body->retain_ms = RETAIN_FOREVER;
    return v->kind == JSON_NULL ? 0 : members_int(m, v, pointer, 0, LIMIT_DELAY_MS, &d->body->retain_ms);
}

static int read_subject(const struct members *m, void *to, const struct json_node *v, const char *pointer)
{
    struct draft *d = to;
    return members_text(m, v, pointer, LIMIT_SUBJECT, &d->body->subject);
}

static int read_key(const struct members *m, void *to, const struct json_node *v, const char *pointer)
{
    struct draft *d = to;
    return members_key(m, v, pointer, &d->body->key);
}

static int read_on_conflict(const struct members *m, void *to, const struct json_node *v, const char *pointer)
{
    static const char *const words[] = {[TASK_REFUSE] = "refuse", [TASK_EXISTING] = "existing", [TASK_REPLACE] = "replace"};
    struct draft *d = to;
    struct str said;
    int err = members_text(m, v, pointer, LIMIT_NAME, &said);
    d->conflict = !err;
    for (int i = 0; i < 3 && !err; i++) {
        if (!str_eq(said, str_of(words[i]))) continue;
        d->body->on_conflict = (enum task_conflict)i;
        return 0;
    }
    return err ? err : err_set_at(m->e, ERR_INVALID, pointer, "on_conflict must be refuse, existing or replace");
}

static int read_cache(const struct members *m, void *to, const struct json_node *v, const char *pointer)
{
    struct draft *d = to;
    return cache_field_read(m, v, pointer, &d->cache);
}

static int read_limit_key(const struct members *m, void *to, const struct json_node *v, const char *pointer)
{
    struct draft *d = to;
    return members_key(m, v, pointer, &d->body->limit_key);
}

static int read_batch_key(const struct members *m, void *to, const struct json_node *v, const char *pointer)
{
    struct draft *d = to;
    return members_key(m, v, pointer, &d->body->batch_key);
}

static int read_cost(const struct members *m, void *to, const struct json_node *v, const char *pointer)
{
    struct draft *d = to;
    return members_positive(m, v, pointer, LIMIT_COST, &d->body->cost);
}

static int read_tags(const struct members *m, void *to, const struct json_node *v, const char *pointer)
{
    struct draft *d = to;
    return members_tags(m, v, pointer, &d->body->tags, &d->body->n_tags);
}

static const struct member fields[] = {
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
    {"key", read_key},
    {"on_conflict", read_on_conflict},
    {"cache", read_cache},
    {"limit_key", read_limit_key},
    {"batch_key", read_batch_key},
    {"cost", read_cost},
    {"on_success", read_on_success},
    {"on_failure", read_on_failure},
    {"webhook", read_webhook},
    {"notify", read_notify},
    {"retain_ms", read_retain},
    {"subject", read_subject},
    {"tags", read_tags},
    {NULL, NULL},
};

/* ---- retry: {backoff, base_ms, cap_ms, jitter} ---- */

static int word(const struct members *m, const struct json_node *v, const char *pointer,
                int (*of)(const char *, unsigned long), const char *words, int *ret)
{
    struct str s;
    int err = members_text(m, v, pointer, LIMIT_NAME, &s);
    if (err) return err;
    *ret = of(s.p, s.len);
    return *ret >= 0 ? 0 : err_set_at(m->e, ERR_INVALID, pointer, "%s must be %s", pointer + 1, words);
}

static int read_backoff(const struct members *m, void *to, const struct json_node *v, const char *pointer)
{
    int value = 0, err = word(m, v, pointer, retry_backoff_of, "fixed or exponential", &value);
    ((struct retry_policy *)to)->backoff = (enum retry_backoff)value;
    return err;
}

static int read_jitter(const struct members *m, void *to, const struct json_node *v, const char *pointer)
{
    int value = 0, err = word(m, v, pointer, retry_jitter_of, "none or full", &value);
    ((struct retry_policy *)to)->jitter = (enum retry_jitter)value;
    return err;
}

static int read_base(const struct members *m, void *to, const struct json_node *v, const char *pointer)
{
    return members_int(m, v, pointer, 0, LIMIT_DELAY_MS, &((struct retry_policy *)to)->base_ms);
}

static int read_cap(const struct members *m, void *to, const struct json_node *v, const char *pointer)
{
    return members_int(m, v, pointer, 0, LIMIT_DELAY_MS, &((struct retry_policy *)to)->cap_ms);
}

static const struct member policy[] = {
    {"backoff", read_backoff}, {"base_ms", read_base}, {"cap_ms", read_cap}, {"jitter", read_jitter}, {NULL, NULL}};

/* ---- the whole ---- */

/* The name that was probably meant, else those that there are. `names` ends with NULL. */
static int undeclared(struct draft *d, int code, const char *pointer, struct str name, const char *const *names)
{
    const char *near = text_nearest(name, names), *what = pointer + 1;
    int shown = (int)(name.len > 100 ? 100 : name.len);
    if (near)
        return err_set_at(d->m->e, code, pointer, "the configuration declares no %s \"%.*s\"; did you mean \"%s\"?", what,
                          shown, name.p, near);
    char list[200] = " none";
    size_t len = 0;
    for (; *names && len < sizeof list; names++)
        len += (size_t)snprintf(list + len, sizeof list - len, "%s %s", len ? "," : "", *names);
    return err_set_at(d->m->e, code, pointer, "the configuration declares no %s \"%.*s\"; it has:%s%s", what, shown, name.p,
                      list, len >= sizeof list ? "..." : "");
}

/* Of a chain the first one; a name under a prefix may be too long for the steps. */
static int find_step(struct draft *d)
{
    for (size_t i = 0; i < d->type->n_steps; i++)
        if (d->body->type.len + 1 + strlen(d->type->steps[i].name) > TASK_LANE)
            return err_set_at(d->m->e, ERR_UNKNOWN_TYPE, "/type", "with its step \"%s\" this type has more than %d characters",
                              d->type->steps[i].name, TASK_LANE - 1);
    if (d->type->n_steps) d->body->step = str_of(d->type->steps[0].name);
    return 0;
}

static int find_type(struct draft *d)
{
    const struct config *c = d->server->conf.config;
    struct str name = d->body->type;
    if (!name.p) return err_set_at(d->m->e, ERR_INVALID, "/type", "type is missing: which kind of work is it?");
    d->type = text_is_name(name) ? config_type_find(c, name) : NULL;
    if (d->type) return find_step(d);
    const char **names = arena_alloc(d->m->arena, (c->n_types + 1) * sizeof *names);
    for (size_t i = 0; i < c->n_types; i++) names[i] = c->types[i].name;
    return undeclared(d, ERR_UNKNOWN_TYPE, "/type", name, names);
}

static int find_queue(struct draft *d)
{
    const struct config *c = d->server->conf.config;
    if (!d->body->queue.p) d->body->queue = str_of(d->type->queue);
    const struct queue *queue = text_is_name(d->body->queue) ? queue_find(&d->server->queues, d->body->queue) : NULL;
    if (queue) {
        d->body->queue = queue->name; /* stays when the configuration changes before the task is stored */
        return 0;
    }
    const char **names = arena_alloc(d->m->arena, (c->n_queues + 1) * sizeof *names);
    for (size_t i = 0; i < c->n_queues; i++) names[i] = c->queues[i].name;
    struct str name = d->body->queue;
    return undeclared(d, ERR_UNKNOWN_QUEUE, "/queue", name, names);
}

static int settle(struct draft *d)
{
    struct task_body *b = d->body;
    const struct config_rules *rules = &d->type->rules;
    if (d->delay_ms >= 0 && b->run_at_ms)
        return err_set_at(d->m->e, ERR_INVALID, "/delay_ms", "give run_at or delay_ms, not both");
    if (d->delay_ms > 0) b->run_at_ms = d->now_ms + d->delay_ms;
    if (d->start_within_ms > 0) b->rules.start_by_ms = d->now_ms + d->start_within_ms;
    if (b->rules.start_by_ms && b->run_at_ms > b->rules.start_by_ms)
        return err_set_at(d->m->e, ERR_INVALID, "/start_within_ms", "it could never start: run_at is after the end of start_within_ms");
    if (d->conflict && !b->key.p)
        return err_set_at(d->m->e, ERR_INVALID, "/on_conflict", "on_conflict says what becomes of a key that is held: give a key");
    b->rules.priority = d->priority == INT64_MIN ? d->type->priority : (int32_t)d->priority;
    b->rules.max_attempts = d->max_attempts < 0 ? rules->max_attempts : (int32_t)d->max_attempts;
    b->rules.retry = rules->retry;
    if (!b->timeout_ms) b->timeout_ms = rules->timeout_ms;
    if (!b->grace_ms) b->grace_ms = rules->grace_ms;
    if (!b->input.p) b->input = STR("{}");
    bool known = b->input.len > 0;
    int err = d->type->schema && known ? schema_apply(d->type->schema, &b->input, "/input", "input", d->m->arena, d->m->e) : 0;
    if (err) return err;
    b->cache = (struct task_cache){.ttl_ms = d->cache.ttl_ms, .bypass = d->cache.bypass};
    if (b->cache.ttl_ms) cache_print(b, d->cache.version, b->cache.print);
    if (b->retain_ms != RETAIN_AS_TYPE) retention_wish(&d->server->retention);
    err = d->retry ? members_read(d->m, policy, d->retry, "/retry", &b->rules.retry) : 0;
    struct sequel_said said = {d->on_success, d->on_failure, d->webhook, d->notify};
    return err ? err : sequel_of_submit(&b->sequel, d->m->j, &said, d->type, d->server, d->m->arena, d->m->e);
}

static int check_command(struct draft *d, const struct http_request *r)
{
    struct command command;
    int err = command_check(r, d->server, d->body->type, d->m->e);
    if (err || !server_is_command(d->server, d->body->type)) return err;
    return command_read(d->body->input, d->m->arena, &command, d->m->e);
}

int submission_read(struct task_body *ret, const struct json *j, const struct json_node *node, struct server *s,
                    struct arena *a, struct err *e)
{
    return submission_read_of(NULL, ret, j, node, s, a, e);
}

int submission_read_of(const struct http_request *r, struct task_body *ret, const struct json *j,
                       const struct json_node *node, struct server *s, struct arena *a, struct err *e)
{
    return submission_read_with(r, ret, STR_NONE, j, node, s, a, e);
}

int submission_read_with(const struct http_request *r, struct task_body *ret, struct str input, const struct json *j,
                         const struct json_node *node, struct server *s, struct arena *a, struct err *e)
{
    if (node->kind != JSON_OBJECT)
        return err_set(e, ERR_INVALID, "a submit is a JSON object like {\"type\":\"transcribe\",\"input\":{}}, not %s",
                       json_kind_name(node->kind));
    int64_t now_ms = turn_wall_ms(s->turn);
    *ret = (struct task_body){.created_at_ms = now_ms, .retain_ms = RETAIN_AS_TYPE, .cost = 1, .input = input};
    struct members m = {j, a, e};
    struct draft d = {.m = &m, .server = s, .body = ret, .now_ms = now_ms, .priority = INT64_MIN, .max_attempts = -1,
                      .delay_ms = -1};
    int err = server_check_disk(s, e);
    if (!err) err = members_read(&m, fields, node, "", &d);
    if (!err) err = find_type(&d);
    assert(err || d.type);
    if (!err) err = find_queue(&d);
    if (!err) err = settle(&d);
    if (!err) err = file_refs_read(ret, a, e);
    if (!err) err = check_command(&d, r);
    return err;
}
