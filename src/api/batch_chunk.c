/* SPDX-License-Identifier: Apache-2.0
 *
 * Every item becomes a body or an error; the store's own verdict on a body becomes an error of the same kind.
 */
#include "api/batch_chunk.h"

#include "api/file_refs.h"
#include "api/idempotency.h"
#include "api/key_held.h"
#include "api/submission.h"
#include "api/trace_headers.h"
#include "base/json_write.h"
#include "http/problem.h"

#include <assert.h>

struct batch_item {
    int64_t index;
    struct err *error;      /* in the arena; NULL: good */
    struct task_body *body; /* in the arena, when it was good */
    char extra[KEY_HELD_EXTRA]; /* the error's further member; "": none */
    struct store_add_item add; /* good: what is added; afterwards what became of it */
};

void batch_chunk_init(struct batch_chunk *k, const struct call *c)
{
    k->api = c->api;
    k->request_id = c->req->request_id;
    k->trace = trace_headers_read(c->req);
    arena_init(&k->arena);
    list_init(&k->later.link);
}

void batch_chunk_clear(struct batch_chunk *k)
{
    k->n = k->n_good = k->bytes = 0;
    arena_clear(&k->arena);
}

void batch_chunk_release(struct batch_chunk *k)
{
    k->n = k->n_good = k->bytes = 0;
    turn_later_cancel(&k->later);
    arena_release(&k->arena);
}

bool batch_chunk_is_full(const struct batch_chunk *k)
{
    return k->n == LIMIT_BATCH_CHUNK || k->bytes >= LIMIT_BATCH_CHUNK_BYTES;
}

static struct batch_item *next_item(struct batch_chunk *k, int64_t index)
{
    struct batch_item *item = arena_alloc(&k->arena, sizeof *item);
    item->index = index;
    k->items[k->n++] = item;
    return item;
}

static void refuse(struct batch_chunk *k, struct batch_item *item, const struct err *e)
{
    item->error = arena_alloc(&k->arena, sizeof *item->error);
    *item->error = *e;
}

void batch_chunk_refuse(struct batch_chunk *k, int64_t index, const struct err *e)
{
    refuse(k, next_item(k, index), e);
}

void batch_chunk_take(struct batch_chunk *k, int64_t index, struct str text)
{
    struct batch_item *item = next_item(k, index);
    struct server *s = k->api->server;
    struct json *j = &k->api->json;
    struct err e = {0};
    k->bytes += text.len;
    item->body = arena_alloc(&k->arena, sizeof *item->body);
    int err = s->draining ? err_set(&e, ERR_DRAINING, "the server is stopping; submit again when it is back") : 0;
    if (!err) err = json_parse(j, text, &e);
    if (!err) err = submission_read(item->body, j, json_root(j), s, &k->arena, &e);
    const struct queue *q = err ? NULL : queue_find(&s->queues, item->body->queue);
    if (q && q->draining)
        err = err_set(&e, ERR_DRAINING, "queue %.*s takes no new tasks until it is resumed", STR_ARG(q->name));
    json_trim(j);
    if (err) {
        refuse(k, item, &e);
        return;
    }
    assert(q); /* submission_read has found it */
    item->body->id = id_make(&s->ids);
    item->body->trace = k->trace;
    item->add = (struct store_add_item){.body = item->body, .capacity = q->capacity};
    if (k->key.p) idempotency_print(&item->add, arena_format(&k->arena, "%.*s#%lld", STR_ARG(k->key), (long long)index), text);
    k->n_good++;
}

/* ---- into the store ---- */

static void judge(struct batch_chunk *k, struct batch_item *item, int err)
{
    struct server *s = k->api->server;
    const struct task_body *body = item->body;
    struct err e;
    if (!err) server_added(s, &item->add);
    if (err || !(item->add.replayed || item->add.existing)) metrics_submitted(&s->metrics, body->queue, server_type_label(s, body->type), err != 0);
    if (!err) return;
    if (err == ERR_QUEUE_FULL)
        err_set(&e, err, "queue %.*s has its %lld waiting tasks; try again later", STR_ARG(body->queue),
                (long long)item->add.capacity);
    else if (err == ERR_KEY_HELD)
        (void)key_held(&item->add, &e, item->extra);
    else if (err == ERR_UNKNOWN_FILE)
        (void)file_refs_missing(&item->add, &e);
    else if (err == ERR_KEY_REUSED)
        err_set(&e, err, "this Idempotency-Key was used for another item at this place; nothing was stored");
    else err_set(&e, err, "%s; nothing was stored, try again later", err_text(err));
    refuse(k, item, &e);
}

static void on_added(struct store_req *req)
{
    struct batch_chunk *k = req->user;
    const struct store_add_item *added = k->add.items;
    int err = req->err;
    store_release(req);
    for (size_t i = 0; i < k->n; i++) {
        if (k->items[i]->error) continue;
        k->items[i]->add = *added++;
        judge(k, k->items[i], err ? err : k->items[i]->add.err);
    }
    k->on_done(k);
}

static void on_nothing_added(struct later *l)
{
    struct batch_chunk *k = CONTAINER_OF(l, struct batch_chunk, later);
    k->on_done(k);
}

void batch_chunk_commit(struct batch_chunk *k, void (*on_done)(struct batch_chunk *k))
{
    struct server *s = k->api->server;
    k->on_done = on_done;
    if (k->n_good == 0) {
        turn_later(s->turn, &k->later, on_nothing_added);
        return;
    }
    struct store_add_item *items = arena_alloc(&k->arena, k->n_good * sizeof *items), *item = items;
    for (size_t i = 0; i < k->n; i++) {
        if (!k->items[i]->error) *item++ = k->items[i]->add;
    }
    k->add = (struct store_add){.items = items, .n = k->n_good};
    store_add(s->store, &k->add, on_added, k);
}

void batch_chunk_write(const struct batch_chunk *k, struct buf *b, bool lines)
{
    for (size_t i = 0; i < k->n; i++) {
        const struct batch_item *item = k->items[i];
        json_write_open(b, '{');
        json_write_member_int(b, "index", item->index);
        json_write_member_int(b, "status", item->error ? err_http_status(item->error->code) : item->add.existing ? 200 : 202);
        if (item->error) {
            json_write_key(b, "error");
            problem_write(b, item->error, k->request_id, str_of(item->extra));
        } else {
            json_write_key(b, "id");
            json_write_id(b, item->add.replayed ? &item->add.first : item->add.existing ? &item->add.holder : &item->body->id);
            if (item->add.replayed) json_write_member_bool(b, "replayed", true);
            if (item->add.existing) json_write_member_bool(b, "existing", true);
        }
        json_write_close(b, '}');
        if (lines) buf_add_char(b, '\n');
    }
}
