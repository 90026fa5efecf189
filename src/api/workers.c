/* SPDX-License-Identifier: Apache-2.0
 *
 * /v1/workers: the live processes; recycle and stop of one.
 */
#include "api/api.h"
#include "api/call_body.h"
#include "api/pools_json.h"
#include "api/resources_json.h"
#include "api/sandbox_json.h"

static void list(struct call *c);
static void recycle(struct call *c);
static void stop(struct call *c);

const struct route workers_routes[] = {
    {"GET", "/v1/workers", " ", list},
    {"POST", "/v1/workers/{}/recycle", " ", recycle},
    {"POST", "/v1/workers/{}/stop", " ", stop},
    {0},
};

static void write_worker(void *user, const struct worker_view *w)
{
    struct buf *b = user;
    json_write_open(b, '{');
    json_write_member_str(b, "id", w->id);
    json_write_member_str(b, "pool", w->pool);
    json_write_member_text(b, "state", w->state);
    json_write_member_time(b, "state_since", w->state_since_ms);
    json_write_key(b, "pid");
    if (w->pid) json_write_int(b, w->pid);
    else json_write_null(b);
    json_write_member_bool(b, "loaded", w->loaded);
    json_write_member_time(b, "started_at", w->started_at_ms);
    json_write_member_int(b, "ready_ms", w->ready_ms);
    json_write_member_int(b, "loads", w->loads);
    json_write_member_int(b, "restarts", w->restarts);
    json_write_member_int(b, "tasks", w->tasks);
    json_write_key(b, "max_tasks");
    if (w->max_tasks > 0) json_write_int(b, w->max_tasks);
    else json_write_null(b);
    json_write_member_int(b, "dropped", w->dropped);
    json_write_member_int(b, "rss_bytes", w->rss_bytes);
    json_write_key(b, "current");
    json_write_open(b, '[');
    for (size_t i = 0; i < w->n_open; i++) json_write_id(b, &w->open[i]->task->id);
    json_write_close(b, ']');
    json_write_member_int(b, "max_batch", w->max_batch);
    json_write_member_int(b, "concurrency", w->concurrency);
    json_write_key(b, "host");
    if (w->host.len) json_write_str(b, w->host);
    else json_write_null(b);
    json_write_member_time(b, "seen_at", w->seen_at_ms);
    json_write_member_time(b, "retry_at", w->retry_at_ms);
    json_write_key(b, "holds");
    json_write_open(b, '{');
    for (const struct ration_amount *a = w->holds; a && a->name; a++) json_write_member_int(b, a->name, a->amount);
    json_write_close(b, '}');
    json_write_key(b, "sandbox");
    if (w->sandbox) sandbox_json_write(b, w->sandbox);
    else json_write_null(b);
    json_write_key(b, "problem");
    if (w->problem.len) json_write_str(b, w->problem);
    else json_write_null(b);
    json_write_close(b, '}');
}

static void list(struct call *c)
{
    struct buf b = call_buf(c);
    const struct roster *roster = &c->api->server->roster;
    json_write_open(&b, '{');
    resources_json_write(&b, &roster->resources);
    pools_json_write(&b, roster);
    call_list_items(&b);
    roster_each(roster, write_worker, &b);
    call_list_close(&b, NULL);
    call_answer(c, 200, &b);
}

struct wanted {
    struct str id;
    struct buf *b;
};

static void write_wanted(void *user, const struct worker_view *w)
{
    struct wanted *wanted = user;
    if (str_eq(w->id, wanted->id)) write_worker(wanted->b, w);
}

/* What was asked for is under way; the answer is how the worker stands now. */
static void control(struct call *c, enum handler_verb verb)
{
    struct handler *h;
    struct err e = {0};
    if (call_body_nothing(c)) return;
    if (roster_control(&c->api->server->roster, c->params[0], verb, &h, &e)) {
        call_problem(c, &e);
        return;
    }
    struct buf b = call_buf(c);
    h->ops->each(h, write_wanted, &(struct wanted){c->params[0], &b});
    call_answer(c, 202, &b);
}

static void recycle(struct call *c) { control(c, HANDLER_RECYCLE); }
static void stop(struct call *c) { control(c, HANDLER_STOP); }
