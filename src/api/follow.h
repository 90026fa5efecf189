/* SPDX-License-Identifier: Apache-2.0
 *
 * The log of a task, or what it streams out, read on while it grows: plain text, or server-sent events that say from where to go
 * on. Nothing is kept for a reader: it has its place, and what is there from that place on is read when it has room.
 *
 *   placing ──an attempt is there──▶ reading live ──it is over──▶ reading the rest ──another follows──▶ reading live
 *      │ ▲                              │  ▲                          │ the task has ended, or that was the one asked for
 *      ▼ │ it begins                    ▼  │ it grew                  ▼
 *     waiting                         waiting                       over ("end")
 */
#ifndef API_FOLLOW_H
#define API_FOLLOW_H

#include "api/api.h"

struct follow_what {
    struct id id;
    bool output;       /* what it streams out, by the number of the piece; else its log, by bytes */
    int32_t run, attempt; /* 0: the latest; attempt 0 of the latest run: and all that come after it, of an earlier one: its last */
    int64_t from;
};

/* Answers the call. Events when the client asks for them, with ids to go on from. */
void follow_start(struct call *c, const struct follow_what *what);

#endif
