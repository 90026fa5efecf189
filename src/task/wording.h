/* SPDX-License-Identifier: Apache-2.0
 *
 * A text for people with sources in it, as a mapping names them:
 *
 *     Chapter {task.tags.chapter}: {task.result.summary.0}
 *
 * A text is put in as it is, a number, true or false as it is written, an object or array as JSON; what is not there and null
 * are empty. `{{` is a brace.
 */
#ifndef TASK_WORDING_H
#define TASK_WORDING_H

#include "base/json.h"

/* Each of its sources begins with `root` and then one of `members` (ends with NULL). ERR_INVALID with the reason. */
int wording_check(struct str text, struct str root, const char *const *members, struct err *e) MUST_USE;
/* Appends it, sources looked for in the JSON of the root; one that was checked. What has more than `max` characters ends with
 * an ellipsis, which is the last of these. */
void wording_fill(struct str text, const struct json *root, size_t max, struct buf *out);

#endif
