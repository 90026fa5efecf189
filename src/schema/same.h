/* SPDX-License-Identifier: Apache-2.0
 *
 * Are two JSON values equal? Numbers by what they mean, strings by their characters, objects whatever the order of their
 * members (JSON Schema core 2020-12, section 4.2.2).
 */
#ifndef SCHEMA_SAME_H
#define SCHEMA_SAME_H

#include "base/json.h"
#include "schema/steps.h"

bool same_value(const struct json *ja, const struct json_node *a, const struct json *jb, const struct json_node *b,
                struct steps *steps);
/* Two elements of an array that are equal; false: all differ, or the steps are spent. */
bool same_twice(const struct json *j, const struct json_node *array, struct steps *steps, uint32_t ret_places[2]);

#endif
