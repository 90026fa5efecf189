/* SPDX-License-Identifier: Apache-2.0
 *
 * What has been counted since the start, per (queue, type), and its text form for Prometheus (exposition format 0.0.4).
 * Names begin with bide_, units are seconds and bytes, labels are only queue, type, status, reason.
 */
#ifndef SERVER_METRICS_H
#define SERVER_METRICS_H

#include "base/buf.h"
#include "base/map.h"
#include "task/life.h"

#define METRICS_BUCKETS 15

struct metrics_histogram {
    uint64_t n[METRICS_BUCKETS + 1]; /* the last one: +Inf */
    double sum_s;
};

struct metrics_lane {
    struct str key;         /* owned: "queue\0type" */
    struct str queue, type; /* in key */
    uint64_t submitted, refused;
    uint64_t ended[TASK_STATES];
    uint64_t attempts[LIFE_CLAIM]; /* by verdict */
    struct metrics_histogram wait, run;
};

struct metrics {
    struct map lanes; /* of struct metrics_lane, owned */
};

void metrics_init(struct metrics *m);
void metrics_release(struct metrics *m);
void metrics_submitted(struct metrics *m, struct str queue, struct str type, bool refused);
void metrics_started(struct metrics *m, struct str queue, struct str type, int64_t waited_ms); /* since eligible */
void metrics_attempt(struct metrics *m, struct str queue, struct str type, enum life_event verdict, int64_t ran_ms);
void metrics_ended(struct metrics *m, struct str queue, struct str type, enum task_state state);

/* HELP and TYPE of a family, and one sample; `labels` like `queue="gpu"`, may be "". */
void metrics_write_family(struct buf *b, const char *name, const char *type, const char *help);
void metrics_write_sample(struct buf *b, const char *name, const char *labels, double value);
void metrics_write_label(struct buf *b, const char *name, struct str value); /* name="value", escaped, comma before if needed */
void metrics_write(const struct metrics *m, struct buf *b); /* all that is counted here */

#endif
