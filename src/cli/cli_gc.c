/* SPDX-License-Identifier: Apache-2.0
 *
 * `bide gc`: has the server remove now what its `retain` rules do not keep any longer, or tells what that would be.
 */
#include "cli/cli_client.h"
#include "cli/cli_fields.h"
#include "cli/cli_text.h"

const struct cli_option cli_gc_options[] = {{"--dry-run", NULL, "only count what would go"}, {0}};

int cli_gc(int argc, char **argv)
{
    struct cli_args a;
    struct bide_error error = {0};
    struct bide_text counts = {0};
    int code;
    if (!cli_args_read(&a, argc, argv, 0, 0, &code)) return code;
    struct bide_client *client = cli_client_open(&a, &code);
    if (client) {
        const char *body = cli_args_flag(&a, "--dry-run") ? "{\"dry_run\":true}" : "{}";
        int rc = bide_client_call(client, "POST", "/v1/gc", body, &counts, NULL, &error);
        if (rc == 0 && cli_args_flag(&a, "--json")) cli_text_print_json(&counts);
        else if (rc == 0) rc = cli_fields_print(&counts, &error);
        if (rc) code = cli_client_failed(client, &error);
    }
    bide_text_free(&counts);
    bide_client_free(client);
    cli_args_release(&a);
    return code;
}
