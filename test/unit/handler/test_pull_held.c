/* SPDX-License-Identifier: Apache-2.0
 *
 * The lease of an attempt that a puller has: what renews it, what ends it, and who hears of it.
 */
#include "pull_rig.h"

static struct pull_beat beat;

/* Nothing is heard: it is held for so long to the millisecond, then lost. */
static void check_lost_in(int64_t ms)
{
    CHECK_INT(h.n_verdicts, 0);
    fake_pass(&fake, ms - 1);
    CHECK_INT(h.n_verdicts, 0);
    fake_pass(&fake, 1);
    CHECK_INT(h.n_verdicts, 1);
    CHECK_INT(h.event, LIFE_LOST);
}

/* Its verdict is stored. */
static void close_over(void)
{
    pull_over(&h, 0);
    pull_close_held();
}

/* The puller has said so, and the store has not answered. */
static void open_said(struct waiter *w, enum life_event event)
{
    pull_open_held();
    CHECK_INT(give_verdict(event, w), 0);
}

TEST(a_lease_ends_when_nothing_is_heard_for_it)
{
    pull_open_held();
    check_lost_in(30000);
    CHECK_STR(h.code, "lost");
    CHECK_STR(h.message, "the puller box-1 was not heard of for 30s");
    CHECK_INT(desk.lost, 1);
    CHECK_INT(pull_held_beat(held, &beat), ERR_STALE);
    pull_over(&h, 0);
    CHECK(!pull_held_find(&desk, &h.body.id, h.attempt.fence));
    pull_close_held();
}

TEST(whatever_is_heard_gives_a_full_lease)
{
    pull_open_held();
    for (int i = 0; i < 100; i++) {
        fake_pass(&fake, 29999);
        CHECK_INT(pull_held_beat(held, &beat), 0);
        CHECK_INT(beat.lease_ms, 30000);
        CHECK(!beat.cancel);
    }
    CHECK_INT(h.n_verdicts, 0);
    fake_pass(&fake, 30000);
    CHECK_INT(h.event, LIFE_LOST);
    close_over();
}

TEST(a_lease_does_not_end_for_what_the_server_slept_through)
{
    pull_open_held();
    fake.now_ms += 30000 + PULL_LATE_MS + 1; /* no turn of ours meanwhile: stopped, or starved */
    fake_run(&fake);
    check_lost_in(30000);
    close_over();
}

TEST(a_timer_that_comes_a_little_late_is_no_sleep)
{
    pull_open_held();
    fake.now_ms += 30000 + PULL_LATE_MS;
    fake_run(&fake);
    CHECK_INT(h.event, LIFE_LOST);
    close_over();
}

TEST(beats_are_asked_for_within_lease_and_grace)
{
    pull_open_held();
    CHECK_INT(pull_held_beat(held, &beat), 0);
    CHECK_INT(beat.beat_ms, PULL_BEAT_MOST_MS);
    h.body.grace_ms = 3000;
    CHECK_INT(pull_held_beat(held, &beat), 0);
    CHECK_INT(beat.beat_ms, 1500);
    conf.lease_ms = 1200;
    CHECK_INT(pull_held_beat(held, &beat), 0);
    CHECK_INT(beat.beat_ms, 400);
    h.body.grace_ms = 1;
    CHECK_INT(pull_held_beat(held, &beat), 0);
    CHECK_INT(beat.beat_ms, PULL_BEAT_LEAST_MS);
    struct waiter w;
    CHECK_INT(give_verdict(LIFE_RELEASED, &w), 0);
    close_over();
}

TEST(a_verdict_is_answered_when_it_is_stored)
{
    struct waiter w;
    open_said(&w, LIFE_DONE);
    CHECK_INT(h.event, LIFE_DONE);
    CHECK_INT(w.overs, 0);
    fake_pass(&fake, 120000); /* however long the store takes */
    CHECK_INT(h.n_verdicts, 1);
    pull_over(&h, 0);
    CHECK_INT(w.overs, 1);
    CHECK_INT(w.err, 0);
    CHECK(pull_held_is_settled(&desk, &h.body.id, h.attempt.fence, LIFE_DONE));
    CHECK(!pull_held_is_settled(&desk, &h.body.id, h.attempt.fence, LIFE_FAILED));
    CHECK(!pull_held_is_settled(&desk, &h.body.id, h.attempt.fence + 1, LIFE_DONE));
    pull_close_held();
}

TEST(a_verdict_that_the_store_refuses_is_stale)
{
    struct waiter w;
    open_said(&w, LIFE_DONE);
    pull_over(&h, ERR_STALE);
    CHECK_INT(w.overs, 1);
    CHECK_INT(w.err, ERR_STALE);
    CHECK(!pull_held_is_settled(&desk, &h.body.id, h.attempt.fence, LIFE_DONE));
    pull_close_held();
}

TEST(the_same_verdict_sent_again_waits_with_the_first_and_another_is_stale)
{
    struct waiter first, second, other;
    open_said(&first, LIFE_DONE);
    CHECK_INT(give_verdict(LIFE_DONE, &second), 0);
    CHECK_INT(give_verdict(LIFE_FAILED, &other), ERR_STALE);
    pull_held_leave(&first.wait); /* its connection broke */
    pull_over(&h, 0);
    CHECK_INT(first.overs, 0);
    CHECK_INT(second.overs, 1);
    pull_close_held();
}

