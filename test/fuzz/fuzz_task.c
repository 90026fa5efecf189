/* SPDX-License-Identifier: Apache-2.0
 *
 * Fuzz target: any bytes as the JSON of a submit. Read twice, it is the same task or the same refusal. A task that is
 * accepted is within all limits, is written as JSON that says what was said, goes to a worker as one line, and a copy of
 * it is equal. What is refused says why, in text.
 */
#include "api/submission.h"
#include "api/task_json.h"
#include "handler/frame.h"
#include "test/fuzz/fuzz_served.h"

struct reading {
    struct json json;
    struct arena arena;
    struct task_body body;
    struct err e;
    int rc;
};

static void read_it(struct reading *r, struct str text)
{
    *r = (struct reading){0};
    json_init(&r->json);
    r->json.closed = STR("input"); /* as api_init */
    arena_init(&r->arena);
    r->rc = json_parse(&r->json, text, &r->e);
    if (r->rc == 0) r->rc = submission_read(&r->body, &r->json, json_root(&r->json), &sim->server, &r->arena, &r->e);
}

static void release(struct reading *r)
{
    json_release(&r->json);
    arena_release(&r->arena);
}

static bool same_body(const struct task_body *a, const struct task_body *b)
{
    bool same = str_eq(a->type, b->type) && str_eq(a->queue, b->queue) && str_eq(a->subject, b->subject) &&
                str_eq(a->input, b->input) && a->n_tags == b->n_tags && a->created_at_ms == b->created_at_ms &&
                a->run_at_ms == b->run_at_ms && a->timeout_ms == b->timeout_ms && a->grace_ms == b->grace_ms &&
                a->retain_ms == b->retain_ms && str_eq(a->limit_key, b->limit_key) && str_eq(a->batch_key, b->batch_key) &&
                memcmp(&a->cost, &b->cost, sizeof a->cost) == 0 && a->rules.priority == b->rules.priority &&
                a->rules.max_attempts == b->rules.max_attempts && a->rules.start_by_ms == b->rules.start_by_ms &&
                a->rules.retry.backoff == b->rules.retry.backoff && a->rules.retry.jitter == b->rules.retry.jitter &&
                a->rules.retry.base_ms == b->rules.retry.base_ms && a->rules.retry.cap_ms == b->rules.retry.cap_ms;
    for (size_t i = 0; same && i < a->n_tags; i++)
        same = str_eq(a->tags[i].key, b->tags[i].key) && str_eq(a->tags[i].value, b->tags[i].value);
    return same;
}

static bool in(int64_t n, int64_t low, int64_t high) { return n >= low && n <= high; }

static void check_text(struct str s, size_t most)
{
    must(s.len <= most && fuzz_is_utf8(s));
    must(s.len == 0 || !memchr(s.p, 0, s.len));
}

static void check_limits(const struct task_body *b)
{
    must(config_type_find(&sim->config, b->type) && queue_find(&sim->server.queues, b->queue));
    must(b->input.len > 0 && b->input.len <= LIMIT_INPUT);
    check_text(b->subject, LIMIT_SUBJECT);
    must(b->n_tags <= LIMIT_TAGS);
    for (size_t i = 0; i < b->n_tags; i++) {
        must(b->tags[i].key.len > 0);
        check_text((struct str){b->tags[i].value.p, b->tags[i].value.len}, LIMIT_TAG_VALUE);
        must(b->tags[i].key.len <= LIMIT_TAG_KEY && fuzz_is_utf8(b->tags[i].key));
        for (size_t k = 0; k < i; k++) must(!str_eq(b->tags[i].key, b->tags[k].key));
    }
    must(in(b->rules.priority, -LIMIT_PRIORITY, LIMIT_PRIORITY) && in(b->rules.max_attempts, 1, LIMIT_ATTEMPTS));
    must(in(b->timeout_ms, 1, LIMIT_DELAY_MS) && in(b->grace_ms, 1, LIMIT_DELAY_MS));
    must(in(b->rules.retry.base_ms, 0, LIMIT_DELAY_MS) && in(b->rules.retry.cap_ms, 0, LIMIT_DELAY_MS));
    check_text(b->limit_key, LIMIT_NAME);
    check_text(b->batch_key, LIMIT_NAME);
    must((!b->limit_key.p || b->limit_key.len > 0) && (!b->batch_key.p || b->batch_key.len > 0));
    must(b->cost > 0 && b->cost <= LIMIT_COST);
    must(in(b->cache.ttl_ms, 0, LIMIT_CACHE_MS) && (b->cache.ttl_ms || !b->cache.bypass));
    must(b->run_at_ms >= 0 && b->rules.start_by_ms >= 0);
    must(b->rules.start_by_ms == 0 || b->run_at_ms <= b->rules.start_by_ms);
    must(b->retain_ms == RETAIN_AS_TYPE || b->retain_ms == RETAIN_FOREVER || in(b->retain_ms, 0, LIMIT_DELAY_MS));
}

