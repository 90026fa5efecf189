/* SPDX-License-Identifier: Apache-2.0
 *
 * A pool that changed: who serves while the new one loads, when it takes over, and what a second reload, a drain, a
 * failed start or too little room for both do to that.
 */
#include "server/succession.h"
#include "reload_rig.h"

static void take_over_now(void)
{
    take_over();
    CHECK_INT(done, 1);
    CHECK_INT(last_err, 0);
}

static const char *const model_2[] = {"MODEL=2", NULL}, *const model_3[] = {"MODEL=3", NULL};
static const struct ration_amount one_seat[] = {{.name = "seat", .amount = 1}, {0}};

static const struct post *post(void) { return &sim->server.roster.posts[0]; }
static bool is_alone(void) { return !post()->heir && list_empty(&sim->server.roster.retired); }

/* One process of the first pool is loaded, and what comes after it takes half a minute to load. */
static void open_loaded(void)
{
    rig_open();
    struct sim_task *t = SUBMIT(.ms = 10);
    sim_pass(sim, 5000);
    CHECK_TASK(t, "completed");
    sim->processes.load_ms = 30000;
}

static void take_over_env(const char *const *env)
{
    begin();
    other_pools[0].env = env;
    take_over_now();
}

TEST(while_the_new_one_loads_the_old_one_serves)
{
    open_loaded();
    struct handler *before = post()->handler;
    take_over_env(model_2);
    sim_pass(sim, 100);
    CHECK_INT(sim_process_count(&sim->processes), 2); /* it loads already, though no task waits for it */
    struct sim_task *t = SUBMIT(.ms = 10);
    sim_pass(sim, 500);
    CHECK_TASK(t, "completed");
    sim_pass(sim, 25000);
    CHECK(post()->heir && post()->handler == before);
    sim_pass(sim, 10000);
    CHECK(is_alone() && post()->handler != before);
    CHECK_INT(sim_process_count(&sim->processes), 1);
    int64_t started = sim->processes.started;
    t = SUBMIT(.ms = 10);
    sim_pass(sim, 500);
    CHECK_TASK(t, "completed");
    CHECK_INT(sim->processes.started, started);
    RIG_CLOSE();
}

TEST(the_new_one_loads_as_many_as_the_old_one_had_and_it_has_at_most)
{
    rig_open();
    for (int i = 0; i < 2; i++) (void)SUBMIT(.ms = 2000);
    sim_pass(sim, 5000);
    CHECK_INT(sim_process_count(&sim->processes), 2);
    sim->processes.load_ms = 30000;
    take_over_env(model_2);
    sim_pass(sim, 100);
    CHECK_INT(sim_process_count(&sim->processes), 4);
    sim_pass(sim, 40000);
    CHECK(is_alone());
    CHECK_INT(sim_process_count(&sim->processes), 2);
    RIG_CLOSE();
}

TEST(a_delay_of_its_batches_holds_from_then_on)
{
    open_loaded();
    begin();
    other_pools[0].batch = (struct worker_batch_conf){.max = 8, .delay_ms = 5000};
    sim->processes.max_batch = 8;
    take_over_now();
    sim_pass(sim, 40000);
    CHECK(is_alone());
    struct sim_task *t = SUBMIT(.ms = 10);
    sim_pass(sim, 4900);
    CHECK_TASK(t, "pending");
    sim_pass(sim, 200);
    CHECK_TASK(t, "completed");
    RIG_CLOSE();
}

TEST(fewer_instances_load_no_more_than_that)
{
    rig_open();
    for (int i = 0; i < 2; i++) (void)SUBMIT(.ms = 2000);
    sim_pass(sim, 5000);
    begin();
    other_pools[0].instances = 1;
    take_over_now();
    CHECK_INT(sim_process_count(&sim->processes), 3);
    sim_pass(sim, 5000);
    CHECK(is_alone());
    CHECK_INT(sim_process_count(&sim->processes), 1);
    RIG_CLOSE();
}

TEST(a_pool_without_a_loaded_process_is_replaced_at_once_and_starts_when_it_is_needed)
{
    rig_open();
    struct handler *before = post()->handler;
    take_over_env(model_2);
    CHECK(post()->handler != before && !post()->heir);
    sim_pass(sim, 5000);
    CHECK_INT(sim->processes.started, 0);
    RIG_CLOSE();
}

