/* SPDX-License-Identifier: Apache-2.0
 *
 * What people do to tasks, and what follows from it once it is in the store.
 */
#include "server/server.h"

static void follow(struct server *s, const struct store_control_item *it)
{
    if (it->err || !it->changed || it->verb == STORE_PATCH) return;
    if (it->verb == STORE_DELETE || it->verb == STORE_RETRY) server_forget_files(s, &it->id, it->was.run, it->was.attempt);
    server_forget_steps(s, &it->id, it->steps, it->n_steps);
    if (it->verb == STORE_DELETE) filing_look(&s->filing);
    if (it->verb == STORE_DELETE) return;
    if (it->verb == STORE_RETRY && it->queue.len) metrics_reopened(&s->metrics, it->queue, server_type_label(s, task_lane_type(it->type)));
    struct run *r = server_run(s, &it->id);
    if (it->verb == STORE_RETRY) news_changed(&s->news, BUS_CREATED, &it->id, &it->life);
    if (it->ended) server_ended_apart(s, &it->id, it->queue, it->type, &it->life);
    else if (r && it->verb == STORE_CANCEL) run_stop(r, STOP_CANCEL);
}

static void on_control(struct store_req *req)
{
    struct server_control *c = req->user;
    for (size_t i = 0; !req->err && i < c->store.n; i++) follow(c->server, &c->store.items[i]);
    c->on_done(c);
}

void server_control(struct server *s, struct server_control *c, void (*on_done)(struct server_control *c))
{
    c->server = s;
    c->on_done = on_done;
    if (!c->store.items) c->store = (struct store_control){.items = &c->one, .n = 1};
    store_control(s->store, &c->store, on_control, c);
}