static void check_member(const struct json *j, const struct json_node *object, const char *name, struct str wanted)
{
    struct buf b;
    const struct json_node *v = json_member(j, object, str_of(name));
    must(v && (wanted.p ? v->kind == JSON_STRING : v->kind == JSON_NULL));
    buf_init(&b, LIMIT_INPUT);
    if (wanted.p) json_add_string(j, v, &b);
    must(str_eq(buf_str(&b), wanted));
    buf_release(&b);
}

/* The object that every route shows. */
static void check_shown(const struct task_body *body)
{
    struct buf b;
    struct json j;
    struct err e;
    struct life life = life_begin(&body->rules, 1, body->run_at_ms, body->created_at_ms);
    struct task t = store_added(&(struct store_add_item){.body = body, .life = life});
    buf_init(&b, LIMIT_HTTP_REPLY);
    task_json_write(&b, &sim->server, &t, body->input.len <= LIMIT_INLINE);
    must(!buf_err(&b) && b.len <= TASK_JSON_MAX);
    fuzz_must_be_json(buf_str(&b), JSON_OBJECT);
    json_init(&j);
    j.envelope = LIMIT_JSON_ENVELOPE;
    must(json_parse(&j, buf_str(&b), &e) == 0);
    const struct json_node *root = json_root(&j), *tags = json_member(&j, root, STR("tags"));
    check_member(&j, root, "type", body->type);
    check_member(&j, root, "queue", body->queue);
    check_member(&j, root, "subject", body->subject);
    must(tags->count == body->n_tags);
    size_t i = 0;
    for (const struct json_node *v = json_first(tags); v; v = json_next(tags, v), i++)
        must(json_key_is(&j, v, body->tags[i].key));
    const struct json_node *input = json_member(&j, root, STR("input"));
    if (body->input.len <= LIMIT_INLINE) must(str_eq(json_span(&j, input), body->input));
    json_release(&j);
    buf_release(&b);
}

static void check_frame(const struct task_body *body)
{
    struct attempt a = {.task = body, .fence = 7, .run = 1, .number = 1, .dir = "/d"};
    const struct attempt *one = &a;
    struct buf b;
    buf_init(&b, LIMIT_FRAME);
    frame_write_run(&b, &one, 1);
    must(!buf_err(&b) && str_find(buf_str(&b), '\n') == b.len - 1);
    fuzz_must_be_json(buf_str(&b), JSON_OBJECT);
    buf_release(&b);
}

static void run(struct str text)
{
    struct reading first, again;
    fuzz_open_sim();
    read_it(&first, text);
    read_it(&again, text);
    must(first.rc == again.rc);
    if (first.rc) {
        must(first.e.code == first.rc && first.e.text[0]);
        must(strcmp(first.e.text, again.e.text) == 0 && strcmp(first.e.pointer, again.e.pointer) == 0);
        must(first.e.pointer[0] == 0 || first.e.pointer[0] == '/');
    } else {
        must(same_body(&first.body, &again.body));
        struct task_body copy = task_copy_body(&again.arena, &first.body);
        must(same_body(&first.body, &copy));
        check_limits(&first.body);
        check_shown(&first.body);
        check_frame(&first.body);
    }
    release(&first);
    release(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) { return fuzz_served(run, data, size); }
