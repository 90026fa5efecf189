/* SPDX-License-Identifier: Apache-2.0
 *
 * Inside apply only: the ways a task's life changes that more than one operation needs. 0 or the shelf's error.
 */
#ifndef STORE_APPLY_OPS_H
#define STORE_APPLY_OPS_H

#include "store/apply.h"

int apply_ops_begin(struct apply *a); /* opens the transaction unless it is */
uint32_t apply_ops_lane(struct apply *a, const struct task_body *body); /* READY_NONE as ready_lane_of */
int apply_ops_settle(struct apply *a, struct store_settle *r);
int apply_ops_end(struct apply *a, const struct id *id, uint32_t lane, const struct task_ending *ending); /* a live task */
int apply_ops_erase(struct apply *a, const struct id *id, struct str queue, enum task_state ending); /* an ended task; ERR_CONFLICT, with nothing changed: something that follows its ending has not been made yet */
struct failure apply_ops_failure(enum failure_code by_rule, int64_t now_ms); /* the error of an ending that the rules brought about */
int apply_ops_expire(struct apply *a, const struct id *id, int64_t now_ms); /* a live task that did not start in time */
int apply_ops_unblock(struct apply *a, const struct ready_entry *e, const struct task_body *body, int64_t now_ms);
int apply_ops_recover(struct apply *a, int64_t now_ms); /* running attempts of the process that is gone: lost, unless a puller holds them */

#endif
