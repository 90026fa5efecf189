/* SPDX-License-Identifier: Apache-2.0
 *
 * A request target (RFC 9112 section 3.2) taken apart into path and query.
 */
#ifndef HTTP_TARGET_H
#define HTTP_TARGET_H

#include "base/err.h"
#include "base/str.h"

/* origin-form, absolute-form (its authority is ignored) and, for OPTIONS, "*". The strs point into `target`, or are
 * literals. `target` has passed head_find(). */
int target_split(struct str method, struct str target, struct str *ret_path, struct str *ret_query,
                 struct err *e) MUST_USE;

/* uri-host [ ":" port ] of RFC 9110 section 7.2, the host not empty. */
bool target_is_host(struct str s);

#endif
