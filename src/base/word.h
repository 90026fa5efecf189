/* SPDX-License-Identifier: Apache-2.0
 *
 * Eight bytes at a time, where a byte at a time is what a request costs most (Warren, "Hacker's Delight", chapter 6):
 * does a word have a byte of that kind? Where it lies is for the slow way to find.
 */
#ifndef BASE_WORD_H
#define BASE_WORD_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define WORD_ONES (UINT64_MAX / 255)
#define WORD_TOPS (WORD_ONES * 0x80)

static inline uint64_t word_at(const char *p)
{
    uint64_t v;
    memcpy(&v, p, sizeof v);
    return v;
}

/* The top bit of some byte is set when one is below `limit` (at most 0x80), and none is when none is. */
static inline uint64_t word_below(uint64_t v, unsigned char limit) { return (v - WORD_ONES * limit) & ~v & WORD_TOPS; }

/* The same for one that is `c`. */
static inline uint64_t word_equal(uint64_t v, unsigned char c) { return word_below(v ^ WORD_ONES * c, 1); }

#endif
