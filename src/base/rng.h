/* SPDX-License-Identifier: Apache-2.0
 *
 * Chance through a struct. rng_system draws from getrandom(2) (buffered); rng_seeded is xoshiro256**,
 * repeatable from its seed, for tests and simulations.
 */
#ifndef BASE_RNG_H
#define BASE_RNG_H

#include <stddef.h>
#include <stdint.h>

struct rng {
    uint64_t (*next)(struct rng *r);
};
struct rng_seeded {
    struct rng rng;
    uint64_t s[4];
};

static inline uint64_t rng_next(struct rng *r) { return r->next(r); }
void rng_fill(struct rng *r, void *ret, size_t n);
uint64_t rng_below(struct rng *r, uint64_t bound); /* 0 .. bound-1 without bias; bound > 0 */
struct rng *rng_system(void);                      /* for one thread: the loop's */
void rng_seeded_init(struct rng_seeded *r, uint64_t seed);

#endif
