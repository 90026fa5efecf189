/* SPDX-License-Identifier: Apache-2.0
 *
 * When to try again. Pure: chance is handed in.
 */
#ifndef TASK_RETRY_H
#define TASK_RETRY_H

#include <stdint.h>

enum retry_backoff { RETRY_FIXED, RETRY_EXPONENTIAL };
enum retry_jitter { RETRY_JITTER_NONE, RETRY_JITTER_FULL };

struct retry_policy {
    enum retry_backoff backoff; /* default exponential */
    enum retry_jitter jitter;   /* default full: anything between 0 and the computed delay, evenly */
    int64_t base_ms;            /* default 5 s; delay before the second attempt */
    int64_t cap_ms;             /* default 10 min; no computed delay is longer */
};

/* Delay before the next attempt after `failures` (>= 1) failed ones: base (fixed) or base * 2^(failures-1)
 * (exponential), at most cap, then jitter by `chance` (uniform over all of uint64). Never negative. */
int64_t retry_delay_ms(const struct retry_policy *p, int failures, uint64_t chance);
/* The words of the API and the configuration. Return -1 for an unknown word. */
int retry_backoff_of(const char *word, unsigned long len);
int retry_jitter_of(const char *word, unsigned long len);
const char *retry_backoff_word(enum retry_backoff b);
const char *retry_jitter_word(enum retry_jitter j);

#endif
