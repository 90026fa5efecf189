/* SPDX-License-Identifier: Apache-2.0
 *
 * Text that people write and read: durations, sizes, times, names.
 */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

#define TEXT_TIME 25 /* "2026-11-21T20:00:00.123Z" and a NUL */
#define TEXT_DOUBLE 48

/* `90s`, `1h30m`, `250ms`, `7d`, `2w`; units ms s m h d w, largest first, each at most once. A bare number is an
 * error, except `0`. Result in milliseconds. */
int text_duration(int64_t *ret_ms, struct str s, struct err *e) MUST_USE;
/* `64K`, `4G`, `100B`: powers of 1024, units B K M G T. A bare number is an error, except `0`. */
int text_size(int64_t *ret_bytes, struct str s, struct err *e) MUST_USE;
/* The shortest text that text_duration reads back: 5400000 -> "1h30m". */
void text_add_duration(struct buf *b, int64_t ms);
/* The same for text_size, in the largest unit that says it exactly: 6442450944 -> "6G". bytes >= 0 */
void text_add_size(struct buf *b, int64_t bytes);
/* RFC 3339 section 5.6. Accepts any offset and 0 to 9 digits of a second; result in UTC milliseconds since 1970. */
int text_time(int64_t *ret_ms, struct str s) MUST_USE;
void text_format_time(int64_t ms, char text[TEXT_TIME]); /* UTC, milliseconds, Z */
int text_int(int64_t *ret_value, struct str s) MUST_USE; /* decimal, optional '-', whole string; ERR_INVALID */
/* A JSON-like decimal number, whatever the locale; ERR_INVALID: not a number, or beyond the range of a double. */
int text_double(double *ret_value, struct str s) MUST_USE;
/* The shortest decimal that reads back as the same double, point as '.'; "" when not finite. */
void text_format_double(double value, char text[TEXT_DOUBLE]);
/* RFC 3629: refuses overlong forms, surrogates and what is above U+10FFFF. Returns the offset of the first bad byte, or s.len. */
size_t text_utf8_valid(struct str s);
/* The candidate nearest to `word` by edits (optimal string alignment), when it is near enough to be a slip: at most
 * a third of the word's length, 3 at most; NULL otherwise. `names` ends with NULL. */
const char *text_nearest(struct str word, const char *const *names);
/* A name of a type, queue or pool: 1..LIMIT_NAME characters of A-Z a-z 0-9 . _ - : / */
bool text_is_name(struct str s);

#endif
