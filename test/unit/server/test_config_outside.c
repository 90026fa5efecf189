/* SPDX-License-Identifier: Apache-2.0
 *
 * Flags and variables over the file over the defaults, and where each value says that it comes from.
 */
#include "server/config_show.h"
#include "test.h"
#include "test_config_dir.h"
#include <unistd.h>

static struct config c;
static struct config_errors errors;

static int load(const char *yaml, const char *const *env, const char *store)
{
    const struct config_flag flag = {"store", "--store", store};
    const struct config_outside outside = {env, &flag, 1};
    config_release(&c);
    return config_load(&c, yaml ? config_dir_write("bide.yaml", yaml) : NULL, &outside, &errors);
}

#define ENV(...) ((const char *const[]){__VA_ARGS__, NULL})

static void check_first_error(const char *text)
{
    struct buf b;
    buf_init(&b, 65536);
    config_errors_write(&errors, &b);
    struct str rest = buf_str(&b);
    CHECK_STR(str_cut(&rest, '\n'), text);
    buf_release(&b);
}

struct wanted {
    const char *path;
    char value[256], origin[4096];
};

static void note(void *user, const struct config_item *item)
{
    struct wanted *w = user;
    if (!str_eq(item->path, str_of(w->path))) return;
    struct buf b;
    buf_init(&b, 4096);
    config_show_value(&b, item);
    str_copy(w->value, sizeof w->value, buf_str(&b));
    buf_clear(&b);
    config_show_origin(&b, &c, item);
    str_copy(w->origin, sizeof w->origin, buf_str(&b));
    buf_release(&b);
}

static void check(const char *path, const char *value, const char *origin)
{
    struct wanted w = {.path = path, .value = "(no such value)"};
    config_show_each(&c, note, &w);
    CHECK_STR(str_of(w.value), value);
    const char *slash = strrchr(w.origin, '/');
    CHECK_STR(str_of(slash ? slash + 1 : w.origin), origin);
}

TEST(flags_win_over_variables_and_those_over_the_file_and_that_over_the_defaults)
{
    const char *const *env = ENV("BIDE_LISTEN=127.0.0.1:2,unix:/x", "BIDE_STORE=sqlite:/e.db", "PATH=/bin");
    CHECK_INT(load("listen: 127.0.0.1:1\nstore: sqlite:/f.db\ndata_dir: /d\nqueues: {gpu: {rate: 10/s burst 20}}\n", env, "mem:"), 0);
    check("listen", "[\"127.0.0.1:2\",\"unix:/x\"]", "BIDE_LISTEN");
    check("store", "\"mem:\"", "--store");
    check("data_dir", "\"/d\"", "bide.yaml:3");
    check("queues.gpu.rate", "\"10/s burst 20\"", "bide.yaml:4");
    check("queues.default.rate", "\"0\"", "default");
    check("defaults.grace", "\"10s\"", "default");
}

TEST(a_variable_sets_any_key_that_one_text_can_say)
{
    const char *const *env =
        ENV("BIDE_DEFAULTS_TIMEOUT=2h", "BIDE_DEFAULTS_RETRY_BASE=7s", "BIDE_QUEUES_GPU_CONCURRENCY=3",
            "BIDE_QUEUES_DEFAULT_PAUSED=true", "BIDE_WORKERS_SPEECH_EN_KEEP_ALIVE=forever", "BIDE_TYPES_T___QUEUE=gpu",
            "BIDE_TYPES_T___RETRY_CAP=9s");
    CHECK_INT(load("queues: {gpu: {}}\nworkers: {speech-en: {command: [w]}}\ntypes: {t.*: {worker: speech-en}}\n", env, NULL), 0);
    CHECK_INT(c.defaults.timeout_ms, 7200 * 1000);
    check("queues.gpu.concurrency", "3", "BIDE_QUEUES_GPU_CONCURRENCY");
    check("queues.default.paused", "true", "BIDE_QUEUES_DEFAULT_PAUSED");
    check("workers.speech-en.keep_alive", "\"forever\"", "BIDE_WORKERS_SPEECH_EN_KEEP_ALIVE");
    check("types.t.*.queue", "\"gpu\"", "BIDE_TYPES_T___QUEUE");
    check("types.t.*.retry.cap", "\"9s\"", "BIDE_TYPES_T___RETRY_CAP");
    CHECK(c.warnings[0] == NULL);
}

