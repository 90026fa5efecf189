/* SPDX-License-Identifier: Apache-2.0
 *
 * /v1/deliveries: the log of what was told to people's servers. A delivery is a task of its own kind (webhook.h) that is in no
 * other list; sent again it is its next run, with the same message.
 */
#include "api/call_body.h"
#include "api/page.h"
#include "api/webhook.h"
#include "handler/webhook.h"

static void list(struct call *c);
static void one(struct call *c);
static void redeliver(struct call *c);

const struct route deliveries_routes[] = {
    {"GET", "/v1/deliveries", " status task limit cursor ", list},
    {"GET", "/v1/deliveries/{}", " ", one},
    {"POST", "/v1/deliveries/{}/redeliver", " ", redeliver},
    {0},
};

/* ---- the object ---- */

static int status_of(const struct task *d) /* of the last try; 0: there was no answer */
{
    bool ended = state_is_ending(d->life.state);
    struct str text = ended && d->life.state == TASK_COMPLETED ? d->ending.result : ended ? d->ending.failure.message : d->last.message;
    int64_t status = 0;
    size_t at = 0;
    while (at < text.len && (text.p[at] < '0' || text.p[at] > '9')) at++;
    for (; at < text.len && text.p[at] >= '0' && text.p[at] <= '9' && status < 1000; at++) status = status * 10 + (text.p[at] - '0');
    bool said = str_starts(text, STR("HTTP ")) || str_starts(text, STR("{\"status\":"));
    return said && status >= 100 && status <= 599 ? (int)status : 0;
}

static void write_open(struct buf *b, const struct task *d, struct arena *a)
{
    struct webhook_message m;
    bool ended = state_is_ending(d->life.state), delivered = d->life.state == TASK_COMPLETED;
    const struct failure *last = ended ? &d->ending.failure : &d->last;
    if (!d->body.input.p || webhook_read(&m, d->body.input, a) != 0) m = (struct webhook_message){0};
    json_write_open(b, '{');
    json_write_key(b, "id");
    json_write_id(b, &d->body.id);
    json_write_member_str(b, "task_id", d->body.n_tags ? d->body.tags[0].value : STR(""));
    json_write_member_nullable(b, "url", m.url);
    json_write_member_nullable(b, "event", m.event);
    json_write_member_nullable(b, "message_id", m.id);
    json_write_member_text(b, "status", webhook_status(d));
    json_write_member_int(b, "run", d->life.run);
    json_write_member_int(b, "attempts", d->life.attempt);
    int status = status_of(d);
    json_write_key(b, "last_status");
    if (status) json_write_int(b, status);
    else json_write_null(b);
    json_write_member_nullable(b, "last_error", !delivered && last->code.len ? last->message : STR_NONE);
    json_write_member_time(b, "created_at", d->body.created_at_ms);
    json_write_member_time(b, "next_at", d->life.state == TASK_SCHEDULED ? d->life.due_at_ms : 0);
    json_write_member_time(b, "finished_at", ended ? d->ending.finished_at_ms : 0);
}

/* ---- one ---- */

struct showing {
    struct call *call;
    struct store_get get;
    struct store_history history;
    struct server_control control;
    int status; /* of the answer */
};

static void write_tries(struct buf *b, const struct store_history *h)
{
    json_write_key(b, "tries");
    json_write_open(b, '[');
    for (size_t i = 0; i < h->n_attempts; i++) {
        const struct task_attempt *a = &h->attempts[i].attempt;
        json_write_open(b, '{');
        json_write_member_int(b, "run", a->run);
        json_write_member_int(b, "attempt", a->number);
        json_write_member_time(b, "started_at", a->started_at_ms);
        json_write_member_time(b, "finished_at", a->finished_at_ms);
        json_write_member_text(b, "verdict", life_verdict_word(a->verdict));
        json_write_member_nullable(b, "error", a->failure.code.len ? a->failure.message : STR_NONE);
        json_write_close(b, '}');
    }
    json_write_close(b, ']');
}

static void on_history(struct store_req *req)
{
    struct showing *w = req->user;
    struct call *c = w->call;
    int err = req->err ? req->err : w->history.found;
    if (!err) {
        struct buf b = call_buf(c);
        write_open(&b, &w->get.task, &c->req->arena);
        write_tries(&b, &w->history);
        json_write_close(&b, '}');
        store_release(&w->get.req);
        store_release(req);
        call_answer(c, w->status, &b);
        return;
    }
    store_release(&w->get.req);
    store_release(req);
    call_store_failed(c, err);
}

static void refuse_id(struct call *c)
{
    call_refuse(c, ERR_NOT_FOUND, "there is no delivery with this id");
}

