/* SPDX-License-Identifier: Apache-2.0
 *
 * `bide submit TYPE`: prints the id of the new task; with --wait the result instead. The input goes out byte for byte,
 * from the command line, a file or standard input.
 */
#include "base/limits.h"
#include "cli/cli_client.h"
#include "cli/cli_input.h"
#include "cli/cli_text.h"
#include "cli/cli_wait.h"

#include <stdio.h>
#include <unistd.h>

const struct cli_option cli_submit_options[] = {
    {"--input", "JSON|@FILE|-", "the input: JSON itself, a file, standard input ({})"},
    {"--wait", NULL, "wait for the ending and print the result"},
    {"--wait-timeout", "DURATION", "wait no longer than this; exit code 124"},
    {"--priority", "N", "-100 to 100, larger runs first (0)"},
    {"--queue", "NAME", "instead of the type's own"},
    {"--delay", "DURATION", "start no sooner than this"},
    {"--timeout", "DURATION", "of one attempt"},
    {"--start-within", "DURATION", "expires when not started by then"},
    {"--max-attempts", "N", "tries before it is failed"},
    {"--subject", "TEXT", "what it is about"},
    {"--tag", "KEY=VALUE", "may be repeated"},
    {0},
};

static bool read_options(const struct cli_args *a, struct bide_submit *s, int64_t *wait_ms)
{
    s->type = a->words[0];
    s->queue = cli_args_text(a, "--queue");
    s->subject = cli_args_text(a, "--subject");
    return cli_args_int(a, "--priority", -LIMIT_PRIORITY, LIMIT_PRIORITY, &s->priority) &&
           cli_args_duration(a, "--delay", &s->delay_ms) && cli_args_duration(a, "--timeout", &s->timeout_ms) &&
           cli_args_duration(a, "--start-within", &s->start_within_ms) &&
           cli_args_int(a, "--max-attempts", 1, LIMIT_ATTEMPTS, &s->max_attempts) &&
           cli_args_duration(a, "--wait-timeout", wait_ms);
}

static int submit(const struct cli_args *a, struct bide_client *client, const struct bide_submit *s, int64_t wait_ms)
{
    struct bide_text task = {0};
    struct bide_error error = {0};
    struct bide_task_view view;
    bool json = cli_args_flag(a, "--json"), wait = cli_args_flag(a, "--wait") || wait_ms >= 0;
    int code = CLI_OK;
    if (bide_client_submit(client, s, &task, &error) || bide_task_view_read(&view, task.p ? task.p : "", &error)) {
        code = cli_client_failed(client, &error);
    } else if (wait) {
        const char *id = view.id;
        if (isatty(STDERR_FILENO)) fprintf(stderr, "%s\n", id); /* whoever stops waiting needs it */
        code = cli_wait_for(client, &id, 1, wait_ms, json);
    } else if (json) {
        cli_text_print_json(&task);
    } else {
        puts(view.id);
    }
    bide_text_free(&task);
    return code;
}

int cli_submit(int argc, char **argv)
{
    struct cli_args a;
    struct bide_submit s = {0};
    struct bide_tag *tags = NULL;
    struct buf input = {0};
    int64_t wait_ms = -1;
    int code;
    if (!cli_args_read(&a, argc, argv, 1, 1, &code)) return code;
    if (!read_options(&a, &s, &wait_ms) || !cli_args_tags(&a, &tags, &s.n_tags)) code = CLI_USAGE;
    if (!code) code = cli_input_read(&a, &input);
    struct bide_client *client = code ? NULL : cli_client_open(&a, &code);
    s.tags = tags;
    s.input = input.p ? input.p : "";
    s.input_len = input.len;
    if (client) code = submit(&a, client, &s, wait_ms);
    bide_client_free(client);
    cli_args_free_tags(tags, s.n_tags);
    buf_release(&input);
    cli_args_release(&a);
    return code;
}
