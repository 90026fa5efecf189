/* SPDX-License-Identifier: Apache-2.0
 *
 * /v1/tasks/{id}: change one that waits (PATCH, RFC 7396), remove one that has ended (DELETE), settle one whose work was
 * done elsewhere (complete, fail).
 *
 *   looking ──it is as If-Match says, the change makes sense──▶ changing ──committed──▶ answered
 *      ▲ no If-Match, and somebody was faster: look again         │
 *      └──────────────────────────────────────────────────────────┘──as it was not: 412, 409──▶ answered
 */
#include "api/api.h"
#include "api/call_body.h"
#include "api/etag.h"
#include "api/task_json.h"
#include "api/wait.h"

static void patch(struct call *c);
static void remove_one(struct call *c);
static void complete(struct call *c);
static void fail(struct call *c);

const struct route change_routes[] = {
    {"PATCH", "/v1/tasks/{}", " ", patch},
    {"DELETE", "/v1/tasks/{}", " ", remove_one},
    {"POST", "/v1/tasks/{}/complete", " ", complete},
    {"POST", "/v1/tasks/{}/fail", " ", fail},
    {0},
};

#define TRIES 5 /* looks before a change that somebody else keeps getting in the way of is given up */

struct change {
    struct call *call;
    struct id id;
    struct store_get get; /* as it was looked at; kept while the change is on its way */
    struct server_control control;
    struct store_patch patch;
    const struct json_node *tags; /* merged into those the task has */
    struct task_tag set[LIMIT_TAGS];
    bool gone[LIMIT_TAGS];
    size_t n_set;
    int tries;
};

static void look(struct change *m);

static struct change *begin(struct call *c)
{
    struct change *m = arena_alloc(&c->req->arena, sizeof *m);
    *m = (struct change){.call = c};
    return call_id(c, &m->id) ? NULL : m;
}

/* ---- the members ---- */

static int read_priority(const struct members *r, void *to, const struct json_node *v, const char *pointer)
{
    struct change *m = to;
    int64_t priority = 0;
    int err = members_int(r, v, pointer, -LIMIT_PRIORITY, LIMIT_PRIORITY, &priority);
    m->patch.has_priority = true;
    m->patch.priority = (int32_t)priority;
    return err;
}

/* null: at once. */
static int read_run_at(const struct members *r, void *to, const struct json_node *v, const char *pointer)
{
    struct change *m = to;
    if (v->kind != JSON_NULL) return members_time(r, v, pointer, &m->patch.run_at_ms);
    m->patch.run_at_ms = turn_wall_ms(m->call->api->server->turn);
    return 0;
}

/* null for all of them: none is left; null for one: that one is removed (RFC 7396 section 2). */
static int read_tags(const struct members *r, void *to, const struct json_node *v, const char *pointer)
{
    struct change *m = to;
    m->patch.has_tags = true;
    if (v->kind == JSON_NULL) return 0;
    if (v->kind != JSON_OBJECT) return members_expected(r, v, pointer, "an object of strings, or null");
    if (v->count > LIMIT_TAGS) return err_set_at(r->e, ERR_INVALID, pointer, "tags must be at most %d", LIMIT_TAGS);
    m->tags = v;
    return members_tag_changes(r, v, pointer, m->set, m->gone, &m->n_set);
}

static const struct member patch_members[] = {
    {"priority", read_priority}, {"run_at", read_run_at}, {"tags", read_tags}, {NULL, NULL}};

/* ---- conditions ---- */

/* If-Match (RFC 9110 section 13.1.1) against the tag that a GET of the task has now. False: answered. */
static bool is_as_wanted(struct change *m)
{
    struct call *c = m->call;
    if (!http_header(c->req, "If-Match").p) return true;
    char etag[ETAG_TEXT];
    struct buf b = call_buf(c);
    task_json_write_placed(&b, c->api->server, &m->get.task, TASK_SHOW_WHOLE, &(struct task_place){0}, etag);
    buf_release(&b);
    if (etag_is_wanted(c->req, etag)) return true;
    store_release(&m->get.req);
    call_refuse(c, ERR_CHANGED, "the task is not as If-Match expects it any more: its ETag is %s", etag);
    return false;
}

/* The tags it will have: the old ones without those that are set anew or removed, then those that are set. */
static int merge_tags(struct change *m)
{
    const struct task_body *body = &m->get.task.body;
    struct task_tag *to = arena_alloc(&m->get.req.arena, (body->n_tags + m->n_set + 1) * sizeof *to);
    size_t n = 0;
    for (size_t i = 0; m->tags && i < body->n_tags; i++) {
        bool kept = true;
        for (size_t k = 0; k < m->n_set; k++) kept = kept && !str_eq(body->tags[i].key, m->set[k].key);
        if (kept) to[n++] = body->tags[i];
    }
    for (size_t k = 0; k < m->n_set; k++)
        if (!m->gone[k]) to[n++] = m->set[k];
    m->patch.tags = to;
    m->patch.n_tags = n;
    return n > LIMIT_TAGS ? ERR_INVALID : 0;
}

/* ---- looking and changing ---- */

