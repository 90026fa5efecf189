/* SPDX-License-Identifier: Apache-2.0
 *
 * /v1/workers: the live processes.
 */
#include "api/api.h"
#include "api/call.h"

static void list(struct call *c);

const struct route workers_routes[] = {
    {"GET", "/v1/workers", " ", list},
    {0},
};

static void write_worker(void *user, const struct worker_view *w)
{
    struct buf *b = user;
    json_write_open(b, '{');
    json_write_member_str(b, "id", w->id);
    json_write_member_str(b, "pool", w->pool);
    json_write_member_text(b, "state", w->state);
    json_write_key(b, "pid");
    if (w->pid) json_write_int(b, w->pid);
    else json_write_null(b);
    json_write_member_bool(b, "loaded", w->loaded);
    json_write_member_time(b, "started_at", w->started_at_ms);
    json_write_member_int(b, "ready_ms", w->ready_ms);
    json_write_member_int(b, "loads", w->loads);
    json_write_member_int(b, "restarts", w->restarts);
    json_write_member_int(b, "tasks", w->tasks);
    json_write_member_int(b, "rss_bytes", w->rss_bytes);
    json_write_key(b, "current");
    json_write_open(b, '[');
    for (size_t i = 0; i < w->n_open; i++) json_write_id(b, &w->open[i]->task->id);
    json_write_close(b, ']');
    json_write_member_time(b, "retry_at", w->retry_at_ms);
    json_write_key(b, "problem");
    if (w->problem.len) json_write_str(b, w->problem);
    else json_write_null(b);
    json_write_close(b, '}');
}

static void list(struct call *c)
{
    struct buf b = call_buf(c);
    call_list_open(&b);
    roster_each(&c->api->server->roster, write_worker, &b);
    call_list_close(&b, NULL);
    call_answer(c, 200, &b);
}
