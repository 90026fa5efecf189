/* SPDX-License-Identifier: Apache-2.0
 *
 * The words are the states with `retrying` after `scheduled`.
 */
#include "api/depth.h"

#include "base/json_write.h"

#define RETRYING (TASK_SCHEDULED + 1)

static enum task_state state_of_word(size_t i)
{
    return (enum task_state)(i < RETRYING ? i : i - 1);
}

const struct store_count *depth_of(const struct store_counts *counts, struct str queue)
{
    static const struct store_count none;
    for (size_t i = 0; i < counts->n; i++)
        if (str_eq(counts->items[i].queue, queue)) return &counts->items[i];
    return &none;
}

const char *depth_word(size_t i)
{
    return i == RETRYING ? "retrying" : state_word(state_of_word(i));
}

int64_t depth_count(const struct store_count *n, size_t i)
{
    if (i == RETRYING) return n->retrying;
    return n->n[state_of_word(i)] - (i == TASK_SCHEDULED ? n->retrying : 0);
}

void depth_write(struct buf *b, const struct store_count *n)
{
    json_write_open(b, '{');
    for (size_t i = 0; i < DEPTH_WORDS; i++) json_write_member_int(b, depth_word(i), depth_count(n, i));
    json_write_close(b, '}');
}
