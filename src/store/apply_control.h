/* SPDX-License-Identifier: Apache-2.0
 *
 * Inside apply only: STORE_CONTROL.
 */
#ifndef STORE_APPLY_CONTROL_H
#define STORE_APPLY_CONTROL_H

#include "store/apply.h"

int apply_control(struct apply *a, struct store_control *r); /* 0 or the shelf's error */

#endif
