/* SPDX-License-Identifier: Apache-2.0
 *
 * What pullers call an attempt in paths: "<task>.<fence>".
 */
#ifndef API_PULL_WORD_H
#define API_PULL_WORD_H

#include "api/call.h"
#include "handler/pull_held.h"

#define PULL_WORD 128

/* /v1/attempts/<task>.<fence><rest> */
const char *pull_word_path(char path[PULL_WORD], const struct id *id, uint64_t fence, const char *rest);

/* The attempt that the path is about, as params[0] says. NULL: answered, now or later: 404 when there is no such task, 409
 * when the attempt is over. `verdict`: what is to be said about it; when that was said before and is stored, the answer is
 * what it was then. LIFE_CLAIM: no verdict. */
struct pull_held *pull_word_find(struct call *c, enum life_event verdict);
void pull_word_stale(struct call *c); /* answers that 409 */

#endif
