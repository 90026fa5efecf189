/* SPDX-License-Identifier: Apache-2.0
 *
 * Queues with a rate: when their tasks start, what a token is kept for and what gives it back, who is not held up.
 */
#include "server_rig.h"
#include "server/waiting_on.h"

static struct config_queue queues[3];
static struct config_type types[] = {{.name = "transcribe", .worker = "speech"}, {.name = "convert"},
                                     {.name = "label", .worker = "speech", .queue = "free"}, {.name = "render", .queue = "free"}};
static struct worker_pool_conf pool[1];

static void open_with(struct rate rate, int64_t keep_alive_ms)
{
    queues[0] = (struct config_queue){.name = "default", .concurrency = 20, .rate = rate};
    queues[1] = (struct config_queue){.name = "free", .concurrency = 20};
    pool[0] = rig_pools[0];
    pool[0].keep_alive_ms = keep_alive_ms;
    pool[0].instances = 1;
    struct sim_conf conf = {.seed = 3, .queues = queues, .n_queues = 2, .pools = pool, .n_pools = 1, .types = types, .n_types = N(types)};
    sim = sim_open(&conf);
}

static struct queue *limited(void) { return rig_queue("default"); }
static int started(void) { return sim->processes.runs; }

static void submit_some(int n)
{
    for (int i = 0; i < n; i++) SUBMIT(.type = "convert", .ms = 5);
}

static void set_rate(struct rate rate)
{
    queue_set(limited(), STORE_QUEUE_RATE, &(struct store_queue_set){.rate = rate});
    rate = limited()->rate;
    sim_history_add(&sim->history, (struct fact){.kind = FACT_LIMIT, .queue = "default", .concurrency = 20, .rate = rate.n,
                                                 .burst = rate.burst, .per_ms = rate.per_ms});
    dispatch_soon(&sim->server.dispatch);
    sim_run(sim);
}

TEST(tasks_start_as_their_tokens_come)
{
    open_with((struct rate){10, 3, 1000}, 600000);
    submit_some(6);
    CHECK_INT(started(), 1);
    for (int n = 2; n <= 6; n++) {
        sim_pass(sim, 99);
        CHECK_INT(started(), n - 1);
        sim_pass(sim, 1);
        CHECK_INT(started(), n);
    }
    CHECK_INT(limited()->coming, 0);
    RIG_CLOSE();
}

TEST(after_a_rest_a_burst_starts_together_and_no_more)
{
    open_with((struct rate){10, 3, 1000}, 600000);
    sim_pass(sim, 100000);
    submit_some(6);
    CHECK_INT(started(), 3);
    sim_pass(sim, 100);
    CHECK_INT(started(), 4);
    RIG_CLOSE();
}

TEST(who_waits_for_a_token_says_so_and_nobody_looks_before_it_is_due)
{
    char detail[WAITING_ON_DETAIL];
    open_with((struct rate){1, 1, 3600000}, 600000);
    submit_some(1);
    struct sim_task *t = SUBMIT(.type = "convert");
    CHECK_STR(str_of(waiting_on_reason(&sim->server, rig_look(t), detail)), "rate");
    CHECK_STR(str_of(detail), "queue default: 1/h");
    sim_pass(sim, 1000);
    CHECK(timer_is_set(&sim->server.dispatch.again));
    CHECK_INT(sim->server.dispatch.again.due_at_ms - sim->mono_ms, 3599000);
    sim_pass(sim, 3598999);
    CHECK_INT(started(), 1);
    sim_pass(sim, 1);
    CHECK_INT(started(), 2);
    CHECK(!timer_is_set(&sim->server.dispatch.again));
    RIG_CLOSE();
}

TEST(a_queue_with_a_rate_holds_up_no_other)
{
    open_with((struct rate){1, 1, 3600000}, 600000);
    submit_some(5);
    struct sim_task *other = SUBMIT(.type = "render", .ms = 5);
    sim_pass(sim, 10);
    CHECK_TASK(other, "completed");
    SUBMIT(.ms = 5);
    other = SUBMIT(.type = "label", .ms = 5); /* behind one that waits for a token, of the same pool */
    sim_pass(sim, 2000);
    CHECK_TASK(other, "completed");
    CHECK_INT(started(), 3);
    RIG_CLOSE();
}

TEST(a_batch_takes_a_token_for_each_of_its_tasks)
{
    open_with((struct rate){10, 3, 1000}, 600000);
    sim->processes.max_batch = 4;
    for (int i = 0; i < 8; i++) SUBMIT(.ms = 1000);
    sim_pass(sim, 1500); /* the model is loaded, and the bucket is full */
    CHECK(started() == 3 && sim->processes.batches == 1);
    sim_pass(sim, 1000);
    CHECK(started() == 6 && sim->processes.batches == 2);
    sim_pass(sim, 1000);
    CHECK(started() == 8 && sim->processes.batches == 3);
    RIG_CLOSE();
}

