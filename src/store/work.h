/* SPDX-License-Identifier: Apache-2.0
 *
 * What the thread that writes has done since the store was opened: how long its batches of changes took, the sync
 * included, and how many changes were in each. Counted by that thread, which copies it into the answers of STORE_COUNTS.
 */
#ifndef STORE_WORK_H
#define STORE_WORK_H

#include <stdint.h>

#define WORK_BUCKETS 12 /* the last has no upper bound */

struct store_work { /* zeroed: nothing; stays so where nothing is synced */
    uint64_t by_ms[WORK_BUCKETS];   /* batches that took at most work_bound_ms(i) and more than the bound before */
    uint64_t by_size[WORK_BUCKETS]; /* the same of their changes, work_bound_size(i) */
    uint64_t batches, changes;
    int64_t total_ms;
    int64_t log_bytes;              /* of the write-ahead log, what has been written since it began anew */
};

void work_count(struct store_work *w, int64_t took_ms, int changes);
int64_t work_bound_ms(int bucket);   /* INT64_MAX for the last */
int64_t work_bound_size(int bucket); /* the same */

#endif
