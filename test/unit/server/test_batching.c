/* SPDX-License-Identifier: Apache-2.0
 *
 * Batches as the server forms them: what goes together, when, at whose cost, and what a crash of one means.
 */
#include "server/ahead.h"
#include "server_rig.h"

static struct config_queue queues[] = {{.name = "default", .concurrency = 1}, {.name = "wide", .concurrency = 40}};
static struct worker_pool_conf pools[1];
static struct config_type types[] = {{.name = "transcribe", .worker = "speech"}, {.name = "label", .worker = "speech"},
                                     {.name = "draw", .worker = "speech", .queue = "wide"}};

static void open_with(int instances, int max_batch, struct worker_batch_conf batch)
{
    pools[0] = (struct worker_pool_conf){
        .name = "speech", .command = sim_worker_command, .instances = instances, .keep_alive_ms = 600000, .batch = batch};
    struct sim_conf conf = {.seed = 11, .queues = queues, .n_queues = N(queues), .pools = pools, .n_pools = 1, .types = types, .n_types = N(types)};
    sim = sim_open(&conf);
    sim->processes.max_batch = max_batch;
}

/* The process is busy with one task for 10 s. */
static struct sim_task *open_busy(int max_batch, struct worker_batch_conf batch)
{
    open_with(1, max_batch, batch);
    return RUNNING(.ms = 10000);
}

static int64_t batches(void) { return sim->processes.batches; }
static const struct run *run_of(const struct sim_task *t) { return server_run(&sim->server, &t->body.id); }
static int size_of(const struct sim_task *t) { return run_of(t) && run_of(t)->batch ? run_of(t)->batch->size : 0; }

TEST(what_waits_is_one_batch_when_the_process_is_free)
{
    open_busy(4, (struct worker_batch_conf){0});
    struct sim_task *t[6];
    for (int i = 0; i < 6; i++) t[i] = SUBMIT(.ms = 1000);
    sim_pass(sim, 10000);
    for (int i = 0; i < 4; i++) CHECK_INT(size_of(t[i]), 4); /* in order, to its brim */
    CHECK_TASK(t[4], "pending");
    CHECK_INT(rig_queue("default")->running, 1); /* one place, whatever its size */
    sim_pass(sim, 1000);
    CHECK_INT(size_of(t[4]), 2);
    CHECK_INT(size_of(t[5]), 2);
    sim_pass(sim, 1000);
    CHECK_INT(sim->check.endings[TASK_COMPLETED], 7);
    CHECK_INT(batches(), 3);
    CHECK_INT(rig_queue("default")->running + sim->server.roster.posts[0].reserved, 0);
    RIG_CLOSE();
}

/* More lanes than there will ever be places: whichever has the head that comes first is next, and the rest of it goes along. */
TEST(of_hundreds_of_batch_keys_the_one_with_the_best_head_is_next)
{
    enum { KEYS = 300 };
    static char keys[KEYS][8];
    struct sim_task *first[KEYS], *second[KEYS];
    open_busy(4, (struct worker_batch_conf){0});
    for (int i = 0; i < KEYS; i++) {
        snprintf(keys[i], sizeof keys[i], "k%d", i);
        first[i] = SUBMIT(.ms = 1000, .batch_key = keys[i], .priority = 1 + i * 7 % 100);
    }
    for (int i = 0; i < KEYS; i++) second[i] = SUBMIT(.ms = 1000, .batch_key = keys[i]);
    sim_pass(sim, 10000);
    for (int64_t last = INT64_MIN; sim->check.endings[TASK_COMPLETED] < 1 + 2 * KEYS;) {
        int at = 0;
        while (at < KEYS && size_of(first[at]) == 0) at++;
        CHECK(at < KEYS && run_of(first[at])->life.rank >= last);
        last = run_of(first[at])->life.rank;
        CHECK_INT(size_of(first[at]), 2);
        CHECK_INT(size_of(second[at]), 2);
        sim_pass(sim, 1000);
    }
    CHECK_INT(batches(), 1 + KEYS);
    RIG_CLOSE();
}

TEST(a_free_process_waits_for_nobody)
{
    open_with(1, 8, (struct worker_batch_conf){0});
    struct sim_task *first = RUNNING(.ms = 100);
    CHECK_INT(size_of(first), 1);
    sim_pass(sim, 100);
    struct sim_task *next = SUBMIT(.ms = 100);
    CHECK_INT(size_of(next), 1);
    RIG_CLOSE();
}

