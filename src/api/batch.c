/* SPDX-License-Identifier: Apache-2.0
 *
 * /v1/tasks:batch: many submits in one request, in chunks of one transaction each.
 *
 *   collecting ──the chunk is full, or nothing more is at hand──▶ committing
 *       ▲  └── nothing left ──▶ answered                            │
 *       └────────────────────── told ◀─────────────────────────────┘
 */
#include "api/api.h"

#include "api/batch_array.h"
#include "api/batch_chunk.h"
#include "api/call.h"

#include <stdlib.h>

static void submit_many(struct call *c);

const struct route batch_routes[] = {
    {"POST", "/v1/tasks:batch", " ", submit_many},
    {0},
};

struct batch {
    struct call *call;
    const struct str *items; /* texts, in the request's body */
    size_t n, taken;
    struct buf out; /* the answer in the making */
    struct batch_chunk chunk;
};

static void collect(struct batch *m);

static void on_chunk_done(struct batch_chunk *k)
{
    struct batch *m = CONTAINER_OF(k, struct batch, chunk);
    batch_chunk_write(k, &m->out, false);
    batch_chunk_clear(k);
    collect(m);
}

static void finish(struct batch *m)
{
    batch_chunk_release(&m->chunk);
    json_write_close(&m->out, ']');
    json_write_close(&m->out, '}');
    call_answer(m->call, 200, &m->out);
}

static void collect(struct batch *m)
{
    struct batch_chunk *k = &m->chunk;
    while (m->taken < m->n && !batch_chunk_is_full(k)) {
        batch_chunk_take(k, (int64_t)m->taken, m->items[m->taken]);
        m->taken++;
    }
    if (k->n) batch_chunk_commit(k, on_chunk_done);
    else finish(m);
}

static void begin(struct call *c, const struct str *items, size_t n)
{
    struct batch *m = arena_alloc(&c->req->arena, sizeof *m);
    m->call = c;
    m->items = items;
    m->n = n;
    m->out = call_buf(c);
    batch_chunk_init(&m->chunk, c->api);
    json_write_open(&m->out, '{');
    json_write_key(&m->out, "items");
    json_write_open(&m->out, '[');
    collect(m);
}

/* The whole is JSON, and an array; its elements are looked into later, each with its own verdict. */
static int check_array(struct str text, struct err *e)
{
    struct json j;
    json_init(&j);
    j.root_only = true;
    j.envelope = 1;
    int err = json_parse(&j, text, e);
    if (!err && json_root(&j)->kind != JSON_ARRAY)
        err = err_set(e, ERR_INVALID, "a batch is an array of submits, not %s", json_kind_name(json_root(&j)->kind));
    json_release(&j);
    return err;
}

static void submit_array(struct call *c)
{
    struct err e = {0};
    struct str *items = NULL;
    size_t n = 0;
    int err = check_array(c->req->body, &e);
    if (!err && batch_array_split(c->req->body, LIMIT_BATCH_ITEMS, &c->req->arena, &items, &n))
        err = err_set(&e, ERR_TOO_BIG, "an array has at most %d tasks; send more as application/x-ndjson",
                      LIMIT_BATCH_ITEMS);
    if (err) call_problem(c, &e);
    else begin(c, items, n);
}

static bool has_type(struct call *c, const char *type)
{
    struct str given = http_header(c->req, "Content-Type");
    return str_eq_nocase(str_trim(str_cut(&given, ';')), str_of(type));
}

static void submit_many(struct call *c)
{
    if (c->api->server->draining) call_refuse(c, ERR_DRAINING, "the server is stopping; submit again when it is back");
    else if (has_type(c, CALL_JSON)) submit_array(c);
    else call_refuse(c, ERR_MEDIA, "a batch needs Content-Type: application/json, with an array of tasks");
}
