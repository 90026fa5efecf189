/* SPDX-License-Identifier: Apache-2.0
 *
 * The server's errors as words for a person. Each says what was wrong and, where there is something to do, what.
 */
#include "cli/cli_client.h"

#include "base/err.h"
#include "cli/cli_text.h"

#include <stdarg.h>
#include <stdio.h>

struct bide_client *cli_client_open_with(const struct cli_args *a, const char *token, int *ret_code)
{
    struct bide_error error = {0};
    struct bide_client_options options = {.server = cli_args_text(a, "--server"), .token = token};
    struct bide_client *client = bide_client_new(&options, &error);
    if (!client) *ret_code = cli_client_failed(NULL, &error);
    return client;
}

struct bide_client *cli_client_open(const struct cli_args *a, int *ret_code)
{
    return cli_client_open_with(a, NULL, ret_code);
}

bool cli_client_is_away(const struct bide_error *e)
{
    return strcmp(e->code, err_word(ERR_AWAY)) == 0 || e->http_status == 503;
}

int cli_client_bad_answer(struct bide_error *error, const char *format, ...)
{
    *error = (struct bide_error){.code = "bad_answer"};
    va_list args;
    va_start(args, format);
    vsnprintf(error->text, sizeof error->text, format, args);
    va_end(args);
    return -1;
}

static int exit_code(const struct bide_error *e)
{
    int code = err_from_word(e->code);
    if (code) return err_exit_code(code);
    return e->http_status >= 400 && e->http_status < 500 ? CLI_USAGE : CLI_AWAY;
}

int cli_client_failed(const struct bide_client *client, const struct bide_error *e)
{
    const char *hint = "";
    if (e->http_status == 0 && strcmp(e->code, err_word(ERR_AWAY)) == 0)
        hint = "; start a server with `bide serve`, or name another: --server URL or BIDE_SERVER";
    if (e->http_status == 0 && strcmp(e->code, err_word(ERR_SYNTAX)) == 0)
        hint = "; JSON looks like {\"name\":\"you\"}";
    if (e->http_status == 429) hint = "; `bide queue list` shows how full the queues are";
    if (e->http_status == 401) hint = "; this server asks for a token";
    struct buf line;
    buf_init(&line, 4096);
    cli_text_clean(&line, str_of(e->text));
    fprintf(stderr, "bide: %s%s%s%s", e->pointer, e->pointer[0] ? ": " : "", line.p ? line.p : "", hint);
    if (client && e->http_status && err_from_word(e->code) == 0) fprintf(stderr, " (%s)", e->code);
    fputc('\n', stderr);
    buf_release(&line);
    return exit_code(e);
}

static int tell_one(const struct cli_args *a, const struct bide_text *task, struct bide_error *error)
{
    struct bide_task_view view;
    if (cli_args_flag(a, "--json")) {
        cli_text_print_json(task);
        return 0;
    }
    if (bide_task_view_read(&view, task->p ? task->p : "", error)) return -1;
    printf("%s  %s%s\n", view.id, view.status, view.cancel_requested && !view.ended ? ", cancel requested" : "");
    return 0;
}

int cli_client_each(int argc, char **argv, cli_client_call *call)
{
    struct cli_args a;
    int code;
    if (!cli_args_read(&a, argc, argv, 1, -1, &code)) return code;
    struct bide_client *client = cli_client_open(&a, &code);
    for (int i = 0; client && i < a.n_words; i++) {
        struct bide_error error = {0};
        struct bide_text task = {0};
        if (call(client, a.words[i], &task, &error) || tell_one(&a, &task, &error)) {
            int failed = cli_client_failed(client, &error);
            if (!code) code = failed;
        }
        bide_text_free(&task);
    }
    bide_client_free(client);
    cli_args_release(&a);
    return code;
}
