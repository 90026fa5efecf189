/* SPDX-License-Identifier: Apache-2.0
 *
 * Ages first, then number and bytes.
 */
#include "task/retain.h"

#include <assert.h>

static int64_t said_for(const struct retain_rules *r, enum task_state state)
{
    const int64_t said[TASK_STATES] = {[TASK_COMPLETED] = r->completed_ms, [TASK_FAILED] = r->failed_ms,
                                       [TASK_CANCELLED] = r->cancelled_ms, [TASK_EXPIRED] = r->expired_ms};
    assert(state_is_ending(state)); /* only what has ended is ever removed */
    return said[state];
}

static int64_t age_of(const struct retain_rules *r, enum task_state state)
{
    int64_t ms = said_for(r, state);
    return ms == RETAIN_AS_TYPE ? r->age_ms : ms;
}

static int64_t after(int64_t from_ms, int64_t age_ms)
{
    int64_t at_ms;
    return age_ms < 0 || __builtin_add_overflow(from_ms, age_ms, &at_ms) ? INT64_MAX : at_ms;
}

int64_t retain_purge_ms(const struct retain_rules *r, enum task_state state, int64_t finished_at_ms, int64_t own_ms)
{
    return after(finished_at_ms, own_ms == RETAIN_AS_TYPE ? age_of(r, state) : own_ms);
}

unsigned retain_due(const struct retain_rules *r, const struct retain_item *it, struct retain_seen *seen, int64_t now_ms)
{
    if (retain_purge_ms(r, it->state, it->finished_at_ms, it->own_ms) <= now_ms) return RETAIN_RECORD;
    bool too_many = r->count > 0 && seen->count >= r->count;
    bool too_large = r->bytes > 0 && seen->bytes + it->bytes > r->bytes;
    if (too_many || too_large) return RETAIN_RECORD;
    seen->count++;
    seen->bytes += it->bytes;
    unsigned due = 0;
    for (int i = 0; i < RETAIN_PARTS; i++)
        if (after(it->finished_at_ms, r->part_ms[i]) <= now_ms) due |= 1u << i;
    return due & it->there;
}

int64_t retain_next_ms(const struct retain_rules *r, const struct retain_item *it)
{
    int64_t next = retain_purge_ms(r, it->state, it->finished_at_ms, it->own_ms);
    for (int i = 0; i < RETAIN_PARTS; i++) {
        int64_t at_ms = (it->there & 1u << i) ? after(it->finished_at_ms, r->part_ms[i]) : INT64_MAX;
        if (at_ms < next) next = at_ms;
    }
    return next;
}

int64_t retain_shortest_ms(const struct retain_rules *r)
{
    const int64_t ages[] = {age_of(r, TASK_COMPLETED), age_of(r, TASK_FAILED), age_of(r, TASK_CANCELLED),
                            age_of(r, TASK_EXPIRED),   r->part_ms[0],   r->part_ms[1], r->part_ms[2],   r->part_ms[3]};
    int64_t shortest = INT64_MAX;
    for (unsigned i = 0; i < sizeof ages / sizeof *ages; i++)
        if (ages[i] >= 0 && ages[i] < shortest) shortest = ages[i];
    return shortest;
}
