/* SPDX-License-Identifier: Apache-2.0
 *
 * One attempt of the handler `http`. Without `poll` and `callback` it is one request, whose answer is the verdict. With them
 * that answer only says that the work was taken; the other side is asked, or calls back, or both. One call (web_call.h) at a
 * time.
 *
 *   sending ──taken──▶ waiting ──every──▶ asking ──done──▶ fetching ──▶ over (verdict) ──in the store──▶ freed
 *      │                │  ▲                │  │ failed       │  │        ▲
 *      │                │  └─ still running ┘  └──────────────┼──┼────────┤
 *      │                │  └─ an unusable answer, `tries` at most ┘       │
 *      │ answered, no   │ stop                                            │
 *      │ id, stop       ├──▶ cancelling (the `cancel` URL) ───────────────┤
 *      └────────────────┴── a callback, in any state before over ─────────┘
 *
 * A stop ends the call under way at once, and then tells the other side, all within the grace of the task. Only when the
 * cancel needs the remote id, and the answer that has it is on its way, that is waited for, half of the grace at most.
 */
#ifndef HANDLER_WEB_RUN_H
#define HANDLER_WEB_RUN_H

#include "handler/web.h"

struct web_item { /* all that the handler's list knows of it */
    struct list link;     /* in the handler's list, until over */
    struct attempt *attempt;
    int64_t serial, started_wall_ms;
    bool stopping;
    void *user;                                /* the handler's */
    void (*on_verdict)(struct web_item *i);    /* the handler's: the verdict was given, it takes no place any more */
    void (*on_settled)(struct web_item *i);    /* the handler's: the last; the item is freed when it returns */
};

/* 0: one on_verdict and then one on_settled follow, later. */
struct web_item *web_run_start(struct attempt *a, const struct web_conf *conf, struct turn *turn, struct fetcher *fetcher,
                               struct web_desk *desk);
void web_run_stop(struct web_item *i, enum stop_reason why); /* the second time: no effect */

#endif