TEST(a_type_inherits_what_a_variable_says_of_the_defaults)
{
    CHECK_INT(load("types: {a: {exec: [x]}, b: {exec: [x], timeout: 1m}}\n",
                   ENV("BIDE_DEFAULTS_TIMEOUT=2h", "BIDE_DEFAULTS_RETRY_BASE=7s"), NULL), 0);
    CHECK_INT(config_type_find(&c, STR("a"))->rules.timeout_ms, 7200 * 1000);
    check("types.a.timeout", "\"2h\"", "defaults.timeout");
    check("types.a.retry.base", "\"7s\"", "defaults.retry.base");
    check("types.b.timeout", "\"1m\"", "bide.yaml:1");
}

TEST(without_a_file_variables_and_flags_set_what_they_say)
{
    CHECK_INT(load(NULL, ENV("BIDE_QUEUES_DEFAULT_CONCURRENCY=9", "BIDE_DATA_DIR=/elsewhere"), "mem:"), 0);
    check("queues.default.concurrency", "9", "BIDE_QUEUES_DEFAULT_CONCURRENCY");
    check("data_dir", "\"/elsewhere\"", "BIDE_DATA_DIR");
    check("store", "\"mem:\"", "--store");
}

TEST(what_is_said_outside_the_file_is_held_to_the_same_rules)
{
    CHECK_INT(load("", ENV("BIDE_STORE=redis"), NULL), ERR_CONFIG);
    check_first_error("BIDE_STORE: expected mem: or sqlite:FILE; found \"redis\"");
    CHECK_INT(load(NULL, ENV("BIDE_DEFAULTS_TIMEOUT=90"), NULL), ERR_CONFIG);
    check_first_error("BIDE_DEFAULTS_TIMEOUT: expected a duration like 90s, 1h30m; a number needs its unit; found \"90\"");
    CHECK_INT(load("", ENV("X=1"), ""), ERR_CONFIG);
    check_first_error("--store: expected mem: or sqlite:FILE; found \"\"");
    CHECK_INT(load("workers: {w: {command: [w]}}\n", ENV("BIDE_WORKERS_W_COMMAND=sh"), NULL), ERR_CONFIG);
    check_first_error("BIDE_WORKERS_W_COMMAND: only the file can say this");
}

TEST(paths_outside_the_file_are_relative_to_the_working_directory)
{
    char cwd[4096], wanted[4200];
    CHECK(getcwd(cwd, sizeof cwd) != NULL);
    snprintf(wanted, sizeof wanted, "sqlite:%s/here.db", cwd);
    CHECK_INT(load("", ENV("BIDE_STORE=sqlite:here.db"), NULL), 0);
    CHECK_STR(str_of(c.store), wanted);
}

TEST(an_empty_variable_says_nothing)
{
    CHECK_INT(load("store: \"mem:\"\n", ENV("BIDE_STORE="), NULL), 0);
    check("store", "\"mem:\"", "bide.yaml:1");
}

TEST(a_variable_that_is_nearly_one_is_warned_of_and_changes_nothing)
{
    CHECK_INT(load("", ENV("BIDE_LISTN=hidden:1", "BIDE_QUEUES_GPU_CONCURRENCY=2", "BIDE_SERVER=unix:/s", "BIDE_TRACE=1",
                           "BIDE_IN=3", "BIDE_TOKEN=x", "BIDE_UNRELATED_THING=1"), NULL), 0);
    CHECK_STR(str_of(c.warnings[0]), "the variable BIDE_LISTN sets nothing: did you mean BIDE_LISTEN?");
    CHECK_STR(str_of(c.warnings[1]),
              "the variable BIDE_QUEUES_GPU_CONCURRENCY sets nothing: the configuration has no such key");
    CHECK(c.warnings[2] == NULL);
}

TEST(values_are_shown_as_they_would_be_written_and_secrets_masked)
{
    CHECK_INT(load("workers: {w: {command: [/w, -x], keep_alive: forever, load: boot, env: {THREADS: 1, api_key: hush}}}\n"
                   "types: {t: {worker: w, priority: -3}, e: {exec: [/e]}}\n", ENV("X=1"), NULL), 0);
    check("workers.w.command", "[\"/w\",\"-x\"]", "bide.yaml:1");
    check("workers.w.load", "\"boot\"", "bide.yaml:1");
    check("workers.w.env", "{\"THREADS\":\"1\",\"api_key\":\"***\"}", "bide.yaml:1");
    check("types.t.priority", "-3", "bide.yaml:2");
    check("types.t.stdout", "(no such value)", "");
    check("types.e.stdout", "\"auto\"", "default");
    check("types.e.worker", "null", "default");
}

TEST_MAIN
