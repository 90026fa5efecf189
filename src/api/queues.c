/* SPDX-License-Identifier: Apache-2.0
 *
 * /v1/queues: depth by status; pause, drain, resume, limits set while the server runs (all remembered), purge.
 */
#include "api/api.h"
#include "api/bulk.h"
#include "api/call_body.h"
#include "api/depth.h"
#include "base/text.h"

static void list(struct call *c);
static void one(struct call *c);
static void pause_queue(struct call *c);
static void resume_queue(struct call *c);
static void drain_queue(struct call *c);
static void purge_queue(struct call *c);
static void patch_queue(struct call *c);

const struct route queues_routes[] = {
    {"GET", "/v1/queues", " ", list},
    {"GET", "/v1/queues/{}", " ", one},
    {"POST", "/v1/queues/{}/pause", " ", pause_queue},
    {"POST", "/v1/queues/{}/resume", " ", resume_queue},
    {"POST", "/v1/queues/{}/drain", " ", drain_queue},
    {"POST", "/v1/queues/{}/purge", " ", purge_queue},
    {"PATCH", "/v1/queues/{}", " ", patch_queue},
    {0},
};

struct asking {
    struct call *call;
    struct queue *queue; /* NULL: all of them */
    struct store_counts counts;
    struct store_queue change;
};

static void write_rate(struct buf *b, const struct rate *rate)
{
    char text[RATE_TEXT];
    rate_format(rate, text);
    if (rate->n > 0) json_write_text(b, text);
    else json_write_null(b);
}

