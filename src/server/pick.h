/* SPDX-License-Identifier: Apache-2.0
 *
 * Whose turn it is: of all lanes with room the one whose first task comes first, unless that room must be kept for
 * another. The second floor of dispatch.c, which owns what is looked at here.
 */
#ifndef SERVER_PICK_H
#define SERVER_PICK_H

#include "server/dispatch.h"

struct lane *pick_lane(const struct dispatch *d); /* to be claimed from now; NULL: none */
/* The best head among the lanes that want the same room as this one, which itself is not among them now, those with a
 * claim on its way too: a claim goes no further than it. 0: nobody does. */
int64_t pick_rival_rank(const struct dispatch *d, const struct lane *lane);
/* Until the first lane that gathers (batch.delay) has done so for long enough, ms; -1: none does. Notes since when. */
int64_t pick_gathers_ms(const struct dispatch *d);

#endif
