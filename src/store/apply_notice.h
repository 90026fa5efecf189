/* SPDX-License-Identifier: Apache-2.0
 *
 * Notifications. Inside apply only; 0 or the shelf's error.
 */
#ifndef STORE_APPLY_NOTICE_H
#define STORE_APPLY_NOTICE_H

#include "store/apply.h"

int apply_notice_add(struct apply *a, struct store_add *r); /* those that come with it */
int apply_notice_read(struct apply *a, struct store_notice_read *r);
int apply_notice_drop(struct apply *a, struct store_notice_drop *r);
int apply_notice_sweep(struct apply *a, struct store_notice_sweep *r);

#endif
