/* SPDX-License-Identifier: Apache-2.0
 *
 * Attempts that share a worker, and those a puller holds.
 */
#include "task/life.h"
#include "test.h"

#define NOW INT64_C(1700000000000)
#define FENCE 7

static const struct life_rules rules = {.max_attempts = 3, .retry = {RETRY_FIXED, RETRY_JITTER_NONE, 1000, 60000}};

static struct life_outcome step(struct life *l, enum life_event event, int64_t now_ms)
{
    struct life_input in = {.event = event, .now_ms = now_ms, .fence = FENCE, .retryable = true};
    struct life_outcome out;
    CHECK_INT(life_step(l, &rules, &in, &out), 0);
    return out;
}

static struct life running(void)
{
    struct life l = life_begin(&rules, 1, 0, NOW - 1000);
    step(&l, LIFE_CLAIM, NOW - 500);
    return l;
}

static struct life_outcome crash(struct life *l, bool shared, int64_t now_ms)
{
    struct life_input in = {.event = LIFE_CRASHED, .now_ms = now_ms, .fence = FENCE, .shared = shared};
    struct life_outcome out;
    CHECK_INT(life_step(l, &rules, &in, &out), 0);
    return out;
}

TEST(a_worker_that_died_with_several_open_is_nobodys_fault_and_each_goes_on_alone_from_its_place)
{
    struct life l = running(), was = l;
    for (int n = 0; n < 2 * LIFE_DEATHS_MAX; n++) {
        struct life_outcome out = crash(&l, true, NOW + n);
        CHECK(out.changed && !out.ended);
        CHECK_INT(l.state, TASK_PENDING);
        CHECK_INT(l.failures + l.deaths, 0);
        CHECK_INT(l.rank, was.rank);
        CHECK(l.alone);
        step(&l, LIFE_CLAIM, NOW + n);
        CHECK(l.alone); /* it is what this attempt is told by */
    }
    crash(&l, false, NOW + 99); /* alone, and dead again: now it is known who it was */
    CHECK_INT(l.deaths, 1);
    CHECK_INT(l.state, TASK_SCHEDULED);
    CHECK(!l.alone);
    l = was;
    l.cancel_requested = true;
    CHECK(crash(&l, true, NOW).ended);
    CHECK_INT(l.state, TASK_CANCELLED);
}

TEST(it_is_alone_no_longer_once_an_attempt_was_run_to_a_verdict_of_its_own)
{
    static const struct {
        enum life_event verdict;
        bool alone;
    } rows[] = {{LIFE_DONE, false}, {LIFE_FAILED, false}, {LIFE_TIMEOUT, false}, {LIFE_CRASHED, false},
                {LIFE_LOST, true},  {LIFE_STOPPED, true}, {LIFE_RELEASED, true}, {LIFE_UNSTARTED, true}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct life l = running();
        crash(&l, true, NOW);
        step(&l, LIFE_CLAIM, NOW);
        step(&l, rows[i].verdict, NOW);
        CHECK_INT(l.alone, rows[i].alone);
        if (!state_is_ending(l.state)) step(&l, LIFE_CANCEL, NOW);
        step(&l, LIFE_RETRY, NOW);
        CHECK(!l.alone); /* another run knows nothing of it */
    }
}

TEST(a_puller_holds_an_attempt_until_it_is_over_however_that_comes)
{
    for (int e = LIFE_DONE; e < LIFE_CLAIM; e++) {
        struct life l = life_begin(&rules, 1, 0, NOW);
        struct life_input in = {.event = LIFE_CLAIM, .now_ms = NOW, .fence = FENCE, .leased = true};
        struct life_outcome out;
        CHECK_INT(life_step(&l, &rules, &in, &out), 0);
        CHECK(l.leased);
        CHECK(!step(&l, LIFE_DUE, NOW).changed && l.leased);
        step(&l, (enum life_event)e, NOW);
        CHECK(!l.leased);
    }
    struct life l = life_begin(&rules, 1, 0, NOW);
    step(&l, LIFE_CLAIM, NOW);
    CHECK(!l.leased);
}

TEST_MAIN
