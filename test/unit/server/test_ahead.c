/* SPDX-License-Identifier: Apache-2.0
 *
 * What is claimed ahead of room: it hides the commits between short tasks, and holds up nobody.
 */
#include "server/ahead.h"
#include "handler/pace.h"
#include "server_rig.h"
#include <unistd.h>

static struct config_queue wide[] = {{.name = "default", .concurrency = 40}};
static struct worker_pool_conf single[] = {
    {.name = "speech", .command = sim_worker_command, .instances = 1, .keep_alive_ms = 600000}};
static struct config_type types[] = {{.name = "transcribe", .worker = "speech"}};

/* One process, of which it is known that its tasks are short. */
static void open_short(void)
{
    struct sim_conf conf = {.seed = 5, .queues = wide, .n_queues = 1, .pools = single, .n_pools = 1, .types = types, .n_types = 1};
    sim = sim_open(&conf);
    for (int i = 0; i < 8; i++) SUBMIT(.ms = 1);
    sim_pass(sim, 2000);
    CHECK_INT(sim->check.endings[TASK_COMPLETED], 8);
}

static const struct post *post(void) { return &sim->server.roster.posts[0]; }

/* A sample of /metrics is there as it stands. */
static bool measured(const char *sample)
{
    struct buf b;
    buf_init(&b, 1 << 20);
    metrics_write(&sim->server.metrics, &b);
    bool found = strstr(b.p, sample);
    buf_release(&b);
    return found;
}

TEST(short_tasks_follow_each_other_without_a_commit_between_them)
{
    open_short();
    sim->store.lag_ms = 10;
    for (int i = 0; i < 20; i++) SUBMIT(.ms = 1);
    int before = sim->processes.runs;
    sim_pass(sim, 70); /* one by one it would be twenty times 1 ms and two commits */
    CHECK_INT(sim->processes.runs - before, 20);
    CHECK(rig_busy() == 0);
    sim_pass(sim, 100);
    CHECK_INT(sim->check.endings[TASK_COMPLETED], 28);
    RIG_CLOSE();
}

TEST(a_queue_with_no_more_places_has_nothing_claimed_ahead)
{
    wide[0].concurrency = 1;
    open_short();
    SUBMIT(.ms = 1);
    struct sim_task *next = SUBMIT(.ms = 1);
    CHECK_TASK(next, "pending");
    RIG_CLOSE();
    wide[0].concurrency = 40;
}

TEST(behind_a_long_task_they_go_back_to_their_queue)
{
    open_short();
    struct sim_task *slow = SUBMIT(.ms = 10000), *behind = SUBMIT(.ms = 1);
    CHECK_TASK(behind, "running");
    CHECK_INT(rig_busy(), 1);
    CHECK_INT(post()->n_ahead, 1);
    sim_pass(sim, AHEAD_MOST_MS);
    CHECK_TASK(slow, "running");
    CHECK_TASK(behind, "pending");
    CHECK_INT(rig_look(behind)->life.attempt, 0); /* as if it had never been claimed */
    CHECK_INT(post()->n_ahead, 0);
    CHECK(measured("bide_task_wait_seconds_count{queue=\"default\",type=\"transcribe\"} 9\n")); /* eight and the long one */
    CHECK(measured("bide_attempts_total{queue=\"default\",type=\"transcribe\",status=\"released\"} 0\n"));
    struct sim_task *urgent = SUBMIT(.ms = 5000, .priority = 5);
    sim_pass(sim, 10000);
    CHECK_TASK(urgent, "running"); /* it was not too late for this one */
    CHECK_TASK(behind, "pending");
    sim_pass(sim, 10000);
    CHECK_TASK(behind, "completed");
    CHECK_INT(rig_look(behind)->life.attempt, 1);
    RIG_CLOSE();
}

