/* SPDX-License-Identifier: Apache-2.0
 *
 * One call of a command: a process from its start to the death of its tree, its stdout kept, its stderr passed on as log,
 * its time bounded. It says what came of it and decides nothing.
 *
 *   idle ──start──▶ running ──exit──▶ over (on_over)
 *     ▲                └─ stop, too long, too much stdout ─▶ ending ─┘
 *     └──────────────── the next start ──────────────────────────────┘
 */
#ifndef HANDLER_EXEC_CALL_H
#define HANDLER_EXEC_CALL_H

#include "handler/capture.h"
#include "handler/exec.h"
#include "handler/ladder.h"

struct exec_call {
    void (*on_over)(struct exec_call *c); /* once for each start that succeeded, never from inside it; legal to start again */
    const struct exec_conf *conf; /* borrowed, as are the next three */
    struct turn *turn;
    struct spawner *spawner;
    struct attempt *attempt;

    struct child child;
    struct ladder ladder;
    struct timer limit;
    bool running;
    struct buf out;               /* stdout, at most LIMIT_RESULT */
    struct capture err;
    struct child_exit how;        /* when over */
    bool too_large, too_long;     /* it was ended for that */
};

void exec_call_init(struct exec_call *c, const struct exec_conf *conf, struct turn *turn, struct spawner *spawner,
                    struct attempt *a, void (*on_over)(struct exec_call *c));
void exec_call_release(struct exec_call *c); /* it must not be running */
/* `input` on stdin; limit_ms 0: none. An error, as of child_start, means that nothing was started. */
int exec_call_start(struct exec_call *c, const char *const *argv, struct str input, int64_t limit_ms, struct err *e) MUST_USE;
/* Climbs the ladder, from here on; on_over follows. */
void exec_call_stop(struct exec_call *c, int64_t term_in_ms, int64_t kill_in_ms);
bool exec_call_is_good(const struct exec_call *c); /* over, exit 0, within its limits */
/* Why it is not, in words: "ran longer than 30s", the last line it wrote to stderr. */
struct str exec_call_why(const struct exec_call *c, struct arena *arena, const char *program);

#endif
