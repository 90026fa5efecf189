/* SPDX-License-Identifier: Apache-2.0
 *
 * A store that measures: per operation how many requests and items, how many failed, how long they took. What it keeps is
 * read by the metrics page. Belongs to the deciding thread.
 */
#ifndef STORE_GAUGE_H
#define STORE_GAUGE_H

#include "store/store.h"

#define GAUGE_BUCKETS 12 /* the last has no upper bound */

struct gauge_op {
    uint64_t requests, items, errors;
    uint64_t waiting;                /* not answered yet */
    int64_t total_ms, max_ms;        /* from submit to answer */
    uint64_t buckets[GAUGE_BUCKETS]; /* requests that took at most gauge_bound_ms(i) and more than the bound before */
};

struct store *gauge_open(struct store *inner); /* takes the inner store: closing this closes it */
const struct gauge_op *gauge_of(const struct store *s, enum store_op op); /* s: from gauge_open; valid while it is open */
int64_t gauge_bound_ms(int bucket); /* INT64_MAX for the last */

#endif
