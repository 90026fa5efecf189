/* SPDX-License-Identifier: Apache-2.0
 *
 * Times as RFC 3339 section 5.6 writes them, to and from UTC milliseconds, without the C library's calendar (which
 * knows zones and locales, and takes a lock). The days of a date are counted in years that begin in March, so that the
 * leap day is the last of its year.
 */
#include "base/text.h"

#define DAY_MS (24 * 3600 * 1000LL)
#define YEAR_0_MS (-62167219200000LL)  /* 0000-01-01T00:00:00.000Z */
#define YEAR_9999_MS 253402300799999LL /* 9999-12-31T23:59:59.999Z */
#define DAYS_TO_1970 719468            /* from 0000-03-01 */
#define DAYS_IN_400_YEARS 146097

static int64_t days_of(int64_t year, int month, int day)
{
    if (month <= 2) year--;
    int64_t era = (year >= 0 ? year : year - 399) / 400, year_of_era = year - era * 400;
    int64_t day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    return era * DAYS_IN_400_YEARS + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year -
           DAYS_TO_1970;
}

static bool is_leap(int64_t year) { return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0; }

static int days_in(int64_t year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return days[month - 1] + (month == 2 && is_leap(year));
}

/* Takes exactly n digits, then `after` (unless 0), off *s; -1 when they are not there. */
static int take(struct str *s, size_t n, char after)
{
    int value = 0;
    if (s->len < n + (after != 0)) return -1;
    for (size_t i = 0; i < n; i++) {
        if (s->p[i] < '0' || s->p[i] > '9') return -1;
        value = value * 10 + (s->p[i] - '0');
    }
    if (after && s->p[n] != after) return -1;
    *s = str_sub(*s, n + (after != 0), s->len);
    return value;
}

/* Takes ".123" off *s when it is there; -1 when it is there and wrong. */
static int take_fraction_ms(struct str *s)
{
    if (s->len == 0 || s->p[0] != '.') return 0;
    int ms = 0;
    size_t n = 0;
    for (size_t i = 1; i < s->len && s->p[i] >= '0' && s->p[i] <= '9'; i++, n++)
        if (n < 3) ms = ms * 10 + (s->p[i] - '0');
    if (n == 0 || n > 9) return -1;
    for (size_t i = n; i < 3; i++) ms *= 10;
    *s = str_sub(*s, n + 1, s->len);
    return ms;
}

/* Z or +hh:mm, which must be all that is left. */
static int take_offset_ms(struct str s, int64_t *ret_ms)
{
    if (s.len == 1 && (s.p[0] == 'Z' || s.p[0] == 'z')) {
        *ret_ms = 0;
        return 0;
    }
    if (s.len != 6 || (s.p[0] != '+' && s.p[0] != '-')) return ERR_INVALID;
    int sign = s.p[0] == '-' ? -1 : 1;
    s = str_sub(s, 1, s.len);
    int hour = take(&s, 2, ':'), minute = take(&s, 2, 0);
    if (hour < 0 || hour > 23 || minute < 0 || minute > 59) return ERR_INVALID;
    *ret_ms = sign * (hour * 3600LL + minute * 60LL) * 1000;
    return 0;
}

int text_time(int64_t *ret_ms, struct str s)
{
    int year = take(&s, 4, '-'), month = take(&s, 2, '-'), day = take(&s, 2, 0);
    if (year < 0 || month < 1 || month > 12 || day < 1 || day > days_in(year, month)) return ERR_INVALID;
    if (s.len == 0 || (s.p[0] != 'T' && s.p[0] != 't')) return ERR_INVALID;
    s = str_sub(s, 1, s.len);
    int hour = take(&s, 2, ':'), minute = take(&s, 2, ':'), second = take(&s, 2, 0);
    if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60) return ERR_INVALID;
    int fraction_ms = take_fraction_ms(&s);
    int64_t offset_ms;
    if (fraction_ms < 0 || take_offset_ms(s, &offset_ms)) return ERR_INVALID;

    bool leap = second == 60;
    int64_t day_ms = (hour * 3600LL + minute * 60LL + (leap ? 59 : second)) * 1000;
    int64_t ms = days_of(year, month, day) * DAY_MS + day_ms - offset_ms;
    if (leap) { /* only the last second of a UTC day; Unix time has no place for it, the next second stands for it */
        if ((ms - YEAR_0_MS) % DAY_MS != DAY_MS - 1000) return ERR_INVALID;
        ms += 1000;
    }
    *ret_ms = ms + fraction_ms;
    return 0;
}

static char *put(char *to, int64_t value, int digits, char after)
{
    for (int i = digits - 1; i >= 0; i--, value /= 10) to[i] = (char)('0' + value % 10);
    to[digits] = after;
    return to + digits + 1;
}

void text_format_time(int64_t ms, char text[TEXT_TIME])
{
    if (ms < YEAR_0_MS) ms = YEAR_0_MS;
    if (ms > YEAR_9999_MS) ms = YEAR_9999_MS;
    int64_t in_day = (ms - YEAR_0_MS) % DAY_MS;
    int64_t days =
        (ms - YEAR_0_MS) / DAY_MS - 60 + DAYS_IN_400_YEARS; /* from 1 March of the year -400: never negative */

    int64_t day = days % DAYS_IN_400_YEARS;
    int64_t year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
    day -= 365 * year + year / 4 - year / 100;
    int64_t month = (5 * day + 2) / 153; /* 0 is March */
    day -= (153 * month + 2) / 5;
    year += days / DAYS_IN_400_YEARS * 400 - 400 + (month >= 10);

    char *at = put(text, year, 4, '-');
    at = put(at, month < 10 ? month + 3 : month - 9, 2, '-');
    at = put(at, day + 1, 2, 'T');
    at = put(at, in_day / 3600000, 2, ':');
    at = put(at, in_day / 60000 % 60, 2, ':');
    at = put(at, in_day / 1000 % 60, 2, '.');
    at = put(at, in_day % 1000, 3, 'Z');
    *at = '\0';
}
