/* SPDX-License-Identifier: Apache-2.0
 *
 * What estimates of a task's end are made from (eta_at.h makes them, task/eta.h has the arithmetic): how long the last
 * runs of each type took, and how often another attempt followed. Measured since the server started; nothing is stored.
 * And whether they were right: the first that was told of a task is remembered until it ends.
 */
#ifndef SERVER_ETA_H
#define SERVER_ETA_H

#include "base/id.h"
#include "base/list.h"
#include "base/map.h"
#include "task/eta.h"

#define ETA_TOLD_MOST 4096 /* tasks whose estimate is remembered; beyond it the one that was told first is forgotten */

struct eta_type {
    struct str name;      /* owned; as declared, a prefix with its star */
    struct eta_runs busy; /* how long batches had their place, however they ended */
    struct eta_runs done; /* how long attempts that gave a result took, by the size of their batch */
    double again;         /* share of the attempts that another followed, of some 64 */
    uint32_t tried;
};

struct eta {
    struct map types; /* of struct eta_type, owned */
    struct map told;  /* of struct eta_told, owned */
    struct list in_order;
    uint64_t looks;   /* for who counts batches: eta_at.c */
};

void eta_init(struct eta *e);
void eta_release(struct eta *e);
const struct eta_type *eta_type_of(const struct eta *e, struct str type); /* NULL: nothing has run */

void eta_batch_over(struct eta *e, struct str type, int64_t ms, int32_t size);
void eta_done(struct eta *e, struct str type, int64_t ms, int32_t size); /* ms from the start of its batch */
void eta_tried(struct eta *e, struct str type, bool again);

/* Wall times. Only the first counts. */
void eta_told(struct eta *e, const struct id *id, int64_t eta_at_ms, int64_t now_ms);
/* It has ended now: by how much it was wrong, as a part of the time from telling to the end. False: nothing was told. */
bool eta_ended(struct eta *e, const struct id *id, int64_t now_ms, double *ret_ratio);

#endif
