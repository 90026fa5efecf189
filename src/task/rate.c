/* SPDX-License-Identifier: Apache-2.0
 *
 * The largest number is a full bucket: RATE_MOST times the milliseconds of a day, far below 2^63.
 */
#include "task/rate.h"

#include "base/text.h"

#include <stdio.h>

static const struct {
    char letter;
    int64_t ms;
} units[] = {{'s', 1000}, {'m', 60 * 1000}, {'h', 3600 * 1000}, {'d', 24 * 3600 * 1000}};

#define N_UNITS (sizeof units / sizeof *units)

/* ---- text ---- */

static int count(int32_t *ret, struct str s)
{
    int64_t n;
    if (s.len == 0 || s.p[0] < '1' || s.p[0] > '9' || text_int(&n, s) != 0 || n > RATE_MOST) return ERR_INVALID;
    *ret = (int32_t)n;
    return 0;
}

int rate_parse(struct rate *ret, struct str s)
{
    struct rate r = {0};
    struct str per = s, number = str_cut(&per, '/');
    if (str_eq(s, STR("0"))) {
        *ret = r;
        return 0;
    }
    if (count(&r.n, number) != 0 || per.len == 0) return ERR_INVALID;
    for (size_t i = 0; i < N_UNITS; i++)
        if (per.p[0] == units[i].letter) r.per_ms = units[i].ms;
    struct str burst = str_sub(per, 1, per.len);
    if (!r.per_ms) return ERR_INVALID;
    r.burst = r.n;
    if (burst.len > 0 && (!str_starts(burst, STR(" burst ")) || count(&r.burst, str_sub(burst, 7, burst.len)) != 0))
        return ERR_INVALID;
    *ret = r;
    return 0;
}

void rate_format(const struct rate *r, char text[RATE_TEXT])
{
    char letter = '?';
    for (size_t i = 0; i < N_UNITS; i++)
        if (units[i].ms == r->per_ms) letter = units[i].letter;
    if (r->n <= 0) snprintf(text, RATE_TEXT, "0");
    else if (r->burst == r->n) snprintf(text, RATE_TEXT, "%d/%c", r->n, letter);
    else snprintf(text, RATE_TEXT, "%d/%c burst %d", r->n, letter, r->burst);
}

bool rate_same(const struct rate *a, const struct rate *b)
{
    if (a->n <= 0 || b->n <= 0) return a->n == b->n;
    return a->n == b->n && a->burst == b->burst && a->per_ms == b->per_ms;
}

/* ---- tokens ---- */

static int64_t full(const struct rate *r) { return r->burst * r->per_ms; }

static void fill(struct rate_bucket *b, int64_t now_ms)
{
    int64_t passed_ms = now_ms - b->at_ms, room = full(&b->rate) - b->parts;
    if (passed_ms <= 0) return;
    b->at_ms = now_ms;
    b->parts += passed_ms > room / b->rate.n ? room : passed_ms * b->rate.n;
}

/* Rounded down: nobody gains by changing a rate. */
static int64_t converted(int64_t parts, int64_t from_ms, int64_t to_ms)
{
    return parts / from_ms * to_ms + parts % from_ms * to_ms / from_ms;
}

void rate_change(struct rate_bucket *b, const struct rate *r, int64_t now_ms)
{
    if (r->n <= 0) {
        *b = (struct rate_bucket){0};
        return;
    }
    int64_t parts = r->per_ms;
    if (b->rate.n > 0) {
        fill(b, now_ms);
        parts = converted(b->parts, b->rate.per_ms, r->per_ms);
    }
    *b = (struct rate_bucket){*r, parts < full(r) ? parts : full(r), now_ms};
}

int32_t rate_tokens(struct rate_bucket *b, int64_t now_ms)
{
    if (b->rate.n <= 0) return INT32_MAX;
    fill(b, now_ms);
    return b->parts > 0 ? (int32_t)(b->parts / b->rate.per_ms) : 0;
}

void rate_take(struct rate_bucket *b, int32_t n, int64_t now_ms)
{
    if (b->rate.n <= 0) return;
    fill(b, now_ms);
    b->parts -= n * b->rate.per_ms;
}

void rate_give(struct rate_bucket *b, int32_t n, int64_t now_ms)
{
    if (b->rate.n <= 0) return;
    fill(b, now_ms);
    int64_t parts = b->parts + n * b->rate.per_ms;
    b->parts = parts < full(&b->rate) ? parts : full(&b->rate);
}

bool rate_is_full(struct rate_bucket *b, int64_t now_ms)
{
    if (b->rate.n <= 0) return true;
    fill(b, now_ms);
    return b->parts == full(&b->rate);
}

int64_t rate_wait_ms(struct rate_bucket *b, int32_t n, int64_t now_ms)
{
    return b->rate.n > 0 && n > b->rate.burst ? -1 : rate_after_ms(b, n, now_ms);
}

int64_t rate_after_ms(struct rate_bucket *b, int64_t n, int64_t now_ms)
{
    if (b->rate.n <= 0) return 0;
    fill(b, now_ms);
    int64_t missing = n * b->rate.per_ms - b->parts;
    return missing > 0 ? (missing + b->rate.n - 1) / b->rate.n : 0;
}
