/* SPDX-License-Identifier: Apache-2.0
 *
 * Another configuration for a running server: what stays, what is replaced, what waits for it, and what a drain
 * that comes between does to it.
 */
#include "reload_rig.h"
#include "server/waiting_on.h"

static void pass_until_done(void)
{
    for (int i = 0; i < 100 && !done; i++) sim_pass(sim, 100);
    CHECK_INT(done, 1);
}

TEST(what_is_the_same_keeps_its_process)
{
    rig_open();
    struct sim_task *t = SUBMIT(.ms = 10);
    sim_pass(sim, 5000);
    CHECK_TASK(t, "completed");
    int64_t started = sim->processes.started;
    begin();
    other_queues[0].concurrency = 1;
    take_over();
    CHECK_INT(done, 1);
    CHECK_INT(last_err, 0);
    CHECK_INT(rig_queue("default")->concurrency, 1);
    t = SUBMIT(.ms = 10);
    sim_pass(sim, 5000);
    CHECK_TASK(t, "completed");
    CHECK_INT(sim->processes.started, started);
    CHECK(list_empty(&sim->server.roster.retired));
    RIG_CLOSE();
}

TEST(a_pool_that_changed_finishes_its_task_while_the_new_one_works)
{
    static const char *const env[] = {"MODEL=2", NULL};
    rig_open();
    struct sim_task *old = SUBMIT(.ms = 60000);
    sim_pass(sim, 5000);
    CHECK_TASK(old, "running");
    begin();
    other_pools[0].env = env;
    take_over();
    CHECK_INT(done, 1);
    CHECK(list_empty(&sim->server.roster.retired)); /* until the new one is ready */
    sim_pass(sim, 5000);
    CHECK(!list_empty(&sim->server.roster.retired));
    struct sim_task *fresh = SUBMIT(.ms = 10);
    sim_pass(sim, 5000);
    CHECK_TASK(fresh, "completed");
    CHECK_TASK(old, "running");
    sim_pass(sim, 120000);
    CHECK_TASK(old, "completed");
    CHECK(list_empty(&sim->server.roster.retired));
    RIG_CLOSE();
}

static int control(const char *id, enum handler_verb verb, struct handler **ret)
{
    struct err e;
    int rc = roster_control(&sim->server.roster, str_of(id), verb, ret, &e);
    sim_run(sim);
    return rc;
}

TEST(of_two_workers_with_one_id_that_of_the_configuration_is_asked_first)
{
    static const char *const env[] = {"MODEL=2", NULL};
    struct handler *before = NULL, *now = NULL;
    char id[64];
    rig_open();
    struct sim_task *old = SUBMIT(.ms = 60000);
    sim_pass(sim, 5000);
    CHECK_TASK(old, "running");
    begin();
    other_pools[0].env = env;
    snprintf(id, sizeof id, "%s-1", other_pools[0].name);
    take_over();
    SUBMIT(.ms = 10);
    sim_pass(sim, 5000);
    CHECK_INT(control(id, HANDLER_STOP, &now), 0);
    CHECK_TASK(old, "running");
    sim_pass(sim, 1000);
    CHECK_INT(control(id, HANDLER_STOP, &before), 0); /* the new one has no process now */
    CHECK(now == sim->server.roster.posts[0].handler && before && before != now);
    sim_pass(sim, 120000);
    CHECK_TASK(old, "completed"); /* by the new one */
    CHECK_INT(control(id, HANDLER_STOP, &now), 0);
    sim_pass(sim, 1000);
    CHECK_INT(control(id, HANDLER_STOP, &now), ERR_CONFLICT);
    CHECK_INT(control("nobody-1", HANDLER_STOP, &now), ERR_NOT_FOUND);
    RIG_CLOSE();
}

TEST(a_claim_on_its_way_is_waited_for_and_nothing_is_claimed_meanwhile)
{
    rig_open();
    sim->store.lag_ms = 50;
    struct sim_task *first = SUBMIT(.ms = 10), *second = SUBMIT(.ms = 10);
    sim_pass(sim, 1000);
    struct sim_task *third = SUBMIT(.ms = 10);
    for (int i = 0; i < 200 && sim->server.dispatch.claims == 0; i++) sim_pass(sim, 1);
    CHECK_INT(sim->server.dispatch.claims, 1);
    begin();
    take_over();
    CHECK_INT(done, 0);
    CHECK(sim->server.dispatch.held);
    pass_until_done();
    CHECK_INT(last_err, 0);
    CHECK(!sim->server.dispatch.held);
    sim_pass(sim, 10000);
    CHECK_TASK(first, "completed");
    CHECK_TASK(second, "completed");
    CHECK_TASK(third, "completed");
    RIG_CLOSE();
}

