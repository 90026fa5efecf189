/* SPDX-License-Identifier: Apache-2.0
 *
 * The life of a task: every cell of state x event against a table written by hand, then what must hold along any
 * sequence of events.
 */
#include "base/limits.h"
#include "base/rng.h"
#include "life_rig.h"
#include "task/order.h"

/* One letter a cell. s stale, c conflict, . allowed without effect; otherwise the state it leads to: S P R,
 * C completed, F failed, X cancelled, E expired. The columns are the events in order: done failed timeout crashed lost
 * stopped released unstarted, then claim due cancel expire retry replan complete fail save replace
 * step unblock. */
static const char *const table[TASK_STATES] = {
    [TASK_BLOCKED] = "ssssssss" "c.XEc.CFsXsP",
    [TASK_SCHEDULED] = "ssssssss" "cPXEc.CFsXsc",
    [TASK_PENDING] = "ssssssss" "R.XEc.CFsXsc",
    [TASK_RUNNING] = "CSSSPPPP" "c.R.ccccRRPc",
    [TASK_COMPLETED] = "ssssssss" "c...Pcccs.sc",
    [TASK_FAILED] = "ssssssss" "c...Pcccs.sc",
    [TASK_CANCELLED] = "ssssssss" "c...Pcccs.sc",
    [TASK_EXPIRED] = "ssssssss" "c...Pcccs.sc",
};

static bool same(const struct life *a, const struct life *b)
{
    return a->state == b->state && a->run == b->run && a->attempt == b->attempt && a->failures == b->failures &&
           a->deaths == b->deaths && a->cancel_requested == b->cancel_requested && a->saved == b->saved &&
           a->replaced == b->replaced && a->keyed == b->keyed && a->fence == b->fence && a->rank == b->rank &&
           a->eligible_at_ms == b->eligible_at_ms &&
           a->due_at_ms == b->due_at_ms && a->start_by_ms == b->start_by_ms && a->started_at_ms == b->started_at_ms &&
           a->alone == b->alone && a->leased == b->leased;
}

static char letter_of(enum task_state state, enum life_event event)
{
    struct life l = standing(state), before;
    if (event == LIFE_EXPIRE) l.start_by_ms = NOW - 1;
    before = l;
    struct life_input in = {.event = event, .now_ms = NOW, .fence = FENCE, .retryable = true};
    struct life_outcome out;
    int err = life_step(&l, &rules, &in, &out);
    if (err) CHECK(same(&l, &before));
    if (err == ERR_STALE) return 's';
    if (err == ERR_CONFLICT) return 'c';
    CHECK_INT(err, 0);
    CHECK(out.changed == !same(&l, &before));
    CHECK(out.ended == (out.changed && state_is_ending(l.state)));
    return out.changed ? "BSPRCFXE"[l.state] : '.';
}

TEST(every_event_has_the_answer_of_the_table_in_every_state)
{
    for (int s = 0; s < TASK_STATES; s++) {
        CHECK_INT(strlen(table[s]), LIFE_EVENTS);
        for (int e = 0; e < LIFE_EVENTS; e++) {
            char seen = letter_of((enum task_state)s, (enum life_event)e);
            if (seen != table[s][e])
                fprintf(stderr, "%s, event %d: %c, wanted %c\n", state_word((enum task_state)s), e, seen, table[s][e]);
            CHECK(seen == table[s][e]);
        }
    }
}

static struct life_outcome step(struct life *l, enum life_event event, int64_t now_ms)
{
    struct life_input in = {.event = event, .now_ms = now_ms, .fence = FENCE, .retryable = true};
    struct life_outcome out;
    CHECK_INT(life_step(l, &rules, &in, &out), 0);
    return out;
}

TEST(a_verdict_or_save_with_another_fence_is_stale_and_changes_nothing)
{
    for (int e = LIFE_DONE; e < LIFE_EVENTS; e++) {
        if (e >= LIFE_CLAIM && e != LIFE_SAVE && e != LIFE_STEP) continue;
        struct life l = standing(TASK_RUNNING), before = l;
        struct life_input in = {.event = (enum life_event)e, .now_ms = NOW, .fence = FENCE + 1};
        struct life_outcome out;
        CHECK_INT(life_step(&l, &rules, &in, &out), ERR_STALE);
        CHECK(same(&l, &before));
    }
}

