/* SPDX-License-Identifier: Apache-2.0
 *
 * `bide notification ...`: what was told of endings.
 */
#include "cli/cli_action.h"

#include "cli/cli_client.h"

#include <inttypes.h>
#include <stdio.h>

static const char *const columns[] = {"id", "title", "status", "subject", "read", "created_at", NULL};

static int print_read(const struct bide_text *answer, struct bide_error *error)
{
    int64_t n;
    if (bide_json_int(answer->p, "read", &n) != BIDE_JSON_FOUND) return cli_client_bad_answer(error, "the answer has no number");
    printf("%" PRId64 " read\n", n);
    return 0;
}

const struct cli_action cli_notification_actions[] = {
    {"list", "", "the newest", "GET", "/v1/notifications?limit=200", .columns = columns},
    {"unread", "", "those that nobody has read", "GET", "/v1/notifications?unread_only=true&limit=200", .columns = columns},
    {"show", "ID", "one, with its message and data", "GET", "/v1/notifications/{}", .done = NULL},
    {"read", "ID", "mark one as read", "POST", "/v1/notifications/{}/read", .done = "read"},
    {"read-all", "", "mark all as read", "POST", "/v1/notifications/read-all", .print = print_read},
    {"rm", "ID", "remove one", "DELETE", "/v1/notifications/{}", .done = "removed"},
    {0},
};

int cli_notification(int argc, char **argv) { return cli_action_run(argc, argv); }
