/* SPDX-License-Identifier: Apache-2.0
 *
 * `bide stats`: the server's numbers as it gives them, and tables of its queues and types.
 */
#include "base/json_write.h"
#include "base/limits.h"
#include "cli/cli_client.h"
#include "cli/cli_fields.h"
#include "cli/cli_stats_tables.h"
#include "cli/cli_text.h"

/* What is not in a table, in the order it came. A list that is none of objects, as an older or newer server might have, stays. */
static int print_rest(const struct json *j, struct bide_error *error)
{
    struct buf rest;
    const struct json_node *root = json_root(j);
    int rc;
    buf_init(&rest, LIMIT_HTTP_REPLY);
    json_write_open(&rest, '{');
    for (const struct json_node *v = json_first(root); v; v = json_next(root, v)) {
        struct buf key;
        buf_init(&key, LIMIT_HTTP_REPLY);
        json_add_key(j, v, &key);
        if (!cli_stats_tables_has(v, buf_str(&key))) {
            json_write_key_str(&rest, buf_str(&key));
            json_write_raw(&rest, json_span(j, v));
        }
        buf_release(&key);
    }
    json_write_close(&rest, '}');
    if (buf_err(&rest)) rc = cli_client_bad_answer(error, "the answer is too long");
    else rc = cli_fields_print(&(struct bide_text){.p = rest.p, .len = rest.len}, error);
    buf_release(&rest);
    return rc;
}

static int print(const struct bide_text *stats, struct bide_error *error)
{
    struct json j;
    int rc = cli_fields_parse(&j, stats, error);
    if (rc == 0 && json_root(&j)->kind != JSON_OBJECT) rc = cli_client_bad_answer(error, "the answer is no object");
    if (rc == 0) rc = print_rest(&j, error);
    if (rc == 0) cli_stats_tables_print(&j);
    json_release(&j);
    return rc;
}

int cli_stats(int argc, char **argv)
{
    struct cli_args a;
    struct bide_error error = {0};
    struct bide_text stats = {0};
    int code;
    if (!cli_args_read(&a, argc, argv, 0, 0, &code)) return code;
    struct bide_client *client = cli_client_open(&a, &code);
    if (client) {
        int rc = bide_client_stats(client, &stats, &error);
        if (rc == 0 && cli_args_flag(&a, "--json")) cli_text_print_json(&stats);
        else if (rc == 0) rc = print(&stats, &error);
        if (rc) code = cli_client_failed(client, &error);
    }
    bide_text_free(&stats);
    bide_client_free(client);
    cli_args_release(&a);
    return code;
}
