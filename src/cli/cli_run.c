/* SPDX-License-Identifier: Apache-2.0
 *
 * `bide run -- COMMAND ARGUMENT...`: a command line as a task of the built-in type `command`, followed to its end as if
 * it ran here: its stderr while it comes, its stdout, its exit code.
 */
#include "base/clock.h"
#include "base/json_write.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/text.h"
#include "cli/cli_bars.h"
#include "cli/cli_client.h"
#include "cli/cli_sequel.h"
#include "cli/cli_source.h"
#include "cli/cli_task.h"
#include "cli/cli_tell.h"
#include "cli/cli_text.h"
#include "handler/command.h"
#include "server/command_key.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define AWAY_MS (30 * 1000)
#define ROUND_MS 200
#define NOT_STARTED 127 /* as shells say it */
#define BY_SIGNAL 128
#define TIME_IS_UP 124 /* as timeout(1) says it */

const struct cli_option cli_run_options[] = {
    {"--detach", NULL, "print the task's id and do not wait"},
    {"--cwd", "DIR", "run it there (the working directory)"},
    {"--env", "NAME=VALUE", "added to the server's environment; may be repeated"},
    {"--queue", "NAME", "instead of default"},
    {"--priority", "N", "-100 to 100, larger runs first (0)"},
    {"--timeout", "DURATION", "it is ended after this long"},
    {"--subject", "TEXT", "what it is about"},
    CLI_SEQUEL_OPTIONS,
    CLI_TELL_OPTIONS,
    {"--config", "FILE", "the server's configuration, for its data_dir (./bide.yaml when there is one)"},
    {0},
};

/* ---- the key ---- */

static int find_key(const struct cli_args *a, struct command_key *key)
{
    const char *given = getenv("BIDE_RUN_KEY");
    struct cli_source source;
    struct config config;
    struct err e;
    if (given && *given) {
        if (!str_copy(key->text, sizeof key->text, str_of(given)))
            return cli_args_wrong(a, "BIDE_RUN_KEY is no run key");
        return CLI_OK;
    }
    int code = cli_source_init(&source, a);
    if (!code) code = cli_source_load(&source, &config);
    cli_source_release(&source);
    if (code) return code;
    int err = command_key_read(key, config.data_dir, &e);
    if (err == ERR_NOT_FOUND)
        fprintf(stderr,
                "bide run: no key in %s: has `bide serve` been started there? Its data_dir is found as the server "
                "finds it:\n"
                "run this where the server was started, or with its --config FILE, or set BIDE_RUN_KEY to what its "
                "run.key says\n",
                config.data_dir);
    else if (err) fprintf(stderr, "bide run: %s\n", e.text);
    config_release(&config);
    return err ? err_exit_code(err) : CLI_OK;
}

/* ---- what is asked ---- */

static int add_env(const struct cli_args *a, struct buf *b)
{
    const char *text;
    if (!cli_args_text(a, "--env")) return CLI_OK;
    json_write_key(b, "env");
    json_write_open(b, '{');
    for (int at = 0; (text = cli_args_next(a, "--env", &at));) {
        struct str value = str_of(text);
        bool has_value = str_find(value, '=') < value.len;
        struct str name = str_cut(&value, '=');
        if (!has_value || name.len == 0) return cli_args_wrong(a, "--env is `%s`: NAME=VALUE is expected", text);
        char *key = mem_text(name);
        json_write_member_str(b, key, value);
        free(key);
    }
    json_write_close(b, '}');
    return CLI_OK;
}

static int write_input(const struct cli_args *a, struct buf *b)
{
    char cwd[PATH_MAX];
    if (!realpath(cli_args_text(a, "--cwd") ? cli_args_text(a, "--cwd") : ".", cwd)) {
        fprintf(stderr, "bide run: %s: %s\n", cli_args_text(a, "--cwd") ? cli_args_text(a, "--cwd") : ".",
                strerror(errno));
        return CLI_USAGE;
    }
    buf_init(b, LIMIT_INPUT);
    json_write_open(b, '{');
    json_write_key(b, "argv");
    json_write_open(b, '[');
    for (int i = 0; i < a->n_words; i++) json_write_text(b, a->words[i]);
    json_write_close(b, ']');
    json_write_member_text(b, "cwd", cwd);
    int code = add_env(a, b);
    json_write_close(b, '}');
    if (!code && buf_err(b)) code = cli_args_wrong(a, "the command line is over %d bytes", LIMIT_INPUT);
    return code;
}

/* ---- following it ---- */

struct following {
    struct bide_client *client; /* borrowed */
    struct bide_text task, log; /* owned: as last seen */
    struct bide_task_view view;
    size_t shown; /* bytes of the log */
    bool lost;    /* the log was too long to be followed */
    struct bide_error error;
};

/* What has come to the log since. One that is too long loses its middle: then the place cannot be found again. */
static void show_log(struct following *f)
{
    struct bide_text log = {0};
    struct bide_error error;
    if (f->lost || bide_client_log(f->client, f->view.id, &log, &error) != 0) return;
    f->lost = log.len < f->shown || (f->shown && memcmp(log.p, f->log.p, f->shown) != 0);
    if (f->lost)
        fprintf(stderr, "bide: the log is longer than what is kept of it; `bide log %s` has the rest\n", f->view.id);
    else if (log.len > f->shown) fwrite(log.p + f->shown, 1, log.len - f->shown, stderr);
    if (!f->lost) f->shown = log.len;
    bide_text_free(&f->log);
    f->log = log;
}

static int64_t now_ms(void) { return clock_mono_ms(&clock_system); }

