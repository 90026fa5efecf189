/* SPDX-License-Identifier: Apache-2.0
 *
 * How long things took, by size: counts in buckets, from which percentiles are read. Below 8 ms a bucket is a
 * millisecond; from there on each doubling has 8 of them, so that a bucket is at most an eighth as wide as what is in it
 * is long. What a percentile says is in the bucket of the true one (nearest rank): at most an eighth off.
 */
#ifndef TASK_SPREAD_H
#define TASK_SPREAD_H

#include <stdint.h>

#define SPREAD_BUCKETS 232 /* the last one also has all that took 2^31 ms (24.8 days) and longer */

struct spread { /* zeroed: nothing */
    uint32_t n[SPREAD_BUCKETS];
};

struct spread_sum { /* of several; the same */
    uint64_t n[SPREAD_BUCKETS];
    uint64_t total;
};

void spread_count(struct spread *s, int64_t ms); /* below 0: as 0 */
void spread_add(struct spread_sum *sum, const struct spread *s);
/* The value that `percent` (1..100) of them do not exceed; -1: there are none. */
int64_t spread_percentile(const struct spread_sum *sum, int percent);

#endif
