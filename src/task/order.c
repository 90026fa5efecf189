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
