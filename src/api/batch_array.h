/* SPDX-License-Identifier: Apache-2.0
 *
 * A JSON array as the texts of its elements, so that each can be read on its own, when its turn has come.
 */
#ifndef API_BATCH_ARRAY_H
#define API_BATCH_ARRAY_H

#include "base/arena.h"
#include "base/err.h"

/* `text` is a JSON array, known to be well-formed. The strs lie in it, their list in the arena. ERR_TOO_BIG: it has
 * more than `max` elements. */
int batch_array_split(struct str text, size_t max, struct arena *a, struct str **ret_items, size_t *ret_n) MUST_USE;

#endif
