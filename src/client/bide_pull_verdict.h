/* SPDX-License-Identifier: Apache-2.0
 *
 * The ends of an attempt (bide_pull_attempt.h); each is called once, and returns when the server has it, or will never. Of one
 * that is lost nothing is said. Private to libbide.
 */
#ifndef CLIENT_BIDE_PULL_VERDICT_H
#define CLIENT_BIDE_PULL_VERDICT_H

#include "client/bide_pull_attempt.h"

/* The worker's frame done, fail or cancelled: files, then the verdict. */
void bide_pull_verdict_tell(struct bide_pull_attempt *a, const char *op, const struct json *frame);
/* The worker never had it: it was cancelled before; or a failure that says why. */
void bide_pull_verdict_cancelled(struct bide_pull_attempt *a);
void bide_pull_verdict_not_begun(struct bide_pull_attempt *a, const struct bide_error *why);
void bide_pull_verdict_release(struct bide_pull_attempt *a); /* said once: else its lease ends */

#endif
