/* SPDX-License-Identifier: Apache-2.0
 *
 * Durations and sizes: numbers that never go without their unit, so that nobody has to guess whether a 90 means seconds
 * or milliseconds. One table a kind, largest unit first; the order of the table is the order a text must keep.
 */
#include "base/text.h"

#include <assert.h>

struct unit {
    const char *name;
    int64_t value;
};

static const struct unit duration_units[] = {
    {"w", 7 * 24 * 3600 * 1000LL},
    {"d", 24 * 3600 * 1000LL},
    {"h", 3600 * 1000LL},
    {"m", 60 * 1000LL},
    {"s", 1000},
    {"ms", 1},
    {NULL, 0},
};
static const struct unit size_units[] = {
    {"T", INT64_C(1) << 40},
    {"G", INT64_C(1) << 30},
    {"M", INT64_C(1) << 20},
    {"K", INT64_C(1) << 10},
    {"B", 1},
    {NULL, 0},
};

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

/* Takes digits off *s; false when there are none or the number is over INT64_MAX. */
static bool take_number(struct str *s, int64_t *ret_number)
{
    int64_t number = 0;
    size_t i = 0;
    for (; i < s->len && is_digit(s->p[i]); i++)
        if (__builtin_mul_overflow(number, 10, &number) || __builtin_add_overflow(number, s->p[i] - '0', &number))
            return false;
    *s = str_sub(*s, i, s->len);
    *ret_number = number;
    return i > 0;
}

/* Takes everything up to the next digit off *s. */
static struct str take_word(struct str *s)
{
    size_t i = 0;
    while (i < s->len && !is_digit(s->p[i])) i++;
    struct str word = str_sub(*s, 0, i);
    *s = str_sub(*s, i, s->len);
    return word;
}

static const struct unit *unit_of(const struct unit *units, struct str name)
{
    for (; units->name; units++)
        if (str_eq(name, str_of(units->name))) return units;
    return NULL;
}

/* How much of a stranger's text a message quotes. */
static struct str shown(struct str s) { return str_sub(s, 0, 40); }

static int refuse(struct err *e, struct str s, const char *why, const char *example)
{
    return err_set(e, ERR_INVALID, "\"%.*s\" %s; write it like %s", STR_ARG(shown(s)), why, example);
}

int text_duration(int64_t *ret_ms, struct str s, struct err *e)
{
    static const char example[] = "90s, 1h30m or 250ms";
    const struct unit *next = duration_units;
    struct str rest = s;
    int64_t total = 0;
    if (str_eq(s, STR("0"))) {
        *ret_ms = 0;
        return 0;
    }
    if (s.len == 0) return refuse(e, s, "is not a duration", example);
    while (rest.len > 0) {
        int64_t number;
        if (!take_number(&rest, &number)) return refuse(e, s, "is not a duration", example);
        struct str name = take_word(&rest);
        if (name.len == 0) return refuse(e, s, "has a number without a unit (ms, s, m, h, d, w)", example);
        const struct unit *unit = unit_of(duration_units, name);
        if (!unit) return refuse(e, s, "has an unknown unit (known: ms, s, m, h, d, w)", example);
        if (unit < next) return refuse(e, s, "must have larger units first, each once", example);
        next = unit + 1;
        if (__builtin_mul_overflow(number, unit->value, &number) || __builtin_add_overflow(total, number, &total))
            return refuse(e, s, "is too long", example);
    }
    *ret_ms = total;
    return 0;
}

int text_size(int64_t *ret_bytes, struct str s, struct err *e)
{
    static const char example[] = "64K, 4G or 100B";
    struct str rest = s;
    int64_t number;
    if (str_eq(s, STR("0"))) {
        *ret_bytes = 0;
        return 0;
    }
    if (!take_number(&rest, &number)) return refuse(e, s, "is not a size", example);
    if (rest.len == 0) return refuse(e, s, "has no unit (B, K, M, G, T)", example);
    const struct unit *unit = unit_of(size_units, rest);
    if (!unit) return refuse(e, s, "has an unknown unit (known: B, K, M, G, T)", example);
    if (__builtin_mul_overflow(number, unit->value, &number)) return refuse(e, s, "is too big", example);
    *ret_bytes = number;
    return 0;
}

void text_add_size(struct buf *b, int64_t bytes)
{
    static const char units[] = "BKMGT";
    size_t unit = 0;
    while (bytes && bytes % 1024 == 0 && units[unit + 1]) bytes /= 1024, unit++;
    buf_add_format(b, bytes ? "%lld%c" : "0", (long long)bytes, units[unit]);
}

/* Weeks only when nothing else is left: "10d" says more than "1w3d". */
void text_add_duration(struct buf *b, int64_t ms)
{
    if (ms == 0) buf_add_char(b, '0');
    if (ms < 0) buf_add_char(b, '-'); /* not a duration, but better seen than hidden */
    uint64_t left = ms < 0 ? -(uint64_t)ms : (uint64_t)ms;
    for (const struct unit *unit = duration_units; unit->name; unit++) {
        uint64_t value = (uint64_t)unit->value;
        assert(value > 0);
        if (left < value || (unit == duration_units && left % value != 0)) continue;
        buf_add_format(b, "%llu%s", (unsigned long long)(left / value), unit->name);
        left %= value;
    }
}
