/* SPDX-License-Identifier: Apache-2.0
 *
 * A worker as a puller. To the worker's loop nothing changes: it reads and writes frames on two descriptors. At their
 * other ends is a thread that asks a server for work over HTTP, beats while the worker computes, and tells what it says.
 * Private to libbide.
 *
 *                     pipe: run, cancel, stop
 *   worker's loop ◀────────────────────────────── thread ──── claim, beat, files, verdicts ────▶ server
 *    (any time in   ──────────────────────────────▶
 *      `run`)         pipe: ready, progress, log, done, fail, cancelled
 *
 *   waiting for ready ──▶ claiming ──attempts──▶ preparing ──run──▶ working ──the last verdict is told──▶ claiming
 *                            │                       │ directories, large inputs   │
 *                            │                       ├── cancelled, could not begin: told, and not run
 *                            │                       └── told to stop: released    └── the worker's loop ended: released
 *                            └── told to stop, or the server will never give work ──▶ stop frame, end
 */
#ifndef CLIENT_BIDE_PULL_H
#define CLIENT_BIDE_PULL_H

#include "client/bide_channel.h"

struct bide_pull;

/* Starts it. `server`: as bide_client_options.server. -1 with the reason: the address, no types, no memory, no thread. */
int bide_pull_open(struct bide_pull **ret, const struct bide_worker *w, const char *server, struct bide_error *error);
/* The worker's ends of the pipes, as bide_channel_open. */
int bide_pull_channel(struct bide_pull *p, struct bide_channel *c, int max_batch);
/* The worker's loop has ended: closes its ends, waits for the thread, frees. -1: it ended because no work was to be had. */
int bide_pull_close(struct bide_pull *p, struct bide_error *error);

#endif
