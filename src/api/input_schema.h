/* SPDX-License-Identifier: Apache-2.0
 *
 * A submit's input against the schema of its type.
 */
#ifndef API_INPUT_SCHEMA_H
#define API_INPUT_SCHEMA_H

#include "base/arena.h"
#include "server/config.h"

/* Does nothing for a type without one. The input that fits is completed with its defaults: *input is then in the arena. One
 * that does not fit is ERR_INPUT, all that is wrong with it in `e` (further errors are in the arena). */
int input_schema_apply(const struct config_type *type, struct str *input, struct arena *a, struct err *e) MUST_USE;

#endif
