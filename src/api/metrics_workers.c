/* SPDX-License-Identifier: Apache-2.0
 *
 * Worker processes by pool and state, and pullers. A pool's name, or that of an exec or http type, is the label `type`.
 */
#include "api/metrics_page.h"

#include <string.h>

static const char *const states[] = {"off", "starting", "idle", "busy", "stopping", "backoff", "broken"};
#define STATES ((int)(sizeof states / sizeof *states))

struct pool {
    struct list link;
    struct str name;
    int64_t n[STATES], rss;
};

struct sums {
    struct arena *arena;
    struct list pools; /* of struct pool, in the arena */
    int64_t loads, restarts, live;
};

static struct pool *pool_of(struct sums *n, struct str name)
{
    LIST_EACH(l, &n->pools)
    {
        struct pool *p = CONTAINER_OF(l, struct pool, link);
        if (str_eq(p->name, name)) return p;
    }
    struct pool *p = arena_alloc(n->arena, sizeof *p);
    list_init(&p->link);
    p->name = arena_str(n->arena, name);
    list_push(&n->pools, &p->link);
    return p;
}

static void add(void *user, const struct worker_view *w)
{
    struct sums *n = user;
    n->loads += w->loads;
    n->restarts += w->restarts;
    n->live += w->pid != 0;
    if (w->seen_at_ms) return; /* a puller: its process is not ours */
    struct pool *p = pool_of(n, w->pool);
    for (int i = 0; i < STATES; i++) p->n[i] += strcmp(w->state, states[i]) == 0;
    p->rss += w->rss_bytes;
}

static void sample(struct buf *b, const char *name, struct str pool, const char *state, int64_t value)
{
    struct buf labels;
    buf_init(&labels, 4096);
    metrics_write_label(&labels, "type", pool);
    if (state) metrics_write_label(&labels, "status", str_of(state));
    metrics_write_sample(b, name, labels.p, (double)value);
    buf_release(&labels);
}

static void write_pools(struct buf *b, const struct sums *n)
{
    metrics_write_family(b, "bide_workers", "gauge", "Workers, by pool and state.");
    LIST_EACH(l, &n->pools)
    {
        const struct pool *p = CONTAINER_OF(l, struct pool, link);
        for (int i = 0; i < STATES; i++) sample(b, "bide_workers", p->name, states[i], p->n[i]);
    }
    metrics_write_family(b, "bide_worker_memory_bytes", "gauge", "Resident memory of worker processes, by pool.");
    LIST_EACH(l, &n->pools)
    {
        const struct pool *p = CONTAINER_OF(l, struct pool, link);
        sample(b, "bide_worker_memory_bytes", p->name, NULL, p->rss);
    }
}

static void write_pullers(const struct call *c, struct buf *b)
{
    const struct pull_desk *d = &c->api->server->roster.desk;
    metrics_page_one(b, "bide_pullers", "gauge", "Pullers that ask, have an attempt, or did so in the last two minutes.",
                     (double)d->pullers.by_name.n);
    metrics_page_one(b, "bide_pull_claims", "gauge", "Claims of pullers that wait for work.", (double)d->waiting);
    metrics_page_one(b, "bide_pull_attempts", "gauge", "Attempts that pullers have.", (double)d->held.n);
    metrics_page_one(b, "bide_pull_leases_lost_total", "counter", "Attempts whose puller was not heard of for its lease.", (double)d->lost);
    metrics_page_one(b, "bide_pull_stale_total", "counter", "What pullers said about attempts that were over.", (double)c->api->late_words);
}

void metrics_workers(const struct call *c, const struct store_counts *counts, struct buf *b)
{
    const struct roster *r = &c->api->server->roster;
    struct sums n = {.arena = &c->req->arena, .loads = r->loads, .restarts = r->restarts};
    (void)counts;
    list_init(&n.pools);
    roster_each(r, add, &n);
    metrics_page_one(b, "bide_worker_processes", "gauge", "Live worker processes.", (double)n.live);
    metrics_page_one(b, "bide_worker_loads_total", "counter", "Times a worker process became ready.", (double)n.loads);
    metrics_page_one(b, "bide_worker_restarts_total", "counter", "Unplanned ends of worker processes.", (double)n.restarts);
    write_pools(b, &n);
    write_pullers(c, b);
}
