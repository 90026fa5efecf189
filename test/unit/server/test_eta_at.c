/* SPDX-License-Identifier: Apache-2.0
 *
 * When tasks will end, asked of a whole server on a clock that stands: by hand where a hand can reckon it, and a thousand
 * tasks of random times in the reach.
 */
#include "base/mem.h"
#include "server/eta_at.h"
#include "server_rig.h"

#include <math.h>
#include <stdlib.h>

static struct config_queue queues[] = {{.name = "default", .concurrency = 2}, {.name = "other", .concurrency = 1},
                                       {.name = "rated", .concurrency = 2, .rate = {.n = 1, .burst = 1, .per_ms = 60000}}};
static struct worker_pool_conf pools[1];
static struct config_type types[] = {{.name = "transcribe", .worker = "speech"}, {.name = "label", .worker = "speech"},
                                     {.name = "draw", .worker = "speech"}, {.name = "convert"}};

static void open_with(int instances, int max_batch)
{
    pools[0] = (struct worker_pool_conf){.name = "speech", .command = sim_worker_command, .instances = instances, .keep_alive_ms = 600000};
    struct sim_conf conf = {.seed = 13, .queues = queues, .n_queues = N(queues), .pools = pools, .n_pools = 1, .types = types, .n_types = N(types)};
    sim = sim_open(&conf);
    CHECK_INT(sim->serving, 1);
    sim->processes.max_batch = max_batch;
}

static void on_where(struct store_req *r) { *(bool *)r->user = true; }

/* From now, ms; -1: not known. */
static int64_t eta(const struct sim_task *t)
{
    struct server *s = &sim->server;
    struct task task = *rig_look(t);
    uint32_t lanes[16];
    bool answered = false;
    int64_t at_ms = 0;
    if (task.life.state == TASK_RUNNING) {
        at_ms = eta_at_running(s, &task);
    } else if (!state_is_ending(task.life.state)) {
        CHECK(s->dispatch.n_lanes <= N(lanes));
        struct store_where w = {.id = t->body.id, .lanes = lanes, .n_lanes = eta_at_lanes(s, &task, lanes)};
        store_where(s->store, &w, on_where, &answered);
        sim_run(sim);
        CHECK(answered);
        at_ms = eta_at_waiting(s, rig_look(t), &w);
        store_release(&w.req);
    }
    return at_ms ? at_ms - turn_wall_ms(s->turn) : -1;
}
#define CHECK_ETA(t, ms)                                                             \
    do {                                                                             \
        int64_t seen = eta(t), wanted = (ms);                                        \
        if (llabs(seen - wanted) > wanted / 20 + 2) fprintf(stderr, "eta %lld\n", (long long)seen); \
        CHECK(llabs(seen - wanted) <= wanted / 20 + 2);                              \
    } while (0)

/* Enough of a type to know it, all of the same time. */
static void teach(const char *type, int64_t ms)
{
    for (int i = 0; i < 8; i++) (void)SUBMIT(.type = type, .ms = ms);
    sim_pass(sim, 60000 + 8 * ms);
}

TEST(nothing_is_said_before_a_run_of_its_type_is_over)
{
    open_with(1, 1);
    struct sim_task *t = SUBMIT(.ms = 1000), *next = SUBMIT(.ms = 1000), *of_other = SUBMIT(.type = "convert", .ms = 9000);
    CHECK_INT(eta(t), -1);
    CHECK_INT(eta(next), -1);
    sim_pass(sim, 2500);
    CHECK_TASK(t, "completed");
    CHECK_INT(eta(t), -1);
    CHECK(eta(next) > 0);
    CHECK_INT(eta(of_other), -1);
    RIG_CLOSE();
}

TEST(a_line_is_reckoned_with_the_times_of_the_types_in_it_and_what_has_run_already)
{
    open_with(1, 1);
    teach("transcribe", 10000);
    teach("label", 2000);
    struct sim_task *runs = SUBMIT(.ms = 10000), *label = SUBMIT(.type = "label", .ms = 2000);
    struct sim_task *last = SUBMIT(.ms = 10000), *first = SUBMIT(.type = "label", .ms = 2000, .priority = 1);
    CHECK_ETA(runs, 10000);
    CHECK_ETA(first, 12000);
    CHECK_ETA(label, 14000);
    CHECK_ETA(last, 24000);
    sim_pass(sim, 5000);
    CHECK_ETA(runs, 5000);
    CHECK_ETA(last, 19000);
    rig_cancel(label);
    CHECK_ETA(last, 17000);
    struct sim_task *later = SUBMIT(.ms = 10000, .delay_ms = 100000);
    CHECK_ETA(later, 110000);
    RIG_CLOSE();
}

TEST(a_batch_takes_one_place_for_as_long_as_its_size_takes)
{
    open_with(1, 4);
    for (int round = 0; round < 20; round++) { /* batches of one and of four */
        (void)SUBMIT(.ms = 1000);
        sim_pass(sim, 10000);
        for (int i = 0; i < 5; i++) (void)SUBMIT(.ms = 1000);
        sim_pass(sim, 10000);
    }
    struct sim_task *t[10];
    for (int i = 0; i < 10; i++) t[i] = SUBMIT(.ms = 1000);
    CHECK_ETA(t[0], 1000);
    for (int i = 1; i < 5; i++) CHECK_ETA(t[i], 2000);
    for (int i = 5; i < 9; i++) CHECK_ETA(t[i], 3000);
    CHECK_ETA(t[9], 4000);
    RIG_CLOSE();
}

