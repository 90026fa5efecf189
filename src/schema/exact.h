/* SPDX-License-Identifier: Apache-2.0
 *
 * Numbers as JSON writes them, compared by what they mean, in decimal: no digit is lost, whatever their size. 1, 1.0 and
 * 10e-1 are the same number; 9007199254740993 and 9007199254740992 are not.
 */
#ifndef SCHEMA_EXACT_H
#define SCHEMA_EXACT_H

#include "base/str.h"

#define EXACT_DIVISOR 18 /* digits of what a number is divided by */

struct exact {
    struct str digits; /* borrowed: from the first to the last that is not 0, maybe with the point among them; empty: zero */
    int64_t top;       /* the first digit counts 10^top; beyond 2^61 it is cut */
    bool minus;
};

void exact_read(struct exact *ret, struct str number);                /* number: one that json_parse has accepted */
int exact_compare(const struct exact *a, const struct exact *b);      /* < 0, 0, > 0 */
bool exact_is_whole(const struct exact *a);
size_t exact_count(const struct exact *a);                            /* of its digits */
/* Is it a whole number times `of`, which is above 0 and has EXACT_DIVISOR digits at most? */
bool exact_is_multiple(const struct exact *a, const struct exact *of);
uint64_t exact_hash(const struct exact *a);                           /* the same for the same number */

#endif