static void write_queue(struct buf *b, struct server *s, const struct queue *q, const struct store_count *n)
{
    json_write_open(b, '{');
    json_write_member_str(b, "name", q->name);
    json_write_member_bool(b, "paused", q->paused);
    json_write_member_bool(b, "draining", q->draining);
    json_write_member_int(b, "concurrency", q->concurrency);
    json_write_key(b, "capacity");
    if (q->capacity) json_write_int(b, q->capacity);
    else json_write_null(b);
    json_write_key(b, "key_concurrency");
    if (q->key_concurrency) json_write_int(b, q->key_concurrency);
    else json_write_null(b);
    json_write_key(b, "rate");
    write_rate(b, &q->rate);
    json_write_key(b, "key_rate");
    write_rate(b, &q->key_rate);
    json_write_member_bool(b, "fair", q->fair);
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
        write_queue(&b, s, m->queue, depth_of(&m->counts, m->queue->name));
    } else {
        call_list_open(&b);
        for (size_t i = 0; i < s->queues.n; i++)
            if (s->queues.all[i]->declared && text_is_name(s->queues.all[i]->name)) /* else one of the server's own */
                write_queue(&b, s, s->queues.all[i], depth_of(&m->counts, s->queues.all[i]->name));
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
    if (text_is_name(c->params[0])) m->queue = queue_find(&c->api->server->queues, c->params[0]);
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

static void change(struct asking *m)
{
    m->change.queue = m->queue->name;
    store_queue(m->call->api->server->store, &m->change, on_changed, m);
}

static void pause_queue(struct call *c)
{
    struct asking *m = ask_one(c);
    if (!m || call_body_nothing(c)) return;
    m->change = (struct store_queue){.parts = STORE_QUEUE_PAUSED, .set.paused = true};
    change(m);
}

/* Back to work, whatever it was kept from. */
static void resume_queue(struct call *c)
{
    struct asking *m = ask_one(c);
    if (!m || call_body_nothing(c)) return;
    m->change = (struct store_queue){.parts = STORE_QUEUE_PAUSED | STORE_QUEUE_DRAINING};
    change(m);
}

static void drain_queue(struct call *c)
{
    struct asking *m = ask_one(c);
    if (!m || call_body_nothing(c)) return;
    m->change = (struct store_queue){.parts = STORE_QUEUE_DRAINING, .set.draining = true};
    change(m);
}

/* Everything in it that waits is cancelled; what runs goes on. */
static void purge_queue(struct call *c)
{
    static const char *const waiting[] = {"blocked", "scheduled", "pending", "retrying", "pending", NULL};
    struct asking *m = ask_one(c);
    if (!m || call_body_nothing(c)) return;
    bulk_start(c, &(struct filter){.store.queue = m->queue->name}, STORE_CANCEL, waiting);
}

/* ---- limits ---- */

static int read_paused(const struct members *r, void *to, const struct json_node *v, const char *pointer)
{
    struct store_queue *q = to;
    q->parts |= STORE_QUEUE_PAUSED;
    return members_bool(r, v, pointer, &q->set.paused);
}

static int read_draining(const struct members *r, void *to, const struct json_node *v, const char *pointer)
{
    struct store_queue *q = to;
    q->parts |= STORE_QUEUE_DRAINING;
    return members_bool(r, v, pointer, &q->set.draining);
}

/* null: as configured. */
static int read_concurrency(const struct members *r, void *to, const struct json_node *v, const char *pointer)
{
    struct store_queue *q = to;
    int64_t n = 0;
    q->parts |= STORE_QUEUE_CONCURRENCY;
    int err = v->kind == JSON_NULL ? 0 : members_int(r, v, pointer, 1, 100000, &n);
    q->set.concurrency = (int32_t)n;
    return err;
}

static int read_capacity(const struct members *r, void *to, const struct json_node *v, const char *pointer)
{
    struct store_queue *q = to;
    q->parts |= STORE_QUEUE_CAPACITY;
    q->set.capacity = -1;
    return v->kind == JSON_NULL ? 0 : members_int(r, v, pointer, 0, INT32_MAX, &q->set.capacity);
}

static int read_key_concurrency(const struct members *r, void *to, const struct json_node *v, const char *pointer)
{
    struct store_queue *q = to;
    int64_t n = -1;
    q->parts |= STORE_QUEUE_KEYS;
    int err = v->kind == JSON_NULL ? 0 : members_int(r, v, pointer, 0, 100000, &n);
    q->set.key_concurrency = (int32_t)n;
    return err;
}

/* A text, or the number 0. */
static int read_rate_of(const struct members *r, struct rate *ret, const struct json_node *v, const char *pointer)
{
    struct str text;
    int64_t number;
    *ret = (struct rate){.n = v->kind == JSON_NULL ? -1 : 0};
    if (v->kind == JSON_NULL || (v->kind == JSON_NUMBER && json_int(r->j, v, &number) == 0 && number == 0)) return 0;
    if (v->kind == JSON_STRING && members_text(r, v, pointer, RATE_TEXT, &text) == 0 && rate_parse(ret, text) == 0) return 0;
    return err_set_at(r->e, ERR_INVALID, pointer, "%s must be " RATE_WANTED, pointer + 1);
}

static int read_rate(const struct members *r, void *to, const struct json_node *v, const char *pointer)
{
    struct store_queue *q = to;
    q->parts |= STORE_QUEUE_RATE;
    return read_rate_of(r, &q->set.rate, v, pointer);
}

static int read_key_rate(const struct members *r, void *to, const struct json_node *v, const char *pointer)
{
    struct store_queue *q = to;
    q->parts |= STORE_QUEUE_KEY_RATE;
    return read_rate_of(r, &q->set.key_rate, v, pointer);
}

static int read_fair(const struct members *r, void *to, const struct json_node *v, const char *pointer)
{
    struct store_queue *q = to;
    bool fair = false;
    q->parts |= STORE_QUEUE_FAIR;
    int err = v->kind == JSON_NULL ? 0 : members_bool(r, v, pointer, &fair);
    q->set.fair = v->kind == JSON_NULL ? -1 : fair;
    return err;
}

static const struct member limits[] = {{"concurrency", read_concurrency}, {"capacity", read_capacity},
                                       {"key_concurrency", read_key_concurrency}, {"rate", read_rate},
                                       {"key_rate", read_key_rate}, {"fair", read_fair},
                                       {"paused", read_paused}, {"draining", read_draining}, {NULL, NULL}};

static void patch_queue(struct call *c)
{
    struct asking *m = ask_one(c);
    if (!m || call_body_members(c, "application/merge-patch+json", limits, &m->change)) return;
    if (m->change.parts) change(m);
    else count(m);
}
