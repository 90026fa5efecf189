/* SPDX-License-Identifier: Apache-2.0
 *
 * Inside apply only: STORE_PURGE.
 */
#ifndef STORE_APPLY_PURGE_H
#define STORE_APPLY_PURGE_H

#include "store/apply.h"

int apply_purge(struct apply *a, struct store_purge *r); /* 0 or the shelf's error */

#endif
