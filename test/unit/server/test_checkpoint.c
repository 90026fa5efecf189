/* SPDX-License-Identifier: Apache-2.0
 *
 * What attempts save, on its way to the store and to the next attempt: at most one a second, the last one, and not lost
 * with an attempt that is tried again, whatever the store does. A worker saves a new number four times: after each
 * quarter of its time.
 */
#include "server_rig.h"

#define SAVES ",\"progress\":3,\"save\":1"

static int saves(void) { return sim->store.n[STORE_SAVE]; }

/* What the attempt under way was given. */
static int64_t given(void)
{
    LIST_EACH(l, &sim->processes.alive)
    {
        const struct sim_process *p = CONTAINER_OF(l, struct sim_process, link);
        if (!list_empty(&p->works)) return CONTAINER_OF(p->works.next, struct sim_work, link)->resume;
    }
    return -1;
}

static void ignore(struct store_req *r) { (void)r; }

static struct store_history *history(const struct sim_task *t)
{
    static struct store_history h;
    store_release(&h.req);
    h = (struct store_history){.id = t->body.id, .limit = 10};
    store_history(sim->store.inner, &h, ignore, NULL);
    sim_run(sim);
    CHECK_INT(h.found, 0);
    return &h;
}

TEST(the_first_is_stored_at_once_and_of_those_of_a_second_only_the_last)
{
    rig_open();
    struct sim_task *t = RUNNING(.ms = 1600, .more = SAVES);
    sim_pass(sim, 400);
    CHECK_INT(saves(), 1);
    CHECK_INT(history(t)->save.bytes, 1);
    sim_pass(sim, 999); /* 2 and 3 are said at 800 and 1200 */
    CHECK_INT(saves(), 1);
    sim_pass(sim, 1);
    CHECK_INT(saves(), 2);
    CHECK_INT(history(t)->save.at_ms, SIM_START_MS + 1000 + 1200);
    sim_pass(sim, 5000);
    CHECK_INT(saves(), 2); /* what is said just before a success is of no use to anybody */
    CHECK_TASK(t, "completed");
    CHECK_INT(history(t)->save.attempt, 0);
    RIG_CLOSE();
}

TEST(a_process_that_says_nothing_new_costs_the_store_nothing)
{
    rig_open();
    (void)RUNNING(.ms = 40000, .more = SAVES);
    sim_pass(sim, 60000);
    CHECK_INT(saves(), 4);
    CHECK_INT(sim->server.run_by_id.n, 0);
    RIG_CLOSE();
}

TEST(what_was_saved_just_before_a_crash_is_given_to_the_next_attempt)
{
    static const char *const types[] = {"transcribe", "convert"};
    for (int i = 0; i < 2; i++) {
        rig_open();
        struct sim_task *t = RUNNING(.type = types[i], .plan = "crash hang", .ms = 4000, .retry_ms = 1000, .more = SAVES);
        sim_pass(sim, 8000);
        CHECK_TASK(t, "running");
        CHECK_INT(rig_look(t)->life.attempt, 2);
        CHECK_INT(given(), 4);
        const struct store_history *h = history(t);
        CHECK(h->n_attempts == 1 && h->attempts[0].attempt.saved_bytes == 1 && h->attempts[0].attempt.resumed_from == 0);
        CHECK_INT(h->attempts[0].attempt.saved_at_ms, h->attempts[0].attempt.finished_at_ms);
        (void)rig_cancel(t);
        sim_pass(sim, 60000);
        CHECK_INT(history(t)->attempts[0].attempt.resumed_from, 1);
        RIG_CLOSE();
    }
}

TEST(another_run_begins_without)
{
    rig_open();
    struct sim_task *t = RUNNING(.plan = "fatal hang", .ms = 1000, .more = SAVES);
    sim_pass(sim, 2000);
    CHECK_TASK(t, "failed");
    (void)sim_retry(&sim->client, t);
    sim_pass(sim, 10);
    CHECK_TASK(t, "running");
    CHECK_INT(given(), 0);
    RIG_CLOSE();
}

TEST(a_store_that_is_away_is_asked_again_each_second_with_the_newest)
{
    rig_open();
    sim->store.rules[STORE_SAVE].fail_next = 5;
    struct sim_task *t = RUNNING(.plan = "done", .ms = 3000, .more = ",\"progress\":1,\"save\":1");
    sim_pass(sim, 2900); /* said at 1500; failed then and at 2500 */
    CHECK_INT(saves(), 2);
    CHECK_INT(history(t)->save.attempt, 0);
    RIG_CLOSE();

    rig_open();
    sim->store.rules[STORE_SAVE].fail_next = 2;
    t = RUNNING(.plan = "hang", .ms = 3000, .more = SAVES);
    sim_pass(sim, 2751); /* said at 750, 1500, 2250; failed at 750 and 1750, the third there at 2750 */
    CHECK_INT(saves(), 3);
    CHECK_INT(history(t)->save.at_ms, SIM_START_MS + 1000 + 2250);
    RIG_CLOSE();
}

TEST(one_that_the_store_has_not_answered_goes_with_the_verdict_and_comes_too_late_by_itself)
{
    for (int out = 0; out <= 1; out++) { /* not stored yet; stored, and the answer is on its way */
        rig_open();
        *(out ? &sim->store.rules[STORE_SAVE].out_ms : &sim->store.rules[STORE_SAVE].in_ms) = 20000;
        struct sim_task *t = RUNNING(.plan = "crash hang", .ms = 400, .retry_ms = 1000, .more = SAVES);
        sim_pass(sim, 5000);
        CHECK_INT(rig_look(t)->life.attempt, 2);
        CHECK_INT(given(), 4);
        CHECK_INT(history(t)->save.attempt, out ? 2 : 1);
        sim_pass(sim, 60000); /* the first one's was too late, the second one's is there */
        CHECK_INT(history(t)->save.attempt, 2);
        RIG_CLOSE();
    }
}

TEST_MAIN