TEST(a_task_starts_scheduled_when_its_time_is_to_come_and_pending_otherwise)
{
    struct life l = life_begin(&rules, 1, NOW + 1, NOW);
    CHECK_INT(l.state, TASK_SCHEDULED);
    CHECK_INT(l.due_at_ms, NOW + 1);
    CHECK_INT(l.rank, order_rank(5, NOW + 1));
    l = life_begin(&rules, 1, NOW, NOW);
    CHECK_INT(l.state, TASK_PENDING);
    CHECK_INT(l.due_at_ms, 0);
    CHECK_INT(l.rank, order_rank(5, NOW));
    CHECK_INT(l.run, 1);
}

TEST(a_failure_waits_its_backoff_and_the_last_allowed_one_ends)
{
    struct life l = standing(TASK_PENDING);
    for (int n = 1; n <= 3; n++) {
        step(&l, LIFE_CLAIM, NOW);
        CHECK_INT(l.attempt, n);
        struct life_outcome out = step(&l, LIFE_FAILED, NOW);
        CHECK_INT(l.failures, n);
        if (n == 3) {
            CHECK_INT(l.state, TASK_FAILED);
            CHECK(out.ended);
            CHECK_INT(out.failure, FAILURE_NONE);
            break;
        }
        CHECK_INT(l.state, TASK_SCHEDULED);
        CHECK_INT(l.due_at_ms, NOW + 1000);
        CHECK_INT(l.rank, order_rank(5, NOW + 1000));
        CHECK(strcmp(life_word(&l, NOW), "retrying") == 0);
        CHECK(strcmp(life_word(&l, NOW + 1000), "pending") == 0);
        CHECK(!step(&l, LIFE_DUE, NOW + 999).changed);
        CHECK(step(&l, LIFE_DUE, NOW + 1000).changed);
        CHECK_INT(l.state, TASK_PENDING);
    }
}

TEST(a_failure_that_is_not_retryable_ends_at_once_but_a_timeout_is_always_retryable)
{
    struct life l = standing(TASK_RUNNING);
    struct life_input in = {.event = LIFE_FAILED, .now_ms = NOW, .fence = FENCE, .retryable = false};
    struct life_outcome out;
    CHECK_INT(life_step(&l, &rules, &in, &out), 0);
    CHECK_INT(l.state, TASK_FAILED);
    l = standing(TASK_RUNNING);
    in.event = LIFE_TIMEOUT;
    CHECK_INT(life_step(&l, &rules, &in, &out), 0);
    CHECK_INT(l.state, TASK_SCHEDULED);
}

TEST(the_handlers_own_delay_goes_before_the_policy)
{
    struct life l = standing(TASK_RUNNING);
    struct life_input in = {.event = LIFE_FAILED, .now_ms = NOW, .fence = FENCE, .retryable = true, .retry_after_ms = 77};
    struct life_outcome out;
    CHECK_INT(life_step(&l, &rules, &in, &out), 0);
    CHECK_INT(l.due_at_ms, NOW + 77);
}

TEST(the_third_death_is_poison_whatever_the_failures)
{
    struct life l = standing(TASK_PENDING);
    for (int n = 1; n <= LIFE_DEATHS_MAX; n++) {
        step(&l, LIFE_CLAIM, NOW);
        struct life_outcome out = step(&l, LIFE_CRASHED, NOW);
        CHECK_INT(l.deaths, n);
        CHECK_INT(l.failures, 0);
        CHECK_INT(l.state, n == LIFE_DEATHS_MAX ? TASK_FAILED : TASK_SCHEDULED);
        CHECK_INT(out.failure, n == LIFE_DEATHS_MAX ? FAILURE_POISON : FAILURE_NONE);
        if (n < LIFE_DEATHS_MAX) step(&l, LIFE_DUE, NOW + 1000);
    }
}

