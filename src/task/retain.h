/* SPDX-License-Identifier: Apache-2.0
 *
 * How long an ended task is kept, pure. By age of its ending, by status; and per type and status by number and by bytes,
 * the newest being kept. Parts of it (input, result, logs, files) may go before the record; what stays of it then still
 * says what there was and how it ended.
 */
#ifndef TASK_RETAIN_H
#define TASK_RETAIN_H

#include "task/state.h"

#include <stdint.h>

enum retain_part { /* bits; stored */
    RETAIN_INPUT = 1,
    RETAIN_RESULT = 2,
    RETAIN_LOG = 4,
    RETAIN_FILES = 8,
    RETAIN_RECORD = 16, /* with all that is left of it */
};
#define RETAIN_PARTS 4
#define RETAIN_FOREVER -1
#define RETAIN_AS_TYPE -2

struct retain_rules {
    int64_t age_ms; /* of the record after its ending; RETAIN_FOREVER */
    int64_t completed_ms, failed_ms, cancelled_ms, expired_ms; /* for that status; RETAIN_AS_TYPE: age_ms */
    int64_t part_ms[RETAIN_PARTS]; /* input, result, log, files; RETAIN_FOREVER: as long as the record */
    int64_t count, bytes;          /* kept of one type and status; 0: any */
};

#define RETAIN_EVERYTHING                                                                                              \
    ((struct retain_rules){.age_ms = RETAIN_FOREVER,                                                                   \
                           .completed_ms = RETAIN_AS_TYPE,                                                             \
                           .failed_ms = RETAIN_AS_TYPE,                                                                \
                           .cancelled_ms = RETAIN_AS_TYPE,                                                             \
                           .expired_ms = RETAIN_AS_TYPE,                                                               \
                           .part_ms = {RETAIN_FOREVER, RETAIN_FOREVER, RETAIN_FOREVER, RETAIN_FOREVER}})

struct retain_item { /* an ended task */
    enum task_state state;
    int64_t finished_at_ms; /* wall */
    int64_t own_ms;         /* its own wish for the record, over the type's; RETAIN_AS_TYPE: none */
    int64_t bytes;          /* of input, result and logs */
    unsigned there;         /* parts that it has */
};
struct retain_seen { /* of the same type and status, newer than this one */
    int64_t count, bytes;
};

/* What is to go now, as bits: RETAIN_RECORD alone, or parts. What stays is added to `seen`. */
unsigned retain_due(const struct retain_rules *r, const struct retain_item *it, struct retain_seen *seen, int64_t now_ms);
/* When something of it goes by age: wall; INT64_MAX: never. */
int64_t retain_next_ms(const struct retain_rules *r, const struct retain_item *it);
/* When the record goes by age: wall; INT64_MAX: never. */
int64_t retain_purge_ms(const struct retain_rules *r, enum task_state state, int64_t finished_at_ms, int64_t own_ms);
/* The shortest time after an ending at which these rules may want something; INT64_MAX: never. */
int64_t retain_shortest_ms(const struct retain_rules *r);

#endif
