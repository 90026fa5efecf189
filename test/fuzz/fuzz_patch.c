/* SPDX-License-Identifier: Apache-2.0
 *
 * Fuzz target: any bytes as the body of PATCH /v1/tasks/{id}. Asked twice, the second changes nothing more (a merge patch,
 * RFC 7396, can be sent again). What it said of priority and tags is in the task, what it did not say is as it was; with
 * the old ETag in If-Match it is refused once the task has changed. A refused patch changes nothing.
 */
#include "test/fuzz/fuzz_served.h"

static char task_id[ID_TEXT];

struct seen { /* a task, as an answer shows it */
    struct fuzz_answer answer;
    struct buf text; /* its body, which stays */
    struct json json;
    char etag[64];
};

static void release(struct seen *t)
{
    json_release(&t->json);
    buf_release(&t->text);
}

static struct seen ask(struct client *c, const char *method, const char *if_match, struct str body)
{
    struct seen t = {0};
    char head[300];
    snprintf(head, sizeof head, "%s /v1/tasks/%s HTTP/1.1\n%s%s%s", method, task_id, if_match ? "If-Match: " : "",
             if_match ? if_match : "", if_match ? "\n" : "");
    t.answer = fuzz_ask(c, head, body);
    str_copy(t.etag, sizeof t.etag, fuzz_header(&t.answer, "ETag"));
    buf_init(&t.text, 1 << 20);
    buf_add_str(&t.text, t.answer.body);
    json_init(&t.json);
    must(json_parse(&t.json, buf_str(&t.text), NULL) == 0);
    fuzz_answer_release(&t.answer);
    return t;
}

static void populate(void)
{
    struct client c;
    client_open(&c, &fuzz_rig);
    must(fuzz_ask_status(&c, "POST /v1/queues/slow/pause HTTP/1.1\n", "") == 200);
    must(fuzz_ask_status(&c, "POST /v1/tasks HTTP/1.1\n", "{\"type\":\"transcribe\",\"queue\":\"slow\"}") == 202);
    const char *id = memmem(c.in.p, c.in.len, "\"id\":\"", 6);
    str_copy(task_id, sizeof task_id, (struct str){id + 6, ID_TEXT - 1});
    client_close(&c);
}

static struct str member(const struct json *j, const char *name)
{
    const struct json_node *v = json_member(j, json_root(j), str_of(name));
    return v ? json_span(j, v) : STR_NONE;
}

static bool same_text(const struct json *a, const struct json_node *x, const struct json *b, const struct json_node *y)
{
    struct buf p, q;
    buf_init(&p, 1 << 16);
    buf_init(&q, 1 << 16);
    json_add_string(a, x, &p);
    json_add_string(b, y, &q);
    bool same = str_eq(buf_str(&p), buf_str(&q));
    buf_release(&p);
    buf_release(&q);
    return same;
}

static const struct json_node *tag(const struct json *j, const struct json_node *tags, const struct json *of,
                                   const struct json_node *v)
{
    struct buf key;
    buf_init(&key, 1 << 16);
    json_add_key(of, v, &key);
    const struct json_node *found = json_member(j, tags, key.p ? buf_str(&key) : STR(""));
    buf_release(&key);
    return found;
}

static void check_tags(const struct json *before, const struct json *patch, const struct json *after)
{
    const struct json_node *was = json_member(before, json_root(before), STR("tags"));
    const struct json_node *said = json_member(patch, json_root(patch), STR("tags"));
    const struct json_node *is = json_member(after, json_root(after), STR("tags"));
    must(is->count <= LIMIT_TAGS);
    if (said && said->kind == JSON_NULL) must(is->count == 0);
    bool merged = said && said->kind == JSON_OBJECT;
    for (const struct json_node *v = merged ? json_first(said) : NULL; v; v = json_next(said, v)) {
        const struct json_node *now = tag(after, is, patch, v);
        must(v->kind == JSON_NULL ? !now : now && same_text(patch, v, after, now));
    }
    for (const struct json_node *v = said && !merged ? NULL : json_first(was); v; v = json_next(was, v)) {
        const struct json_node *now = tag(after, is, before, v);
        if (!merged || !tag(patch, said, before, v)) must(now && same_text(before, v, after, now));
    }
}

static void check_patched(struct client *c, const struct seen *before, struct str text, const struct seen *after)
{
    static const char *const others[] = {"id", "type", "queue", "created_at", "max_attempts", "attempt", "input", "start_by"};
    struct json patch;
    int64_t said = 0, is = 0;
    json_init(&patch);
    must(json_parse(&patch, text.len ? text : STR("{}"), NULL) == 0);
    for (size_t i = 0; i < N(others); i++) must(str_eq(member(&before->json, others[i]), member(&after->json, others[i])));
    check_tags(&before->json, &patch, &after->json);
    const struct json_node *priority = json_member(&patch, json_root(&patch), STR("priority"));
    must(json_int(&after->json, json_member(&after->json, json_root(&after->json), STR("priority")), &is) == 0);
    if (priority) must(json_int(&patch, priority, &said) == 0 && said == is);
    else must(str_eq(member(&before->json, "priority"), member(&after->json, "priority")));
    json_release(&patch);
    struct seen same = ask(c, "PATCH", NULL, text);
    must(same.answer.status == 200 && str_eq(buf_str(&same.text), buf_str(&after->text)));
    release(&same);
    struct seen stale = ask(c, "PATCH", before->etag, text);
    must(stale.answer.status == (strcmp(before->etag, after->etag) == 0 ? 200 : 412));
    release(&stale);
}

static void run(struct str text)
{
    struct client c;
    if (fuzz_open_rig()) populate();
    client_open(&c, &fuzz_rig);
    struct seen reset = ask(&c, "PATCH", NULL, STR("{\"tags\":null,\"run_at\":\"2030-01-01T00:00:00Z\",\"priority\":3}"));
    must(reset.answer.status == 200);
    release(&reset);
    reset = ask(&c, "PATCH", NULL, STR("{\"tags\":{\"a\":\"1\",\"b/~\":\"\\u00e9\",\"c\":\"\"}}"));
    struct seen before = ask(&c, "GET", NULL, STR("")), after = ask(&c, "PATCH", NULL, text);
    must(after.answer.status == 200 || after.answer.status == 400);
    struct seen now = ask(&c, "GET", NULL, STR(""));
    if (after.answer.status == 200) check_patched(&c, &before, text, &after);
    must(str_eq(buf_str(&now.text), after.answer.status == 200 ? buf_str(&after.text) : buf_str(&before.text)));
    release(&reset);
    release(&before);
    release(&after);
    release(&now);
    client_close(&c);
}

FUZZ_CUTS(32);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) { return fuzz_served(run, data, size); }
