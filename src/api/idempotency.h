/* SPDX-License-Identifier: Apache-2.0
 *
 * Idempotency-Key: the same submit sent twice makes one task. Kept by the store with the task; here is only which keys
 * belong to submits on their way.
 */
#ifndef API_IDEMPOTENCY_H
#define API_IDEMPOTENCY_H

#include "api/call.h"
#include "store/store.h"

#define IDEMPOTENCY_KEY_MAX 255 /* bytes */

/* Puts the request's key, when it has one, and the print of its body into the item. Answers a refusal itself: a key that
 * is none, one that is in use. With item->key.p set, idempotency_end when the store has answered. */
int idempotency_begin(struct call *c, struct store_add_item *item) MUST_USE;
void idempotency_end(struct api *a, struct str key);
/* The request's key alone, p NULL when it has none. Answers a refusal itself. */
int idempotency_key(struct call *c, struct str *ret) MUST_USE;
/* For a task of its own key and text: the print of a submit. */
void idempotency_print(struct store_add_item *item, struct str key, struct str text);

#endif
