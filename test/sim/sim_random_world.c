/* SPDX-License-Identifier: Apache-2.0
 *
 * Tables, and dice.
 */
#include "test/sim/sim_random_world.h"

static struct config_queue queues[] = {{.name = "default", .concurrency = 4, .key_concurrency = 2},
                                             {.name = "gpu", .concurrency = 1},
                                             {.name = "short", .concurrency = 2, .capacity = 5, .key_concurrency = 1}};
static const char *const big[] = {"sim", "big", NULL}, *const eager[] = {"sim", "eager", NULL},
                         *const warm[] = {"sim", "warm", NULL};
/* Each fits by itself, not all of them together: big and one warm do. */
static const struct ration_amount whole[] = {{"vram", 10, false}, {"licences", 2, false}, {0}};
static const struct ration_amount of_big[] = {{"vram", 6, false}, {0}}, of_eager[] = {{"vram", 3, false}, {"licences", 1, false}, {0}},
                                  of_warm[] = {{"vram", 4, false}, {0}};
const struct worker_pool_conf world_pools[WORLD_POOLS] = {
    {.name = "big", .command = big, .instances = 1, .keep_alive_ms = 60000, .batch = {.max = 4, .cost = 12}, .needs = of_big, .prefer_warm = 4},
    {.name = "eager", .command = eager, .instances = 3, .keep_alive_ms = 0, .load_at_boot = true, .needs = of_eager},
    {.name = "warm",
     .command = warm,
     .instances = 2,
     .keep_alive_ms = -1,
     .ready_timeout_ms = 5000,
     .concurrency = 3,
     .needs = of_warm, .prefer_warm = 4,
     .batch = {.delay_ms = 40},
     .backoff_cap_ms = 60000}};
/* What a step is allowed, its type says; the clients below say the same. */
#define RULES                                                                                                          \
    .rules = {.max_attempts = 3, .timeout_ms = HOUR, .grace_ms = 10000,                                                 \
              .retry = {.backoff = RETRY_FIXED, .jitter = RETRY_JITTER_NONE, .base_ms = 1000, .cap_ms = 600000}}
static const char input[] = "\"input\"", when[] = "\"input.progress\"";
static struct config_step steps[] = {{.type = "say", .name = "a", .input = input, .message = "saying it"},
                                     {.type = "paint", .name = "b", .input = input, .when = when},
                                     {.type = "convert", .name = "c", .input = input}};
static const struct config_type types[] = {{.name = "convert", RULES},
                                           {.name = "draw", .worker = "big", .queue = "gpu"},
                                           {.name = WORLD_CHAIN, .queue = "gpu", .steps = steps, .n_steps = N(steps)},
                                           {.name = "hum", .worker = "big"},
                                           {.name = "label", .worker = "warm"},
                                           {.name = "paint", .pull = {.said = true, .lease_ms = 30000}, RULES},
                                           {.name = "say", .worker = "eager", RULES},
                                           {.name = "sing", .worker = "eager", .queue = "short"},
                                           {.name = "shoot", .queue = "gpu", .pull = {.said = true, .lease_ms = 2000}},
                                           {.name = "transcribe", .worker = "warm", .queue = "gpu"}};
