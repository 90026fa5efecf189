/* SPDX-License-Identifier: Apache-2.0
 *
 * `bide log ID`, `bide output ID`: what the task's worker wrote, and what it streamed out so far, byte for byte; with --json as
 * a string in an object.
 */
#include "base/json_write.h"
#include "cli/cli_client.h"

#include <stdio.h>

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

static int print(int argc, char **argv, const char *name,
                 int (*fetch)(struct bide_client *, const char *, struct bide_text *, struct bide_error *))
{
    struct cli_args a;
    struct bide_error error = {0};
    struct bide_text text = {0};
    int code;
    if (!cli_args_read(&a, argc, argv, 1, 1, &code)) return code;
    struct bide_client *client = cli_client_open(&a, &code);
    if (client && fetch(client, a.words[0], &text, &error)) code = cli_client_failed(client, &error);
    else if (client && cli_args_flag(&a, "--json")) print_json(a.words[0], name, &text);
    else if (text.len) fwrite(text.p, 1, text.len, stdout);
    bide_text_free(&text);
    bide_client_free(client);
    cli_args_release(&a);
    return code;
}

int cli_log(int argc, char **argv) { return print(argc, argv, "log", bide_client_log); }
int cli_output(int argc, char **argv) { return print(argc, argv, "output", bide_client_output); }
