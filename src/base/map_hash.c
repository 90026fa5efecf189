/* SPDX-License-Identifier: Apache-2.0
 *
 * SipHash-1-3 (Aumasson, Bernstein: "SipHash: a fast short-input PRF"): one compression round a word, three at the end.
 * Apart from map.c because libbide needs the hash and must not have what aborts.
 */
#include "base/map.h"
#include <endian.h>

static uint64_t seed0 = 0x6269646520303030u, seed1 = 0x736565646c657373u;

void map_seed(uint64_t k0, uint64_t k1)
{
    seed0 = k0;
    seed1 = k1;
}

static uint64_t rotate(uint64_t x, int by) { return (x << by) | (x >> (64 - by)); }

static inline void sip_round(uint64_t v[4])
{
    v[0] += v[1];
    v[1] = rotate(v[1], 13) ^ v[0];
    v[0] = rotate(v[0], 32);
    v[2] += v[3];
    v[3] = rotate(v[3], 16) ^ v[2];
    v[0] += v[3];
    v[3] = rotate(v[3], 21) ^ v[0];
    v[2] += v[1];
    v[1] = rotate(v[1], 17) ^ v[2];
    v[2] = rotate(v[2], 32);
}

static inline void sip_word(uint64_t v[4], uint64_t word)
{
    v[3] ^= word;
    sip_round(v);
    v[0] ^= word;
}

uint64_t map_hash(struct str key)
{
    uint64_t v[4] = {seed0 ^ 0x736f6d6570736575u, seed1 ^ 0x646f72616e646f6du, /* "somepseudorandomlygeneratedbytes" */
                     seed0 ^ 0x6c7967656e657261u, seed1 ^ 0x7465646279746573u};
    size_t at = 0;
    uint64_t word;
    for (; key.len - at >= 8; at += 8) {
        memcpy(&word, key.p + at, 8);
        sip_word(v, le64toh(word));
    }
    word = (uint64_t)key.len << 56;
    for (int shift = 0; at < key.len; at++, shift += 8) word |= (uint64_t)(unsigned char)key.p[at] << shift;
    sip_word(v, word);
    v[2] ^= 0xFF;
    for (int i = 0; i < 3; i++) sip_round(v);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}
