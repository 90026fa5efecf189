/* SPDX-License-Identifier: Apache-2.0
 *
 * rank = (LIMIT_PRIORITY - priority) in the high bits, the eligible time in the low 48 (until the year 10,889). So one
 * comparison of two integers is "larger priority first, then older first".
 */
#include "task/order.h"

#include "base/limits.h"

#define TIME_BITS 48
#define TIME_MASK ((INT64_C(1) << TIME_BITS) - 1)

static int64_t clamp(int64_t v, int64_t low, int64_t high)
{
    return v < low ? low : v > high ? high : v;
}

int64_t order_rank(int32_t priority, int64_t eligible_at_ms)
{
    int64_t high = LIMIT_PRIORITY - clamp(priority, -LIMIT_PRIORITY, LIMIT_PRIORITY);
    return (high << TIME_BITS) | clamp(eligible_at_ms, 0, TIME_MASK);
}

int64_t order_eligible_ms(int64_t rank)
{
    return rank & TIME_MASK;
}

int32_t order_priority(int64_t rank)
{
    return (int32_t)(LIMIT_PRIORITY - (rank >> TIME_BITS));
}

int64_t order_by_age(int64_t rank, int64_t eligible_at_ms)
{
    return order_rank(order_priority(rank), eligible_at_ms);
}

/* ---- fair share ---- */

/* The clock is the queue's; a lane that nobody works at must not send those who come new behind all it has. */
int64_t order_fair_start(const struct order_fair *f)
{
    int64_t start = f->clock;
    if (f->head >= 0 && f->head + ORDER_FAIR_TASK < start) start = f->head + ORDER_FAIR_TASK;
    if (f->last >= 0) return f->last + ORDER_FAIR_TASK > start ? f->last + ORDER_FAIR_TASK : start;
    return start + clamp(f->had - start, 0, ORDER_FAIR_TASK);
}

int64_t order_fair_clock(int64_t clock, int64_t start)
{
    if (start > clock) return start;
    return clock - start < ORDER_FAIR_TASK ? clock + 1 : clock;
}
