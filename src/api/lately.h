/* SPDX-License-Identifier: Apache-2.0
 *
 * What happened lately, chosen by queue and type and added up: for /v1/stats and /v1/analytics.
 */
#ifndef API_LATELY_H
#define API_LATELY_H

#include "base/json_write.h"
#include "server/metrics.h"
#include "store/store.h"

#define LATELY_EVENTS (RECENT_RETRIED + 1) /* those that are shown: the first */

struct lately_of { /* p NULL: all */
    struct str queue, type;
};

const char *lately_window_word(enum recent_window w); /* last_1h, last_24h */
const char *lately_event_word(enum recent_event e);
/* Of the step `back` steps ago; of all of them. now_ms: steady. What has no place of its own (LIMIT_RECENT) is only in what is
 * asked of all queues and types, and under LATELY_OTHER. */
#define LATELY_OTHER "(other)"
void lately_add(struct recent_sum *sum, const struct metrics *m, const struct lately_of *of, enum recent_window w, int64_t now_ms, int back);
void lately_add_all(struct recent_sum *sum, const struct metrics *m, const struct lately_of *of, enum recent_window w, int64_t now_ms);
/* Has all that is asked for a place of its own, or is all asked for? */
bool lately_is_whole(const struct metrics *m, const struct lately_of *of);
/* The types that were counted, each once, by name; borrowed from m. */
size_t lately_types(const struct metrics *m, struct str **ret);
void lately_types_free(struct str *types);

void lately_write_rounded(struct buf *b, double v); /* to 4 places */
void lately_write_percentile(struct buf *b, const struct spread_sum *s, int percent); /* null: there is none */

#endif
