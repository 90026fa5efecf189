/* SPDX-License-Identifier: Apache-2.0
 *
 * Numbers to and from text. strtod and printf follow the locale of the process, and a program that links the client may
 * have set one with a decimal comma; so doubles go through a "C" locale of our own, made once.
 */
#include "base/text.h"
#include <float.h>
#include <locale.h>
#include <math.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

/* Made by whoever comes first; of two at once, one throws its own away. NULL when out of memory. */
static locale_t plain_locale(void)
{
    static _Atomic(locale_t) plain;
    locale_t known = plain, own;
    if (known) return known;
    own = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    if (!own) return (locale_t)0;
    if (atomic_compare_exchange_strong(&plain, &known, own)) return own;
    freelocale(own);
    return known;
}

int text_int(int64_t *ret_value, struct str s)
{
    int64_t value = 0; /* kept negative: INT64_MIN has no positive twin */
    bool minus = s.len > 0 && s.p[0] == '-';
    if (s.len == minus) return ERR_INVALID;
    for (size_t i = minus; i < s.len; i++) {
        if (s.p[i] < '0' || s.p[i] > '9') return ERR_INVALID;
        if (__builtin_mul_overflow(value, 10, &value) || __builtin_sub_overflow(value, s.p[i] - '0', &value))
            return ERR_INVALID;
    }
    if (!minus && value == INT64_MIN) return ERR_INVALID;
    *ret_value = minus ? value : -value;
    return 0;
}

/* strtod knows more than we want: "inf", "nan", hexadecimal, leading blanks. */
static bool looks_decimal(struct str s)
{
    static const char may_be[] = "0123456789+-.eE";
    for (size_t i = 0; i < s.len; i++)
        if (!memchr(may_be, s.p[i], sizeof may_be - 1)) return false;
    return s.len > 0;
}

int text_double(double *ret_value, struct str s)
{
    char small[64], *big = NULL, *end;
    locale_t plain = plain_locale();
    if (!looks_decimal(s)) return ERR_INVALID;
    if (!plain) return ERR_NOMEM;
    if (!str_copy(small, sizeof small, s) && !(big = str_dup(s))) return ERR_NOMEM;
    const char *text = big ? big : small;
    double value = strtod_l(text, &end, plain);
    bool whole = end == text + s.len;
    free(big);
    if (!whole || !isfinite(value)) return ERR_INVALID;
    *ret_value = value;
    return 0;
}

void text_format_double(double value, char text[TEXT_DOUBLE])
{
    text[0] = '\0';
    locale_t plain = plain_locale();
    if (!isfinite(value) || !plain) return;
    locale_t before = uselocale(plain);
    int digits = fabs(value) < DBL_MIN ? 1 : 15; /* 15 always survive, except close to zero where fewer are left */
    for (; digits <= 17; digits++) {
        snprintf(text, TEXT_DOUBLE, "%.*g", digits, value);
        if (strtod_l(text, NULL, plain) == value) break;
    }
    uselocale(before);
}
