/* SPDX-License-Identifier: Apache-2.0
 *
 * Asks, and passes on.
 */
#include "api/counting.h"

struct counting {
    struct call *call;
    const char *content_type;
    counting_write *write;
    struct store_counts counts;
};

/* What is in the server's own queue is no task to those who ask. */
static void set_own_aside(struct api *a, struct store_counts *counts)
{
    size_t n = 0;
    a->deliveries_pending = 0;
    for (size_t i = 0; i < counts->n; i++) {
        const struct store_count *q = &counts->items[i];
        bool own = q->queue.len && q->queue.p[0] == '$';
        for (int state = 0; own && state < TASK_STATES; state++)
            if (!state_is_ending((enum task_state)state)) a->deliveries_pending += q->n[state];
        if (!own) counts->items[n++] = *q;
    }
    counts->n = n;
}

static void on_counted(struct store_req *req)
{
    struct counting *m = req->user;
    struct call *c = m->call;
    const char *content_type = m->content_type;
    int err = req->err;
    struct buf b = call_buf(c);
    if (!err) {
        set_own_aside(c->api, &m->counts);
        m->write(c, &m->counts, &b);
    }
    store_release(req); /* before the answer: it lies in the request */
    if (!err) {
        call_answer_buf(c, 200, content_type, &b, NULL, 0);
        return;
    }
    buf_release(&b);
    call_store_failed(c, err);
}

void counting_answer(struct call *c, const char *content_type, counting_write *write)
{
    struct counting *m = arena_alloc(&c->req->arena, sizeof *m);
    m->call = c;
    m->content_type = content_type;
    m->write = write;
    store_counts(c->api->server->store, &m->counts, on_counted, m);
}

const char *counting_standing(const struct server *s)
{
    return s->draining ? "draining" : s->serving ? "serving" : "starting";
}

const struct http_stats *counting_http(const struct api *a)
{
    static const struct http_stats none;
    return a->http ? http_stats(a->http) : &none;
}
