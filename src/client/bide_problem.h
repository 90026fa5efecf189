/* SPDX-License-Identifier: Apache-2.0
 *
 * A problem (RFC 9457), with bide's `code` and `errors`, as the public struct bide_error. Private to libbide.
 */
#ifndef CLIENT_BIDE_PROBLEM_H
#define CLIENT_BIDE_PROBLEM_H

#include "base/json.h"
#include "bide.h"

/* Overwrites what the problem says of `error`, which is filled for the case that it says nothing; sets http_status. 0,
 * or ERR_NOMEM with `error` saying so. `problem` may be NULL. */
int bide_problem_read(struct bide_error *error, const struct json *j, const struct json_node *problem,
                      int status) MUST_USE;

#endif
