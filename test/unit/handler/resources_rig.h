/* SPDX-License-Identifier: Apache-2.0
 *
 * Three pools that share 24G: `a`, `b` and `c`, each with two places.
 */
#ifndef RESOURCES_RIG_H
#define RESOURCES_RIG_H

#include "fake.h"
#include "handler/resources.h"
#include "handler/worker_pool.h"

#define G (INT64_C(1) << 30)

static struct fake fake;
static struct resources resources;
static struct ration_amount whole[] = {{"vram", 24 * G, true}, {0}};
static const char *const command[] = {"./model", NULL};
static const char *const names[] = {"a", "b", "c"};
static struct ration_amount needs[3][2];
static struct worker_pool_conf confs[3];
#define STRICTLY (-1) /* prefer_warm of one, before open_all: 0 */
static struct handler *pools[3];

static inline void open_all(int64_t a, int64_t b, int64_t c)
{
    const int64_t each[] = {a * G, b * G, c * G};
    fake_init(&fake);
    whole[0].amount = 24 * G;
    resources_init(&resources, &fake.turn, whole);
    for (int i = 0; i < 3; i++) {
        bool boot = confs[i].load_at_boot;
        int64_t prefer_warm = confs[i].prefer_warm == STRICTLY ? 0 : 4;
        needs[i][0] = (struct ration_amount){"vram", each[i], true};
        confs[i] = (struct worker_pool_conf){.name = names[i], .command = command, .instances = 2, .keep_alive_ms = 600000,
                                             .needs = needs[i], .prefer_warm = prefer_warm, .resources = &resources, .load_at_boot = boot};
        CHECK_INT(worker_pool_new(&pools[i], &fake.turn, &fake.spawner, &confs[i]), 0);
        fake_watch(&fake, pools[i]);
    }
    fake_run(&fake);
}

static inline void on_drained(void *user) { (*(int *)user)++; }

static inline void close_all(void)
{
    int drained = 0;
    for (int i = 0; i < 3; i++) pools[i]->ops->drain(pools[i], on_drained, &drained);
    for (int round = 0; round < 40; round++) fake_pass(&fake, 1000);
    CHECK_INT(drained, 3);
    for (int i = 0; i < 3; i++) pools[i]->ops->free(pools[i]);
    CHECK_INT(resources_used(&resources, 0), 0);
    resources_release(&resources);
    fake_release(&fake);
    memset(confs, 0, sizeof confs);
}

static inline void want_urgently(int pool, size_t n, int32_t priority)
{
    pools[pool]->ops->want(pools[pool], n, priority);
    fake_run(&fake);
}

static inline void want(int pool, size_t n) { want_urgently(pool, n, 0); }

/* The process number i is ready, and its pool has nothing to do. */
static inline void rests(int pool, int i)
{
    fake_ready(&fake, i);
    want(pool, 0);
    fake_pass(&fake, 10);
}

static inline void dies(int i)
{
    fake_exits(&fake, i, 0);
    fake_pass(&fake, 1);
}

static inline int64_t used(void) { return resources_used(&resources, 0) / G; }

static struct heard h;
static inline void busy(int pool)
{
    struct err e = {0};
    heard_init(&h, pools[pool], 1, "{}");
    CHECK_INT(pools[pool]->ops->start(pools[pool], &(struct attempt *){&h.attempt}, 1, &e), 0);
}

static inline enum handler_wait waiting(int pool, struct err *e)
{
    *e = (struct err){0};
    return pools[pool]->ops->waiting(pools[pool], e);
}

#endif
