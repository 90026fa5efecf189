/* SPDX-License-Identifier: Apache-2.0
 *
 * What a good bide.yaml becomes: defaults, inheritance, paths, precedence, look-ups.
 */
#include "server/config.h"
#include "test.h"
#include "test_config_dir.h"
#include <unistd.h>

static struct config c;
static struct config_errors errors;

static void load(const char *yaml)
{
    config_release(&c);
    int err = config_load(&c, config_dir_write("bide.yaml", yaml), NULL, &errors);
    struct buf b;
    buf_init(&b, 65536);
    config_errors_write(&errors, &b);
    if (b.len) fprintf(stderr, "%s", b.p);
    buf_release(&b);
    CHECK_INT(err, 0);
}

static const char *in_dir(const char *name) { return config_dir_path(name); }

TEST(an_empty_file_gives_the_defaults)
{
    load("# nothing\n");
    CHECK_STR(str_of(c.listen[0]), "127.0.0.1:8080");
    CHECK(c.listen[1] == NULL);
    CHECK_STR(str_of(c.store), arena_format(&c.arena, "sqlite:%s", in_dir("bide.db")).p);
    CHECK_STR(str_of(c.data_dir), in_dir(""));
    CHECK_INT(config_origin(&c, STR("listen")).from, CONFIG_DEFAULT);
    CHECK_INT(c.defaults.max_attempts, 3);
    CHECK_INT(c.defaults.timeout_ms, 3600 * 1000);
    CHECK_INT(c.defaults.grace_ms, 10 * 1000);
    CHECK_INT(c.defaults.retry.backoff, RETRY_EXPONENTIAL);
    CHECK_INT(c.defaults.retry.base_ms, 5000);
    CHECK_INT(c.defaults.retry.cap_ms, 600 * 1000);
    CHECK_INT(c.defaults.retry.jitter, RETRY_JITTER_FULL);
    CHECK_INT(c.n_queues, 1);
    CHECK_INT(config_queue_find(&c, STR("default"))->concurrency, 5);
    CHECK_INT(c.n_types, 0);
}

TEST(a_file_without_a_byte_is_an_empty_one)
{
    load("");
    CHECK_INT(c.n_queues, 1);
    load("---\n");
    CHECK_INT(c.n_queues, 1);
}

TEST(headings_with_nothing_under_them_are_fine)
{
    load("queues:\nworkers: ~\ntypes: {}\ndefaults:\n");
    CHECK_INT(c.n_queues, 1);
}

TEST(the_default_queue_can_be_set_and_others_declared)
{
    load("queues:\n  gpu: {concurrency: 1, capacity: 50, paused: true}\n  default: {concurrency: 9}\n");
    CHECK_INT(c.n_queues, 2);
    CHECK_INT(config_queue_find(&c, STR("default"))->concurrency, 9);
    const struct config_queue *gpu = config_queue_find(&c, STR("gpu"));
    CHECK_INT(gpu->concurrency, 1);
    CHECK_INT(gpu->capacity, 50);
    CHECK(gpu->paused);
    CHECK(config_queue_find(&c, STR("gp")) == NULL);
}

TEST(a_queue_is_fair_when_it_says_so)
{
    load("queues:\n  a: {fair: true}\n  b: {fair: false}\n  c: {}\n");
    CHECK(config_queue_find(&c, STR("a"))->fair);
    CHECK(!config_queue_find(&c, STR("b"))->fair && !config_queue_find(&c, STR("c"))->fair);
}

TEST(a_queue_has_a_rate_or_none)
{
    load("queues:\n  a: {rate: 10/s}\n  b: {rate: 90/m burst 5}\n  c: {rate: 0}\n  d: {}\n");
    struct rate a = config_queue_find(&c, STR("a"))->rate, b = config_queue_find(&c, STR("b"))->rate;
    CHECK(a.n == 10 && a.burst == 10 && a.per_ms == 1000);
    CHECK(b.n == 90 && b.burst == 5 && b.per_ms == 60000);
    CHECK(config_queue_find(&c, STR("c"))->rate.n == 0 && config_queue_find(&c, STR("d"))->rate.n == 0);
}