const char *const world_pulled[WORLD_PULLED] = {"paint", "shoot"};
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
    if (rng_below(&chance.rng, 2)) {
        queues[0].key_rate = (struct rate){10, 2, 60000};
        queues[2].key_rate = (struct rate){2, 1, 60000};
    }
    bool retains = rng_below(&chance.rng, 3) == 0;
    if (rng_below(&chance.rng, 2)) {
        queues[0].rate = (struct rate){20, 3, 60000};
        queues[2].rate = (struct rate){30, 1, 3600000};
    }
    *ret = (struct sim_conf){.seed = seed,
                             .queues = queues,
                             .n_queues = N(queues),
                             .resources = whole,
                             .pools = world_pools,
                             .n_pools = WORLD_POOLS,
                             .types = types,
                             .n_types = N(types),
                             .retain = retains ? retain : NULL,
                             .disk = rng_below(&chance.rng, 2) != 0};
    queues[1].fair = rng_below(&chance.rng, 2) != 0;
    ret->ear = rng_below(&chance.rng, 3) != 0;
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
    if (one_in(s, 3)) ask.batch_key = one_in(s, 2) ? "a" : "b";
    if (one_in(s, 3)) ask.cost = 1 + (double)below(s, 20);
    ask.key = one_in(s, 2) ? 1 + (int)below(s, 3) : 0;
    if (one_in(s, 3)) ask.once = 1 + (int)below(s, 2), ask.key = 0;
    if (ask.once) ask.on_conflict = one_in(s, 2) ? TASK_REPLACE : (enum task_conflict)below(s, 3);
    ask.cache = one_in(s, 4);
    ask.bypass = ask.cache && one_in(s, 5);
    if (ask.cache) ask.plan = one_in(s, 5) ? "fail done" : "done", ask.ms = 10000 * below(s, 3); /* few, so that there are some of the same */
    else if (one_in(s, 10)) ask.more = ",\"progress\":3,\"log\":2000";
    else if (one_in(s, 3)) ask.more = ",\"progress\":3,\"save\":1";
    world_make_it(&ask, one_in(s, 50) ? WORLD_FORGOTTEN : ask.type);
    return ask;
}

void world_make_it(struct sim_ask *ask, const char *type)
{
    ask->type = type;
    ask->steps = 0;
    ask->queue = NULL;
    if (strcmp(type, WORLD_FORGOTTEN) == 0) ask->queue = "default", ask->key = ask->once = 0; /* nobody would free its key's place */
    if (strcmp(type, WORLD_CHAIN) != 0) return;
    ask->steps = ask->more ? 7 : 5;
    ask->timeout_ms = ask->grace_ms = ask->retry_ms = ask->max_attempts = 0; /* as RULES */
}

int32_t world_concurrency(struct str queue)
{
    for (size_t i = 0; i < N(queues); i++)
        if (str_eq(str_of(queues[i].name), queue)) return queues[i].concurrency;
    return 0;
}

static struct ration_amount other_wholes[2][N(whole)];
static struct config others[2];
static struct config_queue other_queues[2][N(queues)];
static struct worker_pool_conf other_pools[2][WORLD_POOLS];
static struct config_type other_types[2][N(types)];

static size_t without(struct config_type *all, size_t n, const char *name)
{
    size_t at = 0;
    while (strcmp(all[at].name, name) != 0) at++;
    memmove(&all[at], &all[at + 1], (n - at - 1) * sizeof *all);
    return n - 1;
}

const struct config *world_other(struct sim *s, const struct config *now)
{
    size_t at = now == &others[0];
    struct config *c = &others[at];
    *c = s->config;
    memcpy(other_queues[at], queues, sizeof queues);
    memcpy(other_wholes[at], whole, sizeof whole);
    memcpy(other_pools[at], world_pools, sizeof world_pools);
    memcpy(other_types[at], s->config.types, sizeof types);
    for (size_t i = 0; i < N(queues); i++)
        other_queues[at][i].concurrency = 1 + (int32_t)below(s, queues[i].concurrency);
    for (size_t i = 0; i < WORLD_POOLS; i++)
        if (one_in(s, 2)) other_pools[at][i].ready_timeout_ms = 5000 + below(s, 3);
    if (one_in(s, 3)) {
        const char *gone = types[below(s, N(types))].name;
        c->n_types = without(other_types[at], N(types), gone);
        for (size_t i = 0; i < N(steps); i++)
            if (strcmp(steps[i].type, gone) == 0) c->n_types = without(other_types[at], c->n_types, WORLD_CHAIN);
        c->n_exact = c->n_types;
    }
    other_wholes[at][0].amount = 6 + below(s, 8);
    other_wholes[at][1].amount = 1 + below(s, 3);
    c->resources = other_wholes[at];
    c->queues = other_queues[at];
    c->workers = other_pools[at];
    c->types = other_types[at];
    return c;
}