TEST(only_tasks_of_one_type_go_together)
{
    open_busy(8, (struct worker_batch_conf){0});
    struct sim_task *a = SUBMIT(.ms = 1000), *b = SUBMIT(.type = "label", .ms = 1000), *c = SUBMIT(.ms = 1000);
    sim_pass(sim, 10000);
    CHECK_INT(size_of(a), 2);
    CHECK_INT(size_of(c), 2);
    CHECK_TASK(b, "pending");
    sim_pass(sim, 1000);
    CHECK_INT(size_of(b), 1);
    RIG_CLOSE();
}

TEST(only_tasks_with_the_same_batch_key_go_together)
{
    open_busy(8, (struct worker_batch_conf){0});
    struct sim_task *a = SUBMIT(.ms = 1000, .batch_key = "zh"), *b = SUBMIT(.ms = 1000, .batch_key = "en"),
                    *c = SUBMIT(.ms = 1000, .batch_key = "zh"), *d = SUBMIT(.ms = 1000);
    sim_pass(sim, 10000);
    CHECK_INT(size_of(a), 2);
    CHECK_INT(size_of(c), 2);
    sim_pass(sim, 1000);
    CHECK_INT(size_of(b), 1);
    sim_pass(sim, 1000);
    CHECK_INT(size_of(d), 1);
    struct buf b_text;
    buf_init(&b_text, 1 << 20);
    metrics_write(&sim->server.metrics, &b_text);
    CHECK(strstr(b_text.p, "bide_batch_key_misses_total{queue=\"default\",type=\"transcribe\"} 2\n")); /* not the first, nor the last */
    CHECK(strstr(b_text.p, "bide_batch_size_count{queue=\"default\",type=\"transcribe\"} 4\n"));
    CHECK(strstr(b_text.p, "bide_batch_size_sum{queue=\"default\",type=\"transcribe\"} 5\n"));
    buf_release(&b_text);
    RIG_CLOSE();
}

/* The best head begins the batch, and it is filled from its lane though another lane has better ones than those. */
TEST(the_best_head_begins_and_its_lane_fills)
{
    open_busy(4, (struct worker_batch_conf){0});
    struct sim_task *low = SUBMIT(.ms = 1000, .priority = -5), *middle = SUBMIT(.type = "label", .ms = 1000),
                    *high = SUBMIT(.ms = 1000, .priority = 5);
    sim_pass(sim, 10000);
    CHECK_INT(size_of(high), 2);
    CHECK_INT(size_of(low), 2);
    CHECK_TASK(middle, "pending");
    RIG_CLOSE();
}

TEST(two_processes_share_what_waits)
{
    open_with(2, 4, (struct worker_batch_conf){0});
    struct sim_task *t[6], *busy[2];
    busy[0] = RUNNING(.type = "draw", .ms = 10000);
    busy[1] = RUNNING(.type = "draw", .ms = 9000);
    CHECK_INT(rig_busy(), 2);
    for (int i = 0; i < 6; i++) t[i] = SUBMIT(.type = "draw", .ms = 1000);
    sim_pass(sim, 9500);
    CHECK_TASK(busy[0], "completed");
    CHECK_TASK(busy[1], "completed");
    CHECK_INT(size_of(t[0]), 4);
    CHECK_INT(size_of(t[5]), 2);
    RIG_CLOSE();
}

TEST(a_batch_that_is_not_full_waits_as_long_as_it_may)
{
    open_with(1, 4, (struct worker_batch_conf){.delay_ms = 50});
    (void)RUNNING(.ms = 1);
    sim_pass(sim, 1000);
    struct sim_task *a = SUBMIT(.ms = 1000);
    sim_pass(sim, 30);
    CHECK_TASK(a, "pending");
    struct sim_task *b = SUBMIT(.ms = 1000);
    sim_pass(sim, 19);
    CHECK_TASK(b, "pending");
    sim_pass(sim, 1); /* of the oldest */
    CHECK_INT(size_of(a), 2);
    CHECK_INT(size_of(b), 2);
    sim_pass(sim, 1000);
    struct buf text;
    buf_init(&text, 1 << 20);
    metrics_write(&sim->server.metrics, &text);
    CHECK(strstr(text.p, "bide_batch_fill_seconds_sum{queue=\"default\",type=\"transcribe\"} 0.05\n"));
    buf_release(&text);
    RIG_CLOSE();
}

