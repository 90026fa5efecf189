/* SPDX-License-Identifier: Apache-2.0
 *
 * The one order: rank, an int64 computed when a task becomes eligible, then id. Engines sort by (rank, id) and know
 * nothing more.
 */
#ifndef TASK_ORDER_H
#define TASK_ORDER_H

#include <stdint.h>

/* Smaller runs first: larger priority first, then earlier eligible. Recovery and release keep the old rank. */
int64_t order_rank(int32_t priority, int64_t eligible_at_ms);
int64_t order_eligible_ms(int64_t rank);   /* the time back out of it */
int32_t order_priority(int64_t rank);      /* the priority back out of it */

#endif