TEST(other_queues_take_no_more_of_a_pool_than_they_may)
{
    open_with(2, 1);
    teach("transcribe", 10000);
    (void)SUBMIT(.ms = 10000, .queue = "other");
    for (int i = 0; i < 20; i++) (void)SUBMIT(.ms = 10000, .queue = "other");
    struct sim_task *t = SUBMIT(.ms = 10000), *next = SUBMIT(.ms = 10000);
    CHECK_ETA(t, 10000);
    CHECK_ETA(next, 20000); /* the other process has two hundred seconds of work */
    RIG_CLOSE();
}

TEST(in_a_queue_with_a_rate_each_waits_for_its_token)
{
    open_with(2, 1);
    teach("label", 2000);
    sim_pass(sim, 60000);
    struct sim_task *first = SUBMIT(.type = "label", .queue = "rated", .ms = 2000), *second, *third;
    second = SUBMIT(.type = "label", .queue = "rated", .ms = 2000);
    third = SUBMIT(.type = "label", .queue = "rated", .ms = 2000);
    CHECK_TASK(first, "running");
    CHECK_ETA(second, 62000);
    CHECK_ETA(third, 122000);
    sim_pass(sim, 30000);
    CHECK_ETA(third, 92000);
    RIG_CLOSE();
}

TEST(nothing_is_said_of_a_task_that_will_not_come_by_itself)
{
    open_with(1, 1);
    teach("transcribe", 1000);
    struct sim_task *runs = SUBMIT(.ms = 1000, .plan = "heedless"), *waits = SUBMIT(.ms = 1000);
    CHECK(eta(runs) > 0 && eta(waits) > 0);
    rig_cancel(runs);
    CHECK_INT(eta(runs), -1);
    rig_queue("default")->paused = true;
    CHECK_INT(eta(waits), -1);
    RIG_CLOSE();
}

TEST(a_type_of_which_most_attempts_fail_is_reckoned_with_another_one)
{
    open_with(1, 1);
    for (int i = 0; i < 10; i++) (void)SUBMIT(.ms = 1000, .plan = "fail fail done", .retry_ms = 5000);
    sim_pass(sim, 600000);
    struct sim_task *t = SUBMIT(.ms = 1000, .plan = "fail fail done", .retry_ms = 5000);
    CHECK_ETA(t, 7000); /* of two thirds another follows: one more is likelier than not */
    RIG_CLOSE();
}

/* ---- a thousand ---- */

#define MANY 1000

static double chance(void) { return ((double)(rng_next(sim->turn.rng) >> 11) + 0.5) / 9007199254740992.0; }
static double normal(void) { return sqrt(-2 * log(chance())) * cos(2 * M_PI * chance()); }

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Three types of 2, 8 and 20 s, spread log-normally (0.5), come for two workers about as fast as they are done; one of ten
 * fails first, one of ten is cancelled some time. Each is asked about when it comes. */
TEST(of_a_thousand_tasks_half_are_told_their_end_with_less_than_a_quarter_of_the_time_wrong)
{
    static const double usual_ms[3] = {2000, 8000, 20000};
    struct sim_task *tasks[MANY];
    int64_t *asked_at = mem_new(MANY * sizeof *asked_at), *told = mem_new(MANY * sizeof *told);
    double *wrong = mem_new(MANY * sizeof *wrong);
    size_t n = 0;
    open_with(2, 1);
    for (int i = 0; i < MANY; i++) {
        int type = (int)rng_below(sim->turn.rng, 3);
        tasks[i] = SUBMIT(.type = types[type].name, .ms = (int64_t)(usual_ms[type] * exp(0.5 * normal())),
                          .plan = rng_below(sim->turn.rng, 10) == 0 ? "fail done" : "done");
        asked_at[i] = turn_wall_ms(&sim->turn);
        told[i] = eta(tasks[i]);
        if (rng_below(sim->turn.rng, 10) == 0) rig_cancel(tasks[rng_below(sim->turn.rng, (uint64_t)i + 1)]);
        sim_pass(sim, (int64_t)(-5300 * log(chance())));
    }
    sim_pass(sim, 24 * 3600000);
    for (int i = 0; i < MANY; i++) {
        const struct task *t = rig_look(tasks[i]);
        if (t->life.state != TASK_COMPLETED || told[i] < 0) continue;
        double took = (double)(t->ending.finished_at_ms - asked_at[i]);
        wrong[n++] = fabs((double)told[i] - took) / took;
    }
    CHECK(n > MANY * 8 / 10);
    qsort(wrong, n, sizeof *wrong, by_size);
    printf("eta error of %zu tasks: median %.3f, 90th percentile %.3f\n", n, wrong[n / 2], wrong[n * 9 / 10]);
    CHECK(wrong[n / 2] < 0.25);
    free(asked_at);
    free(told);
    free(wrong);
    RIG_CLOSE();
}

TEST_MAIN