static void on_got(struct store_req *req)
{
    struct showing *w = req->user;
    int err = req->err;
    if (!err && !w->get.found) {
        w->history = (struct store_history){.id = w->get.id, .limit = LIMIT_PAGE};
        store_history(w->call->api->server->store, &w->history, on_history, w);
        return;
    }
    store_release(req);
    if (err) call_store_failed(w->call, err);
    else refuse_id(w->call);
}

static void show(struct showing *w)
{
    w->get = (struct store_get){.id = w->get.id, .input_max = LIMIT_INPUT, .result_max = LIMIT_INLINE};
    store_get(w->call->api->server->store, &w->get, on_got, w);
}

static struct showing *begin(struct call *c)
{
    struct showing *w = arena_alloc(&c->req->arena, sizeof *w);
    w->call = c;
    w->status = 200;
    if (id_parse(&w->get.id, c->params[0]) == 0 && id_is_derived(&w->get.id)) return w;
    refuse_id(c);
    return NULL;
}

static void one(struct call *c)
{
    struct showing *w = begin(c);
    if (w) show(w);
}

/* ---- again ---- */

static void on_again(struct server_control *control)
{
    struct showing *w = CONTAINER_OF(control, struct showing, control);
    int err = control->store.req.err ? control->store.req.err : control->one.err;
    store_release(&control->store.req);
    w->status = 202;
    if (err == ERR_CONFLICT) call_refuse(w->call, err, "it has not ended: it is tried again by itself");
    else if (err == ERR_NOT_FOUND) refuse_id(w->call);
    else if (err) call_store_failed(w->call, err);
    else show(w);
}

static void redeliver(struct call *c)
{
    struct showing *w = begin(c);
    if (!w || call_body_nothing(c)) return;
    if (c->api->server->draining) {
        call_refuse(c, ERR_DRAINING, "the server is stopping; try again when it is back");
        return;
    }
    w->control.one = (struct store_control_item){.id = w->get.id, .verb = STORE_RETRY};
    server_control(c->api->server, &w->control, on_again);
}

/* ---- many ---- */

struct listing {
    struct call *call;
    struct store_list list;
    struct store_get get; /* of one after the other: lists have no inputs */
    struct buf b;
    size_t at;
    const char *status; /* NULL: any */
};

static void next(struct listing *l);

static void on_item(struct store_req *req)
{
    struct listing *l = req->user;
    int err = req->err;
    if (!err && !l->get.found && (!l->status || strcmp(webhook_status(&l->get.task), l->status) == 0)) {
        write_open(&l->b, &l->get.task, &req->arena);
        json_write_close(&l->b, '}');
    }
    store_release(req);
    l->at++;
    if (!err) {
        next(l);
        return;
    }
    store_release(&l->list.req);
    buf_release(&l->b);
    call_store_failed(l->call, err);
}

static void next(struct listing *l)
{
    if (l->at == l->list.n) {
        struct id last = l->list.last;
        bool more = l->list.more;
        store_release(&l->list.req);
        page_answer(l->call, &l->b, more ? &last : NULL);
        return;
    }
    l->get = (struct store_get){.id = l->list.items[l->at].body.id, .input_max = LIMIT_INPUT, .result_max = LIMIT_INLINE};
    store_get(l->call->api->server->store, &l->get, on_item, l);
}

static void on_listed(struct store_req *req)
{
    struct listing *l = req->user;
    if (req->err) {
        int err = req->err;
        store_release(req);
        call_store_failed(l->call, err);
        return;
    }
    l->b = call_buf(l->call);
    call_list_open(&l->b);
    next(l);
}

/* By the state of its task, as far as that says it; `disabled` is one sort of failed. */
static int read_status(struct call *c, struct listing *l)
{
    static const char *const words[][2] = {{"pending", NULL}, {"delivered", "completed"}, {"failed", "failed"}, {"disabled", "failed"}, {"cancelled", "cancelled"}};
    struct str said = query_get(&c->query, "status");
    if (!said.p) return 0;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (!str_eq(said, str_of(words[i][0]))) continue;
        l->status = words[i][0];
        l->list.filter.word = words[i][1];
        return 0;
    }
    call_refuse(c, ERR_INVALID, "status must be one of pending delivered failed disabled cancelled");
    return ERR_INVALID;
}

static void list(struct call *c)
{
    struct listing *l = arena_alloc(&c->req->arena, sizeof *l);
    struct page_ask ask;
    struct str task = query_get(&c->query, "task");
    *l = (struct listing){.call = c};
    if (page_ask(c, &ask) || read_status(c, l)) return;
    l->list.limit = (size_t)ask.limit;
    l->list.has_after = ask.has_after;
    l->list.after = ask.after;
    l->list.filter.derived = true;
    l->list.filter.queue = STR(WEBHOOK_QUEUE);
    if (task.p) l->list.filter.tags[l->list.filter.n_tags++] = (struct task_tag){STR("task"), task};
    store_list(c->api->server->store, &l->list, on_listed, l);
}