TEST(a_stop_is_told_by_the_next_beat_and_ends_the_attempt_after_its_grace)
{
    pull_open_held();
    pull->ops->stop(pull, &h.attempt, STOP_CANCEL);
    pull->ops->stop(pull, &h.attempt, STOP_TIMEOUT); /* the first one counts */
    CHECK_INT(pull_held_beat(held, &beat), 0);
    CHECK_STR(str_of(beat.cancel), "user");
    fake_pass(&fake, 9999);
    CHECK_INT(h.n_verdicts, 0);
    fake_pass(&fake, 1);
    CHECK_INT(h.event, LIFE_STOPPED);
    struct waiter w;
    CHECK_INT(give_verdict(LIFE_STOPPED, &w), ERR_STALE);
    close_over();
}

TEST(one_that_is_stopped_is_stopped_whatever_it_says_but_done)
{
    static const struct { enum stop_reason why; enum life_event said, stored; } rows[] = {
        {STOP_CANCEL, LIFE_STOPPED, LIFE_STOPPED},   {STOP_CANCEL, LIFE_FAILED, LIFE_STOPPED},
        {STOP_CANCEL, LIFE_RELEASED, LIFE_STOPPED},  {STOP_CANCEL, LIFE_DONE, LIFE_DONE},
        {STOP_TIMEOUT, LIFE_STOPPED, LIFE_TIMEOUT},  {STOP_TIMEOUT, LIFE_DONE, LIFE_DONE},
        {STOP_SHUTDOWN, LIFE_STOPPED, LIFE_RELEASED},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct waiter w;
        pull_open_held();
        pull->ops->stop(pull, &h.attempt, rows[i].why);
        CHECK_INT(give_verdict(rows[i].said, &w), 0);
        CHECK_INT(h.event, rows[i].stored);
        pull_over(&h, 0);
        CHECK(pull_held_is_settled(&desk, &h.body.id, h.attempt.fence, rows[i].said));
        pull_close_held();
    }
}

TEST(one_that_is_stopped_and_not_heard_of_is_stopped_and_not_lost)
{
    pull_open_held();
    h.body.grace_ms = 3600000;
    pull->ops->stop(pull, &h.attempt, STOP_TIMEOUT);
    fake_pass(&fake, 30000);
    CHECK_INT(h.event, LIFE_TIMEOUT);
    CHECK_INT(desk.lost, 0);
    close_over();
}

TEST(a_stop_after_the_verdict_changes_nothing)
{
    struct waiter w;
    open_said(&w, LIFE_DONE);
    pull->ops->stop(pull, &h.attempt, STOP_CANCEL);
    fake_pass(&fake, 60000);
    CHECK_INT(h.n_verdicts, 1);
    pull_over(&h, 0);
    CHECK_INT(w.overs, 1);
    pull_close_held();
}

TEST(one_taken_up_from_an_earlier_server_has_a_full_lease)
{
    pull_open("transcribe");
    heard_init(&h, pull, 1, "{}");
    pull->typed->resume(pull, &h.attempt);
    held = pull_held_find(&desk, &h.body.id, h.attempt.fence);
    CHECK(held);
    fake_pass(&fake, 29999);
    CHECK_INT(pull_held_beat(held, &beat), 0);
    check_lost_in(30000);
    close_over();
}

TEST(one_that_is_left_to_the_next_server_hears_nothing_more)
{
    pull_open_held();
    pull->typed->leave(pull, &h.attempt);
    CHECK(!pull_held_find(&desk, &h.body.id, h.attempt.fence));
    fake_pass(&fake, 120000);
    CHECK_INT(h.n_verdicts, 0);
    pull_close_held();
}

TEST(a_handler_is_drained_when_its_last_attempt_is_over)
{
    struct waiter w;
    pull_open_held();
    pull->ops->drain(pull, fake_on_drained, &fake);
    fake_pass(&fake, 1000);
    CHECK_INT(fake.drained, 0);
    CHECK_INT(pull_held_beat(held, &beat), 0);
    CHECK_INT(give_verdict(LIFE_DONE, &w), 0);
    fake_run(&fake);
    CHECK_INT(fake.drained, 0);
    pull_over(&h, 0);
    CHECK_INT(fake.drained, 0); /* never from inside */
    fake_run(&fake);
    CHECK_INT(fake.drained, 1);
    pull_close_held();
}

TEST(verdicts_that_were_stored_are_remembered_for_a_while_only)
{
    pull_open_held();
    struct waiter w;
    struct id first = h.body.id;
    uint64_t fence = h.attempt.fence;
    CHECK_INT(give_verdict(LIFE_DONE, &w), 0);
    pull_over(&h, 0);
    heard_release(&h);
    for (int i = 2; i < PULL_RECENT + 2; i++) {
        CHECK(pull_held_is_settled(&desk, &first, fence, LIFE_DONE));
        heard_init(&h, pull, i, "{}");
        ASK(asker, "transcribe", 1, 60000);
        pull_give(&h);
        held = asker.claim.given[0];
        CHECK_INT(give_verdict(LIFE_FAILED, &w), 0);
        pull_over(&h, 0);
        if (i < PULL_RECENT + 1) heard_release(&h);
    }
    CHECK(!pull_held_is_settled(&desk, &first, fence, LIFE_DONE));
    pull_close_held();
}

TEST_MAIN
