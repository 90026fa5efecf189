/* SPDX-License-Identifier: Apache-2.0
 *
 * One attempt of the handler `exec`, second mode: a command hands the work on and says an id; `status` is asked until
 * the other side is done; `result` fetches what came of it. Each call is a process of its own (exec_call.h), one at a
 * time.
 *
 *                an earlier attempt, now lost, has submitted it: at once
 *                          ▼
 *   submitting ──an id──▶ waiting ──every──▶ asking ──done──▶ fetching ──▶ over (verdict)
 *      │                   │  ▲                │  │ failed       │  │        ▲
 *      │                   │  └─ still running ┘  └──────────────┼──┼────────┤
 *      │                   │  └─ an unusable answer, `tries` at most ┘       │
 *      │ no id, stop       │ stop                                            │
 *      └───────────────────┴──▶ cancelling (the `cancel` command) ───────────┘
 *
 * A stop ends the call that runs, and then tells the other side, all within the grace of the task. The id is saved
 * (remote_job.h) until an ending is known: when it is the server that stops, the other side is left to its work, and the next
 * server asks on.
 */
#ifndef HANDLER_EXEC_POLL_H
#define HANDLER_EXEC_POLL_H

#include "handler/exec.h"
#include "handler/single.h"

/* As begin of single.h. */
int exec_poll_start(struct single_item **ret, struct attempt *a, const struct exec_conf *conf, struct turn *turn,
                    struct spawner *spawner, struct err *e) MUST_USE;

#endif