static void on_changed(struct server_control *control)
{
    struct change *m = CONTAINER_OF(control, struct change, control);
    struct call *c = m->call;
    int err = control->store.req.err ? control->store.req.err : m->control.one.err;
    store_release(&control->store.req);
    store_release(&m->get.req);
    if (err == ERR_CHANGED && !http_header(c->req, "If-Match").p && ++m->tries < TRIES) look(m);
    else if (err == ERR_CHANGED) call_refuse(c, err, "the task changed while it was being changed; look at it again");
    else if (err == ERR_CONFLICT && m->control.one.verb == STORE_DELETE)
        call_refuse(c, err, "only a task that has ended can be removed; cancel it first");
    else if (err == ERR_CONFLICT)
        call_refuse(c, err, "only a task that waits can be changed; this one is %s", state_word(m->control.one.life.state));
    else if (err) call_store_failed(c, err);
    else if (m->control.one.verb == STORE_DELETE) call_answer_with(c, 204, NULL, STR_NONE, NULL, 0);
    else {
        dispatch_soon(&c->api->server->dispatch);
        wait_start(c, &m->id, 0);
    }
}

static void on_looked(struct store_req *req)
{
    struct change *m = req->user;
    int err = req->err ? req->err : m->get.found;
    if (err) {
        store_release(req);
        call_store_failed(m->call, err);
        return;
    }
    if (!is_as_wanted(m)) return;
    struct err e = {0};
    const struct life *life = &m->get.task.life;
    bool never = life->attempt == 0 && life->start_by_ms && m->patch.run_at_ms > life->start_by_ms;
    if (m->patch.has_tags) err = merge_tags(m);
    if (err) (void)err_set(&e, err, "a task has at most %d tags", LIMIT_TAGS);
    else if (never) err = err_set_at(&e, ERR_INVALID, "/run_at", "it could never start: run_at is after its start_by");
    if (err) {
        store_release(req);
        call_problem(m->call, &e);
        return;
    }
    m->control.one.expect = &m->get.task;
    server_control(m->call->api->server, &m->control, on_changed);
}

static void look(struct change *m)
{
    enum store_verb verb = m->control.one.verb;
    m->control = (struct server_control){.one = {.id = m->id, .verb = verb, .patch = &m->patch}};
    m->get = (struct store_get){.id = m->id, .input_max = LIMIT_INLINE, .result_max = LIMIT_INLINE};
    store_get(m->call->api->server->store, &m->get, on_looked, m);
}

static void patch(struct call *c)
{
    struct change *m = begin(c);
    if (!m || call_body_members(c, "application/merge-patch+json", patch_members, m)) return;
    m->control.one.verb = STORE_PATCH;
    look(m);
}

static void remove_one(struct call *c)
{
    struct change *m = begin(c);
    if (!m || call_body_nothing(c)) return;
    m->control.one.verb = STORE_DELETE;
    look(m);
}

/* ---- settled from outside ---- */

static int read_result(const struct members *r, void *to, const struct json_node *v, const char *pointer)
{
    struct store_control_item *it = to;
    it->result = json_span(r->j, v);
    return it->result.len <= LIMIT_RESULT ? 0 : err_set_at(r->e, ERR_TOO_BIG, pointer, "result must be at most %d bytes", LIMIT_RESULT);
}

static int read_code(const struct members *r, void *to, const struct json_node *v, const char *pointer)
{
    return members_text(r, v, pointer, LIMIT_NAME, &((struct store_control_item *)to)->failure.code);
}

static int read_message(const struct members *r, void *to, const struct json_node *v, const char *pointer)
{
    return members_text(r, v, pointer, LIMIT_MESSAGE, &((struct store_control_item *)to)->failure.message);
}

static int read_detail(const struct members *r, void *to, const struct json_node *v, const char *pointer)
{
    return members_text(r, v, pointer, LIMIT_DETAIL, &((struct store_control_item *)to)->failure.detail);
}

static int read_failure_type(const struct members *r, void *to, const struct json_node *v, const char *pointer)
{
    return members_text(r, v, pointer, LIMIT_NAME, &((struct store_control_item *)to)->failure.type);
}

static const struct member complete_members[] = {{"result", read_result}, {NULL, NULL}};
static const struct member fail_members[] = {
    {"code", read_code}, {"message", read_message}, {"detail", read_detail}, {"type", read_failure_type}, {NULL, NULL}};

static void on_settled(struct server_control *control)
{
    struct change *m = CONTAINER_OF(control, struct change, control);
    int err = control->store.req.err ? control->store.req.err : m->control.one.err;
    enum task_state state = m->control.one.life.state;
    store_release(&control->store.req);
    if (err == ERR_CONFLICT && state == TASK_RUNNING)
        call_refuse(m->call, err, "an attempt is under way here; cancel the task, or let it end");
    else if (err == ERR_CONFLICT) call_refuse(m->call, err, "the task has ended already: %s", state_word(state));
    else if (err) call_store_failed(m->call, err);
    else wait_start(m->call, &m->id, 0);
}

static void complete(struct call *c)
{
    struct change *m = begin(c);
    if (!m) return;
    m->control.one = (struct store_control_item){.id = m->id, .verb = STORE_COMPLETE};
    if (call_body_members(c, NULL, complete_members, &m->control.one)) return;
    if (!m->control.one.result.len) m->control.one.result = STR("null");
    server_control(c->api->server, &m->control, on_settled);
}

static void fail(struct call *c)
{
    struct change *m = begin(c);
    if (!m) return;
    struct store_control_item *it = &m->control.one;
    *it = (struct store_control_item){.id = m->id, .verb = STORE_FAIL};
    if (call_body_members(c, NULL, fail_members, it)) return;
    struct failure *f = &it->failure;
    if (!f->code.len) f->code = failure_word(FAILURE_WORKER_ERROR);
    if (!f->message.len) f->message = failure_text(failure_of(f->code));
    if (!f->detail.len) f->detail = STR_NONE;
    if (!f->type.len) f->type = STR_NONE;
    f->at_ms = turn_wall_ms(c->api->server->turn);
    server_control(c->api->server, &m->control, on_settled);
}
