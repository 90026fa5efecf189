/* SPDX-License-Identifier: Apache-2.0
 *
 * Backoff. The doubling stops at the cap before it can overflow; full jitter is the one that spreads a herd best
 * (any delay between 0 and the computed one).
 */
#include "task/retry.h"

#include <string.h>

static const char *const backoff_words[] = {"fixed", "exponential"};
static const char *const jitter_words[] = {"none", "full"};

static int word_index(const char *const words[2], const char *word, unsigned long len)
{
    for (int i = 0; i < 2; i++)
        if (strlen(words[i]) == len && memcmp(words[i], word, len) == 0) return i;
    return -1;
}

static int64_t computed_ms(const struct retry_policy *p, int failures)
{
    int64_t delay = p->base_ms < 0 ? 0 : p->base_ms;
    if (p->backoff == RETRY_EXPONENTIAL)
        for (int i = 1; i < failures && delay < p->cap_ms; i++) delay = delay > INT64_MAX / 2 ? p->cap_ms : delay * 2;
    return delay > p->cap_ms ? p->cap_ms : delay;
}

int64_t retry_delay_ms(const struct retry_policy *p, int failures, uint64_t chance)
{
    int64_t delay = computed_ms(p, failures);
    if (delay <= 0) return 0;
    if (p->jitter == RETRY_JITTER_NONE) return delay;
    /* chance is uniform over 2^64: its share of delay + 1 values, without division bias worth naming */
    return (int64_t)(((unsigned __int128)chance * ((unsigned __int128)delay + 1)) >> 64);
}

int retry_backoff_of(const char *word, unsigned long len)
{
    return word_index(backoff_words, word, len);
}

int retry_jitter_of(const char *word, unsigned long len)
{
    return word_index(jitter_words, word, len);
}

const char *retry_backoff_word(enum retry_backoff b)
{
    return backoff_words[b];
}

const char *retry_jitter_word(enum retry_jitter j)
{
    return jitter_words[j];
}