TEST(a_worker_has_a_command_relative_to_the_file)
{
    load("workers:\n  speech: {command: [./speech, --model, en-us], instances: 2, load: boot, keep_alive: forever,\n"
         "           ready_timeout: 30s, env: {OMP_NUM_THREADS: 1, EMPTY: \"\"}}\n"
         "  py: {command: [python3, ./x.py], cwd: models, keep_alive: 0}\n");
    const struct worker_pool_conf *w = config_worker_find(&c, STR("speech"));
    CHECK_STR(str_of(w->command[0]), in_dir("speech"));
    CHECK_STR(str_of(w->command[2]), "en-us");
    CHECK(w->command[3] == NULL);
    CHECK_INT(w->instances, 2);
    CHECK(w->load_at_boot);
    CHECK_INT(w->keep_alive_ms, -1);
    CHECK_INT(w->ready_timeout_ms, 30000);
    CHECK_STR(str_of(w->env[0]), "OMP_NUM_THREADS=1");
    CHECK_STR(str_of(w->env[1]), "EMPTY=");
    CHECK(w->env[2] == NULL);
    CHECK_STR(str_of(w->cwd), in_dir(""));
    w = config_worker_find(&c, STR("py"));
    CHECK_STR(str_of(w->command[0]), "python3");
    CHECK_STR(str_of(w->cwd), in_dir("models"));
    CHECK_INT(w->instances, 1);
    CHECK_INT(w->keep_alive_ms, 0);
    CHECK(!w->load_at_boot);
}

TEST(resources_are_sizes_or_numbers_and_pools_need_some_of_them)
{
    load("workers:\n  draw: {command: [./draw], needs: {vram: 6G, licences: 1}}\n  other: {command: [./other]}\n"
         "resources: {vram: 24G, licences: 2}\n");
    CHECK_STR(str_of(c.resources[0].name), "vram");
    CHECK_INT(c.resources[0].amount, INT64_C(24) << 30);
    CHECK(c.resources[0].is_size && !c.resources[1].is_size);
    CHECK_INT(c.resources[1].amount, 2);
    CHECK(c.resources[2].name == NULL);
    const struct worker_pool_conf *w = config_worker_find(&c, STR("draw"));
    CHECK_INT(w->needs[0].amount, INT64_C(6) << 30);
    CHECK_STR(str_of(w->needs[1].name), "licences");
    CHECK(w->needs[2].name == NULL && config_worker_find(&c, STR("other"))->needs == NULL);
}

TEST(a_path_upwards_is_shown_as_where_it_leads)
{
    load("data_dir: ../../../../../../../../../../../../var\nstore: sqlite:../bide-sibling.db\n");
    CHECK_STR(str_of(c.data_dir), "/var");
    char parent[4096];
    CHECK(str_copy(parent, sizeof parent, str_of(in_dir(""))));
    *strrchr(parent, '/') = 0;
    CHECK_STR(str_of(c.store), arena_format(&c.arena, "sqlite:%s/bide-sibling.db", parent).p);
}

TEST(a_type_inherits_what_it_does_not_say_wherever_the_defaults_stand)
{
    load("types:\n  a: {exec: [/bin/echo, \"{input.x}\"], retry: {base: 1s}, priority: -7, stdout: text, max_attempts: "
         "9}\n"
         "  b: {worker: w, queue: q, timeout: 1h30m}\n"
         "workers: {w: {command: [true]}}\nqueues: {q: {}}\n"
         "defaults: {max_attempts: 4, timeout: 90s, retry: {backoff: fixed, cap: 1m, jitter: none}}\n");
    const struct config_type *a = config_type_find(&c, STR("a")), *b = config_type_find(&c, STR("b"));
    CHECK_STR(str_of(a->queue), "default");
    CHECK(a->worker == NULL);
    CHECK_STR(str_of(a->exec.command[1]), "{input.x}");
    CHECK_INT(a->exec.result, EXEC_STDOUT_TEXT);
    CHECK_STR(str_of(a->exec.cwd), in_dir(""));
    CHECK_STR(str_of(a->exec.name), "a");
    CHECK_INT(a->priority, -7);
    CHECK_INT(a->rules.max_attempts, 9);
    CHECK_INT(a->rules.timeout_ms, 90000);
    CHECK_INT(a->rules.retry.base_ms, 1000);
    CHECK_INT(a->rules.retry.cap_ms, 60000);
    CHECK_INT(a->rules.retry.backoff, RETRY_FIXED);
    CHECK_INT(a->rules.retry.jitter, RETRY_JITTER_NONE);
    CHECK_STR(str_of(b->worker), "w");
    CHECK(b->exec.command == NULL);
    CHECK_INT(b->rules.max_attempts, 4);
    CHECK_INT(b->rules.timeout_ms, 5400 * 1000);
}

