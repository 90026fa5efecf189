/* SPDX-License-Identifier: Apache-2.0
 *
 * Uploaded files, and who refers to them. Inside apply only; 0 or the shelf's error.
 */
#ifndef STORE_APPLY_FILE_H
#define STORE_APPLY_FILE_H

#include "store/apply.h"

int apply_file_add(struct apply *a, struct store_file_add *r);
int apply_file_drop(struct apply *a, struct store_file_drop *r);
int apply_file_sweep(struct apply *a, struct store_file_sweep *r);
int apply_file_check(struct apply *a, struct store_add_item *it); /* sets it->err and it->missing */
int apply_file_refer(struct apply *a, const struct store_add_item *it);
int apply_file_claim(struct apply *a, struct store_claim_item *it, struct arena *arena);

#endif
