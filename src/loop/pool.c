/* SPDX-License-Identifier: Apache-2.0
 *
 * One uv_work_t per chore.
 */
#include "loop/pool.h"

#include "base/list.h"
#include "base/mem.h"
#include "loop/uv_inside.h"

#include <stdlib.h>

struct job {
    uv_work_t uv;
    struct chore *chore;
};

static void on_work(uv_work_t *uv)
{
    struct chore *c = CONTAINER_OF(uv, struct job, uv)->chore;
    c->work(c);
}

static void on_worked(uv_work_t *uv, int status)
{
    (void)status; /* nobody cancels */
    struct job *j = CONTAINER_OF(uv, struct job, uv);
    struct chore *c = j->chore;
    free(j);
    c->on_done(c);
}

static void give(struct chores *all, struct chore *c)
{
    struct job *j = mem_new(sizeof *j);
    j->chore = c;
    int status = uv_queue_work(loop_uv(CONTAINER_OF(all, struct pool, chores)->loop), &j->uv, on_work, on_worked);
    if (status) abort(); /* only without a function to call */
}

void pool_init(struct pool *p, struct loop *loop)
{
    *p = (struct pool){{give}, loop};
}
