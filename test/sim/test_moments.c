/* SPDX-License-Identifier: Apache-2.0
 *
 * One thing at every moment of a short life: somebody cancels after every single thing that happens to a task, whatever
 * its worker does with it; the power goes in the middle of every sync of a life of a whole server.
 */
#include "test/sim/sim.h"
#include "test/sim/sim_farm.h"
#include "test/test.h"

#define N(array) (sizeof(array) / sizeof *(array))
#define MOMENTS 400 /* more than there are */

static const struct config_queue queues[] = {{.name = "default", .concurrency = 2}};
static const struct worker_pool_conf pools[] = {
    {.name = "speech", .command = sim_worker_command, .instances = 2, .keep_alive_ms = 60000}};
static const struct config_type types[] = {{.name = "transcribe", .worker = "speech"}, {.name = "convert"}};
static const char *const plans[] = {"done", "fail done", "crash done", "fatal", "junk done",
                                    "hang", "late",      "heedless",   "deaf",  "stubborn"};

static struct sim *open_sim(bool disk)
{
    struct sim_conf conf = {.seed = 7,
                            .queues = queues,
                            .n_queues = N(queues),
                            .pools = pools,
                            .n_pools = N(pools),
                            .types = types,
                            .n_types = N(types),
                            .disk = disk};
    return sim_open(&conf);
}

static void end_of(struct sim *s)
{
    for (int minutes = 0; minutes < 120; minutes++) {
        sim_pass(s, 60000);
        if (sim_is_cut(s)) sim_crash(s, 1000);
        sim_history_add(&s->history, (struct fact){.kind = FACT_PULSE});
    }
    sim_watch_census(&s->watch, s->store.inner, false);
    sim_history_add(&s->history, (struct fact){.kind = FACT_OVER});
}

static void tell(struct sim *s, struct sim_result *ret)
{
    memcpy(ret->broken, s->check.broken, sizeof ret->broken);
    memcpy(ret->endings, s->check.endings, sizeof ret->endings);
    ret->crashes = s->check.crashes;
    ret->lived = true;
    if (!ret->broken[0]) return;
    fprintf(stderr, "%s\n", ret->broken);
    sim_history_story(&s->history, 40, stderr);
}

/* ---- a cancel ---- */

/* Time goes on to the next thing that is due; false: nothing more is within the hour. */
static bool next_moment(struct sim *s)
{
    int64_t next_ms = turn_next_ms(&s->turn);
    if (next_ms < 0 || next_ms > 3600000) return false;
    sim_pass(s, next_ms);
    return true;
}

/* seed: which type and plan, and after how many moments. */
static void live_to_a_cancel(uint64_t seed, struct sim_result *ret)
{
    uint64_t moment = seed / (2 * N(plans));
    struct sim *s = open_sim(false);
    s->store.lag_ms = 3; /* commits take time: a cancel comes between the claim and its answer, too */
    struct sim_task *t = sim_submit(&s->client, &(struct sim_ask){.type = types[seed % 2].name,
                                                                  .plan = plans[seed / 2 % N(plans)],
                                                                  .ms = 500,
                                                                  .timeout_ms = 20000,
                                                                  .grace_ms = 1500,
                                                                  .max_attempts = 2});
    for (uint64_t i = 0; i < moment && next_moment(s); i++) continue;
    if (t->accepted) sim_cancel(&s->client, t);
    end_of(s);
    tell(s, ret);
    if (!sim_close(s)) ret->lived = false;
}

TEST(a_cancel_at_any_moment_is_honoured)
{
    size_t n = 40 * 2 * N(plans), endings[TASK_STATES] = {0};
    struct sim_result *results = sim_farm(0, n, live_to_a_cancel);
    for (size_t i = 0; i < n; i++) {
        if (!results[i].lived || results[i].broken[0]) fprintf(stderr, "life %zu\n", i);
        CHECK(results[i].lived && !results[i].broken[0]);
        for (int s = TASK_COMPLETED; s < TASK_STATES; s++) endings[s] += (size_t)results[i].endings[s];
    }
    sim_farm_free(results, n);
    printf("%zu cancels: %zu completed before, %zu failed before, %zu cancelled\n", n, endings[TASK_COMPLETED],
           endings[TASK_FAILED], endings[TASK_CANCELLED]);
    CHECK(endings[TASK_COMPLETED] > 20 && endings[TASK_FAILED] > 20 && endings[TASK_CANCELLED] > 100);
}

/* ---- the power ---- */

static void submit(struct sim *s, const char *type, const char *plan)
{
    if (sim_is_cut(s)) return;
    sim_submit(&s->client, &(struct sim_ask){.type = type, .plan = plan, .ms = 500, .grace_ms = 1500, .retry_ms = 100});
    sim_pass(s, 20);
}

static void act(struct sim *s, size_t which, struct sim_control *(*verb)(struct sim_client *c, struct sim_task *t))
{
    if (sim_is_cut(s)) return;
    if (which < s->client.n && s->client.tasks[which]->accepted) verb(&s->client, s->client.tasks[which]);
    sim_pass(s, 20);
}

/* seed: the sync in whose middle it goes, and how much of what was not synced is left (sim_disk: from the seed). */
static void live_to_a_cut(uint64_t seed, struct sim_result *ret)
{
    struct sim *s = open_sim(true);
    for (uint64_t i = 0; i < seed % 5; i++) (void)rng_next(&s->test_rng.rng);
    sim_cut_soon(s, 1 + (int)(seed / 5));
    submit(s, "transcribe", "done");
    submit(s, "transcribe", "fail done");
    submit(s, "convert", "crash done");
    submit(s, "transcribe", "hang");
    submit(s, "convert", "done");
    sim_pass(s, 2000);
    act(s, 3, sim_cancel);
    act(s, 0, sim_retry);
    act(s, 4, sim_delete);
    submit(s, "transcribe", "deaf");
    act(s, 5, sim_complete);
    sim_pass(s, 60000);
    act(s, 1, sim_retry);
    act(s, 1, sim_cancel);
    sim_pass(s, 60000);
    if (sim_is_cut(s)) sim_crash(s, 1000);
    sim_spare(s);
    for (size_t i = 0; i < s->client.n; i++) /* what hangs would do so for an hour */
        if (s->client.tasks[i]->accepted) sim_cancel(&s->client, s->client.tasks[i]);
    end_of(s);
    tell(s, ret);
}

TEST(a_cut_in_the_middle_of_any_sync_takes_back_nothing)
{
    size_t crashed = 0;
    struct sim_result *results = sim_farm(0, MOMENTS, live_to_a_cut);
    for (size_t i = 0; i < MOMENTS; i++) {
        if (!results[i].lived || results[i].broken[0]) fprintf(stderr, "life %zu\n", i);
        CHECK(results[i].lived && !results[i].broken[0]);
        crashed += results[i].crashes > 0;
    }
    CHECK(results[MOMENTS - 1].crashes == 0); /* there is no sync left at which it has not been cut */
    sim_farm_free(results, MOMENTS);
    printf("%zu cuts\n", crashed);
    CHECK(crashed >= 100);
}

TEST_MAIN
