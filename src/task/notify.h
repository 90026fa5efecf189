/* SPDX-License-Identifier: Apache-2.0
 *
 * `notify` of a submit or a type: which endings somebody is to be told of, and in which words.
 *
 *     {"title": "Chapter {task.tags.chapter} is done", "message": "...", "kind": "chapter", "on": ["completed", "failed"],
 *      "data": {"chapter_id": "task.input.chapter_id"}}
 *
 * title, message and kind are wordings (wording.h), data a mapping (mapping.h), all of the task as the API shows it.
 */
#ifndef TASK_NOTIFY_H
#define TASK_NOTIFY_H

#include "base/json.h"
#include "task/notice.h"

/* ERR_INVALID, ERR_UNKNOWN_FIELD with the reason, and the pointer below that object. */
int notify_check(const struct json *j, const struct json_node *v, struct err *e) MUST_USE;
/* Of one that was checked: is this ending meant? */
bool notify_wants(const struct json *j, const struct json_node *v, enum task_state ending);
/* title, message, kind (that of the type unless said) and data, in the arena. `task`: as JSON, of a type that is set. ERR_TOO_BIG,
 * or ERR_SYNTAX when that is none: `data` was left out. */
int notify_fill(const struct json *j, const struct json_node *v, struct str task, struct arena *a, struct notice *n, struct err *e) MUST_USE;

#endif
