/* SPDX-License-Identifier: Apache-2.0
 *
 * Chance: the kernel's, 256 bytes a call (more than that getrandom may deliver in part), and xoshiro256** (Blackman,
 * Vigna) filled by splitmix64 for runs that must be repeatable. Fences and ids come from the kernel's only.
 */
#include "base/rng.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define AT_ONCE 32

static uint64_t next_system(struct rng *r)
{
    static uint64_t words[AT_ONCE];
    static int left;
    (void)r;
    if (left == 0) {
        ssize_t got;
        do got = getrandom(words, sizeof words, 0);
        while (got < 0 && errno == EINTR);
        if (got != (ssize_t)sizeof words) abort(); /* no chance means guessable fences */
        left = AT_ONCE;
    }
    uint64_t word = words[--left];
    words[left] = 0; /* what was given out is not kept */
    return word;
}

struct rng *rng_system(void)
{
    static struct rng system_rng = {next_system};
    return &system_rng;
}

static uint64_t rotate(uint64_t x, int by) { return (x << by) | (x >> (64 - by)); }

static uint64_t next_seeded(struct rng *r)
{
    struct rng_seeded *own = (struct rng_seeded *)r; /* rng is the first member */
    uint64_t *s = own->s, result = rotate(s[1] * 5, 7) * 9, shifted = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= shifted;
    s[3] = rotate(s[3], 45);
    return result;
}

void rng_seeded_init(struct rng_seeded *r, uint64_t seed)
{
    r->rng.next = next_seeded;
    for (int i = 0; i < 4; i++) {
        uint64_t z = seed += 0x9E3779B97F4A7C15u;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
        r->s[i] = z ^ (z >> 31);
    }
}

void rng_fill(struct rng *r, void *ret, size_t n)
{
    for (uint8_t *p = ret; n > 0;) {
        uint64_t word = rng_next(r);
        size_t part = n < sizeof word ? n : sizeof word;
        memcpy(p, &word, part);
        p += part;
        n -= part;
    }
}

uint64_t rng_below(struct rng *r, uint64_t bound)
{
    if (bound == 0) abort();
    uint64_t uneven = -bound % bound; /* 2^64 mod bound: so many values would come up once too often */
    uint64_t word;
    do word = rng_next(r);
    while (word < uneven);
    return word % bound;
}
