/* SPDX-License-Identifier: Apache-2.0
 *
 * A change of many tasks, chunk after chunk, each chunk one commit. Answers {"matched","changed","skipped","more"}.
 */
#ifndef API_BULK_H
#define API_BULK_H

#include "api/filter.h"
#include "server/server.h"

#define BULK_MOST 100000 /* tasks of one request; then `more` is true and the request is to be made again */

/* Takes the filter's copy. words: the statuses looked for when the filter names none, in this order, ended by NULL. */
void bulk_start(struct call *c, const struct filter *f, enum store_verb verb, const char *const *words);

#endif
