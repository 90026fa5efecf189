/* SPDX-License-Identifier: Apache-2.0
 *
 * One attempt of the handler `exec`, whether it is one process (exec_run.h) or a command that is submitted to and asked
 * (exec_poll.h): what the handler's list knows of it.
 */
#ifndef HANDLER_EXEC_ITEM_H
#define HANDLER_EXEC_ITEM_H

#include "base/list.h"
#include "handler/exec.h"

struct exec_item {
    struct list link;                      /* in the handler's list; taken out before on_verdict */
    struct attempt *attempt;               /* borrowed from the run of the server */
    void (*on_over)(struct exec_item *i);  /* the handler's; after on_verdict; the item is freed when it returns */
    void *user;                            /* the handler's */
    int64_t serial, started_wall_ms;
    const struct child *child;             /* the process that runs now, or the last one */
    bool stopping;                         /* its end is under way */
    void (*stop)(struct exec_item *i, enum stop_reason why); /* the second time: no effect */
};

#endif
