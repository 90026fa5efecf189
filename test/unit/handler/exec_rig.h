/* SPDX-License-Identifier: Apache-2.0
 *
 * The handler exec on the fake spawner, with one attempt.
 */
#ifndef TEST_EXEC_RIG_H
#define TEST_EXEC_RIG_H

#include "fake.h"
#include "handler/exec.h"
#include <errno.h>

static struct fake fake;
static struct handler *exec;
static struct exec_conf conf;
static struct heard h;
static const char *const command[] = {"creator", "--in", "{input.path}", "{attempt}", NULL};

static inline void exec_open_with(enum exec_stdout result)
{
    conf = (struct exec_conf){.name = "render", .command = command, .result = result};
    fake_init(&fake);
    CHECK_INT(exec_new(&exec, &fake.turn, &fake.spawner, &conf), 0);
    fake_watch(&fake, exec);
}

static inline void exec_open_running_with(enum exec_stdout result)
{
    struct err e = {0};
    exec_open_with(result);
    heard_init(&h, exec, 1, "{\"path\":\"a b\"}");
    CHECK_INT(exec->ops->start(exec, &(struct attempt *){&h.attempt}, 1, &e), 0);
    CHECK_INT(fake.n, 1);
}

static inline void exec_open_running(void) { exec_open_running_with(EXEC_STDOUT_AUTO); }

static inline void exec_close(void)
{
    fake_close(&fake, exec);
    CHECK_INT(h.n_verdicts, 1);
    heard_release(&h);
}

static inline void exec_stop(enum stop_reason why)
{
    exec->ops->stop(exec, &h.attempt, why);
    fake_run(&fake);
}

#endif