TEST(release_loss_and_stop_keep_the_place_and_count_nothing)
{
    static const enum life_event events[] = {LIFE_LOST, LIFE_RELEASED, LIFE_STOPPED};
    for (int i = 0; i < 3; i++) {
        struct life l = standing(TASK_RUNNING);
        int64_t rank = l.rank;
        step(&l, events[i], NOW + 9000);
        CHECK_INT(l.state, TASK_PENDING);
        CHECK_INT(l.rank, rank);
        CHECK_INT(l.failures + l.deaths, 0);
        CHECK_INT(l.fence, 0);
        CHECK_INT(l.attempt, 1);
    }
}

TEST(an_attempt_that_could_not_be_started_was_never_made)
{
    struct life l = standing(TASK_PENDING), before = l;
    step(&l, LIFE_CLAIM, NOW);
    step(&l, LIFE_UNSTARTED, NOW + 9);
    CHECK_INT(l.state, TASK_PENDING);
    CHECK_INT(l.attempt, 0);
    CHECK_INT(l.rank, before.rank);
    l.start_by_ms = NOW; /* so it may still expire */
    CHECK(step(&l, LIFE_EXPIRE, NOW + 9).ended);
}

TEST(a_running_task_asked_to_stop_ends_with_its_attempt_and_a_result_wins)
{
    for (int e = LIFE_DONE; e < LIFE_CLAIM; e++) {
        struct life l = standing(TASK_RUNNING);
        CHECK(step(&l, LIFE_CANCEL, NOW).changed);
        CHECK_INT(l.state, TASK_RUNNING);
        CHECK(l.cancel_requested);
        CHECK(!step(&l, LIFE_CANCEL, NOW).changed);
        struct life_outcome out = step(&l, (enum life_event)e, NOW);
        CHECK_INT(l.state, e == LIFE_DONE ? TASK_COMPLETED : TASK_CANCELLED);
        CHECK_INT(out.failure, e == LIFE_DONE ? FAILURE_NONE : FAILURE_CANCELLED);
    }
}

TEST(a_task_expires_one_millisecond_after_its_last_moment_and_never_once_started)
{
    struct life_rules late = rules;
    late.start_by_ms = NOW;
    struct life l = life_begin(&late, 1, 0, NOW - 10);
    CHECK_INT(life_next_ms(&l), NOW + 1);
    CHECK(!step(&l, LIFE_EXPIRE, NOW).changed);
    struct life started = l;
    step(&started, LIFE_CLAIM, NOW);
    step(&started, LIFE_RELEASED, NOW + 5);
    CHECK(!step(&started, LIFE_EXPIRE, NOW + 5).changed);
    CHECK_INT(life_next_ms(&started), INT64_MAX);
    step(&started, LIFE_CLAIM, NOW + 5);
    struct life_input in = {.event = LIFE_CLAIM, .now_ms = NOW + 1, .fence = 1};
    struct life_outcome out;
    CHECK_INT(life_step(&l, &rules, &in, &out), ERR_CONFLICT);
    out = step(&l, LIFE_EXPIRE, NOW + 1);
    CHECK_INT(l.state, TASK_EXPIRED);
    CHECK_INT(out.failure, FAILURE_EXPIRED);
    CHECK_INT(life_begin(&late, 2, 0, NOW).start_by_ms, 0);
}

TEST(the_index_looks_again_at_due_or_at_start_by_whichever_is_first)
{
    struct life_rules late = rules;
    late.start_by_ms = NOW + 10;
    struct life l = life_begin(&late, 1, NOW + 100, NOW);
    CHECK_INT(life_next_ms(&l), NOW + 11);
    late.start_by_ms = NOW + 1000;
    l = life_begin(&late, 1, NOW + 100, NOW);
    CHECK_INT(life_next_ms(&l), NOW + 100);
    l = standing(TASK_RUNNING);
    CHECK_INT(life_next_ms(&l), INT64_MAX);
    l = standing(TASK_COMPLETED);
    CHECK_INT(life_next_ms(&l), INT64_MAX);
}

