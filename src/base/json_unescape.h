/* SPDX-License-Identifier: Apache-2.0
 *
 * The inside of JSON strings: from the text between the quotes, escapes and all, to the characters meant. Used by
 * json*.c only. All but json_unescape_bad expect a string that json_parse has accepted.
 */
#ifndef BASE_JSON_UNESCAPE_H
#define BASE_JSON_UNESCAPE_H

#include "base/buf.h"
#include "base/str.h"

/* What is wrong with the escapes of a string that is otherwise well-formed: a lone surrogate or, in a key, \u0000.
 * Returns the reason and where it is, NULL when all is well. */
const char *json_unescape_bad(struct str raw, bool is_key, size_t *ret_at);
/* Appends the characters meant; all or nothing. */
void json_unescape_add(struct buf *b, struct str raw);
/* Do two strings mean the same characters? */
bool json_unescape_eq(struct str a, struct str b);
/* Does `raw` mean the characters of `plain`, whose backslashes are characters of their own? */
bool json_unescape_is(struct str raw, struct str plain);

#endif
