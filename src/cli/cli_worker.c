/* SPDX-License-Identifier: Apache-2.0
 *
 * `bide worker ...`: the live processes that run tasks.
 */
#include "cli/cli_action.h"

static const char *const columns[] = {"id",    "pool",     "state",   "pid",     "rss_bytes",
                                      "tasks", "restarts", "current", "problem", NULL};

const struct cli_action cli_worker_actions[] = {
    {"list", "", "all worker processes", "GET", "/v1/workers", NULL, columns, false, NULL},
    {"recycle", "ID", "replace its process once its tasks are done", "POST", "/v1/workers/{}/recycle", "recycled", NULL,
     false, NULL},
    {"stop", "ID", "end its process once its tasks are done", "POST", "/v1/workers/{}/stop", "stopping", NULL, false,
     NULL},
    {0},
};

int cli_worker(int argc, char **argv) { return cli_action_run(argc, argv); }
