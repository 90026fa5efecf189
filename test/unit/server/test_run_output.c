/* SPDX-License-Identifier: Apache-2.0
 *
 * What an attempt leaves: its progress, what it printed, its directory and the files it made there.
 */
#include "server_rig.h"

TEST(progress_is_shown_while_it_runs_and_the_last_is_kept)
{
    rig_open();
    struct sim_task *t = RUNNING(.ms = 4000, .more = ",\"progress\":3");
    CHECK_INT(server_run(&sim->server, &t->body.id)->progress.len, 0);
    sim_pass(sim, 1000);
    CHECK_STR(buf_str(&server_run(&sim->server, &t->body.id)->progress), "{\"percent\":20,\"message\":\"3 left\",\"data\":{}}");
    sim_pass(sim, 3000);
    CHECK_TASK(t, "completed");
    CHECK_STR(rig_look(t)->ending.progress, "{\"percent\":33,\"message\":\"1 left\",\"data\":{}}");
    RIG_CLOSE();
}

TEST(what_an_attempt_printed_is_kept_per_attempt)
{
    rig_open();
    struct arena a = {0};
    struct sim_task *t = RUNNING(.plan = "fail done", .ms = 10, .more = ",\"log\":100");
    sim_pass(sim, 5000);
    CHECK_TASK(t, "completed");
    CHECK_INT(sim_log(&sim->client, sim->store.inner, t, 1, 1, &a).len, 100);
    CHECK_INT(sim_log(&sim->client, sim->store.inner, t, 1, 2, &a).len, 100);
    struct sim_task *quiet = RUNNING(.type = "convert", .ms = 1001);
    sim_pass(sim, 1);
    CHECK_INT(sim_log(&sim->client, sim->store.inner, quiet, 1, 1, &a).len, 0);
    arena_release(&a);
    RIG_CLOSE();
}

TEST(a_log_is_cut_to_its_limit)
{
    rig_open();
    struct arena a = {0};
    struct sim_task *t = RUNNING(.ms = 10, .more = ",\"log\":1000000");
    sim_pass(sim, 50);
    CHECK_TASK(t, "completed");
    struct str log = sim_log(&sim->client, sim->store.inner, t, 1, 1, &a);
    CHECK(log.len <= LIMIT_LOG && log.len > LIMIT_LOG - 256);
    CHECK(strstr(log.p, "bytes left out"));
    arena_release(&a);
    RIG_CLOSE();
}

static void leave_a_file(const struct sim_task *t)
{
    char path[ATTEMPT_DIR_PATH + 8];
    (void)str_copy(path, sizeof path, str_of(server_run(&sim->server, &t->body.id)->place.path));
    strncat(path, "/out.txt", sizeof path - strlen(path) - 1);
    FILE *f = fopen(path, "w");
    CHECK(f && fputs("hello", f) >= 0);
    fclose(f);
}

TEST(the_directory_is_there_while_it_runs_and_gone_with_the_verdict)
{
    rig_open();
    struct sim_task *t = RUNNING(.ms = 500);
    CHECK(sim_has_dir(sim, &t->body.id, 1, 1));
    sim_pass(sim, 500);
    CHECK_INT(sim_dirs(sim), 0);
    struct sim_task *e = RUNNING(.type = "convert", .ms = 1500); /* has input.json in it */
    CHECK(sim_has_dir(sim, &e->body.id, 1, 1));
    sim_pass(sim, 500);
    CHECK_TASK(e, "completed");
    CHECK_INT(sim_dirs(sim), 0);
    RIG_CLOSE();
}

TEST(output_files_keep_the_directory_of_a_done_attempt)
{
    rig_open();
    struct sim_task *t = RUNNING(.type = "convert", .ms = 1500);
    leave_a_file(t);
    sim_pass(sim, 500);
    CHECK_STR(rig_look(t)->ending.files, "[\"out.txt\"]");
    CHECK(sim_has_dir(sim, &t->body.id, 1, 1));
    RIG_CLOSE();
}

TEST(files_of_a_failed_or_released_attempt_are_removed)
{
    rig_open();
    struct sim_task *t = RUNNING(.plan = "fail done", .ms = 500);
    leave_a_file(t);
    sim_pass(sim, 500);
    CHECK(!sim_has_dir(sim, &t->body.id, 1, 1));
    sim_pass(sim, 3000);
    struct sim_task *u = RUNNING(.plan = "hang");
    leave_a_file(u);
    sim_drain(sim);
    server_hurry(&sim->server);
    sim_pass(sim, 1000);
    CHECK_TASK(u, "pending");
    CHECK_INT(sim_dirs(sim), 0);
    RIG_CLOSE();
}

TEST_MAIN
