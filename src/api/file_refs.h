/* SPDX-License-Identifier: Apache-2.0
 *
 * Uploaded files that the input of a submit names.
 */
#ifndef API_FILE_REFS_H
#define API_FILE_REFS_H

#include "store/store.h"

/* Fills body->files, in the arena. ERR_TOO_BIG: too many. */
int file_refs_read(struct task_body *body, struct arena *a, struct err *e) MUST_USE;
/* Fills and returns `e`: one of them was not there. The input's text must still be. */
const struct err *file_refs_missing(const struct store_add_item *item, struct err *e);

#endif
