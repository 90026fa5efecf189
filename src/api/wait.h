/* SPDX-License-Identifier: Apache-2.0
 *
 * A long poll: answers with the task when it has ended, or when the time is up. A client that leaves costs nothing.
 *
 *   asking ──ended──▶ answered
 *     │ not ended
 *     ▼
 *   waiting ──told of the ending, time is up──▶ asking for the last time ──▶ answered
 *     └── client gone ──▶ over
 */
#ifndef API_WAIT_H
#define API_WAIT_H

#include "api/api.h"

/* Answers the call: 200 with the whole task when it ended in time, 202 otherwise after a submit (POST), 200 with how it
 * stands after a GET. wait_ms 0: at once. */
void wait_start(struct call *c, const struct id *id, int64_t wait_ms);

#endif