TEST(the_longest_prefix_wins_and_a_whole_name_wins_over_all)
{
    load("types:\n  \"*\": {exec: [a]}\n  remote.*: {exec: [a]}\n  remote.gpu.*: {exec: [a]}\n  remote.gpu.x: {exec: "
         "[a]}\n"
         "  zoo: {exec: [a]}\n");
    CHECK_INT(c.n_types, 5);
    CHECK_INT(c.n_exact, 2);
    CHECK_STR(str_of(config_type_find(&c, STR("remote.gpu.x"))->name), "remote.gpu.x");
    CHECK_STR(str_of(config_type_find(&c, STR("remote.gpu.y"))->name), "remote.gpu.*");
    CHECK_STR(str_of(config_type_find(&c, STR("remote.gpu"))->name), "remote.*");
    CHECK_STR(str_of(config_type_find(&c, STR("remote"))->name), "*");
    CHECK_STR(str_of(config_type_find(&c, STR("zoo"))->name), "zoo");
    load("types: {remote.*: {exec: [a]}}\n");
    CHECK(config_type_find(&c, STR("local")) == NULL);
}

TEST(anchors_and_merges_work)
{
    load("types:\n  a: &base {exec: [a], timeout: 1m, priority: 3}\n  b: {<<: *base, priority: 4}\n");
    CHECK_INT(config_type_find(&c, STR("b"))->rules.timeout_ms, 60000);
    CHECK_INT(config_type_find(&c, STR("b"))->priority, 4);
}

TEST(listen_takes_one_or_a_list)
{
    load("listen: \":9000\"\n");
    CHECK_STR(str_of(c.listen[0]), ":9000");
    CHECK_INT(config_origin(&c, STR("listen")).from, CONFIG_FILE);
    load("listen: [127.0.0.1:0, \"unix:bide.sock\", \"unix:/run/b.sock\"]\nstore: \"mem:\"\n");
    CHECK_STR(str_of(c.listen[1]), arena_format(&c.arena, "unix:%s", in_dir("bide.sock")).p);
    CHECK_STR(str_of(c.listen[2]), "unix:/run/b.sock");
    CHECK(c.listen[3] == NULL);
    CHECK_STR(str_of(c.store), "mem:");
}

TEST(without_a_file_everything_is_in_the_state_folder)
{
    config_release(&c);
    setenv("XDG_STATE_HOME", "/var/state", 1);
    CHECK_INT(config_load(&c, NULL, NULL, &errors), 0);
    CHECK_STR(str_of(c.store), "sqlite:/var/state/bide/bide.db");
    CHECK_STR(str_of(c.data_dir), "/var/state/bide");
    CHECK(c.path == NULL);
    config_release(&c);
    unsetenv("XDG_STATE_HOME");
    setenv("HOME", "/var/ann", 1);
    CHECK_INT(config_load(&c, NULL, NULL, &errors), 0);
    CHECK_STR(str_of(c.store), "sqlite:/var/ann/.local/state/bide/bide.db");
    CHECK_STR(str_of(c.listen[0]), "127.0.0.1:8080");
}

TEST(release_accepts_a_zeroed_config)
{
    config_release(&c);
    config_release(&c);
}

TEST_MAIN