TEST(a_full_batch_waits_no_longer)
{
    open_with(1, 3, (struct worker_batch_conf){.delay_ms = 5000});
    (void)rig_submit(&(struct sim_ask){.ms = 1});
    sim_pass(sim, 7000);
    struct sim_task *t[3];
    for (int i = 0; i < 3; i++) t[i] = SUBMIT(.ms = 1000);
    CHECK_INT(size_of(t[2]), 3);
    RIG_CLOSE();
}

/* Its delay is over long before the process is free: nothing more is waited for. */
TEST(the_delay_counts_while_there_is_no_room)
{
    open_busy(4, (struct worker_batch_conf){.delay_ms = 500});
    struct sim_task *a = SUBMIT(.ms = 1000);
    sim_pass(sim, 10000);
    CHECK_TASK(a, "running");
    RIG_CLOSE();
}

TEST(a_worse_one_does_not_take_the_process_from_a_batch_that_gathers)
{
    open_with(1, 4, (struct worker_batch_conf){.delay_ms = 50});
    (void)RUNNING(.ms = 1);
    sim_pass(sim, 1000);
    struct sim_task *high = SUBMIT(.ms = 1000, .priority = 5);
    sim_pass(sim, 10);
    struct sim_task *low[4];
    for (int i = 0; i < 4; i++) low[i] = SUBMIT(.type = "label", .ms = 1000); /* full at once */
    sim_pass(sim, 40);
    CHECK_TASK(high, "running");
    CHECK_TASK(low[0], "pending");
    sim_pass(sim, 1000);
    CHECK_INT(size_of(low[3]), 4);
    RIG_CLOSE();
}

TEST(a_better_one_goes_before_a_batch_that_gathers)
{
    open_with(1, 4, (struct worker_batch_conf){.delay_ms = 50});
    (void)RUNNING(.ms = 1);
    sim_pass(sim, 1000);
    struct sim_task *low = SUBMIT(.ms = 1000), *high[4];
    for (int i = 0; i < 4; i++) high[i] = SUBMIT(.type = "label", .priority = 5, .ms = 1000);
    CHECK_INT(size_of(high[0]), 4);
    CHECK_TASK(low, "pending");
    RIG_CLOSE();
}

TEST(costs_add_up_to_the_ceiling_and_one_over_it_runs_alone)
{
    open_busy(8, (struct worker_batch_conf){.cost = 10});
    struct sim_task *a = SUBMIT(.ms = 1000, .cost = 6), *b = SUBMIT(.ms = 1000, .cost = 4), *c = SUBMIT(.ms = 1000, .cost = 0.5),
                    *huge = SUBMIT(.ms = 1000, .cost = 100), *d = SUBMIT(.ms = 1000, .cost = 1);
    sim_pass(sim, 10000);
    CHECK_INT(size_of(a), 2);
    CHECK_INT(size_of(b), 2);
    sim_pass(sim, 1000);
    CHECK_INT(size_of(c), 1); /* the next in order does not fit, and nothing overtakes it */
    sim_pass(sim, 1000);
    CHECK_INT(size_of(huge), 1);
    sim_pass(sim, 1000);
    CHECK_INT(size_of(d), 1);
    RIG_CLOSE();
}

TEST(those_of_a_batch_that_died_are_tried_alone_and_only_the_guilty_one_pays)
{
    open_busy(4, (struct worker_batch_conf){0});
    struct sim_task *good[3], *bad = SUBMIT(.ms = 500, .plan = "crash");
    for (int i = 0; i < 3; i++) good[i] = SUBMIT(.ms = 1000);
    sim_pass(sim, 3600000);
    CHECK_TASK(bad, "failed");
    CHECK_CODE(bad, "poison");
    CHECK_INT(rig_look(bad)->ending.life.deaths, 3);
    CHECK_INT(rig_look(bad)->ending.life.attempt, 4); /* once with others, three times by itself */
    for (int i = 0; i < 3; i++) {
        CHECK_TASK(good[i], "completed");
        CHECK_INT(rig_look(good[i])->ending.life.failures, 0);
        CHECK_INT(rig_look(good[i])->ending.life.deaths, 0);
        CHECK_INT(rig_look(good[i])->ending.life.attempt, 2);
    }
    CHECK_INT(sim->check.shared, 4);
    RIG_CLOSE();
}