TEST(of_several_reloads_the_newest_comes_after_the_one_that_serves)
{
    open_loaded();
    struct handler *before = post()->handler;
    take_over_env(model_2);
    sim_pass(sim, 5000);
    take_over_env(model_3);
    CHECK(post()->handler == before && post()->heir);
    sim_pass(sim, 5000); /* the one in between ends without having served */
    CHECK_INT(sim_process_count(&sim->processes), 2);
    CHECK(list_empty(&sim->server.roster.retired));
    const struct duty *heir = post()->heir;
    take_over_env(model_3);
    CHECK(post()->heir == heir); /* the same goes on loading */
    sim_pass(sim, 40000);
    CHECK(is_alone() && post()->handler != before && post()->duty == heir);
    CHECK_INT(sim_process_count(&sim->processes), 1);
    RIG_CLOSE();
}

TEST(a_reload_back_to_what_serves_ends_what_was_to_come_after_it)
{
    open_loaded();
    struct handler *before = post()->handler;
    take_over_env(model_2);
    sim_pass(sim, 5000);
    take_over_env(NULL);
    sim_pass(sim, 40000);
    CHECK(is_alone() && post()->handler == before);
    CHECK_INT(sim_process_count(&sim->processes), 1);
    RIG_CLOSE();
}

TEST(a_new_one_that_fails_to_start_replaces_the_old_one_all_the_same)
{
    open_loaded();
    struct handler *before = post()->handler;
    sim->processes.load_ms = 500;
    sim->processes.fail_loads = 1;
    struct sim_task *old = RUNNING(.ms = 60000);
    take_over_env(model_2);
    CHECK(post()->handler == before);
    sim_pass(sim, SUCCESSION_LOOK_MS + 100);
    CHECK(post()->handler != before && !post()->heir);
    CHECK_TASK(old, "running");
    struct sim_task *t = SUBMIT(.ms = 10);
    sim_pass(sim, 20000);
    CHECK_TASK(t, "completed");
    sim_pass(sim, 60000);
    CHECK_TASK(old, "completed");
    CHECK(is_alone());
    RIG_CLOSE();
}

TEST(the_old_one_gives_way_when_there_is_room_for_one_only)
{
    open_loaded();
    begin(); /* from now on it holds the only seat */
    other.resources = one_seat;
    other_pools[0].needs = one_seat;
    sim->processes.load_ms = 1000;
    take_over_now();
    sim_pass(sim, 5000);
    CHECK(is_alone());
    CHECK_INT(sim_process_count(&sim->processes), 1);
    struct handler *before = post()->handler;
    take_over_env(model_2);
    CHECK(post()->handler == before && post()->heir);
    sim_pass(sim, SUCCESSION_LOOK_MS + 100);
    CHECK(post()->handler != before && !post()->heir);
    sim_pass(sim, 5000);
    CHECK(is_alone());
    struct sim_task *t = SUBMIT(.ms = 10);
    sim_pass(sim, 5000);
    CHECK_TASK(t, "completed");
    RIG_CLOSE();
}

TEST(an_old_one_that_unloads_meanwhile_is_not_waited_for)
{
    struct err e;
    struct handler *h, *before;
    open_loaded();
    before = post()->handler;
    take_over_env(model_2);
    CHECK_INT(roster_control(&sim->server.roster, STR("speech-1"), HANDLER_STOP, &h, &e), 0);
    CHECK(h == before);
    sim_pass(sim, SUCCESSION_LOOK_MS + 100);
    CHECK(post()->handler != before && !post()->heir);
    struct sim_task *t = SUBMIT(.ms = 10);
    sim_pass(sim, 40000);
    CHECK_TASK(t, "completed");
    RIG_CLOSE();
}

TEST(a_pool_that_is_not_kept_loaded_ends_after_it_took_over)
{
    open_loaded();
    sim->processes.load_ms = 1000;
    struct sim_task *old = RUNNING(.ms = 60000);
    begin();
    other_pools[0].keep_alive_ms = 0;
    take_over_now();
    sim_pass(sim, 5000);
    CHECK(!post()->heir);
    CHECK_INT(sim_process_count(&sim->processes), 1); /* that of the task */
    sim_pass(sim, 60000);
    CHECK_TASK(old, "completed");
    CHECK_INT(sim_process_count(&sim->processes), 0);
    RIG_CLOSE();
}

static struct handler *recycle(void)
{
    struct err e;
    struct handler *h = NULL;
    CHECK_INT(roster_control(&sim->server.roster, STR("speech-1"), HANDLER_RECYCLE, &h, &e), 0);
    sim_run(sim);
    return h;
}

