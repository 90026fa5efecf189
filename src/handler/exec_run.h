/* SPDX-License-Identifier: Apache-2.0
 *
 * One attempt of the handler `exec`: one process from its start to the death of its whole tree, and then the verdict,
 * never before.
 *
 *   start ──▶ running ──exit──────────────────────────▶ verdict
 *     │          └─ stop, too much stdout, junk ─▶ ending ─┘
 *     └─▶ refused (the input does not fit the arguments) ──┘  in the next turn, no process
 */
#ifndef HANDLER_EXEC_RUN_H
#define HANDLER_EXEC_RUN_H

#include "handler/capture.h"
#include "handler/exec.h"
#include "handler/frame.h"
#include "handler/ladder.h"
#include "handler/lines.h"
#include "handler/single.h"

struct exec_run { /* owned by itself: from exec_run_start until after on_verdict */
    struct single_item item;
    const struct exec_conf *conf;   /* borrowed, as is turn */
    struct turn *turn;

    struct child child;
    struct ladder ladder;
    struct later refusal;
    struct buf out;                 /* stdout, at most LIMIT_RESULT */
    struct capture err;             /* stderr */
    struct lines lines;             /* of fd 4 */
    struct frame_parser parser;
    struct str said;                /* owned: the done or fail frame, the first one; empty: none */
    struct str program;             /* owned: from_input: what it is called */
    struct str fault;               /* owned: what is wrong with what it wrote, or with the input; empty: nothing */
    bool too_large;                 /* stdout is over the limit */
    bool stopping;
    enum stop_reason why;           /* of stopping */
};

/* As begin of single.h. */
int exec_run_start(struct single_item **ret, struct attempt *a, const struct exec_conf *conf, struct turn *turn,
                   struct spawner *spawner, struct err *e) MUST_USE;

#endif