TEST(one_that_is_cancelled_is_out_of_its_batch)
{
    open_busy(4, (struct worker_batch_conf){0});
    struct sim_task *a = SUBMIT(.ms = 1000), *b = SUBMIT(.ms = 5000), *c = SUBMIT(.ms = 1000);
    rig_cancel(a); /* before it starts */
    sim_pass(sim, 10000);
    CHECK_INT(size_of(c), 2);
    rig_cancel(b);
    sim_pass(sim, 100);
    CHECK_TASK(b, "cancelled");
    CHECK_TASK(c, "running");
    sim_pass(sim, 1000);
    CHECK_TASK(c, "completed");
    CHECK_INT(sim->processes.started, 1);
    RIG_CLOSE();
}

TEST(a_process_with_a_concurrency_is_kept_full)
{
    open_with(1, 1, (struct worker_batch_conf){0});
    sim->processes.concurrency = 3;
    struct sim_task *t[5];
    for (int i = 0; i < 5; i++) t[i] = SUBMIT(.type = "draw", .ms = 1000 + 500 * i);
    sim_pass(sim, 1000);
    CHECK_TASK(t[2], "running");
    CHECK_TASK(t[3], "pending");
    sim_pass(sim, 1000);
    CHECK_TASK(t[0], "completed");
    CHECK_TASK(t[3], "running");
    CHECK_TASK(t[1], "running");
    CHECK_INT(rig_queue("wide")->running, 3);
    sim_pass(sim, 10000);
    CHECK_INT(sim->check.endings[TASK_COMPLETED], 5);
    CHECK_INT(sim->processes.started, 1);
    RIG_CLOSE();
}

TEST(the_queue_limits_what_a_process_with_a_concurrency_has)
{
    open_with(1, 1, (struct worker_batch_conf){0});
    sim->processes.concurrency = 3;
    struct sim_task *a = SUBMIT(.ms = 1000), *b = SUBMIT(.ms = 1000);
    sim_pass(sim, 1000);
    CHECK_TASK(a, "running");
    CHECK_TASK(b, "pending");
    RIG_CLOSE();
}

/* The process had room for both when they were claimed, and has it for one when they come: the other has no place in its
 * queue, and is not kept waiting for one. */
TEST(what_has_no_place_any_more_goes_back_at_once)
{
    open_with(1, 2, (struct worker_batch_conf){0});
    sim->processes.concurrency = 3;
    (void)RUNNING(.type = "draw", .ms = 1);
    sim_pass(sim, 10);
    sim->store.lag_ms = 25;
    struct sim_task *wide[2], *narrow[2];
    for (int i = 0; i < 2; i++) wide[i] = sim_submit(&sim->client, &(struct sim_ask){.type = "draw", .ms = 10000, .priority = 5});
    for (int i = 0; i < 2; i++) narrow[i] = sim_submit(&sim->client, &(struct sim_ask){.ms = 10000});
    sim_pass(sim, 60);
    CHECK_INT(size_of(wide[1]), 2);
    CHECK_INT(size_of(narrow[0]), 1);
    CHECK_INT(rig_queue("default")->running, 1);
    CHECK_INT(sim->server.roster.posts[0].reserved, 0);
    CHECK_INT(sim->server.roster.posts[0].n_ahead, 0);
    sim_pass(sim, 30);
    CHECK_TASK(narrow[1], "pending");
    CHECK_INT(rig_look(narrow[1])->life.attempt, 0);
    int64_t claims = sim->check.claims;
    sim_pass(sim, 9000);
    CHECK_INT(sim->check.claims, claims);
    sim_pass(sim, 20000);
    CHECK_TASK(narrow[1], "completed");
    RIG_CLOSE();
}

/* Two lanes want the one process: what could not be handed over is not claimed, again and again. */
TEST(no_more_is_claimed_than_can_be_handed_over)
{
    open_with(1, 8, (struct worker_batch_conf){0});
    (void)RUNNING(.type = "draw", .ms = 20000);
    for (int i = 0; i < 3; i++) {
        SUBMIT(.type = "draw", .ms = 1000);
        SUBMIT(.ms = 1000);
        SUBMIT(.type = "label", .ms = 1000);
    }
    int64_t claims = sim->check.claims;
    sim_pass(sim, 15000);
    CHECK_INT(sim->check.claims, claims);
    sim_pass(sim, 60000);
    CHECK_INT(sim->check.endings[TASK_COMPLETED], 10);
    CHECK_INT(sim->check.claims, 10);
    RIG_CLOSE();
}

TEST_MAIN
