/* SPDX-License-Identifier: Apache-2.0
 *
 * Base64 (RFC 4648 section 4): with padding, without line ends. Pure.
 */
#ifndef BASE_BASE64_H
#define BASE_BASE64_H

#include "base/err.h"
#include "base/str.h"

#define BASE64_TEXT(bytes) (((bytes) + 2) / 3 * 4 + 1) /* and a NUL */
#define BASE64_BYTES(text_len) ((text_len) / 4 * 3)    /* at most */

void base64_encode(const uint8_t *bytes, size_t n, char *to); /* BASE64_TEXT(n) of room */
/* ERR_INVALID: it is none; padding may be left out. `to` has BASE64_BYTES(text.len + 3) of room. */
int base64_decode(struct str text, uint8_t *to, size_t *ret_n) MUST_USE;

#endif
