/* SPDX-License-Identifier: Apache-2.0
 *
 * Tables, and dice.
 */
#include "test/sim/sim_random_world.h"

static const struct config_queue queues[] = {{.name = "default", .concurrency = 4},
                                             {.name = "gpu", .concurrency = 1},
                                             {.name = "short", .concurrency = 2, .capacity = 5}};
static const char *const big[] = {"sim", "big", NULL}, *const eager[] = {"sim", "eager", NULL},
                         *const warm[] = {"sim", "warm", NULL};
const struct worker_pool_conf world_pools[WORLD_POOLS] = {
    {.name = "big", .command = big, .instances = 1, .keep_alive_ms = 60000},
    {.name = "eager", .command = eager, .instances = 3, .keep_alive_ms = 0, .load_at_boot = true},
    {.name = "warm",
     .command = warm,
     .instances = 2,
     .keep_alive_ms = -1,
     .ready_timeout_ms = 5000,
     .backoff_cap_ms = 60000}};
static const struct config_type types[] = {{.name = "convert"},
                                           {.name = "draw", .worker = "big", .queue = "gpu"},
                                           {.name = "hum", .worker = "big"},
                                           {.name = "label", .worker = "warm"},
                                           {.name = "say", .worker = "eager"},
                                           {.name = "sing", .worker = "eager", .queue = "short"},
                                           {.name = "transcribe", .worker = "warm", .queue = "gpu"}};
static const char *const plans[] = {"done",  "done",       "done",      "fail done",     "fail",
                                    "fatal", "crash done", "crash",     "junk done",     "hang",
                                    "late",  "heedless",   "deaf done", "stubborn done", "crash hang fail done"};

const struct sim_conf *world_conf(struct sim_conf *ret, struct retain_rules *retain, uint64_t seed)
{
    struct rng_seeded chance;
    rng_seeded_init(&chance, seed);
    *retain = RETAIN_EVERYTHING;
    retain->age_ms = (int64_t)(60000 + rng_below(&chance.rng, (uint64_t)(24 * HOUR)));
    if (rng_below(&chance.rng, 2)) retain->count = (int64_t)rng_below(&chance.rng, 20);
    if (rng_below(&chance.rng, 2)) retain->part_ms[0] = 1000;
    bool retains = rng_below(&chance.rng, 3) == 0;
    *ret = (struct sim_conf){.seed = seed,
                             .queues = queues,
                             .n_queues = N(queues),
                             .pools = world_pools,
                             .n_pools = WORLD_POOLS,
                             .types = types,
                             .n_types = N(types),
                             .retain = retains ? retain : NULL,
                             .disk = rng_below(&chance.rng, 2) != 0};
    return ret;
}

struct sim_ask world_ask(struct sim *s)
{
    struct sim_ask ask = {
        .type = types[below(s, N(types))].name, .plan = plans[below(s, N(plans))], .ms = some_ms(s, 20000)};
    ask.priority = (int32_t)(one_in(s, 3) ? below(s, 201) - 100 : 0);
    ask.timeout_ms = one_in(s, 3) ? 1000 + some_ms(s, HOUR) : 0;
    ask.grace_ms = 1000 + some_ms(s, 20000);
    ask.delay_ms = one_in(s, 6) ? 1 + some_ms(s, 2 * HOUR) : 0;
    ask.start_in_ms = one_in(s, 8) ? ask.delay_ms + 1 + some_ms(s, HOUR) : 0;
    ask.max_attempts = (int32_t)(1 + below(s, 5));
    ask.retry_ms = 1 + some_ms(s, 600000);
    if (one_in(s, 10)) ask.more = ",\"progress\":3,\"log\":2000";
    if (one_in(s, 50)) ask.type = WORLD_FORGOTTEN, ask.queue = "default";
    return ask;
}

int32_t world_concurrency(struct str queue)
{
    for (size_t i = 0; i < N(queues); i++)
        if (str_eq(str_of(queues[i].name), queue)) return queues[i].concurrency;
    return 0;
}

static struct config others[2];
static struct config_queue other_queues[2][N(queues)];
static struct worker_pool_conf other_pools[2][WORLD_POOLS];
static struct config_type other_types[2][N(types)];

const struct config *world_other(struct sim *s, const struct config *now)
{
    size_t at = now == &others[0];
    struct config *c = &others[at];
    *c = s->config;
    memcpy(other_queues[at], queues, sizeof queues);
    memcpy(other_pools[at], world_pools, sizeof world_pools);
    memcpy(other_types[at], s->config.types, sizeof types);
    for (size_t i = 0; i < N(queues); i++)
        other_queues[at][i].concurrency = 1 + (int32_t)below(s, queues[i].concurrency);
    for (size_t i = 0; i < WORLD_POOLS; i++)
        if (one_in(s, 2)) other_pools[at][i].ready_timeout_ms = 5000 + below(s, 3);
    if (one_in(s, 3)) {
        size_t gone = (size_t)below(s, N(types));
        memmove(&other_types[at][gone], &other_types[at][gone + 1], (N(types) - gone - 1) * sizeof types[0]);
        c->n_types = c->n_exact = N(types) - 1;
    }
    c->queues = other_queues[at];
    c->workers = other_pools[at];
    c->types = other_types[at];
    return c;
}
