/* SPDX-License-Identifier: Apache-2.0
 *
 * Two tables of bounds.
 */
#include "store/work.h"

static const int64_t bounds_ms[WORK_BUCKETS] = {1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 5000, INT64_MAX};
static const int64_t bounds_size[WORK_BUCKETS] = {1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, INT64_MAX};

static int bucket_of(const int64_t bounds[WORK_BUCKETS], int64_t value)
{
    int bucket = 0;
    while (value > bounds[bucket]) bucket++;
    return bucket;
}

void work_count(struct store_work *w, int64_t took_ms, int changes)
{
    w->by_ms[bucket_of(bounds_ms, took_ms)]++;
    w->by_size[bucket_of(bounds_size, changes)]++;
    w->batches++;
    w->changes += (uint64_t)changes;
    w->total_ms += took_ms;
}

int64_t work_bound_ms(int bucket) { return bounds_ms[bucket]; }
int64_t work_bound_size(int bucket) { return bounds_size[bucket]; }
