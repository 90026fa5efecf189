/* SPDX-License-Identifier: Apache-2.0
 *
 * A bucket's number is the position of the highest bit and the three bits after it.
 */
#include "task/spread.h"

#include <assert.h>

#define EXACT 8   /* buckets of one millisecond */
#define PARTS 8   /* of a doubling */
#define PART_BITS 3

static int bucket_of(int64_t ms)
{
    if (ms < 0) return 0;
    if (ms < EXACT) return (int)ms;
    int high = 63 - __builtin_clzll((unsigned long long)ms);
    int part = (int)(ms >> (high - PART_BITS)) & (PARTS - 1);
    int bucket = EXACT + (high - PART_BITS) * PARTS + part;
    return bucket < SPREAD_BUCKETS ? bucket : SPREAD_BUCKETS - 1;
}

static int shift_of(int bucket) { return bucket < EXACT ? 0 : (bucket - EXACT) / PARTS; }

static int64_t lowest_of(int bucket)
{
    if (bucket < EXACT) return bucket;
    return (int64_t)(PARTS + (bucket - EXACT) % PARTS) << shift_of(bucket);
}

void spread_count(struct spread *s, int64_t ms) { s->n[bucket_of(ms)]++; }

void spread_add(struct spread_sum *sum, const struct spread *s)
{
    for (int i = 0; i < SPREAD_BUCKETS; i++) {
        sum->n[i] += s->n[i];
        sum->total += s->n[i];
    }
}

int64_t spread_percentile(const struct spread_sum *sum, int percent)
{
    assert(percent >= 1 && percent <= 100);
    if (sum->total == 0) return -1;
    uint64_t rank = sum->total / 100 * (uint64_t)percent + (sum->total % 100 * (uint64_t)percent + 99) / 100;
    int bucket = 0;
    while (rank > sum->n[bucket]) rank -= sum->n[bucket++];
    /* those in it are taken as lying evenly */
    double place = ((double)rank - 0.5) / (double)sum->n[bucket];
    return lowest_of(bucket) + (int64_t)(place * (double)((int64_t)1 << shift_of(bucket)));
}
