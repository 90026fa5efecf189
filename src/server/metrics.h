/* SPDX-License-Identifier: Apache-2.0
 *
 * What has been counted since the start, per (queue, type), and its text form for Prometheus (exposition format 0.0.4).
 * Names begin with bide_, units are seconds and bytes, labels are only queue, type, status, reason. Beside each what
 * happened lately (recent.h), for /v1/stats and /v1/analytics.
 */
#ifndef SERVER_METRICS_H
#define SERVER_METRICS_H

#include "base/buf.h"
#include "base/map.h"
#include "server/recent.h"
#include "task/life.h"

#define METRICS_BUCKETS 15

struct metrics_histogram {
    uint64_t n[METRICS_BUCKETS + 1]; /* the last one: +Inf */
    double sum;
};

/* How a submit was answered that asked for a kept result. */
enum metrics_cache { METRICS_CACHE_HIT, METRICS_CACHE_MISS, METRICS_CACHE_SHARED, METRICS_CACHES };

struct metrics_lane {
    struct str key;         /* owned: "queue\0type" */
    struct str queue, type; /* in key */
    uint64_t submitted, refused;
    uint64_t ended[TASK_STATES];
    uint64_t attempts[LIFE_CLAIM]; /* by verdict */
    uint64_t retried, reopened;
    struct recent *recent;         /* owned unless it is the one shared by all for whom there was no room */
    struct metrics_histogram wait, run;
    struct metrics_histogram batch_size, batch_fill; /* of what has been handed over in batches; empty: nothing */
    uint64_t key_misses;
    uint64_t cache[METRICS_CACHES]; /* submits that asked for a kept result */
    struct metrics_histogram eta_error; /* empty: no estimate was told of what has ended since */
};

struct metrics {
    struct map lanes; /* of struct metrics_lane, owned */
    struct recent_clock clock;
    struct metrics_lane own;  /* of the server's own queue, of deliveries: in no list */
    struct recent own_recent;
    struct recent others; /* of lanes beyond LIMIT_RECENT */
};

void metrics_init(struct metrics *m, const struct clock *clock);
void metrics_release(struct metrics *m);
void metrics_submitted(struct metrics *m, struct str queue, struct str type, bool refused);
void metrics_started(struct metrics *m, struct str queue, struct str type, int64_t waited_ms); /* since eligible */
void metrics_attempt(struct metrics *m, struct str queue, struct str type, enum life_event verdict, int64_t ran_ms);
void metrics_retried(struct metrics *m, struct str queue, struct str type);  /* another attempt follows the last */
void metrics_reopened(struct metrics *m, struct str queue, struct str type); /* an ended task is to run again */
/* A batch was handed over: its size, how long its lane had waited for it to fill; `missed`: it is not full though tasks of
 * its queue and type wait, with other batch keys. */
void metrics_batch(struct metrics *m, struct str queue, struct str type, int32_t size, int64_t filled_ms, bool missed);
/* The first estimate that was told of a task was wrong by so much: as a part of the time from then to the end. */
void metrics_eta_error(struct metrics *m, struct str queue, struct str type, double ratio);
void metrics_cache(struct metrics *m, struct str queue, struct str type, enum metrics_cache how);
void metrics_ended(struct metrics *m, struct str queue, struct str type, enum task_state state);

void metrics_observe_ms(struct metrics_histogram *h, int64_t ms); /* into the buckets of times */
/* All samples of one histogram of times. */
void metrics_write_times(struct buf *b, const char *name, const char *labels, const struct metrics_histogram *h);

/* HELP and TYPE of a family, and one sample; `labels` like `queue="gpu"`, may be "". */
void metrics_write_family(struct buf *b, const char *name, const char *type, const char *help);
void metrics_write_sample(struct buf *b, const char *name, const char *labels, double value);
void metrics_write_label(struct buf *b, const char *name, struct str value); /* name="value", escaped, comma before if needed */
void metrics_write(const struct metrics *m, struct buf *b); /* all that is counted here */

#endif
