/* SPDX-License-Identifier: Apache-2.0
 *
 * `bide log ID`, `bide output ID`: what the task's worker wrote, and what it streamed out so far, byte for byte; with --json as
 * a string in an object. With --follow while it grows.
 */
#include "base/json_write.h"
#include "base/limits.h"
#include "base/text.h"
#include "cli/cli_client.h"
#include "cli/cli_follow.h"

#include <stdio.h>

#define FOLLOW_OPTIONS(unit)                                               \
    {"--follow", NULL, "print on as it grows, until the task has ended"}, \
    {"-f", NULL, "the same"}, {"--from", "N", "begin " unit}

const struct cli_option cli_log_options[] = {FOLLOW_OPTIONS("after N bytes"), {0}};
const struct cli_option cli_output_options[] = {FOLLOW_OPTIONS("at piece N, counted from 0"), {0}};

static void print_json(const char *id, const char *name, const struct bide_text *text)
{
    struct buf b;
    buf_init(&b, SIZE_MAX / 2);
    json_write_open(&b, '{');
    json_write_member_text(&b, "id", id);
    json_write_member_str(&b, name, (struct str){text->p, text->len});
    json_write_close(&b, '}');
    if (b.p) puts(b.p);
    buf_release(&b);
}

static int fetch(struct bide_client *client, const char *id, const char *name, int64_t from, struct bide_text *text,
                 struct bide_error *error)
{
    struct buf path;
    if (from == 0) return strcmp(name, "log") == 0 ? bide_client_log(client, id, text, error) : bide_client_output(client, id, text, error);
    buf_init(&path, LIMIT_HTTP_TARGET);
    buf_add_text(&path, "/v1/tasks/");
    for (const unsigned char *p = (const unsigned char *)id; *p; p++) buf_add_format(&path, "%%%02X", *p);
    buf_add_format(&path, "/%s?from=%lld", name, (long long)from);
    int rc = buf_err(&path) ? cli_client_bad_answer(error, "`%.40s...` is no id", id)
                            : bide_client_call(client, "GET", path.p, NULL, text, NULL, error);
    buf_release(&path);
    return rc;
}

static bool read_from(const struct cli_args *a, int64_t *from)
{
    const char *text = cli_args_text(a, "--from");
    if (!text || (text_int(from, str_of(text)) == 0 && *from >= 0)) return true;
    cli_args_wrong(a, "--from is `%s`: a number from 0 is expected", text);
    return false;
}

static int print(struct bide_client *client, const struct cli_follow *what)
{
    const char *name = what->output ? "output" : "log";
    struct bide_error error = {0};
    struct bide_text text = {0};
    int code = CLI_OK;
    if (fetch(client, what->id, name, what->from, &text, &error)) code = cli_client_failed(client, &error);
    else if (what->json) print_json(what->id, name, &text);
    else if (text.len) fwrite(text.p, 1, text.len, stdout);
    bide_text_free(&text);
    return code;
}

static int print_or_follow(int argc, char **argv, bool output)
{
    struct cli_args a;
    int code;
    if (!cli_args_read(&a, argc, argv, 1, 1, &code)) return code;
    struct cli_follow what = {.id = a.words[0], .output = output, .json = cli_args_flag(&a, "--json")};
    bool follow = cli_args_flag(&a, "--follow") || cli_args_flag(&a, "-f");
    if (!read_from(&a, &what.from)) code = CLI_USAGE;
    struct bide_client *client = code ? NULL : cli_client_open(&a, &code);
    if (client) code = follow ? cli_follow_print(client, &what) : print(client, &what);
    bide_client_free(client);
    cli_args_release(&a);
    return code;
}

int cli_log(int argc, char **argv) { return print_or_follow(argc, argv, false); }
int cli_output(int argc, char **argv) { return print_or_follow(argc, argv, true); }
