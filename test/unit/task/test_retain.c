/* SPDX-License-Identifier: Apache-2.0
 *
 * What goes when: ages to the millisecond, numbers and bytes per type and status, parts before the record.
 */
#include "task/retain.h"
#include "test.h"

#define END INT64_C(1700000000000)
#define ALL (RETAIN_INPUT | RETAIN_RESULT | RETAIN_LOG | RETAIN_FILES)

#define FOREVER RETAIN_EVERYTHING

static struct retain_item ended(enum task_state state)
{
    return (struct retain_item){.state = state, .finished_at_ms = END, .own_ms = RETAIN_AS_TYPE, .bytes = 10, .there = ALL};
}

static unsigned due(const struct retain_rules *r, const struct retain_item *it, int64_t now_ms)
{
    struct retain_seen seen = {0};
    return retain_due(r, it, &seen, now_ms);
}

TEST(without_rules_everything_stays)
{
    struct retain_rules r = FOREVER;
    struct retain_item it = ended(TASK_FAILED);
    CHECK_INT(due(&r, &it, INT64_MAX - 1), 0);
    CHECK_INT(retain_next_ms(&r, &it), INT64_MAX);
    CHECK_INT(retain_shortest_ms(&r), INT64_MAX);
}

TEST(each_status_has_its_age_to_the_millisecond)
{
    struct retain_rules r = FOREVER;
    r.completed_ms = 1000, r.failed_ms = 2000, r.cancelled_ms = 3000, r.expired_ms = 0;
    const enum task_state states[] = {TASK_COMPLETED, TASK_FAILED, TASK_CANCELLED, TASK_EXPIRED};
    const int64_t ages[] = {1000, 2000, 3000, 0};
    for (int i = 0; i < 4; i++) {
        struct retain_item it = ended(states[i]);
        if (ages[i]) CHECK_INT(due(&r, &it, END + ages[i] - 1), 0);
        CHECK_INT(due(&r, &it, END + ages[i]), RETAIN_RECORD);
        CHECK_INT(retain_next_ms(&r, &it), END + ages[i]);
        CHECK_INT(retain_purge_ms(&r, states[i], END, RETAIN_AS_TYPE), END + ages[i]);
    }
    CHECK_INT(retain_shortest_ms(&r), 0);
}

TEST(one_age_is_for_every_status_that_has_none_of_its_own)
{
    struct retain_rules r = FOREVER;
    struct retain_item completed = ended(TASK_COMPLETED), failed = ended(TASK_FAILED);
    r.age_ms = 1000, r.failed_ms = RETAIN_FOREVER;
    CHECK_INT(due(&r, &completed, END + 1000), RETAIN_RECORD);
    CHECK_INT(due(&r, &failed, END + 1000), 0);
    CHECK_INT(retain_shortest_ms(&r), 1000);
}

TEST(a_task_may_have_a_wish_of_its_own)
{
    struct retain_rules r = FOREVER;
    struct retain_item it = ended(TASK_COMPLETED);
    r.completed_ms = 1000;
    it.own_ms = 5000;
    CHECK_INT(due(&r, &it, END + 4999), 0);
    CHECK_INT(due(&r, &it, END + 5000), RETAIN_RECORD);
    it.own_ms = RETAIN_FOREVER;
    CHECK_INT(due(&r, &it, INT64_MAX - 1), 0);
    it.own_ms = INT64_MAX; /* longer than there is time */
    CHECK_INT(retain_next_ms(&r, &it), INT64_MAX);
}

TEST(parts_go_before_the_record_and_only_those_that_are_there)
{
    struct retain_rules r = FOREVER;
    struct retain_item it = ended(TASK_COMPLETED);
    r.part_ms[0] = 10, r.part_ms[2] = 20;
    CHECK_INT(retain_next_ms(&r, &it), END + 10);
    CHECK_INT(due(&r, &it, END + 10), RETAIN_INPUT);
    CHECK_INT(due(&r, &it, END + 20), RETAIN_INPUT | RETAIN_LOG);
    it.there = RETAIN_LOG | RETAIN_FILES;
    CHECK_INT(retain_next_ms(&r, &it), END + 20);
    CHECK_INT(due(&r, &it, END + 20), RETAIN_LOG);
    it.there = RETAIN_FILES;
    CHECK_INT(due(&r, &it, END + 1000), 0);
    r.completed_ms = 1000;
    it.there = ALL;
    CHECK_INT(due(&r, &it, END + 1000), RETAIN_RECORD);
}

TEST(the_newest_are_kept_by_number_and_by_bytes)
{
    struct retain_rules r = FOREVER;
    struct retain_item it = ended(TASK_COMPLETED);
    struct retain_seen seen = {0};
    r.count = 3;
    for (int i = 0; i < 5; i++) CHECK_INT(retain_due(&r, &it, &seen, END), i < 3 ? 0 : RETAIN_RECORD);
    CHECK_INT(seen.count, 3);
    r.count = 0;
    r.bytes = 25; /* each has 10 */
    seen = (struct retain_seen){0};
    for (int i = 0; i < 5; i++) CHECK_INT(retain_due(&r, &it, &seen, END), i < 2 ? 0 : RETAIN_RECORD);
    CHECK_INT(seen.bytes, 20);
    it.bytes = 5; /* a small one behind a large one that had to go still fits */
    CHECK_INT(retain_due(&r, &it, &seen, END), 0);
    r.bytes = 1;
    CHECK_INT(due(&r, &it, END), RETAIN_RECORD);
    r.bytes = 0; /* no bound */
    CHECK_INT(due(&r, &it, END), 0);
}

TEST_MAIN
