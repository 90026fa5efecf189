/* SPDX-License-Identifier: Apache-2.0
 *
 * `bide log ID`: what the task's worker wrote, byte for byte; with --json as a string in an object.
 */
#include "base/json_write.h"
#include "cli/cli_client.h"

#include <stdio.h>

static void print_json(const char *id, const struct bide_text *log)
{
    struct buf b;
    buf_init(&b, SIZE_MAX / 2);
    json_write_open(&b, '{');
    json_write_member_text(&b, "id", id);
    json_write_member_str(&b, "log", (struct str){log->p, log->len});
    json_write_close(&b, '}');
    if (b.p) puts(b.p);
    buf_release(&b);
}

int cli_log(int argc, char **argv)
{
    struct cli_args a;
    struct bide_error error = {0};
    struct bide_text log = {0};
    int code;
    if (!cli_args_read(&a, argc, argv, 1, 1, &code)) return code;
    struct bide_client *client = cli_client_open(&a, &code);
    if (client && bide_client_log(client, a.words[0], &log, &error)) code = cli_client_failed(client, &error);
    else if (client && cli_args_flag(&a, "--json")) print_json(a.words[0], &log);
    else if (log.len) fwrite(log.p, 1, log.len, stdout);
    bide_text_free(&log);
    bide_client_free(client);
    cli_args_release(&a);
    return code;
}
