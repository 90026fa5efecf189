/* SPDX-License-Identifier: Apache-2.0
 *
 * The one order: rank, an int64 computed when a task becomes eligible, then id. Engines sort by (rank, id) and know
 * nothing more.
 *
 * In a fair queue its time is not since when a task could run but a virtual one, start-time fair queueing between keys: each
 * task of a key starts ORDER_FAIR_TASK after the one before, each key where the others are now. So the first task of a key
 * that comes new is next, though another key had a thousand before it. Every task counts the same, whatever it costs. When
 * nothing waits or runs that time goes on from the wall's.
 */
#ifndef TASK_ORDER_H
#define TASK_ORDER_H

#include <stdint.h>

/* Smaller runs first: larger priority first, then earlier eligible. Recovery and release keep the old rank. */
int64_t order_rank(int32_t priority, int64_t eligible_at_ms);
int64_t order_eligible_ms(int64_t rank);   /* the time back out of it */
int32_t order_priority(int64_t rank);      /* the priority back out of it */

int64_t order_by_age(int64_t rank, int64_t eligible_at_ms); /* the rank with the same priority and that time */

#define ORDER_FAIR_TASK 16 /* in the time of ranks: how far two tasks of one key are apart, at least */

struct order_fair {
    int64_t clock; /* of the queue: about the start of the task that was started last */
    int64_t head;  /* the start of the first of the same lane and priority; -1: none waits */
    int64_t last;  /* the start of the last of the same key and priority that waits; -1: none does */
    int64_t had;   /* none of the key waits: where the one it had last ended; 0: not known */
};
/* The start of one more task of the key. */
int64_t order_fair_start(const struct order_fair *f);
/* The clock when a task with that start has been started. It moves on even when all starts are the same, up to the length
 * of a task: keys that are always others hold no key back for longer than so many tasks. */
int64_t order_fair_clock(int64_t clock, int64_t start);

#endif
