/* SPDX-License-Identifier: Apache-2.0
 *
 * One attempt of the handler `http`. Without `poll` and `callback` it is one request, whose answer is the verdict. With them
 * that answer only says that the work was taken; the other side is asked, or calls back, or both. One call (web_call.h) at a
 * time. Who can ask saves that it was taken (remote_job.h), until an ending is known; after an attempt that was lost the next one
 * begins with a question.
 *
 *               an earlier attempt, now lost, has sent it: at once
 *                       ▼
 *   sending ──taken──▶ waiting ──every──▶ asking ──done──▶ fetching ──▶ over (verdict) ──in the store──▶ freed
 *      │                │  ▲                │  │ failed       │  │        ▲
 *      │                │  └─ still running ┘  └──────────────┼──┼────────┤
 *      │                │  └─ an unusable answer, `tries` at most ┘       │
 *      │ answered, no   │ stop                                            │
 *      │ id, stop       ├──▶ cancelling (the `cancel` URL) ───────────────┤
 *      └────────────────┴── a callback, in any state before over ─────────┘
 *
 * A stop ends the call under way at once, and then tells the other side, all within the grace of the task. Only when the
 * cancel needs the remote id, and the answer that has it is on its way, that is waited for, half of the grace at most. When it
 * is the server that stops, and the next one can ask, the other side is not told but left to its work; the answer that makes it
 * so is waited for in the same way.
 */
#ifndef HANDLER_WEB_RUN_H
#define HANDLER_WEB_RUN_H

#include "handler/single.h"
#include "handler/web.h"

/* As begin of single.h. */
struct single_item *web_run_start(struct attempt *a, const struct web_conf *conf, struct turn *turn, struct fetcher *fetcher,
                                  struct web_desk *desk);

#endif