/* What must hold after each step of any sequence. */
static void check_bounds(const struct life *l, const struct life_rules *r)
{
    CHECK((l->fence != 0) == (l->state == TASK_RUNNING));
    if (l->leased) CHECK_INT(l->state, TASK_RUNNING);
    CHECK((l->due_at_ms != 0) == (l->state == TASK_SCHEDULED));
    CHECK(l->failures + l->deaths <= l->attempt);
    CHECK(l->failures <= r->max_attempts);
    CHECK(l->deaths <= LIFE_DEATHS_MAX);
    if (l->failures == r->max_attempts || l->deaths == LIFE_DEATHS_MAX) CHECK(state_is_ending(l->state));
    if (l->cancel_requested) CHECK(l->state == TASK_RUNNING || state_is_ending(l->state));
    CHECK_INT(order_priority(l->rank), r->priority);
}

static void check_step(const struct life *was, const struct life *is, const struct life_input *in,
                       const struct life_outcome *out)
{
    CHECK(out->changed == !same(was, is));
    if (state_is_ending(was->state) && in->event != LIFE_RETRY) CHECK(!out->changed);
    if (is->run != was->run) {
        CHECK_INT(in->event, LIFE_RETRY);
        CHECK(state_is_ending(was->state));
        CHECK_INT(is->run, was->run + 1);
        CHECK_INT(is->attempt + is->failures + is->deaths, 0);
        return;
    }
    CHECK_INT(is->attempt - was->attempt, in->event == LIFE_CLAIM ? 1 : in->event == LIFE_UNSTARTED ? -1 : 0);
    if (was->cancel_requested && was->state == TASK_RUNNING && is->state != TASK_RUNNING)
        CHECK_INT(is->state, in->event == LIFE_DONE ? TASK_COMPLETED : TASK_CANCELLED);
    bool innocent = (in->event >= LIFE_LOST && in->event <= LIFE_UNSTARTED) || (in->event == LIFE_CRASHED && in->shared);
    if (in->event == LIFE_STEP && !was->cancel_requested) CHECK(is->state == TASK_PENDING && is->failures == 0 && is->deaths == 0 && !is->alone);
    if (innocent || in->event == LIFE_CLAIM || in->event == LIFE_STEP) CHECK_INT(is->rank, was->rank);
    if (innocent) CHECK(is->failures == was->failures && is->deaths == was->deaths && (!state_is_ending(is->state) || was->cancel_requested));
    CHECK_INT(is->saved, !state_is_ending(is->state) && in->event != LIFE_RETRY && in->event != LIFE_STEP && (was->saved || in->event == LIFE_SAVE));
    if (state_is_ending(is->state)) CHECK(!is->alone);
    else if (is->alone != was->alone) CHECK_INT(is->alone, in->event == LIFE_CRASHED && in->shared);
    if (is->state == TASK_EXPIRED && was->state != TASK_EXPIRED) CHECK_INT(is->attempt, 0);
}

static void check_sequence(struct rng *rng)
{
    struct life_rules r = {.priority = (int32_t)rng_below(rng, 201) - 100,
                           .max_attempts = 1 + (int32_t)rng_below(rng, 5),
                           .start_by_ms = rng_below(rng, 2) ? NOW + (int64_t)rng_below(rng, 5000) : 0,
                           .retry = {RETRY_EXPONENTIAL, RETRY_JITTER_FULL, 100, 5000}};
    int64_t now_ms = NOW;
    struct life l = life_begin(&r, 1, rng_below(rng, 2) ? NOW + 500 : 0, now_ms);
    uint64_t fence = 0, last_fence = 0;
    for (int i = 0; i < 60; i++) {
        now_ms += (int64_t)rng_below(rng, 800);
        struct life was = l;
        struct life_input in = {.event = (enum life_event)rng_below(rng, LIFE_EVENTS),
                                .now_ms = now_ms,
                                .retryable = rng_below(rng, 4) > 0,
                                .shared = rng_below(rng, 2) > 0,
                                .leased = rng_below(rng, 2) > 0,
                                .chance = rng_next(rng)};
        bool own = rng_below(rng, 8) > 0;
        in.fence = in.event == LIFE_CLAIM ? ++fence : own ? l.fence : last_fence;
        struct life_outcome out;
        int err = life_step(&l, &r, &in, &out);
        bool is_verdict = in.event < LIFE_CLAIM || in.event == LIFE_STEP, has_fence = is_verdict || in.event == LIFE_SAVE;
        if (err) {
            CHECK(same(&was, &l));
            CHECK_INT(err, has_fence ? ERR_STALE : ERR_CONFLICT);
        } else {
            check_step(&was, &l, &in, &out);
            if (has_fence) CHECK(in.fence == was.fence && was.state == TASK_RUNNING);
            if (is_verdict) last_fence = was.fence;
        }
        check_bounds(&l, &r);
    }
}

