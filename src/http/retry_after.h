/* SPDX-License-Identifier: Apache-2.0
 *
 * The Retry-After of an answer (RFC 9110 section 10.2.3): seconds, or a date in any of the three forms of section 5.6.7. Pure.
 */
#ifndef HTTP_RETRY_AFTER_H
#define HTTP_RETRY_AFTER_H

#include "base/str.h"

/* Milliseconds from `now_wall_ms` on, at most LIMIT_RETRY_AFTER_MS. 0: nothing was said, it makes no sense, or it is past. */
int64_t retry_after_ms(struct str value, int64_t now_wall_ms);

#endif
