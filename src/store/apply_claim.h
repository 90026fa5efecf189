/* SPDX-License-Identifier: Apache-2.0
 *
 * Inside apply only: STORE_CLAIM.
 */
#ifndef STORE_APPLY_CLAIM_H
#define STORE_APPLY_CLAIM_H

#include "store/apply.h"

int apply_claim(struct apply *a, struct store_claim *r); /* 0 or the shelf's error */

#endif
