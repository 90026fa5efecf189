/* SPDX-License-Identifier: Apache-2.0
 *
 * Copies of a task's parts, for those who keep them longer than they borrow them.
 */
#include "task/task.h"

#include <assert.h>
#include <string.h>

struct str task_lane(const struct task_body *b, char to[TASK_LANE])
{
    if (!b->step.p) return b->type;
    assert(b->type.len + 1 + b->step.len <= TASK_LANE);
    memcpy(to, b->type.p, b->type.len);
    to[b->type.len] = '>';
    memcpy(to + b->type.len + 1, b->step.p, b->step.len);
    return (struct str){to, b->type.len + 1 + b->step.len};
}

struct str task_lane_type(struct str lane) { return str_sub(lane, 0, str_find(lane, '>')); }

struct str task_lane_step(struct str lane)
{
    size_t at = str_find(lane, '>');
    return at < lane.len ? str_sub(lane, at + 1, lane.len - at - 1) : STR_NONE;
}

struct task_body task_copy_body(struct arena *a, const struct task_body *from)
{
    struct task_body to = *from;
    to.type = arena_str(a, from->type);
    to.queue = arena_str(a, from->queue);
    to.input = arena_str(a, from->input);
    if (from->step.p) to.step = arena_str(a, from->step);
    if (from->subject.p) to.subject = arena_str(a, from->subject);
    if (from->key.p) to.key = arena_str(a, from->key);
    if (from->limit_key.p) to.limit_key = arena_str(a, from->limit_key);
    if (from->batch_key.p) to.batch_key = arena_str(a, from->batch_key);
    if (from->trace.p) to.trace = arena_str(a, from->trace);
    struct task_tag *tags = from->n_tags ? arena_alloc(a, from->n_tags * sizeof *tags) : NULL;
    for (size_t i = 0; i < from->n_tags; i++)
        tags[i] = (struct task_tag){arena_str(a, from->tags[i].key), arena_str(a, from->tags[i].value)};
    to.tags = tags;
    return to;
}

struct task_step task_copy_step(struct arena *a, const struct task_step *from)
{
    struct task_step to = *from;
    to.name = arena_str(a, from->name);
    to.result = arena_str(a, from->result);
    to.files = arena_str(a, from->files);
    return to;
}

struct failure task_copy_failure(struct arena *a, const struct failure *from)
{
    struct failure to = *from;
    to.code = arena_str(a, from->code);
    to.message = arena_str(a, from->message);
    to.detail = arena_str(a, from->detail);
    to.type = arena_str(a, from->type);
    return to;
}