/* One process, of which it is known that its tasks take `ms`, with one under way; the next waits. */
static struct sim_task *open_steady(int64_t ms, struct sim_task **ret_next)
{
    open_short();
    for (int i = 0; i < 30; i++) {
        SUBMIT(.ms = ms);
        sim_pass(sim, 2 * ms);
    }
    struct sim_task *now = SUBMIT(.ms = ms);
    *ret_next = SUBMIT(.ms = ms);
    return now;
}

TEST(of_longer_ones_the_next_is_claimed_when_the_one_under_way_should_be_over_in_a_moment)
{
    struct sim_task *next, *now = open_steady(60, &next), *last = SUBMIT(.ms = 60);
    CHECK_TASK(now, "running");
    sim_pass(sim, 60 - HANDLER_AHEAD_MS - 1);
    CHECK_TASK(next, "pending"); /* one that is more urgent would still come first */
    sim_pass(sim, 1);            /* though nothing else happens */
    CHECK_TASK(next, "running");
    CHECK_TASK(last, "pending"); /* one, and no more */
    CHECK_INT(post()->n_ahead, 1);
    sim->store.lag_ms = 10;
    int before = sim->processes.runs;
    sim_pass(sim, HANDLER_AHEAD_MS);
    CHECK_INT(sim->processes.runs - before, 1); /* it waited for no commit */
    CHECK_INT(post()->n_ahead, 0);
    sim_pass(sim, 500);
    CHECK_TASK(last, "completed");
    RIG_CLOSE();
}

TEST(one_that_takes_longer_than_was_thought_holds_up_nobody)
{
    struct sim_task *next, *now;
    open_steady(60, &next);
    sim_pass(sim, 500);
    now = SUBMIT(.ms = 10000);
    next = SUBMIT(.ms = 60);
    sim_pass(sim, 60 - HANDLER_AHEAD_MS);
    CHECK_TASK(next, "running");
    sim_pass(sim, AHEAD_MOST_MS);
    CHECK_TASK(next, "pending");
    CHECK_INT(post()->n_ahead, 0);
    struct sim_task *urgent = SUBMIT(.ms = 5000, .priority = 5);
    sim_pass(sim, 1000);
    CHECK_TASK(urgent, "pending"); /* nothing is claimed any more */
    sim_pass(sim, 10000 - 1000 - AHEAD_MOST_MS);
    CHECK_TASK(now, "completed");
    CHECK_TASK(urgent, "running");
    CHECK_TASK(next, "pending");
    sim_pass(sim, 10000);
    RIG_CLOSE();
}

TEST(of_long_ones_none_is_claimed_before_the_process_is_free)
{
    struct sim_task *next;
    open_steady(PACE_LONG_MS, &next);
    sim_pass(sim, PACE_LONG_MS - 1);
    CHECK_TASK(next, "pending");
    sim_pass(sim, 2 * PACE_LONG_MS);
    CHECK_TASK(next, "completed");
    RIG_CLOSE();
}

TEST(the_best_of_them_is_first)
{
    open_short();
    SUBMIT(.ms = 20);
    struct sim_task *low = SUBMIT(.ms = 20), *high = SUBMIT(.ms = 20, .priority = 3);
    CHECK_INT(post()->n_ahead, 2);
    sim_pass(sim, 25);
    CHECK_INT(post()->n_ahead, 1);
    CHECK(post()->ahead == server_run(&sim->server, &low->body.id));
    sim_pass(sim, 16);
    CHECK_TASK(high, "completed");
    CHECK_TASK(low, "running");
    sim_pass(sim, 20);
    CHECK_TASK(low, "completed");
    RIG_CLOSE();
}

TEST(one_that_is_cancelled_ends_at_once)
{
    open_short();
    SUBMIT(.ms = 50);
    struct sim_task *other = SUBMIT(.ms = 1), *unwanted = SUBMIT(.ms = 1);
    CHECK_TASK(unwanted, "running");
    rig_cancel(unwanted);
    CHECK_TASK(unwanted, "cancelled");
    CHECK_INT(sim->processes.cancels, 0); /* no process had heard of it */
    CHECK_INT(post()->n_ahead, 1);
    sim_pass(sim, 100);
    CHECK_TASK(other, "completed");
    RIG_CLOSE();
}

