/* SPDX-License-Identifier: Apache-2.0
 *
 * The handler `exec`: each attempt is a process. How many there may be is the queue's business, not decided here.
 */
#include "handler/exec.h"
#include "base/mem.h"
#include "handler/exec_poll.h"
#include "handler/exec_run.h"
#include "handler/single.h"
#include <stdlib.h>

#define ROOM 1000000 /* the queue's concurrency is the limit */

struct exec {
    struct single single;
    struct spawner *spawner;
    const struct exec_conf *conf;
};

static int begin(struct single *s, struct attempt *a, struct single_item **ret, struct err *e)
{
    struct exec *x = CONTAINER_OF(s, struct exec, single);
    return x->conf->poll.status ? exec_poll_start(ret, a, x->conf, s->handler.turn, x->spawner, e)
                                : exec_run_start(ret, a, x->conf, s->handler.turn, x->spawner, e);
}

static void free_exec(struct single *s) { free(CONTAINER_OF(s, struct exec, single)); }

static const struct single_kind kind = {"process", "processes", begin, free_exec};

int exec_new(struct handler **ret, struct turn *turn, struct spawner *spawner, const struct exec_conf *conf)
{
    struct exec *x = mem_new(sizeof *x);
    single_init(&x->single, &kind, turn, conf->name, ROOM);
    x->single.sandbox = &conf->sandbox;
    x->spawner = spawner;
    x->conf = conf;
    *ret = &x->single.handler;
    return 0;
}
