/* SPDX-License-Identifier: Apache-2.0
 *
 * `bide submit TYPE`: prints the id of the new task; with --wait the result instead. The input goes out byte for byte,
 * from the command line, a file or standard input.
 */
#include "base/limits.h"
#include "cli/cli_client.h"
#include "cli/cli_text.h"
#include "cli/cli_wait.h"

#include <errno.h>
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

static int read_all(const struct cli_args *a, FILE *from, const char *name, struct buf *input)
{
    size_t n;
    do {
        char *room = buf_room(input, 64 * 1024);
        n = room ? fread(room, 1, 64 * 1024, from) : 0;
        if (room) buf_wrote(input, n);
    } while (n > 0);
    if (buf_err(input) || input->len > LIMIT_INPUT)
        return cli_args_wrong(a, "%s is over %d bytes; a larger input is named in the input, not put into it", name,
                              LIMIT_INPUT);
    if (!ferror(from)) return CLI_OK;
    fprintf(stderr, "bide submit: cannot read %s: %s\n", name, strerror(errno));
    return CLI_IO;
}

/* Fills `input` from what --input says; nothing given: {} */
static int read_input(const struct cli_args *a, struct buf *input)
{
    const char *text = cli_args_text(a, "--input");
    buf_init(input, LIMIT_INPUT + 128 * 1024); /* room for one read beyond the largest */
    if (!text) text = "{}";
    if (strcmp(text, "-") == 0) return read_all(a, stdin, "standard input", input);
    if (*text != '@') {
        buf_add_text(input, text);
        return CLI_OK;
    }
    FILE *f = fopen(text + 1, "re");
    if (!f) {
        fprintf(stderr, "bide submit: cannot open %s: %s\n", text + 1, strerror(errno));
        return CLI_USAGE;
    }
    int code = read_all(a, f, text + 1, input);
    fclose(f);
    return code;
}

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
    if (!code) code = read_input(&a, &input);
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
