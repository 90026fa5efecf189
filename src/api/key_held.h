/* SPDX-License-Identifier: Apache-2.0
 *
 * The refusal of a submit whose key another task holds, and which one that is.
 */
#ifndef API_KEY_HELD_H
#define API_KEY_HELD_H

#include "store/store.h"

#define KEY_HELD_EXTRA (ID_TEXT + 20)

/* Fills and returns `e`; `extra` becomes {"task_id":".."}, the problem's further member. */
const struct err *key_held(const struct store_add_item *item, struct err *e, char extra[KEY_HELD_EXTRA]);

#endif
