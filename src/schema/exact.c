/* SPDX-License-Identifier: Apache-2.0
 *
 * A number is its digits without zeros at either end, and the place of the first one. Then what ends further right cannot be
 * a multiple of what ends further left, and the rest is arithmetic modulo the divisor's digits.
 */
#include "schema/exact.h"

#include "base/text.h"

#include <assert.h>

#define FAR (INT64_MAX / 4)

static int64_t read_exponent(struct str text)
{
    int64_t value;
    bool minus = text.p[0] == '-';
    if (text.p[0] == '+') text = str_sub(text, 1, text.len);
    if (text_int(&value, text)) return minus ? -FAR : FAR;
    return value > FAR ? FAR : value < -FAR ? -FAR : value;
}

static bool is_empty_digit(char c) { return c == '0' || c == '.'; }

void exact_read(struct exact *ret, struct str number)
{
    size_t e = 0;
    while (e < number.len && number.p[e] != 'e' && number.p[e] != 'E') e++;
    int64_t exponent = e < number.len ? read_exponent(str_sub(number, e + 1, number.len)) : 0;
    struct str mantissa = str_sub(number, 0, e);
    size_t point = str_find(mantissa, '.'), first = mantissa.p[0] == '-', end = mantissa.len;
    bool minus = first == 1;
    while (first < end && is_empty_digit(mantissa.p[first])) first++;
    while (end > first && is_empty_digit(mantissa.p[end - 1])) end--;
    int64_t place = first < point ? (int64_t)(point - first) - 1 : -(int64_t)(first - point);
    *ret = (struct exact){.digits = STR_NONE};
    if (first < end) *ret = (struct exact){str_sub(mantissa, first, end - first), exponent + place, minus};
}

static int compare_digits(struct str a, struct str b)
{
    size_t i = 0, j = 0;
    for (;; i++, j++) {
        if (i < a.len && a.p[i] == '.') i++;
        if (j < b.len && b.p[j] == '.') j++;
        if (i == a.len || j == b.len) return (i < a.len) - (j < b.len);
        if (a.p[i] != b.p[j]) return a.p[i] < b.p[j] ? -1 : 1;
    }
}

static int sign_of(const struct exact *a) { return a->digits.len == 0 ? 0 : a->minus ? -1 : 1; }

int exact_compare(const struct exact *a, const struct exact *b)
{
    int left = sign_of(a), right = sign_of(b);
    if (left != right) return left < right ? -1 : 1;
    if (left == 0) return 0;
    int larger = a->top != b->top ? (a->top < b->top ? -1 : 1) : compare_digits(a->digits, b->digits);
    return left * larger;
}

size_t exact_count(const struct exact *a)
{
    return a->digits.len - (str_find(a->digits, '.') < a->digits.len);
}

static int64_t last_place(const struct exact *a) { return a->top - (int64_t)exact_count(a) + 1; }

bool exact_is_whole(const struct exact *a) { return a->digits.len == 0 || last_place(a) >= 0; }

static uint64_t times(uint64_t a, uint64_t b, uint64_t modulus)
{
    return (uint64_t)((unsigned __int128)a * b % modulus);
}

static uint64_t power_of_ten(int64_t n, uint64_t modulus)
{
    uint64_t result = 1 % modulus, base = 10 % modulus;
    for (; n > 0; n /= 2) {
        if (n % 2) result = times(result, base, modulus);
        base = times(base, base, modulus);
    }
    return result;
}

bool exact_is_multiple(const struct exact *a, const struct exact *of)
{
    uint64_t divisor = 0, rest = 0;
    if (a->digits.len == 0) return true;
    int64_t zeros = last_place(a) - last_place(of);
    if (zeros < 0) return false;
    for (size_t i = 0; i < of->digits.len; i++)
        if (of->digits.p[i] != '.') divisor = divisor * 10 + (uint64_t)(of->digits.p[i] - '0');
    assert(divisor > 0);
    for (size_t i = 0; i < a->digits.len; i++)
        if (a->digits.p[i] != '.') rest = (times(rest, 10, divisor) + (uint64_t)(a->digits.p[i] - '0')) % divisor;
    return times(rest, power_of_ten(zeros, divisor), divisor) == 0;
}

uint64_t exact_hash(const struct exact *a)
{
    uint64_t hash = (uint64_t)a->top * 31 + a->minus; /* of zero, all is 0 */
    for (size_t i = 0; i < a->digits.len; i++)
        if (a->digits.p[i] != '.') hash = (hash ^ (uint64_t)a->digits.p[i]) * UINT64_C(0x100000001b3);
    return hash;
}
