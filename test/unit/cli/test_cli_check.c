/* SPDX-License-Identifier: Apache-2.0
 *
 * `bide check` as a person sees it: exit code, what is on stdout, what on stderr.
 */
#include "cli/cli.h"
#include "test.h"
#include <fcntl.h>
#include <unistd.h>

static char dir[] = "/tmp/bide-check-XXXXXX";
static char out[16384], err[16384];

static void leave(void)
{
    static const char *const names[] = {"bide.yaml", "other.yaml", "out", "err"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) unlink(names[i]);
    if (chdir("/") == 0) rmdir(dir);
}

static void enter(void)
{
    static bool entered;
    if (entered) return;
    if (!mkdtemp(dir) || chdir(dir) != 0) abort();
    atexit(leave);
    entered = true;
}

static void write_file(const char *name, const char *text)
{
    enter();
    FILE *f = fopen(name, "w");
    if (!f || fputs(text, f) < 0 || fclose(f) != 0) abort();
}

static void slurp(const char *name, char *text, size_t cap)
{
    FILE *f = fopen(name, "r");
    if (!f) abort();
    text[fread(text, 1, cap - 1, f)] = '\0';
    fclose(f);
}

static int run(const char *argument, const char *more)
{
    static char verb[] = "check";
    char *argv[] = {verb, (char *)(uintptr_t)argument, (char *)(uintptr_t)more, NULL};
    enter();
    fflush(NULL);
    int old_out = dup(1), old_err = dup(2);
    if (!freopen("out", "w", stdout) || !freopen("err", "w", stderr)) abort();
    int code = cli_check(argument ? more ? 3 : 2 : 1, argv);
    fflush(NULL);
    dup2(old_out, 1);
    dup2(old_err, 2);
    close(old_out);
    close(old_err);
    slurp("out", out, sizeof out);
    slurp("err", err, sizeof err);
    return code;
}

TEST(without_a_file_it_says_so)
{
    enter();
    unlink("bide.yaml");
    CHECK_INT(run(NULL, NULL), 78);
    CHECK(strstr(err, "there is no bide.yaml here"));
    CHECK_STR(str_of(out), "");
}

TEST(a_right_file_is_summed_up)
{
    write_file("bide.yaml",
               "store: \"mem:\"\ndata_dir: /d\nqueues: {gpu: {concurrency: 1, capacity: 50}}\n"
               "workers: {speech: {command: [speech, -x], load: boot}}\n"
               "types:\n  transcribe: {worker: speech, queue: gpu}\n  render: {exec: [render], timeout: 30m}\n"
               "routes:\n  - {path: POST /r, submit: render}\n  - {path: GET /health, health: {}}\n");
    CHECK_INT(run(NULL, NULL), 0);
    CHECK_STR(str_of(err), "");
    CHECK_STR(str_of(out), "bide.yaml: right\n"
                           "listen    127.0.0.1:8080\n"
                           "store     mem:\n"
                           "data_dir  /d\n"
                           "queue     default: 5 at a time\n"
                           "queue     gpu: 1 at a time, at most 50 waiting\n"
                           "worker    speech: 1 of speech -x, with the server\n"
                           "type      render: queue default, exec render, 3 attempts of 30m\n"
                           "type      transcribe: queue gpu, worker speech, 3 attempts of 1h\n"
                           "route     POST /r: submit render\n"
                           "route     GET /health: health\n");
}

TEST(each_problem_is_a_line_and_the_exit_code_is_78)
{
    write_file("other.yaml", "typs: {}\ndefaults: {timeout: 5}\n");
    CHECK_INT(run("other.yaml", NULL), 78);
    CHECK_STR(str_of(out), "");
    CHECK_STR(str_of(err),
              "other.yaml:1:1: unknown key \"typs\" (did you mean \"types\"?)\n"
              "other.yaml:2:21: \"timeout\": expected a duration like 90s, 1h30m; a number needs its unit; "
              "found \"5\"\n");
}

TEST(json_tells_the_same_to_a_program)
{
    write_file("other.yaml", "typs: {}\n");
    CHECK_INT(run("--json", "other.yaml"), 78);
    CHECK_STR(str_of(out), "{\"file\":\"other.yaml\",\"ok\":false,\"errors\":[{\"line\":1,\"column\":1,\"message\":"
                           "\"unknown key \\\"typs\\\" (did you mean \\\"types\\\"?)\"}]}\n");
    write_file("other.yaml", "queues: {a: {}}\ntypes: {t: {exec: [x]}}\n");
    CHECK_INT(run("--json", "other.yaml"), 0);
    CHECK_STR(str_of(out),
              "{\"file\":\"other.yaml\",\"ok\":true,\"errors\":[],\"warnings\":[],\"queues\":[\"default\",\"a\"],\"workers\":[],"
              "\"types\":[\"t\"],\"routes\":[]}\n");
}

TEST(what_is_right_but_would_not_work_here_is_said_and_is_no_error)
{
    write_file("other.yaml", "types: {t: {exec: [x], limits: {files: 2000000000}}}\n");
    CHECK_INT(run("other.yaml", NULL), 0);
    CHECK(str_starts(str_of(out), STR("other.yaml: right\n")));
    CHECK(str_starts(str_of(err), STR("other.yaml: types.t: \"limits.files\" is above the hard limit of this process, ")));
    CHECK_INT(run("--json", "other.yaml"), 0);
    CHECK_STR(str_of(err), "");
    CHECK(strstr(out, "\"ok\":true,\"errors\":[],\"warnings\":[\"types.t: \\\"limits.files\\\" is above"));
}

TEST(what_it_does_not_know_is_a_usage_error)
{
    CHECK_INT(run("--fast", NULL), 64);
    CHECK(strstr(err, "--fast"));
}

TEST_MAIN
