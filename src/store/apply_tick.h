/* SPDX-License-Identifier: Apache-2.0
 *
 * Inside apply only: what has come due (store.h: STORE_TICK). 0 or the shelf's error.
 */
#ifndef STORE_APPLY_TICK_H
#define STORE_APPLY_TICK_H

#include "store/apply.h"

int apply_tick(struct apply *a, struct store_tick *r);

#endif
