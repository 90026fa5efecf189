/* SPDX-License-Identifier: Apache-2.0
 *
 * Told once, or gone; also when a waiter that is told makes others leave, join or disappear.
 */
#include "base/mem.h"
#include "server/waiters.h"
#include "test/test.h"

static struct waiters all;

struct one {
    struct waiter waiter;
    int told;
    struct one *leaves, *joins; /* what it does when it is told */
    bool frees;                 /* the one that leaves is freed, too */
};

static struct id id_of(int n) { return (struct id){.b = {(uint8_t)n}}; }

static void on_ended(struct waiter *w)
{
    struct one *o = CONTAINER_OF(w, struct one, waiter);
    o->told++;
    if (o->leaves) waiters_leave(&all, &o->leaves->waiter);
    if (o->leaves && o->frees) free(o->leaves);
    o->leaves = NULL;
    if (o->joins) waiters_join(&all, &o->joins->waiter);
}

static void join(struct one *o, int task)
{
    *o = (struct one){.waiter = {.id = id_of(task), .on_ended = on_ended}};
    waiters_join(&all, &o->waiter);
}

static void tell(int task)
{
    struct id id = id_of(task);
    waiters_tell(&all, &id);
}

TEST(all_waiters_of_a_task_are_told_once_and_no_others)
{
    struct one w[4];
    waiters_init(&all);
    for (int i = 0; i < 4; i++) join(&w[i], i < 3 ? 1 : 2);
    tell(1);
    tell(1);
    tell(3);
    for (int i = 0; i < 4; i++) CHECK_INT(w[i].told, i < 3);
    for (int i = 0; i < 4; i++) CHECK(w[i].waiter.waiting == (i == 3));
    waiters_leave(&all, &w[3].waiter);
    CHECK_INT(all.by_id.n, 0);
    waiters_release(&all);
}

TEST(who_has_left_is_not_told_and_may_leave_again)
{
    struct one a, b;
    waiters_init(&all);
    join(&a, 1);
    join(&b, 1);
    waiters_leave(&all, &a.waiter);
    waiters_leave(&all, &a.waiter);
    tell(1);
    CHECK_INT(a.told, 0);
    CHECK_INT(b.told, 1);
    waiters_leave(&all, &b.waiter);
    CHECK_INT(all.by_id.n, 0);
    waiters_release(&all);
}

TEST(who_leaves_while_others_are_told_is_not_told_and_may_be_freed)
{
    struct one a, *b = mem_new(sizeof *b), c;
    waiters_init(&all);
    join(&a, 1);
    join(b, 1);
    join(&c, 1);
    a.leaves = b;
    a.frees = true;
    tell(1);
    CHECK_INT(a.told, 1);
    CHECK_INT(c.told, 1);
    CHECK_INT(all.by_id.n, 0);
    waiters_release(&all);
}

TEST(the_last_may_leave_while_the_first_is_told)
{
    struct one a, b;
    waiters_init(&all);
    join(&a, 1);
    join(&b, 1);
    a.leaves = &b;
    tell(1);
    CHECK_INT(a.told, 1);
    CHECK_INT(b.told, 0);
    CHECK(!b.waiter.waiting);
    waiters_release(&all);
}

TEST(who_joins_while_others_are_told_waits_for_the_next_ending)
{
    struct one a, b, c;
    waiters_init(&all);
    join(&a, 1);
    join(&b, 1);
    c = (struct one){.waiter = {.id = id_of(1), .on_ended = on_ended}};
    a.joins = &c;
    tell(1);
    CHECK_INT(c.told, 0);
    CHECK(c.waiter.waiting);
    tell(1);
    CHECK_INT(c.told, 1);
    CHECK_INT(a.told, 1);
    CHECK_INT(b.told, 1);
    waiters_release(&all);
}

/* The line it joins anew is not the one it was told from. */
TEST(who_leaves_after_a_newcomer_joined_leaves_the_newcomer_waiting)
{
    struct one a, b, c;
    waiters_init(&all);
    join(&a, 1);
    join(&b, 1);
    c = (struct one){.waiter = {.id = id_of(1), .on_ended = on_ended}};
    a.joins = &c;
    b.leaves = NULL;
    tell(1);
    waiters_leave(&all, &b.waiter);
    CHECK(c.waiter.waiting);
    waiters_leave(&all, &c.waiter);
    CHECK_INT(all.by_id.n, 0);
    waiters_release(&all);
}

TEST_MAIN