TEST(what_one_in_a_stream_has_made_is_kept_under_its_own_name)
{
    open_short();
    for (int i = 0; i < 4; i++) SUBMIT(.ms = 1);
    struct sim_task *t = SUBMIT(.ms = 20, .more = ",\"out\":1"), *next = SUBMIT(.ms = 20);
    sim_pass(sim, 10);
    char path[ATTEMPT_DIR_PATH + 16];
    snprintf(path, sizeof path, "%s/out.txt", server_run(&sim->server, &t->body.id)->place.path);
    CHECK(strstr(path, "/attempts/.spare-"));
    FILE *f = fopen(path, "w");
    CHECK(f && fputs("hello", f) >= 0);
    fclose(f);
    sim_pass(sim, 20);
    CHECK_TASK(t, "completed");
    CHECK_STR(rig_look(t)->ending.files, "[\"out.txt\"]");
    CHECK(sim_has_dir(sim, &t->body.id, 1, 1));
    attempt_dir_path(path, sim->dir, &t->body.id, 1, 1);
    strncat(path, "/out.txt", sizeof path - strlen(path) - 1);
    CHECK(access(path, F_OK) == 0);
    CHECK_TASK(next, "running"); /* in another */
    CHECK(access(server_run(&sim->server, &next->body.id)->place.path, F_OK) == 0);
    sim_pass(sim, 20);
    RIG_CLOSE();
}

TEST(the_time_of_an_attempt_begins_with_its_start)
{
    open_short();
    SUBMIT(.ms = 90);
    struct sim_task *t = SUBMIT(.ms = 40, .timeout_ms = 60);
    sim_pass(sim, 140);
    CHECK_TASK(t, "completed");
    RIG_CLOSE();
}

TEST(a_death_of_the_process_costs_them_nothing)
{
    open_short();
    struct sim_task *bad = SUBMIT(.plan = "crash done", .ms = 10), *behind = SUBMIT(.ms = 1);
    CHECK_INT(post()->n_ahead, 1);
    sim_pass(sim, AHEAD_MOST_MS + 10);
    CHECK_TASK(behind, "pending");
    sim_pass(sim, 60000);
    CHECK_TASK(bad, "completed");
    CHECK_TASK(behind, "completed");
    CHECK_INT(rig_look(behind)->life.attempt, 1);
    RIG_CLOSE();
}

TEST(a_drain_gives_them_back_at_once)
{
    open_short();
    struct sim_task *now = SUBMIT(.ms = 50), *behind = SUBMIT(.ms = 1);
    CHECK_INT(post()->n_ahead, 1);
    sim_drain(sim);
    sim_run(sim);
    CHECK_TASK(now, "running");
    CHECK_TASK(behind, "pending");
    RIG_CLOSE();
}

static void on_reloaded(void *user, int err) { *(int *)user = err; }

TEST(other_posts_find_nothing_left_of_them)
{
    open_short();
    struct sim_task *now = SUBMIT(.ms = 50), *behind = SUBMIT(.ms = 1);
    static struct worker_pool_conf other_pool[1];
    other_pool[0] = single[0];
    other_pool[0].name = "letters"; /* one of the same name would come after the old one, which goes on meanwhile */
    struct config other = sim->config;
    struct config_type moved[N(types)];
    CHECK_INT(other.n_types, N(types));
    memcpy(moved, other.types, sizeof moved);
    moved[0].worker = other_pool[0].name;
    other.workers = other_pool;
    other.types = moved;
    int done = -1;
    reload_start(&sim->server, &other, on_reloaded, &done);
    sim_run(sim);
    CHECK_INT(done, 0);
    CHECK_INT(post()->n_ahead, 0);
    CHECK_INT(rig_look(behind)->life.attempt, 0);
    sim_pass(sim, 5000);
    CHECK_TASK(now, "completed");
    CHECK_TASK(behind, "completed");
    RIG_CLOSE();
}

TEST_MAIN
