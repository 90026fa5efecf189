/* SPDX-License-Identifier: Apache-2.0
 *
 * A map of what is held. A key that holds nothing is not in it.
 */
#include "server/keys.h"

#include "base/limits.h"
#include "base/log.h"
#include "base/mem.h"
#include "task/order.h"

#include <stdlib.h>

#define NAME (2 * LIMIT_NAME + 1)

void keys_init(struct keys *k)
{
    map_init(&k->holding);
}

void keys_release(struct keys *k)
{
    size_t at = 0;
    for (struct map_entry *e; (e = map_next(&k->holding, &at));) free(e->value);
    map_release(&k->holding);
    free(k->items);
}

static struct str name_of(char name[NAME], struct str queue, struct str key)
{
    memcpy(name, queue.p, queue.len);
    name[queue.len] = 0;
    memcpy(name + queue.len + 1, key.p, key.len);
    return (struct str){name, queue.len + 1 + key.len};
}

void keys_tell(struct keys *k, const struct store_key *keys, size_t n)
{
    char text[NAME];
    for (size_t i = 0; i < n; i++) {
        const struct store_key *told = &keys[i];
        struct str name = name_of(text, told->queue, told->key);
        if (told->held == 0) {
            free(map_remove(&k->holding, name));
            continue;
        }
        struct key_state *state = map_get(&k->holding, name);
        if (!state) {
            state = mem_new(sizeof *state + name.len);
            memcpy(state->name, name.p, name.len);
            (void)map_put(&k->holding, (struct str){state->name, name.len}, state);
        }
        state->limit = told->limit;
        state->running = told->running;
        state->ready = told->ready;
        state->rated = told->rated;
        state->last_age = told->last_age;
        state->last = told->last;
    }
}

const struct key_state *keys_hold(const struct keys *k, const struct task *t)
{
    char text[NAME];
    if (!t->body.limit_key.p) return NULL;
    const struct key_state *s = map_get(&k->holding, name_of(text, t->body.queue, t->body.limit_key));
    if (!s || s->ready == 0) return s;
    int64_t age = order_by_age(t->life.rank, t->life.eligible_at_ms);
    bool behind = age != s->last_age ? age > s->last_age : id_cmp(&t->body.id, &s->last) > 0;
    return behind ? s : NULL;
}

/* ---- what the configuration says ---- */

static void ask(struct keys *k);

static void on_retry(struct timer *t)
{
    ask(CONTAINER_OF(t, struct keys, retry));
}

static void on_done(struct store_req *req)
{
    struct keys *k = req->user;
    int err = req->err;
    k->asking = false;
    store_release(req);
    if (!err && !k->again) k->known = true;
    if (err && !k->stopped) {
        log_warn("the store does not answer (%s); trying again", err_text(err));
        turn_timer(k->turn, &k->retry, KEYS_AGAIN_MS, on_retry);
    } else if (k->again && !k->stopped) {
        ask(k);
    }
    k->on_declared(k->user);
}

static void ask(struct keys *k)
{
    size_t n = 0;
    k->again = false;
    k->asking = true;
    k->items = mem_grow(k->items, (k->queues->n ? k->queues->n : 1) * sizeof *k->items);
    for (size_t i = 0; i < k->queues->n; i++) {
        const struct queue *q = k->queues->all[i];
        if (q->declared) k->items[n++] = (struct store_declared){q->name, q->conf.key_concurrency, q->conf.fair, q->conf.key_rate};
    }
    k->declare = (struct store_declare){.items = k->items, .n = n};
    store_declare(k->store, &k->declare, on_done, k);
}

void keys_declare(struct keys *k)
{
    k->known = false;
    k->again = k->asking;
    if (k->asking) return;
    turn_timer_stop(k->turn, &k->retry);
    ask(k);
}

void keys_stop(struct keys *k)
{
    k->stopped = true;
    turn_timer_stop(k->turn, &k->retry);
}

bool keys_is_idle(const struct keys *k) { return !k->asking; }
