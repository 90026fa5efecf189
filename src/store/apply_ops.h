/* SPDX-License-Identifier: Apache-2.0
 *
 * Inside apply only: the ways a task's life changes that more than one operation needs. 0 or the shelf's error.
 */
#ifndef STORE_APPLY_OPS_H
#define STORE_APPLY_OPS_H

#include "store/apply.h"

int apply_ops_begin(struct apply *a); /* opens the transaction unless it is */
int apply_ops_settle(struct apply *a, struct store_settle *r);
int apply_ops_control(struct apply *a, struct store_control *r);
int apply_ops_expire(struct apply *a, const struct id *id, int64_t now_ms); /* a live task that did not start in time */
int apply_ops_recover(struct apply *a, int64_t now_ms); /* every running attempt of the process that is gone: lost */

#endif
