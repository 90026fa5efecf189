/* SPDX-License-Identifier: Apache-2.0
 *
 * What a puller asks for. Private to libbide.
 */
#ifndef CLIENT_BIDE_PULL_CLAIM_H
#define CLIENT_BIDE_PULL_CLAIM_H

#include "base/buf.h"
#include "bide.h"

#define BIDE_PULL_CLAIM_S 30 /* one long poll */

/* The body of every claim, into *ret, which is initialised here: types, name and host by the worker or the environment, `max`
 * attempts at a time. -1 with the reason: no types, no memory. */
int bide_pull_claim_write(struct buf *ret, const struct bide_worker *w, int max, struct bide_error *error);

#endif
