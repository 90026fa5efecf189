/* SPDX-License-Identifier: Apache-2.0
 *
 * Types that are pulled, in a whole server: what a waiting claim is given, what tasks wait for, and that attempts outlive
 * the server that gave them.
 */
#include "server_rig.h"

#include "handler/pull_held.h"
#include "server/waiting_on.h"

#include <sys/wait.h>
#include <unistd.h>

static struct config_type types[] = {{.name = "paint", .pull = {.said = true, .lease_ms = 30000}},
                                     {.name = "shoot", .pull = {.said = true, .lease_ms = 30000}},
                                     {.name = "convert"}};
static struct config_queue queues[] = {{.name = "default", .concurrency = 2}};

static struct {
    struct pull_claim claim;
    struct str types[2];
    int answers;
} asker;

static void on_answer(struct pull_claim *c)
{
    (void)c;
    asker.answers++;
}

static void ask(int max, int64_t wait_ms)
{
    memset(&asker, 0, sizeof asker);
    asker.types[0] = STR("paint");
    asker.types[1] = STR("shoot");
    asker.claim = (struct pull_claim){.types = asker.types, .n_types = 2, .max = max, .worker = STR("box"), .on_answer = on_answer};
    CHECK_INT(pull_desk_claim(&sim->server.roster.desk, &asker.claim, wait_ms), 0);
    sim_run(sim);
}

static void open_pulled(bool disk)
{
    struct sim_conf conf = {.seed = 7, .queues = queues, .n_queues = N(queues), .types = types, .n_types = N(types), .disk = disk};
    sim = sim_open(&conf);
    CHECK_INT(sim->serving, 1);
}

static struct pull_held *held_of(const struct sim_task *t)
{
    return pull_held_find(&sim->server.roster.desk, &t->body.id, rig_look(t)->life.fence);
}

static void on_over(struct pull_wait *w, int err)
{
    (void)w;
    CHECK_INT(err, 0);
}

static void say(const struct sim_task *t, enum life_event event)
{
    static struct pull_wait wait;
    wait = (struct pull_wait){.on_over = on_over};
    list_init(&wait.link);
    CHECK_INT(pull_held_verdict(held_of(t), &(struct verdict){.event = event, .result = STR("1")}, &wait), 0);
    sim_run(sim);
}

static struct str reason(const struct sim_task *t, char detail[WAITING_ON_DETAIL])
{
    return str_of(waiting_on_reason(&sim->server, rig_look(t), detail));
}

TEST(a_claim_that_waits_is_given_what_is_submitted)
{
    char detail[WAITING_ON_DETAIL];
    open_pulled(false);
    struct sim_task *early = SUBMIT(.type = "shoot");
    CHECK_STR(reason(early, detail), "worker_start");
    CHECK_STR(str_of(detail), "no puller asks for shoot");
    ask(1, 60000);
    CHECK_INT(asker.answers, 1);
    CHECK_INT(asker.claim.n_given, 1);
    CHECK_TASK(early, "running");
    CHECK(rig_look(early)->life.leased);
    struct sim_task *late = SUBMIT(.type = "paint");
    CHECK_STR(reason(late, detail), "queue_limit");
    CHECK_STR(str_of(detail), "all pullers that ask for paint are busy");
    say(early, LIFE_DONE);
    CHECK_TASK(early, "completed");
    ask(1, 60000);
    say(late, LIFE_DONE);
    RIG_CLOSE();
}

TEST(one_place_is_promised_to_one_of_two_types_and_to_the_better)
{
    open_pulled(false);
    ask(1, 60000);
    sim->store.lag_ms = 50;
    struct sim_task *low = sim_submit(&sim->client, &(struct sim_ask){.type = "paint", .priority = 1});
    struct sim_task *high = sim_submit(&sim->client, &(struct sim_ask){.type = "shoot", .priority = 9});
    sim_pass(sim, 1000);
    CHECK_INT(asker.answers, 1);
    CHECK_INT(asker.claim.n_given, 1);
    CHECK_INT(sim->check.claims, 1); /* the other was not even claimed */
    CHECK_TASK(high, "running");
    CHECK_TASK(low, "pending");
    ask(1, 60000);
    sim_pass(sim, 1000);
    sim->store.lag_ms = 0;
    say(high, LIFE_DONE);
    say(low, LIFE_DONE);
    RIG_CLOSE();
}

TEST(the_queues_limit_holds_whatever_is_asked_for)
{
    open_pulled(false);
    struct sim_task *t[4];
    for (size_t i = 0; i < N(t); i++) t[i] = SUBMIT(.type = i % 2 ? "paint" : "shoot");
    ask(10, 60000);
    CHECK_INT(asker.answers, 1);
    ask(10, 1000);
    sim_pass(sim, 2000);
    CHECK_INT(rig_queue("default")->running, 2);
    for (size_t i = 0, running = 0; i < N(t); i++) {
        bool has = rig_look(t[i])->life.state == TASK_RUNNING;
        running += has;
        CHECK(running <= 2);
        if (has) say(t[i], LIFE_DONE);
    }
    CHECK_INT(rig_queue("default")->running, 0);
    RIG_CLOSE();
}

