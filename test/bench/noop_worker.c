/* SPDX-License-Identifier: Apache-2.0
 *
 * A worker that does nothing, so that what is measured is everything around it.
 */
#include "bide.h"

static int run(void *user, struct bide_task *task)
{
    (void)user;
    return bide_task_done(task, "{}");
}

int main(void)
{
    return bide_worker_run(&(struct bide_worker){.run = run}) ? 1 : 0;
}