TEST(a_claim_keeps_tokens_and_one_that_brings_fewer_or_fails_leaves_them)
{
    open_with((struct rate){1, 3, 60000}, 600000);
    sim_pass(sim, 300000);
    sim->store.rules[STORE_CLAIM].in_ms = 50;
    struct sim_task *t[3];
    for (int i = 0; i < 3; i++) t[i] = SUBMIT(.type = "convert", .ms = 5);
    CHECK(limited()->coming >= 1);
    rig_cancel(t[0]);
    rig_cancel(t[1]);
    sim->store.rules[STORE_CLAIM].fail_next = 1;
    sim_pass(sim, 2000);
    CHECK_TASK(t[2], "completed");
    CHECK_INT(limited()->coming, 0);
    sim->store.rules[STORE_CLAIM].in_ms = 0;
    submit_some(3);
    CHECK_INT(started(), 3); /* of three tokens one was taken */
    RIG_CLOSE();
}

TEST(one_that_goes_back_before_it_has_started_leaves_its_token)
{
    open_with((struct rate){1, 12, 3600000}, 600000);
    sim_pass(sim, INT64_C(50) * 3600 * 1000);
    for (int i = 0; i < 8; i++) SUBMIT(.ms = 1); /* short ones: the next will be claimed ahead */
    sim_pass(sim, 1500);
    struct sim_task *slow = SUBMIT(.ms = 10000), *behind = SUBMIT(.ms = 1);
    CHECK_TASK(behind, "running");
    CHECK_INT(limited()->coming, 1);
    sim_pass(sim, 200);
    CHECK_TASK(slow, "running");
    CHECK_TASK(behind, "pending");
    CHECK_INT(limited()->coming, 0);
    CHECK_INT(rate_tokens(&limited()->bucket, sim->mono_ms), 3);
    RIG_CLOSE();
}

TEST(a_jump_of_the_wall_clock_brings_no_token_and_takes_none)
{
    open_with((struct rate){1, 5, 60000}, 600000);
    submit_some(4);
    sim_wall_jump(sim, INT64_C(86400000));
    sim_run(sim);
    CHECK_INT(started(), 1);
    sim_wall_jump(sim, INT64_C(-172800000));
    sim_pass(sim, 60000);
    CHECK_INT(started(), 2);
    RIG_CLOSE();
}

TEST(what_is_set_counts_from_now_on_and_no_limit_is_none)
{
    open_with((struct rate){1, 1, 3600000}, 600000);
    submit_some(9);
    sim_pass(sim, 1800000);
    CHECK_INT(started(), 1);
    set_rate((struct rate){10, 10, 1000}); /* half a token was there; the half hour counts at the rate of then */
    CHECK_INT(started(), 1);
    sim_pass(sim, 50);
    CHECK_INT(started(), 2);
    set_rate((struct rate){0});
    CHECK_INT(started(), 9);
    set_rate((struct rate){.n = -1}); /* as configured: a bucket with one */
    submit_some(2);
    CHECK_INT(started(), 10);
    RIG_CLOSE();
}

TEST(a_pool_is_told_of_no_more_than_there_are_tokens_for_and_of_one_that_comes_at_once)
{
    open_with((struct rate){1, 1, 60000}, 0);
    for (int i = 0; i < 3; i++) SUBMIT(.ms = 10);
    CHECK_INT(sim->processes.started, 1);
    sim_pass(sim, 30000);
    CHECK_INT(started(), 1);
    CHECK_INT(sim_process_count(&sim->processes), 0); /* it was not kept for a minute */
    sim_pass(sim, 40000);
    CHECK(sim->processes.started == 2 && started() == 2);
    set_rate((struct rate){10, 1, 1000});
    for (int i = 0; i < 8; i++) SUBMIT(.ms = 10);
    sim_pass(sim, 5000);
    CHECK_INT(started(), 11);
    CHECK_INT(sim->processes.started, 3); /* between tokens that come so fast it stays */
    RIG_CLOSE();
}

TEST(a_paused_queue_keeps_its_tokens_and_fills_its_bucket)
{
    open_with((struct rate){10, 4, 1000}, 600000);
    queue_set(limited(), STORE_QUEUE_PAUSED, &(struct store_queue_set){.paused = true});
    submit_some(9);
    sim_pass(sim, 1000);
    CHECK_INT(started(), 0);
    CHECK(!timer_is_set(&sim->server.dispatch.again));
    queue_set(limited(), STORE_QUEUE_PAUSED, &(struct store_queue_set){0});
    dispatch_soon(&sim->server.dispatch);
    sim_run(sim);
    CHECK_INT(started(), 4);
    RIG_CLOSE();
}

TEST_MAIN
