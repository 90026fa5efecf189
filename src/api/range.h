/* SPDX-License-Identifier: Apache-2.0
 *
 * Which bytes a Range header asks for (RFC 9110 section 14).
 */
#ifndef API_RANGE_H
#define API_RANGE_H

#include "base/str.h"

enum range_kind {
    RANGE_WHOLE, /* none was asked for, or one that is not understood, or several: all of it is a legal answer */
    RANGE_PART,  /* 206 */
    RANGE_BEYOND /* 416: there is no byte of it */
};

/* `header`: p NULL when there is none. With RANGE_PART from *ret_from on *ret_len bytes (> 0), all within `size`. */
enum range_kind range_read(struct str header, int64_t size, int64_t *ret_from, int64_t *ret_len);

#endif
