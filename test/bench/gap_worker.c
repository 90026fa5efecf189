/* SPDX-License-Identifier: Apache-2.0
 *
 * gap_worker FILE: a worker that does nothing but look at the clock. A gap is the time from giving a verdict to being
 * called with the next task: its commit, the claim of the next and the way there and back. When it is told to stop it
 * writes them to FILE as bench.sh wants it.
 */
#include "bide.h"
#include "latencies.h"

#include <stdio.h>

static struct latencies gaps;
static int64_t verdict_us; /* when the last one was given; 0: none was */
static int64_t first_us;

static int run(void *user, struct bide_task *task)
{
    (void)user;
    int64_t now_us = latencies_now_us();
    if (verdict_us) latencies_add(&gaps, now_us - verdict_us);
    else first_us = now_us;
    verdict_us = latencies_now_us();
    return bide_task_done(task, "{}");
}

static void unload(void *user)
{
    if (!freopen(user, "w", stdout)) return;
    latencies_print(&gaps, verdict_us - first_us, 0);
}

int main(int argc, char **argv)
{
    if (argc != 2) return 64;
    return bide_worker_run(&(struct bide_worker){.run = run, .unload = unload, .user = argv[1]}) ? 1 : 0;
}
