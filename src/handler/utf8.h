/* SPDX-License-Identifier: Apache-2.0
 *
 * Text out of bytes that a process wrote: cut without halving a character, and made valid UTF-8, because logs and
 * errors end up in JSON. What a program prints is never trusted to be text.
 */
#ifndef HANDLER_UTF8_H
#define HANDLER_UTF8_H

#include "base/buf.h"

/* The first, the last `max` bytes of valid UTF-8, at most; never half a character. Borrowed from s. */
struct str utf8_head(struct str s, size_t max);
struct str utf8_tail(struct str s, size_t max);
/* Appends `bytes` to `out`, U+FFFD in place of each byte that is not UTF-8: at most three times as long. Returns how
 * many bytes it took: unless this is the last of it, the beginning of a character at the end is left to the caller. */
size_t utf8_add(struct buf *out, struct str bytes, bool last);

#endif
