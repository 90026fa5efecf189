/* SPDX-License-Identifier: Apache-2.0
 *
 * The small world of the random lives: three queues, three pools of workers, ten types, three pullers, and what chance makes of them.
 */
#ifndef SIM_SIM_RANDOM_WORLD_H
#define SIM_SIM_RANDOM_WORLD_H

#include "test/sim/sim.h"

#define HOUR INT64_C(3600000)
#define N(array) (sizeof(array) / sizeof *(array))
#define WORLD_POOLS 3
#define WORLD_PULLED 2
#define WORLD_CHAIN "film" /* a type of three steps, of which the second is left out without progress */
#define WORLD_FORGOTTEN "forgotten" /* a type that no configuration has */

extern const struct worker_pool_conf world_pools[WORLD_POOLS];
extern const char *const world_pulled[WORLD_PULLED]; /* what pullers ask for */

static inline int64_t below(struct sim *s, int64_t n) { return (int64_t)rng_below(&s->test_rng.rng, (uint64_t)n); }
static inline bool one_in(struct sim *s, int64_t n) { return below(s, n) == 0; }
/* Mostly short, sometimes very long. */
static inline int64_t some_ms(struct sim *s, int64_t most) { return below(s, 1 + (most >> below(s, 12))); }

const struct sim_conf *world_conf(struct sim_conf *ret, struct retain_rules *retain, uint64_t seed);
struct sim_ask world_ask(struct sim *s);
void world_make_it(struct sim_ask *ask, const char *type); /* of that type, with what goes with it */
int32_t world_concurrency(struct str queue); /* as first configured, the most there ever is */
/* Another configuration than `now`: fewer at a time in the queues, pools that are the same or not, one type less or none. */
const struct config *world_other(struct sim *s, const struct config *now);

#endif