TEST(another_priority_keeps_the_age_and_another_time_sets_it)
{
    struct life_rules urgent = rules;
    struct life_outcome out;
    struct life l = standing(TASK_PENDING);
    urgent.priority = 50;
    struct life_input in = {.event = LIFE_REPLAN, .now_ms = NOW};
    CHECK_INT(life_step(&l, &urgent, &in, &out), 0);
    CHECK_INT(l.rank, order_rank(50, NOW - 1000));
    in.run_at_ms = NOW + 5000;
    CHECK_INT(life_step(&l, &urgent, &in, &out), 0);
    CHECK_INT(l.state, TASK_SCHEDULED);
    CHECK_INT(l.due_at_ms, NOW + 5000);
    CHECK_INT(l.rank, order_rank(50, NOW + 5000));
    in.run_at_ms = 0;
    CHECK_INT(life_step(&l, &rules, &in, &out), 0);
    CHECK_INT(l.due_at_ms, NOW + 5000);
    CHECK_INT(l.rank, order_rank(5, NOW + 5000));
    in.run_at_ms = NOW - 5000; /* a time that has passed: at once, and no older than now */
    CHECK_INT(life_step(&l, &rules, &in, &out), 0);
    CHECK_INT(l.state, TASK_PENDING);
    CHECK_INT(l.due_at_ms, 0);
    CHECK_INT(l.rank, order_rank(5, NOW));
    in.run_at_ms = 0;
    CHECK_INT(life_step(&l, &rules, &in, &out), 0);
    CHECK(!out.changed && !out.ended);
}

TEST(since_when_it_could_run_is_kept_beside_a_rank_that_says_something_else)
{
    struct life_outcome out;
    struct life l = standing(TASK_PENDING);
    l.rank = order_rank(5, NOW + 77);
    struct life_rules urgent = rules;
    urgent.priority = 50;
    struct life_input in = {.event = LIFE_REPLAN, .now_ms = NOW};
    CHECK_INT(life_step(&l, &rules, &in, &out), 0);
    CHECK(!out.changed && l.rank == order_rank(5, NOW + 77)); /* nothing was asked for: it keeps its place */
    CHECK_INT(life_step(&l, &urgent, &in, &out), 0);
    CHECK(out.changed && l.rank == order_rank(50, NOW - 1000) && l.eligible_at_ms == NOW - 1000);
    in.run_at_ms = NOW + 5000;
    CHECK_INT(life_step(&l, &urgent, &in, &out), 0);
    CHECK_INT(l.eligible_at_ms, NOW + 5000);
}

TEST(another_time_that_the_order_cannot_tell_apart_is_a_change)
{
    int64_t end_ms = order_eligible_ms(order_rank(5, INT64_MAX));
    struct life l = standing(TASK_SCHEDULED);
    struct life_outcome out;
    struct life_input in = {.event = LIFE_REPLAN, .now_ms = NOW, .run_at_ms = end_ms + 1};
    CHECK_INT(life_step(&l, &rules, &in, &out), 0);
    in.run_at_ms = end_ms + 2;
    struct life before = l;
    CHECK_INT(life_step(&l, &rules, &in, &out), 0);
    CHECK_INT(l.rank, before.rank);
    CHECK_INT(l.due_at_ms, end_ms + 2);
    CHECK(out.changed);
}

TEST(along_any_sequence_of_events_the_promises_hold)
{
    struct rng_seeded rng;
    for (uint64_t seed = 1; seed <= 3000; seed++) {
        rng_seeded_init(&rng, seed);
        check_sequence(&rng.rng);
    }
}

TEST_MAIN
