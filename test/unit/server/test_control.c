/* SPDX-License-Identifier: Apache-2.0
 *
 * Cancel and retry by verb, in every state a task can be in, with all that follows: the attempt is stopped, waiters
 * are told, metrics count.
 */
#include "server_rig.h"

static struct sim_control *retry(struct sim_task *t)
{
    struct sim_control *m = sim_retry(&sim->client, t);
    sim_run(sim);
    return m;
}

static uint64_t counted(enum task_state ending)
{
    uint64_t n = 0;
    size_t at = 0;
    for (struct map_entry *e; (e = map_next(&sim->server.metrics.lanes, &at));)
        n += ((struct metrics_lane *)e->value)->ended[ending];
    return n;
}

TEST(a_task_that_waits_is_cancelled_at_once_and_never_starts)
{
    rig_open();
    struct sim_task *t = SUBMIT(.ms = 10), *later = SUBMIT(.type = "convert", .delay_ms = 1000);
    struct sim_control *m = rig_cancel(t);
    CHECK(m->answered && m->control.one.changed && m->control.one.ended);
    CHECK_INT(m->control.one.err, 0);
    CHECK_TASK(t, "cancelled");
    CHECK_CODE(t, "cancelled");
    CHECK_INT(t->told, 1);
    rig_cancel(later);
    sim_pass(sim, 60000);
    CHECK_TASK(later, "cancelled");
    CHECK_INT(sim->processes.runs, 0);
    CHECK_INT(counted(TASK_CANCELLED), 2);
    RIG_CLOSE();
}

TEST(a_running_task_is_asked_to_stop_and_ends_cancelled_when_it_has)
{
    rig_open();
    struct sim_task *t = SUBMIT(.plan = "hang");
    sim_pass(sim, 2000);
    struct sim_control *m = rig_cancel(t);
    CHECK(m->control.one.changed && !m->control.one.ended);
    CHECK_TASK(t, "running");
    CHECK(rig_look(t)->life.cancel_requested);
    CHECK_INT(t->told, 0);
    sim_pass(sim, 10);
    CHECK_TASK(t, "cancelled");
    CHECK_INT(t->told, 1);
    CHECK_INT(sim->processes.cancels, 1);
    CHECK_INT(sim_process_count(&sim->processes), 1); /* its process lives on */
    RIG_CLOSE();
}

TEST(a_cancel_asked_again_asks_the_worker_once)
{
    rig_open();
    struct sim_task *t = SUBMIT(.plan = "heedless", .ms = 9000, .grace_ms = 30000);
    sim_pass(sim, 2000);
    rig_cancel(t);
    struct sim_control *m = rig_cancel(t);
    CHECK(!m->control.one.changed && m->control.one.err == 0);
    CHECK_INT(sim->processes.cancels, 1);
    sim_pass(sim, 10000);
    CHECK_TASK(t, "completed"); /* it finished before its grace was over: done wins */
    CHECK_INT(t->told, 1);
    RIG_CLOSE();
}

TEST(whatever_a_cancelled_worker_does_it_is_over_within_its_grace)
{
    rig_open();
    const char *plans[] = {"hang", "deaf", "stubborn", "heedless", "crash", "junk"};
    for (size_t i = 0; i < N(plans); i++) {
        struct sim_task *t = SUBMIT(.plan = plans[i], .ms = 600000, .grace_ms = 4000);
        struct sim_task *e = SUBMIT(.type = "convert", .plan = plans[i], .ms = 600000, .grace_ms = 4000);
        while (rig_busy() < 2) sim_pass(sim, 100);
        rig_cancel(t);
        rig_cancel(e);
        sim_pass(sim, 4001);
        CHECK_TASK(t, "cancelled");
        CHECK_TASK(e, "cancelled");
        CHECK_INT(rig_busy(), 0);
    }
    RIG_CLOSE();
}

TEST(a_crash_or_failure_of_a_cancelled_attempt_ends_the_task_cancelled)
{
    rig_open();
    const char *plans[] = {"crash", "fail", "junk"};
    for (size_t i = 0; i < N(plans); i++) {
        sim->processes.obey_ms = 5000; /* slower than what happens to it */
        struct sim_task *t = SUBMIT(.type = "convert", .plan = "stubborn", .ms = 1000);
        struct sim_task *w = SUBMIT(.plan = plans[i], .ms = 1000);
        while (rig_busy() < 2) sim_pass(sim, 100);
        rig_cancel(t);
        rig_cancel(w);
        sim_pass(sim, 20000);
        CHECK_TASK(t, "cancelled");
        CHECK_TASK(w, "cancelled");
        CHECK_INT(w->told, 1);
    }
    RIG_CLOSE();
}

/* The store knows of the cancel, and the attempt is not yet known here. */
TEST(a_cancel_that_meets_a_claim_on_its_way_stops_the_attempt)
{
    rig_open();
    sim->store.lag_ms = 100;
    struct sim_task *t = sim_submit(&sim->client, &(struct sim_ask){.type = "convert", .plan = "hang"});
    sim_pass(sim, 150); /* claimed by the store; the answer is under way */
    CHECK_INT(sim->server.dispatch.claims, 1);
    struct sim_control *m = rig_cancel(t);
    sim_pass(sim, 1000);
    CHECK(m->answered && m->control.one.changed && !m->control.one.ended);
    CHECK_TASK(t, "cancelled");
    CHECK_INT(t->told, 1);
    RIG_CLOSE();
}