TEST(who_has_gone_while_the_attempt_was_on_its_way_costs_the_task_nothing)
{
    open_pulled(false);
    ask(1, 60000);
    sim->store.lag_ms = 50;
    struct sim_task *t = sim_submit(&sim->client, &(struct sim_ask){.type = "paint"});
    sim_pass(sim, 60); /* accepted, and claimed for that puller */
    pull_desk_cancel(&asker.claim);
    sim_pass(sim, 1000);
    sim->store.lag_ms = 0;
    CHECK_TASK(t, "pending");
    CHECK_INT(rig_look(t)->life.attempt, 0);
    CHECK_INT(sim->server.roster.posts[0].reserved, 0);
    ask(1, 60000);
    CHECK_INT(asker.claim.n_given, 1);
    say(t, LIFE_DONE);
    RIG_CLOSE();
}

TEST(a_puller_that_is_not_heard_of_loses_its_task_and_its_place)
{
    open_pulled(false);
    struct sim_task *t = SUBMIT(.type = "paint", .max_attempts = 1);
    ask(1, 60000);
    sim_pass(sim, 30000);
    CHECK_TASK(t, "pending");
    CHECK_INT(rig_look(t)->life.failures, 0);
    CHECK_INT(rig_look(t)->life.deaths, 0);
    CHECK_STR(rig_look(t)->last.code, "lost");
    CHECK_INT(rig_queue("default")->running, 0);
    ask(1, 60000);
    say(t, LIFE_DONE);
    CHECK_TASK(t, "completed");
    RIG_CLOSE();
}

TEST(a_drain_does_not_wait_for_pullers_and_leaves_them_what_they_have)
{
    open_pulled(false);
    struct sim_task *t = SUBMIT(.type = "paint");
    ask(1, 60000);
    sim_drain(sim);
    sim_pass(sim, 1);
    CHECK_INT(sim->drained, 1);
    CHECK_TASK(t, "running");
    RIG_CLOSE();
}

/* The claim on its way was the last thing the drain waited for: who it is for is told before the server goes. */
TEST(what_a_claim_brings_into_a_drain_is_told_to_its_puller_first)
{
    open_pulled(false);
    ask(1, 60000);
    sim->store.rules[STORE_CLAIM].in_ms = 200;
    struct sim_task *t = SUBMIT(.type = "paint");
    CHECK_INT(sim->server.dispatch.claims, 1);
    sim_drain(sim);
    sim_pass(sim, 100);
    CHECK_INT(asker.answers, 0);
    CHECK_INT(sim->drained, 0);
    sim_pass(sim, 200);
    CHECK_INT(asker.answers, 1);
    CHECK_INT(asker.claim.n_given, 1);
    CHECK_TASK(t, "running");
    CHECK_INT(sim->drained, 1);
    RIG_CLOSE();
}

TEST(a_drain_that_waits_for_others_hears_pullers_meanwhile)
{
    struct pull_beat beat;
    open_pulled(false);
    struct sim_task *t = SUBMIT(.type = "paint"), *other = SUBMIT(.type = "convert", .ms = 20000);
    ask(1, 60000);
    sim_drain(sim);
    sim_pass(sim, 15000);
    CHECK_INT(sim->drained, 0);
    CHECK_INT(pull_held_beat(held_of(t), &beat), 0);
    say(t, LIFE_DONE);
    CHECK_TASK(t, "completed");
    sim_pass(sim, 6000);
    CHECK_TASK(other, "completed");
    CHECK_INT(sim->drained, 1);
    RIG_CLOSE();
}

/* What a server that crashed had in memory is never freed: its life is a process of its own. */
static void in_a_process(void (*live)(void))
{
    int status;
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        live();
        _exit(0);
    }
    CHECK(waitpid(pid, &status, 0) == pid);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void crash_in_the_middle(void)
{
    open_pulled(true);
    struct sim_task *t = SUBMIT(.type = "paint", .max_attempts = 1), *waits = SUBMIT(.type = "shoot");
    queues[0].concurrency = 1;
    ask(1, 60000);
    sim_cut_soon(sim, 0);
    sim_crash(sim, 5000);
    CHECK_INT(sim->serving, 1);
    CHECK_TASK(t, "running");
    CHECK_INT(rig_look(t)->life.attempt, 1);
    CHECK(held_of(t));
    CHECK_INT(rig_queue("default")->running, 1);
    ask(1, 1000);
    sim_pass(sim, 2000);
    CHECK_INT(asker.claim.n_given, 0); /* its place is taken */
    struct pull_beat beat;
    sim_pass(sim, 25000);
    CHECK_INT(pull_held_beat(held_of(t), &beat), 0);
    sim_pass(sim, 25000);
    say(t, LIFE_DONE);
    CHECK_TASK(t, "completed");
    ask(1, 60000);
    say(waits, LIFE_DONE);
    queues[0].concurrency = 2;
    RIG_CLOSE();
}

TEST(a_crash_of_the_server_leaves_it_to_the_next_one) { in_a_process(crash_in_the_middle); }

static void crash_and_lose_the_type(void)
{
    open_pulled(true);
    struct sim_task *t = SUBMIT(.type = "paint");
    ask(1, 60000);
    sim_cut_soon(sim, 0);
    sim->types[1].name = "pale"; /* convert, paint, shoot */
    sim_crash(sim, 5000);
    sim_pass(sim, 100);
    CHECK_TASK(t, "pending");
    CHECK_STR(rig_look(t)->last.code, "lost");
    rig_cancel(t);
    RIG_CLOSE();
}

TEST(what_a_puller_has_of_a_type_that_is_gone_is_given_back) { in_a_process(crash_and_lose_the_type); }

TEST_MAIN
