/* SPDX-License-Identifier: Apache-2.0
 *
 * The worker's loop with several threads: `concurrency` tasks at a time over what was loaded once. Private to libbide.
 *
 *              caller's thread                                        `concurrency` threads
 *   BIDE_IN ──▶ run ────────────▶ waiting ──▶ a thread has it: run(), verdict ──▶ gone
 *               cancel ─────────▶ the flag of the task it names, in either place
 *               ping ──▶ pong        │                    │
 *               stop, end of file    └── cancelled: its verdict, without run()
 *                 └──▶ closed: what is open is finished, the threads end ──▶ 0
 *               a frame that is not one, a write that failed in any thread
 *                 └──▶ broken: what waits is dropped, what runs returns ──▶ -1
 *
 * What a task says is one whole line, whichever thread says it (bide_channel.h).
 */
#ifndef CLIENT_BIDE_CREW_H
#define CLIENT_BIDE_CREW_H

#include "client/bide_channel.h"

/* As bide_serve, with w->concurrency threads for `run`; all have ended when it returns. */
int bide_crew_serve(const struct bide_worker *w, struct bide_channel *c);

#endif