TEST(what_people_set_counts_more_than_what_the_configuration_says_now)
{
    struct store_queue_set set = {.paused = true, .concurrency = 7, .capacity = -1};
    rig_open();
    queue_set(rig_queue("default"), STORE_QUEUE_PAUSED | STORE_QUEUE_CONCURRENCY, &set);
    begin();
    for (size_t i = 0; i < N(rig_queues); i++) {
        other_queues[i].concurrency = 3;
        other_queues[i].capacity = 9;
        other_queues[i].paused = i == 1;
    }
    take_over();
    CHECK_INT(done, 1);
    CHECK_INT(rig_queue("default")->concurrency, 7);
    CHECK_INT(rig_queue("default")->capacity, 9);
    CHECK(rig_queue("default")->paused);
    CHECK_INT(rig_queue("slow")->concurrency, 3);
    CHECK(rig_queue("slow")->paused);
    set = STORE_QUEUE_AS_CONFIGURED;
    queue_set(rig_queue("default"), STORE_QUEUE_PAUSED | STORE_QUEUE_CONCURRENCY, &set);
    CHECK_INT(rig_queue("default")->concurrency, 3);
    CHECK(!rig_queue("default")->paused);
    RIG_CLOSE();
}

TEST(a_drain_ends_a_reload_that_waits_for_a_claim)
{
    rig_open();
    sim->store.lag_ms = 50;
    (void)SUBMIT(.type = "convert", .ms = 10);
    for (int i = 0; i < 200 && sim->server.dispatch.claims == 0; i++) sim_pass(sim, 1);
    CHECK_INT(sim->server.dispatch.claims, 1);
    begin();
    take_over();
    CHECK_INT(done, 0);
    sim_drain(sim);
    sim_pass(sim, 60000);
    CHECK_INT(done, 1);
    CHECK_INT(last_err, ERR_DRAINING);
    CHECK(sim->server.conf.config != &other);
    CHECK_INT(sim->drained, 1);
    RIG_CLOSE();
}

TEST(a_queue_that_went_keeps_its_tasks_and_its_running_one_until_it_is_back)
{
    char detail[WAITING_ON_DETAIL];
    rig_open();
    struct sim_task *t[3];
    for (int i = 0; i < 3; i++) t[i] = SUBMIT(.queue = "slow", .ms = 30000);
    sim_pass(sim, 5000);
    CHECK_TASK(t[0], "running");
    begin();
    other.n_queues = 1; /* `slow` is the second */
    take_over();
    CHECK_INT(done, 1);
    CHECK(queue_find(&sim->server.queues, STR("slow")) == NULL);
    sim_pass(sim, 120000);
    CHECK_TASK(t[0], "completed");
    const struct task *seen = sim_look(&sim->client, sim->store.inner, t[1]);
    CHECK_STR(str_of(waiting_on_reason(&sim->server, seen, detail)), "worker_broken");
    CHECK(strstr(detail, "queue slow is not declared") != NULL);
    done = 0;
    reload_start(&sim->server, &sim->config, on_done, NULL);
    sim_pass(sim, 200000);
    CHECK_TASK(t[1], "completed");
    CHECK_TASK(t[2], "completed");
    CHECK_INT(rig_queue("slow")->running, 0);
    RIG_CLOSE();
}

TEST(what_cannot_change_is_named_with_its_place)
{
    static const char *const listen[] = {"127.0.0.1:1", NULL};
    struct config_errors errors;
    struct config old = {.listen = listen, .store = "mem:", .data_dir = "/d"}, next = old;
    config_errors_init(&errors, "bide.yaml");
    CHECK(reload_check(&old, &next, &errors));
    next.store = "sqlite:/x.db";
    CHECK(!reload_check(&old, &next, &errors));
    CHECK_INT(errors.n, 1);
    CHECK_STR(str_of(errors.items[0].text),
              "\"store\" cannot change while the server runs (it is \"mem:\", not \"sqlite:/x.db\"): restart it");
}

TEST_MAIN
