/* SPDX-License-Identifier: Apache-2.0
 *
 * Chores are done in another thread and reported in this one, exactly once.
 */
#include "loop/pool.h"

#include "base/list.h"
#include "base/turn.h"
#include "test/test.h"

#include <pthread.h>

struct sum {
    struct chore chore;
    pthread_t worked_in;
    int worked, done;
};

static void work(struct chore *c)
{
    struct sum *s = CONTAINER_OF(c, struct sum, chore);
    s->worked_in = pthread_self();
    s->worked++;
}

static void on_done(struct chore *c)
{
    CONTAINER_OF(c, struct sum, chore)->done += pthread_self() != CONTAINER_OF(c, struct sum, chore)->worked_in;
}

TEST(every_chore_is_worked_in_another_thread_and_reported_in_the_loop)
{
    struct turn turn;
    struct loop *loop;
    struct err e;
    struct pool pool;
    static struct sum sums[50];
    turn_init(&turn, &clock_system, rng_system());
    CHECK_INT(loop_open(&loop, &turn, &e), 0);
    pool_init(&pool, loop);
    for (int i = 0; i < 50; i++) {
        sums[i].chore = (struct chore){work, on_done};
        chores_give(&pool.chores, &sums[i].chore);
        CHECK_INT(sums[i].done, 0);
    }
    loop_run(loop); /* returns when nothing is left */
    for (int i = 0; i < 50; i++) {
        CHECK_INT(sums[i].worked, 1);
        CHECK_INT(sums[i].done, 1);
    }
    loop_close(loop);
    turn_release(&turn);
}

TEST(a_loop_that_is_closed_waits_for_chores_on_their_way)
{
    struct turn turn;
    struct loop *loop;
    struct err e;
    struct pool pool;
    struct sum sum = {.chore = {work, on_done}};
    turn_init(&turn, &clock_system, rng_system());
    CHECK_INT(loop_open(&loop, &turn, &e), 0);
    pool_init(&pool, loop);
    chores_give(&pool.chores, &sum.chore);
    loop_close(loop);
    CHECK_INT(sum.done, 1);
    turn_release(&turn);
}

TEST_MAIN
