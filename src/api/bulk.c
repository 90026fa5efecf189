/* SPDX-License-Identifier: Apache-2.0
 *
 * POST /v1/tasks:cancel and /v1/tasks:retry: the tasks that fit are listed and changed, a chunk at a time.
 *
 *   listing ──a page──▶ changing ──committed──▶ listing, from where the page ended
 *      │ no more of this status: the next one               └──▶ answered, when all are through or it was enough
 *      └──store away──▶ answered 503: what was changed stays changed
 *
 * A task that moves on while it is being looked for (from pending to running, say) is met again: the statuses follow
 * the life of a task, and the early ones come once more at the end.
 */
#include "api/bulk.h"

#include "api/call_body.h"
#include "api/command.h"

#define CHUNK 100

static void cancel_many(struct call *c);
static void retry_many(struct call *c);

const struct route bulk_routes[] = {
    {"POST", "/v1/tasks:cancel", " ", cancel_many},
    {"POST", "/v1/tasks:retry", " ", retry_many},
    {0},
};

struct bulk {
    struct call *call;
    struct filter filter;
    enum store_verb verb;
    const char *const *words; /* the one being looked for, and those to come */
    struct store_list list;
    struct server_control control;
    struct store_control_item items[CHUNK];
    bool more;                /* of this status, behind the page */
    struct id last;
    int64_t matched, changed, skipped;
};

static void look(struct bulk *b);

static void answer(struct bulk *b, bool more)
{
    struct buf json = call_buf(b->call);
    json_write_open(&json, '{');
    json_write_member_int(&json, "matched", b->matched);
    json_write_member_int(&json, "changed", b->changed);
    json_write_member_int(&json, "skipped", b->skipped);
    json_write_member_bool(&json, "more", more);
    json_write_close(&json, '}');
    call_answer(b->call, 200, &json);
}

static void refuse(struct bulk *b, int err)
{
    call_refuse(b->call, err, "the store did not answer; %lld tasks were changed before that and stay changed",
                (long long)b->changed);
}

static void go_on(struct bulk *b)
{
    if (!b->more && *b->words) b->words++;
    if (!*b->words) answer(b, false);
    else if (b->matched >= BULK_MOST) answer(b, true);
    else look(b);
}

static void on_changed(struct server_control *control)
{
    struct bulk *b = CONTAINER_OF(control, struct bulk, control);
    int err = control->store.req.err;
    for (size_t i = 0; !err && i < control->store.n; i++) {
        bool changed = !b->items[i].err && b->items[i].changed;
        b->changed += changed;
        b->skipped += !changed;
    }
    store_release(&control->store.req);
    if (err) refuse(b, err);
    else go_on(b);
}

static void on_listed(struct store_req *req)
{
    struct bulk *b = req->user;
    struct server *s = b->call->api->server;
    int err = req->err;
    size_t listed = err ? 0 : b->list.n, n = 0;
    for (size_t i = 0; i < listed; i++) {
        const struct task_body *t = &b->list.items[i].body;
        const struct queue *q = queue_find(&s->queues, t->queue);
        /* who may not submit a command line may not have it run again either */
        if (b->verb == STORE_RETRY && command_check(b->call->req, s, t->type, NULL)) continue;
        b->items[n++] = (struct store_control_item){.id = t->id, .verb = b->verb, .capacity = q ? q->capacity : 0};
    }
    b->more = !err && b->list.more;
    b->last = b->list.last;
    b->matched += (int64_t)listed;
    b->skipped += (int64_t)(listed - n);
    store_release(req);
    if (err) {
        refuse(b, err);
        return;
    }
    if (n == 0) {
        go_on(b);
        return;
    }
    b->control = (struct server_control){.store = {.items = b->items, .n = n}};
    server_control(s, &b->control, on_changed);
}

static void look(struct bulk *b)
{
    b->list = (struct store_list){.limit = CHUNK, .has_after = b->more, .after = b->last};
    filter_begin(&b->filter, &b->list);
    b->list.filter.word = *b->words;
    store_list(b->call->api->server->store, &b->list, on_listed, b);
}

void bulk_start(struct call *c, const struct filter *f, enum store_verb verb, const char *const *words)
{
    struct bulk *b = arena_alloc(&c->req->arena, sizeof *b);
    *b = (struct bulk){.call = c, .filter = *f, .verb = verb, .words = words};
    if (f->store.word) {
        const char **only = arena_alloc(&c->req->arena, 2 * sizeof *only);
        only[0] = f->store.word;
        only[1] = NULL;
        b->words = only;
    }
    look(b);
}

/* False: answered. */
static bool read(struct call *c, struct filter *f, const char *verb)
{
    *f = (struct filter){0};
    if (call_body_members(c, NULL, filter_members, f)) return false;
    if (f->said) return true;
    call_refuse(c, ERR_INVALID, "say which tasks to %s: at least one of type, queue, subject, status, tags, created_after, created_before",
                verb);
    return false;
}

static bool is_ending(const char *word)
{
    int state = state_of(str_of(word));
    return state >= 0 && state_is_ending((enum task_state)state);
}

static void refuse_status(struct call *c, const char *text)
{
    struct err e;
    (void)err_set_at(&e, ERR_INVALID, "/status", "%s", text);
    call_problem(c, &e);
}

static void cancel_many(struct call *c)
{
    static const char *const alive[] = {"blocked", "scheduled", "pending", "retrying", "running", "retrying", "pending", NULL};
    struct filter f;
    if (!read(c, &f, "cancel")) return;
    if (f.store.word && is_ending(f.store.word))
        refuse_status(c, "only tasks that have not ended can be cancelled; status must be one of blocked scheduled retrying pending running");
    else bulk_start(c, &f, STORE_CANCEL, alive);
}

static void retry_many(struct call *c)
{
    static const char *const failed[] = {"failed", NULL};
    struct filter f;
    struct err e;
    if (!read(c, &f, "retry")) return;
    if (c->api->server->draining)
        call_refuse(c, ERR_DRAINING, "the server is stopping; retry when it is back");
    else if (f.store.word && !is_ending(f.store.word))
        refuse_status(c, "only tasks that have ended can be retried; status must be one of completed failed cancelled expired");
    else if (server_check_disk(c->api->server, &e)) call_problem(c, &e);
    else bulk_start(c, &f, STORE_RETRY, failed);
}
