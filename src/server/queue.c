/* SPDX-License-Identifier: Apache-2.0
 *
 * Queues from the configuration, by name.
 */
#include "server/queue.h"

#include "base/mem.h"

#include <stdlib.h>

void queue_open_all(struct queues *q, const struct config *c)
{
    *q = (struct queues){0};
    map_init(&q->by_name);
    queue_declare_all(q, c);
}

void queue_close_all(struct queues *q)
{
    map_release(&q->by_name);
    for (size_t i = 0; i < q->n; i++) {
        free((char *)q->all[i]->name.p);
        free(q->all[i]);
    }
    free(q->all);
    *q = (struct queues){0};
}

static void settle(struct queue *q)
{
    int32_t concurrency = q->set.concurrency > 0 ? q->set.concurrency : q->conf.concurrency;
    q->concurrency = q->declared ? concurrency : 0;
    q->capacity = q->set.capacity >= 0 ? q->set.capacity : q->conf.capacity;
    q->key_concurrency = q->set.key_concurrency >= 0 ? q->set.key_concurrency : q->conf.key_concurrency;
    q->rate = q->set.rate.n >= 0 ? q->set.rate : q->conf.rate;
    if (!q->declared) q->rate.n = 0;
    q->key_rate = q->set.key_rate.n >= 0 ? q->set.key_rate : q->conf.key_rate;
    q->fair = q->set.fair >= 0 ? q->set.fair > 0 : q->conf.fair;
    q->paused = q->pause_set ? q->set.paused : q->conf.paused;
    q->draining = q->set.draining;
}

static void declare(struct queues *q, const struct config_queue *conf)
{
    struct queue *one = queue_hold(q, str_of(conf->name));
    one->declared = true;
    one->conf = *conf;
    one->conf.name = NULL;
}

void queue_declare_all(struct queues *q, const struct config *c)
{
    for (size_t i = 0; i < q->n; i++) q->all[i]->declared = false;
    for (size_t i = 0; i < c->n_queues; i++) declare(q, &c->queues[i]);
    if (c->delivery_queue.name) declare(q, &c->delivery_queue);
    for (size_t i = 0; i < q->n; i++) settle(q->all[i]);
}

void queue_remember_all(struct queues *q, const struct store_counts *counts)
{
    for (size_t i = 0; i < counts->n; i++) {
        const struct store_count *n = &counts->items[i];
        queue_set(queue_hold(q, n->queue), n->pause_known ? ~0u : ~(unsigned)STORE_QUEUE_PAUSED, &n->set);
    }
}

struct queue *queue_find(const struct queues *q, struct str name)
{
    struct queue *one = map_get(&q->by_name, name);
    return one && one->declared ? one : NULL;
}

struct queue *queue_hold(struct queues *q, struct str name)
{
    struct queue *one = map_get(&q->by_name, name);
    if (one) return one;
    one = mem_new(sizeof *one);
    one->name = mem_str(name);
    one->set = STORE_QUEUE_AS_CONFIGURED;
    q->all = mem_grow(q->all, (q->n + 1) * sizeof *q->all);
    q->all[q->n++] = one;
    (void)map_put(&q->by_name, one->name, one);
    return one;
}

void queue_set(struct queue *q, unsigned parts, const struct store_queue_set *set)
{
    store_queue_merge(&q->set, parts, set);
    q->pause_set = q->pause_set || (parts & STORE_QUEUE_PAUSED);
    settle(q);
}

int32_t queue_room(const struct queue *q)
{
    return q->paused || q->running >= q->concurrency ? 0 : q->concurrency - q->running;
}

/* ---- rate ---- */

static void keep_to(struct queue *q, int64_t now_ms)
{
    if (!rate_same(&q->bucket.rate, &q->rate)) rate_change(&q->bucket, &q->rate, now_ms);
}

void queue_look(struct queue *q, int64_t now_ms)
{
    keep_to(q, now_ms);
    q->tokens = rate_tokens(&q->bucket, now_ms);
}

int32_t queue_starts(const struct queue *q) { return q->tokens > q->coming ? q->tokens - q->coming : 0; }

void queue_takes(struct queue *q, int32_t n, int64_t now_ms)
{
    keep_to(q, now_ms);
    rate_take(&q->bucket, n, now_ms);
    q->tokens = rate_tokens(&q->bucket, now_ms);
}

int64_t queue_rate_ms(struct queue *q, int64_t now_ms)
{
    keep_to(q, now_ms);
    return rate_wait_ms(&q->bucket, q->coming + 1, now_ms);
}

int64_t queue_rate_after_ms(struct queue *q, int64_t n, int64_t now_ms)
{
    keep_to(q, now_ms);
    return rate_after_ms(&q->bucket, q->coming + n, now_ms);
}
