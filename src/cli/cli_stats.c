/* SPDX-License-Identifier: Apache-2.0
 *
 * `bide stats`: the server's numbers, all of them, as it gives them.
 */
#include "cli/cli_client.h"
#include "cli/cli_fields.h"
#include "cli/cli_text.h"

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
        else if (rc == 0) rc = cli_fields_print(&stats, &error);
        if (rc) code = cli_client_failed(client, &error);
    }
    bide_text_free(&stats);
    bide_client_free(client);
    cli_args_release(&a);
    return code;
}
