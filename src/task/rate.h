/* SPDX-License-Identifier: Apache-2.0
 *
 * How often something may start: a rate, and the bucket of tokens that keeps to it. A start takes a token; tokens come at
 * the rate, and as many as the burst are kept. In any span of time, wherever it begins, no more start than the burst
 * and what the rate gives in that span. A bucket begins with one token, not with all of them: who starts the server
 * again gains no burst.
 *
 * Whole numbers throughout: a token is `per_ms` parts and each millisecond brings `n` of them, so nothing is rounded away
 * however long it goes on. Times are mono: a jump of the wall clock brings no token.
 */
#ifndef TASK_RATE_H
#define TASK_RATE_H

#include "base/err.h"
#include "base/str.h"

#define RATE_MOST 1000000 /* starts of a rate, and its burst */
#define RATE_TEXT 40
#define RATE_WANTED "a rate like 10/s, 90/m, 1000/h or 10/s burst 20; 0 is no limit"

struct rate {
    int32_t n;      /* starts in each `per_ms`; 0: no limit; below 0: not said */
    int32_t burst;  /* tokens kept, >= 1 */
    int64_t per_ms; /* a second, minute, hour or day */
};

struct rate_bucket { /* zeroed: of no rate */
    struct rate rate;
    int64_t parts; /* below 0: more was taken than there was */
    int64_t at_ms; /* mono: when that was so */
};

/* `10/s`, `90/m`, `1000/h`, `5/d`; behind a space `burst 20`, which else is the number in front. `0`: no limit. ERR_INVALID. */
int rate_parse(struct rate *ret, struct str s) MUST_USE;
void rate_format(const struct rate *r, char text[RATE_TEXT]); /* what rate_parse reads back */
bool rate_same(const struct rate *a, const struct rate *b);
/* Keeps to `r` from now on: with the tokens that are there, or with one when there was no rate before. */
void rate_change(struct rate_bucket *b, const struct rate *r, int64_t now_ms);
int32_t rate_tokens(struct rate_bucket *b, int64_t now_ms); /* >= 0; INT32_MAX: no limit */
void rate_take(struct rate_bucket *b, int32_t n, int64_t now_ms);
void rate_give(struct rate_bucket *b, int32_t n, int64_t now_ms); /* back, as if they had not been taken */
bool rate_is_full(struct rate_bucket *b, int64_t now_ms);          /* as it is when nothing is taken for long; of no rate: always */
/* How long until there are n >= 1 tokens, when none is taken: 0 now, -1 never (more than the burst). */
int64_t rate_wait_ms(struct rate_bucket *b, int32_t n, int64_t now_ms);
/* How long until the last of n >= 1 may start, when each takes its token as soon as there is one. */
int64_t rate_after_ms(struct rate_bucket *b, int64_t n, int64_t now_ms);

#endif
