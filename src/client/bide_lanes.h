/* SPDX-License-Identifier: Apache-2.0
 *
 * Several pullers over what was loaded once: `concurrency` of them, each with its own connection, its own thread that
 * speaks to the server (bide_pull.h) and its own loop in a thread for `run` (bide_serve.h). So as many claims are open as
 * tasks could begin at once, and nothing is leased that has to wait here. Private to libbide.
 *
 *   opened ──▶ load ──▶ all started ──▶ each for itself until it is told to stop, or the server will never give work
 *     └── one cannot be: none is served              └──▶ the last has ended: the first reason there was, or 0
 */
#ifndef CLIENT_BIDE_LANES_H
#define CLIENT_BIDE_LANES_H

#include "bide.h"

struct bide_lanes;

/* `server`: as bide_client_options.server. -1 with the reason. */
int bide_lanes_open(struct bide_lanes **ret, const struct bide_worker *w, const char *server, struct bide_error *error);
/* Runs until all have ended; the first of them in the caller's thread. -1 with the reason. */
int bide_lanes_serve(struct bide_lanes *l, struct bide_error *error);
void bide_lanes_close(struct bide_lanes *l);

#endif
