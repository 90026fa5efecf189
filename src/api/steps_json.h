/* SPDX-License-Identifier: Apache-2.0
 *
 * The steps of a task: member `steps` of the task object, null for what is no chain.
 */
#ifndef API_STEPS_JSON_H
#define API_STEPS_JSON_H

#include "base/buf.h"
#include "server/server.h"

/* [{"name","type","status","run","attempt","started_at","finished_at","files"}], in the order of the chain as it is configured.
 * status: completed; of the step it is at, the task's own; blocked of those that may come; skipped. Null also where what is done
 * was not read (lists). */
void steps_json_write(struct buf *b, const struct server *s, const struct task *t);

#endif