static int follow(struct following *f, struct cli_bars *bars)
{
    int64_t answered_at = now_ms();
    for (;;) {
        int64_t begun = now_ms();
        int rc = bide_client_poll(f->client, f->view.id, 1, &f->task, &f->error);
        if (rc == 0) rc = bide_task_view_read(&f->view, f->task.p ? f->task.p : "", &f->error);
        bool runs = f->view.ended || strcmp(f->view.status, "running") == 0;
        if (rc == 0) answered_at = now_ms();
        else if (!cli_client_is_away(&f->error) || now_ms() - answered_at >= AWAY_MS)
            return cli_client_failed(f->client, &f->error);
        if (bars->on && runs) {
            cli_bars_end(bars);
            bars->on = false;
        }
        if (bars->on) cli_bars_draw(bars, &f->view, 1, rc ? "the server is away, trying again" : NULL);
        if (rc == 0 && runs) show_log(f);
        if (rc == 0 && f->view.ended) return CLI_OK;
        int64_t rest = begun + ROUND_MS - now_ms();
        if (rest > 0) (void)poll(NULL, 0, (int)rest);
    }
}

/* ---- how it ended ---- */

/* Of "exit 3" behind "exit ", 0 when the text is another. */
static int number_behind(const char *text, const char *word, int most)
{
    int64_t n;
    size_t len = strlen(word);
    return strncmp(text, word, len) == 0 && text_int(&n, str_of(text + len)) == 0 && n > 0 && n <= most ? (int)n : 0;
}

static int exit_of(const struct bide_task_view *v)
{
    int status = number_behind(v->error_type, "exit ", 255), signal = number_behind(v->error_type, "signal ", 127);
    if (status) return status;
    if (signal) return BY_SIGNAL + signal;
    if (strcmp(v->error_code, "load_failed") == 0) return NOT_STARTED;
    if (strcmp(v->error_code, "timeout") == 0) return TIME_IS_UP;
    return cli_task_exit(v);
}

/* The program has said itself what was wrong with it; what bide has to say is said here. */
static void say_why(const struct following *f)
{
    const struct bide_task_view *v = &f->view;
    if (strncmp(v->error_type, "exit ", 5) == 0) return;
    struct buf why;
    buf_init(&why, 64 * 1024);
    cli_text_clean(&why, str_of(v->error_message));
    fprintf(stderr, "bide: task %s %s: %s\n", v->id, v->status, why.len ? why.p : v->error_code);
    buf_release(&why);
}

static int tell_end(struct following *f, bool json)
{
    struct bide_text result = {0}, out = {0};
    int code = exit_of(&f->view);
    if (json) {
        cli_text_print_json(&f->task);
        return code;
    }
    if (strcmp(f->view.status, "completed") != 0) say_why(f);
    else if (cli_task_result(f->client, &f->view, &f->task, &result, &f->error))
        code = cli_client_failed(f->client, &f->error);
    else if (result.len && bide_json_text(result.p, "stdout", &out) != BIDE_JSON_FOUND)
        cli_text_print_json(&result);
    else if (out.len) fwrite(out.p, 1, out.len, stdout);
    bide_text_free(&result);
    bide_text_free(&out);
    return code;
}

static int run_it(const struct cli_args *a, struct bide_client *client, const struct bide_submit *s)
{
    struct following f = {.client = client};
    struct cli_bars bars;
    bool json = cli_args_flag(a, "--json");
    int code = CLI_OK;
    if (bide_client_submit(client, s, &f.task, &f.error) ||
        bide_task_view_read(&f.view, f.task.p ? f.task.p : "", &f.error)) {
        code = cli_client_failed(client, &f.error);
    } else if (cli_args_flag(a, "--detach")) {
        if (json) cli_text_print_json(&f.task);
        else puts(f.view.id);
    } else {
        cli_bars_begin(&bars);
        if (bars.on) fprintf(stderr, "%s\n", f.view.id); /* whoever stops waiting needs it: the task goes on */
        code = follow(&f, &bars);
        if (code == CLI_OK) code = tell_end(&f, json);
    }
    bide_text_free(&f.task);
    bide_text_free(&f.log);
    return code;
}

int cli_run(int argc, char **argv)
{
    struct cli_args a;
    struct command_key key = {0};
    struct buf input = {0}, more;
    struct bide_submit s = {.type = COMMAND_TYPE};
    struct cli_sequel sequel;
    int code;
    if (!cli_args_read(&a, argc, argv, 1, -1, &code)) return code;
    s.queue = cli_args_text(&a, "--queue");
    s.subject = cli_args_text(&a, "--subject");
    buf_init(&more, LIMIT_BODY);
    json_write_open(&more, '{');
    if (!cli_sequel_read(&a, &sequel, &s) || !cli_args_int(&a, "--priority", -LIMIT_PRIORITY, LIMIT_PRIORITY, &s.priority) ||
        !cli_args_duration(&a, "--timeout", &s.timeout_ms))
        code = CLI_USAGE;
    cli_tell_write(&a, &more);
    json_write_close(&more, '}');
    s.more = more.p;
    if (!code) code = write_input(&a, &input);
    if (!code) code = find_key(&a, &key);
    struct bide_client *client = code ? NULL : cli_client_open_with(&a, key.text, &code);
    s.input = input.p;
    s.input_len = input.len;
    if (client) code = run_it(&a, client, &s);
    bide_client_free(client);
    buf_release(&input);
    buf_release(&more);
    cli_sequel_release(&sequel);
    cli_args_release(&a);
    return code;
}
