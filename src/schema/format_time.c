/* SPDX-License-Identifier: Apache-2.0
 *
 * Dates and times of RFC 3339 section 5.6, durations of its appendix A. A second 60 is there only at the end of a day in
 * UTC (section 5.7).
 */
#include "schema/format.h"

/* `n` digits from `at`; -1: they are not there. */
static int number(struct str s, size_t at, size_t n)
{
    int value = 0;
    for (size_t i = at; i < at + n; i++) {
        if (i >= s.len || s.p[i] < '0' || s.p[i] > '9') return -1;
        value = value * 10 + (s.p[i] - '0');
    }
    return value;
}

static int days_of(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return days[month - 1] + (month == 2 && leap);
}

bool format_is_date(struct str s)
{
    int year = number(s, 0, 4), month = number(s, 5, 2), day = number(s, 8, 2);
    return s.len == 10 && s.p[4] == '-' && s.p[7] == '-' && year >= 0 && month >= 1 && month <= 12 && day >= 1 &&
           day <= days_of(year, month);
}

/* Z or +hh:mm; minutes east of Greenwich. */
static bool read_offset(struct str s, int *ret_minutes)
{
    *ret_minutes = 0;
    if (s.len == 1) return s.p[0] == 'Z' || s.p[0] == 'z';
    int hours = number(s, 1, 2), minutes = number(s, 4, 2);
    if (s.len != 6 || (s.p[0] != '+' && s.p[0] != '-') || s.p[3] != ':') return false;
    *ret_minutes = (s.p[0] == '-' ? -1 : 1) * (hours * 60 + minutes);
    return hours >= 0 && hours <= 23 && minutes >= 0 && minutes <= 59;
}

bool format_is_time(struct str s)
{
    int hour = number(s, 0, 2), minute = number(s, 3, 2), second = number(s, 6, 2), offset;
    size_t at = 8;
    if (s.len < 9 || s.p[2] != ':' || s.p[5] != ':') return false;
    if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60) return false;
    if (s.p[at] == '.') {
        do at++;
        while (number(s, at, 1) >= 0);
        if (at == 9) return false;
    }
    if (!read_offset(str_sub(s, at, s.len), &offset)) return false;
    int utc = (hour * 60 + minute - offset + 2 * 24 * 60) % (24 * 60);
    return second < 60 || utc == 23 * 60 + 59;
}

bool format_is_date_time(struct str s)
{
    return s.len > 11 && (s.p[10] == 'T' || s.p[10] == 't') && format_is_date(str_sub(s, 0, 10)) &&
           format_is_time(str_sub(s, 11, s.len));
}

/* Digits and a unit, several, the units in the order of `units` and none left out between two: 1Y2M, not 1Y2D. */
static bool read_units(struct str *s, const char *units, size_t *ret_n)
{
    const char *last = NULL;
    for (*ret_n = 0; number(*s, 0, 1) >= 0; ++*ret_n) {
        size_t at = 1;
        while (number(*s, at, 1) >= 0) at++;
        const char *unit = at < s->len ? strchr(units, s->p[at]) : NULL;
        if (!unit || !*unit || (last && unit != last + 1)) return false;
        last = unit;
        *s = str_sub(*s, at + 1, s->len);
    }
    return true;
}

bool format_is_duration(struct str s)
{
    size_t n, weeks, times = 0;
    if (s.len < 3 || s.p[0] != 'P') return false;
    s = str_sub(s, 1, s.len);
    struct str rest = s;
    if (read_units(&rest, "W", &weeks) && weeks == 1 && rest.len == 0) return true;
    if (!read_units(&s, "YMD", &n)) return false;
    if (s.len && s.p[0] == 'T') {
        s = str_sub(s, 1, s.len);
        if (!read_units(&s, "HMS", &times) || times == 0) return false;
    }
    return s.len == 0 && n + times > 0;
}
