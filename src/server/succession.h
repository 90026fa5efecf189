/* SPDX-License-Identifier: Apache-2.0
 *
 * A worker pool that changed, or is recycled, is replaced rolling: the old processes serve until the new ones can.
 *
 *   on duty ──changed, has loaded processes──▶ on duty, with an heir ──heir ready──────────────▶ heir on duty, old retired
 *      │                                          │ ▲     │            heir's start failed          ▲ old drains
 *      │ changed, none loaded                     │ └─────┘            heir cannot start beside it ─┤
 *      │                                          │  changed again:    old has none loaded any more ┘
 *      │                                          │  another heir (the former one retires); as it
 *      ▼                                          ▼  was: no heir (that of a recycle goes on)
 *   retired, the new one on duty at once      pool gone, drain: both retire
 *
 * The heir starts as many processes as the old one had loaded, at most its instances, and is given no task before it is
 * on duty: until then the room is that of the old pool. Of its resources the heir takes what is
 * free and ends nobody's process, so that one that finds too little has no process at the next look: then the old one
 * gives way first. A post has one heir at most, and one pool that serves.
 */
#ifndef SERVER_SUCCESSION_H
#define SERVER_SUCCESSION_H

#include "server/duty.h"

#define SUCCESSION_LOOK_MS 1000 /* how often heirs are looked at that are not ready */

/* Whether a process of the pool on duty is loaded and would take further tasks. */
bool succession_helps(const struct post *p);
/* d comes after what is on duty there, which helps. An heir that it had retires. `why`, for the log: "changed". */
void succession_begin(struct roster *r, struct post *p, struct duty *d, const char *why);
/* A recycle of the one process there that is loaded: true, and an heir from the same configuration comes after it, or any
 * heir that is to come already. False: it is another's id, or not loaded, or others serve beside it. */
bool succession_renew(struct roster *r, struct post *p, struct str worker_id);
void succession_cancel(struct post *p); /* what is on duty stays; no heir: no effect */
/* This handler may have room: if it is an heir's, it goes on duty. */
void succession_ready(struct roster *r, struct handler *h);
/* Nobody's any more: it finishes its tasks and ends. Owned by the roster's `retired` from now on. */
void succession_retire(struct duty *d, struct handler *h);

#endif
