/* SPDX-License-Identifier: Apache-2.0
 *
 * /v1/queues: depth by status, pause and resume.
 */
#include "api/api.h"
#include "api/call.h"
#include "api/depth.h"

static void list(struct call *c);
static void one(struct call *c);
static void pause_queue(struct call *c);
static void resume_queue(struct call *c);

const struct route queues_routes[] = {
    {"GET", "/v1/queues", " ", list},
    {"GET", "/v1/queues/{}", " ", one},
    {"POST", "/v1/queues/{}/pause", " ", pause_queue},
    {"POST", "/v1/queues/{}/resume", " ", resume_queue},
    {0},
};

struct asking {
    struct call *call;
    struct queue *queue; /* NULL: all of them */
    struct store_counts counts;
    struct store_queue change;
};

static const struct store_count *count_of(const struct store_counts *counts, struct str queue)
{
    for (size_t i = 0; i < counts->n; i++)
        if (str_eq(counts->items[i].queue, queue)) return &counts->items[i];
    return NULL;
}

static void write_queue(struct buf *b, struct server *s, const struct queue *q, const struct store_count *n)
{
    static const struct store_count none;
    if (!n) n = &none;
    json_write_open(b, '{');
    json_write_member_str(b, "name", q->name);
    json_write_member_bool(b, "paused", q->paused);
    json_write_member_int(b, "concurrency", q->concurrency);
    json_write_key(b, "capacity");
    if (q->capacity) json_write_int(b, q->capacity);
    else json_write_null(b);
    json_write_key(b, "depth");
    depth_write(b, n);
    json_write_member_time(b, "oldest_pending_at", n->oldest_ready_ms);
    int64_t age_ms = n->oldest_ready_ms ? turn_wall_ms(s->turn) - n->oldest_ready_ms : 0;
    json_write_member_int(b, "oldest_pending_ms", age_ms > 0 ? age_ms : 0);
    json_write_close(b, '}');
}

static void on_counted(struct store_req *req)
{
    struct asking *m = req->user;
    struct call *c = m->call;
    struct server *s = c->api->server;
    if (req->err) {
        int err = req->err;
        store_release(req);
        call_store_failed(c, err);
        return;
    }
    struct buf b = call_buf(c);
    if (m->queue) {
        write_queue(&b, s, m->queue, count_of(&m->counts, m->queue->name));
    } else {
        call_list_open(&b);
        for (size_t i = 0; i < s->queues.n; i++)
            write_queue(&b, s, &s->queues.all[i], count_of(&m->counts, s->queues.all[i].name));
        call_list_close(&b, NULL);
    }
    store_release(req);
    call_answer(c, 200, &b);
}

static void count(struct asking *m)
{
    m->counts = (struct store_counts){0};
    store_counts(m->call->api->server->store, &m->counts, on_counted, m);
}

static void list(struct call *c)
{
    struct asking *m = arena_alloc(&c->req->arena, sizeof *m);
    m->call = c;
    count(m);
}

/* NULL: refused. */
static struct asking *ask_one(struct call *c)
{
    struct asking *m = arena_alloc(&c->req->arena, sizeof *m);
    m->call = c;
    m->queue = queue_find(&c->api->server->queues, c->params[0]);
    if (m->queue) return m;
    call_refuse(c, ERR_NOT_FOUND, "the configuration declares no queue \"%.100s\"", c->params[0].p);
    return NULL;
}

static void one(struct call *c)
{
    struct asking *m = ask_one(c);
    if (m) count(m);
}

static void on_changed(struct store_req *req)
{
    struct asking *m = req->user;
    struct call *c = m->call;
    int err = req->err;
    store_release(req);
    if (err) {
        call_refuse(c, err, "%s; the queue is as it was", err_text(err));
        return;
    }
    queue_set(m->queue, m->change.parts, &m->change.set);
    dispatch_soon(&c->api->server->dispatch);
    count(m);
}

static void change(struct call *c, bool paused)
{
    struct asking *m = ask_one(c);
    if (!m) return;
    m->change = (struct store_queue){.queue = m->queue->name, .parts = STORE_QUEUE_PAUSED, .set.paused = paused};
    store_queue(c->api->server->store, &m->change, on_changed, m);
}

static void pause_queue(struct call *c)
{
    change(c, true);
}

static void resume_queue(struct call *c)
{
    change(c, false);
}
