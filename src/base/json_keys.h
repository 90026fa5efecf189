/* SPDX-License-Identifier: Apache-2.0
 *
 * Duplicate keys. Used by json_parse.c only.
 */
#ifndef BASE_JSON_KEYS_H
#define BASE_JSON_KEYS_H

#include "base/json.h"

/* Looks for a member of `object` whose key an earlier member has too, compared unescaped. Returns 0 and the member in
 * *ret_twice (NULL when all differ), or ERR_NOMEM. Time is linear in the size of the keys, also for hostile ones. */
int json_keys_twice(const struct json *j, const struct json_node *object, const struct json_node **ret_twice) MUST_USE;

#endif