TEST(a_recycle_of_the_only_loaded_process_leaves_no_gap)
{
    open_loaded();
    struct handler *before = post()->handler;
    struct sim_task *old = RUNNING(.ms = 60000);
    CHECK(recycle() == before);
    CHECK_INT(sim_process_count(&sim->processes), 2); /* the next loads beside it, though it has a task */
    const struct duty *heir = post()->heir;
    CHECK(recycle() == before && post()->heir == heir); /* asked again: the same */
    CHECK_INT(sim_process_count(&sim->processes), 2);
    sim_pass(sim, 31000);
    CHECK(!post()->heir && post()->handler != before);
    CHECK_TASK(old, "running");
    struct sim_task *t = SUBMIT(.ms = 10);
    sim_pass(sim, 500);
    CHECK_TASK(t, "completed"); /* by the next */
    sim_pass(sim, 60000);
    CHECK_TASK(old, "completed");
    CHECK_INT(rig_look(old)->life.attempt, 1);
    CHECK(is_alone());
    CHECK_INT(sim_process_count(&sim->processes), 1);
    RIG_CLOSE();
}

TEST(a_process_that_is_recycled_takes_tasks_until_the_next_is_loaded)
{
    open_loaded();
    struct handler *before = post()->handler;
    (void)recycle();
    sim_pass(sim, 15000);
    struct sim_task *t = SUBMIT(.ms = 10);
    sim_pass(sim, 500);
    CHECK_TASK(t, "completed");
    CHECK(post()->heir && post()->handler == before);
    sim_pass(sim, 30000);
    CHECK(is_alone() && post()->handler != before);
    RIG_CLOSE();
}

TEST(of_several_loaded_processes_the_others_serve_while_one_is_recycled)
{
    rig_open();
    for (int i = 0; i < 2; i++) (void)SUBMIT(.ms = 2000);
    sim_pass(sim, 5000);
    CHECK_INT(sim_process_count(&sim->processes), 2);
    (void)recycle();
    CHECK(!post()->heir);
    struct sim_task *t = SUBMIT(.ms = 10);
    sim_pass(sim, 500);
    CHECK_TASK(t, "completed");
    RIG_CLOSE();
}

TEST(a_reload_that_changes_nothing_lets_a_recycle_go_on_and_one_that_does_takes_its_place)
{
    open_loaded();
    (void)recycle();
    const struct duty *heir = post()->heir;
    take_over_env(NULL);
    CHECK(heir && post()->heir == heir);
    take_over_env(model_2);
    CHECK(post()->heir && post()->heir != heir);
    sim_pass(sim, 40000);
    CHECK(is_alone());
    CHECK_INT(sim_process_count(&sim->processes), 1);
    RIG_CLOSE();
}

TEST(one_that_holds_the_only_seat_ends_after_its_task_and_is_replaced_then)
{
    open_loaded();
    begin();
    other.resources = one_seat;
    other_pools[0].needs = one_seat;
    sim->processes.load_ms = 1000;
    take_over_now();
    sim_pass(sim, 5000);
    struct sim_task *old = RUNNING(.ms = 5000);
    struct handler *before = recycle();
    CHECK_INT(sim_process_count(&sim->processes), 1);
    sim_pass(sim, SUCCESSION_LOOK_MS + 100);
    CHECK(post()->handler != before);
    CHECK_TASK(old, "running");
    sim_pass(sim, 10000);
    CHECK_TASK(old, "completed");
    CHECK(is_alone());
    CHECK_INT(sim_process_count(&sim->processes), 0); /* none is needed */
    struct sim_task *t = SUBMIT(.ms = 10);
    sim_pass(sim, 5000);
    CHECK_TASK(t, "completed");
    RIG_CLOSE();
}

TEST(a_drain_ends_both_while_the_new_one_loads)
{
    open_loaded();
    struct sim_task *old = RUNNING(.ms = 3000);
    take_over_env(model_2);
    sim_pass(sim, 100);
    CHECK(post()->heir);
    sim_drain(sim);
    sim_pass(sim, 60000);
    CHECK_INT(sim->drained, 1);
    CHECK_TASK(old, "completed");
    CHECK_INT(sim_process_count(&sim->processes), 0);
    RIG_CLOSE();
}

TEST(a_pool_that_goes_takes_what_was_to_come_after_it_with_it)
{
    open_loaded();
    take_over_env(model_2);
    sim_pass(sim, 100);
    begin();
    struct config_type types[4];
    CHECK(other.n_types <= 4);
    memcpy(types, other.types, other.n_types * sizeof *types);
    other_pools[0].name = "letters";
    for (size_t i = 0; i < other.n_types; i++)
        if (types[i].worker) types[i].worker = other_pools[0].name;
    other.types = types;
    take_over_now();
    sim_pass(sim, 5000);
    CHECK_INT(sim_process_count(&sim->processes), 0);
    CHECK(list_empty(&sim->server.roster.retired));
    CHECK(!timer_is_set(&sim->server.roster.look));
    RIG_CLOSE();
}

TEST_MAIN
