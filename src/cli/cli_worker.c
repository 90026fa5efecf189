/* SPDX-License-Identifier: Apache-2.0
 *
 * `bide worker ...`: the live processes that run tasks.
 */
#include "cli/cli_action.h"

static const char *const columns[] = {"id",    "pool",     "state",   "pid",     "rss_bytes",
                                      "tasks", "restarts", "current", "problem", NULL};

const struct cli_action cli_worker_actions[] = {
    {"list", "", "all worker processes", "GET", "/v1/workers", NULL, columns, false, NULL},
    {"recycle", "ID", "end its process after its task; the next starts afresh", "POST", "/v1/workers/{}/recycle",
     "recycling", NULL, false, NULL},
    {"stop", "ID", "end its process now and give its task back", "POST", "/v1/workers/{}/stop", "stopping", NULL, false,
     NULL},
    {0},
};

int cli_worker(int argc, char **argv) { return cli_action_run(argc, argv); }