TEST(a_cancel_that_comes_first_leaves_the_claim_empty)
{
    rig_open();
    sim->store.rules[STORE_CLAIM].in_ms = 100;
    struct sim_task *t = SUBMIT(.type = "convert", .plan = "hang");
    rig_cancel(t);
    CHECK_TASK(t, "cancelled");
    sim_pass(sim, 1000);
    CHECK_INT(sim->processes.started, 0);
    CHECK_INT(rig_queue("default")->running, 0);
    RIG_CLOSE();
}

TEST(a_cancel_while_the_verdict_is_not_committed_changes_nothing_that_happened)
{
    rig_open();
    struct sim_task *done = SUBMIT(.type = "convert", .ms = 10), *failed = SUBMIT(.type = "convert", .plan = "fail", .ms = 10);
    sim->store.rules[STORE_SETTLE].fail_next = 4;
    sim_pass(sim, 20);
    struct sim_control *a = rig_cancel(done), *b = rig_cancel(failed);
    CHECK(a->control.one.changed && b->control.one.changed);
    sim_pass(sim, 10000);
    CHECK_TASK(done, "completed");
    CHECK_TASK(failed, "cancelled");
    CHECK_INT(done->told + failed->told, 2);
    CHECK_INT(sim->processes.terms, 0);
    RIG_CLOSE();
}

TEST(an_ended_task_is_not_cancelled)
{
    rig_open();
    struct sim_task *t = SUBMIT(.type = "convert");
    sim_pass(sim, 10);
    struct sim_control *m = rig_cancel(t);
    CHECK_INT(m->control.one.err, 0);
    CHECK(!m->control.one.changed && !m->control.one.ended);
    CHECK_TASK(t, "completed");
    CHECK_INT(t->told, 1);
    RIG_CLOSE();
}

TEST(an_unknown_task_is_not_found)
{
    rig_open();
    struct sim_task none = {.client = &sim->client, .body = {.id = {{9}}, .queue = STR("default")}};
    struct sim_control *m = rig_cancel(&none);
    CHECK_INT(m->control.one.err, ERR_NOT_FOUND);
    m = retry(&none);
    CHECK_INT(m->control.one.err, ERR_NOT_FOUND);
    RIG_CLOSE();
}

TEST(a_retry_opens_another_run_with_an_ending_of_its_own)
{
    rig_open();
    struct sim_task *t = SUBMIT(.type = "convert", .plan = "fatal");
    sim_pass(sim, 10);
    CHECK_TASK(t, "failed");
    CHECK_INT(t->told, 1);
    struct sim_control *m = retry(t);
    CHECK(m->control.one.changed && m->control.one.err == 0);
    CHECK_INT(m->control.one.life.run, 2);
    sim_pass(sim, 10);
    CHECK_TASK(t, "failed");
    CHECK_INT(rig_look(t)->life.run, 2);
    CHECK_INT(rig_look(t)->life.attempt, 1);
    CHECK_INT(t->told, 2);
    CHECK_INT(counted(TASK_FAILED), 2);
    RIG_CLOSE();
}

TEST(a_retry_of_a_task_that_has_not_ended_is_a_conflict)
{
    rig_open();
    struct sim_task *waits = SUBMIT(), *runs = SUBMIT(.type = "convert", .ms = 1000);
    struct sim_control *a = retry(waits), *b = retry(runs);
    CHECK_INT(a->control.one.err, ERR_CONFLICT);
    CHECK_INT(b->control.one.err, ERR_CONFLICT);
    CHECK_INT(waits->told + runs->told, 0);
    sim_pass(sim, 5000);
    CHECK_INT(waits->told + runs->told, 2);
    RIG_CLOSE();
}

TEST(a_retry_may_come_at_the_moment_of_the_ending)
{
    rig_open();
    sim->store.lag_ms = 50;
    struct sim_task *t = sim_submit(&sim->client, &(struct sim_ask){.type = "convert", .ms = 10});
    while (sim_check_task(&sim->check, t->number)->state != TASK_COMPLETED) sim_pass(sim, 1); /* in the store; the run has not heard it */
    CHECK_INT(t->told, 0);
    sim_retry(&sim->client, t);
    sim_pass(sim, 1000);
    CHECK_INT(rig_look(t)->life.run, 2);
    CHECK_TASK(t, "completed");
    CHECK_INT(t->told, 2);
    CHECK_INT(sim->server.run_by_id.n, 0);
    RIG_CLOSE();
}

TEST(a_store_that_is_away_answers_a_control_with_its_error)
{
    rig_open();
    struct sim_task *t = SUBMIT(.plan = "hang");
    sim_pass(sim, 2000);
    sim->store.rules[STORE_CONTROL].fail_next = 1;
    struct sim_control *m = rig_cancel(t);
    CHECK(m->answered);
    CHECK_INT(m->control.store.req.err, ERR_STORE);
    sim_pass(sim, 10000);
    CHECK_TASK(t, "running"); /* it was not cancelled */
    CHECK_INT(sim->processes.cancels, 0);
    rig_cancel(t);
    sim_pass(sim, 10000);
    CHECK_TASK(t, "cancelled");
    RIG_CLOSE();
}

TEST_MAIN
