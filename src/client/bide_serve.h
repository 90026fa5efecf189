/* SPDX-License-Identifier: Apache-2.0
 *
 * The worker's loop in one thread. Private to libbide.
 */
#ifndef CLIENT_BIDE_SERVE_H
#define CLIENT_BIDE_SERVE_H

#include "client/bide_batch.h"

/* Says ready, then runs one batch after the other. 0: told to stop; -1: bide_channel_why. */
int bide_serve(const struct bide_worker *w, struct bide_channel *c);

/* The same with `w->concurrency` above 1 is bide_crew_serve. What both are made of: */
int bide_serve_ready(const struct bide_worker *w, struct bide_channel *c);
int bide_serve_task(const struct bide_worker *w, struct bide_task *t); /* to its verdict; -1: it could not be sent */

#endif
