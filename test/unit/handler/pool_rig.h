/* SPDX-License-Identifier: Apache-2.0
 *
 * A pool on the fake spawner, for the tests of the pool and of its workers.
 */
#ifndef TEST_POOL_RIG_H
#define TEST_POOL_RIG_H

#include "fake.h"
#include "handler/worker_pool.h"

static struct fake fake;
static struct handler *pool;
static struct worker_pool_conf conf;
static const char *const command[] = {"./speech", "--model", "en-us", NULL};

static inline void pool_conf(void)
{
    conf = (struct worker_pool_conf){.name = "speech", .command = command, .instances = 1, .keep_alive_ms = 600000,
                                     .ready_timeout_ms = 120000};
}

static inline void pool_open(void)
{
    fake_init(&fake);
    CHECK_INT(worker_pool_new(&pool, &fake.turn, &fake.spawner, &conf), 0);
    fake_watch(&fake, pool);
    fake_run(&fake);
}

static inline void pool_close(void) { fake_close(&fake, pool); }

static inline void pool_want(size_t n)
{
    pool->ops->want(pool, n, 0);
    fake_run(&fake);
}

/* One process, ready, and nothing waiting. */
static inline void pool_open_ready(void)
{
    pool_open();
    pool_want(1);
    CHECK_INT(fake.n, 1);
    fake_ready(&fake, 0);
    pool_want(0);
    CHECK_INT(pool->ops->room(pool), 1);
}

static inline void pool_give(struct heard *h)
{
    struct err e = {0};
    int rc = pool->ops->start(pool, &(struct attempt *){&h->attempt}, 1, &e);
    if (rc != 0) fprintf(stderr, "%s\n", e.text);
    CHECK_INT(rc, 0);
    CHECK_INT(h->n_verdicts, 0);
}

static inline void pool_stop(struct heard *h, enum stop_reason why)
{
    pool->ops->stop(pool, &h->attempt, why);
    fake_run(&fake);
}

/* One process, busy with the task h. */
static struct heard h;

static inline void pool_open_busy(void)
{
    pool_conf();
    pool_open_ready();
    heard_init(&h, pool, 1, "{\"a\":1}");
    pool_give(&h);
}

static inline void pool_close_busy(void) /* pool_close, and h */
{
    pool_close();
    heard_release(&h);
}

static inline enum handler_wait pool_waiting(struct err *e)
{
    *e = (struct err){0};
    return pool->ops->waiting(pool, e);
}

/* Fails the newest process; how long it takes until the next one is started. */
static inline int64_t pool_fail_and_measure(void)
{
    int n = fake.n;
    int64_t at_ms = fake.now_ms;
    fake_exits(&fake, n - 1, 1);
    while (fake.n == n && fake.now_ms - at_ms < 3600000) fake_pass(&fake, 100);
    return fake.now_ms - at_ms;
}

static struct worker_view pool_seen;
static char pool_problem[8192];
static size_t pool_views;
static void pool_see(void *user, const struct worker_view *w)
{
    if (pool_views++ == *(size_t *)user) pool_seen = *w;
    str_copy(pool_problem, sizeof pool_problem, w->problem);
}
/* The view of the worker number `i`, from 0. */
static inline const struct worker_view *pool_view(size_t i)
{
    pool_views = 0;
    pool->ops->each(pool, pool_see, &i);
    return &pool_seen;
}
#define CHECK_STATE(wanted) CHECK_STR(str_of(pool_view(0)->state), (wanted))

#endif
