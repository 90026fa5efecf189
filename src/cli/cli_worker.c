/* SPDX-License-Identifier: Apache-2.0
 *
 * `bide worker ...`: the live processes that run tasks.
 */
#include "cli/cli_action.h"
#include "cli/cli_worker_list.h"

const struct cli_action cli_worker_actions[] = {
    {"list", "", "all worker processes", "GET", "/v1/workers", .print = cli_worker_list_print},
    {"recycle", "ID", "replace its process; it serves until the next is ready", "POST", "/v1/workers/{}/recycle",
     .done = "recycling"},
    {"stop", "ID", "end its process now and give its task back", "POST", "/v1/workers/{}/stop", .done = "stopping"},
    {0},
};

int cli_worker(int argc, char **argv) { return cli_action_run(argc, argv); }
