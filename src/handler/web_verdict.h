/* SPDX-License-Identifier: Apache-2.0
 *
 * What an answer of somebody else's server comes to. Texts of a verdict made here live in the arena, or in the answer.
 */
#ifndef HANDLER_WEB_VERDICT_H
#define HANDLER_WEB_VERDICT_H

#include "handler/web_call.h"

/* A call that is over is all there is to it: DONE with its result, or why not. 408, 425, 429, 5xx and what is no answer can be
 * tried again, not before Retry-After; other statuses cannot. */
void web_verdict_answer(struct verdict *v, struct arena *arena, const struct web_call *c);
/* A call that is over and not good. */
void web_verdict_failed(struct verdict *v, struct arena *arena, const struct web_call *c);
/* DONE with what is at the pointer of a body (NULL: all of it, as {"text": ...} when it is not JSON), or bad_result. The
 * result is borrowed from the body. */
void web_verdict_result(struct verdict *v, struct arena *arena, const char *pointer, struct str body);
int64_t web_verdict_retry_after_ms(const struct web_call *c); /* as the answer says; 0: it does not */

#endif
