/* SPDX-License-Identifier: Apache-2.0
 *
 * See notice.h.
 */
#include "task/notice.h"

static struct str copy(struct arena *a, struct str s) { return s.p ? arena_str(a, s) : STR_NONE; }

struct notice notice_copy(struct arena *a, const struct notice *from)
{
    struct notice n = *from;
    struct task_tag *tags = arena_alloc(a, (from->n_tags + 1) * sizeof *tags);
    for (size_t i = 0; i < from->n_tags; i++) tags[i] = (struct task_tag){arena_str(a, from->tags[i].key), arena_str(a, from->tags[i].value)};
    n.tags = tags;
    n.type = copy(a, from->type);
    n.subject = copy(a, from->subject);
    n.kind = copy(a, from->kind);
    n.title = copy(a, from->title);
    n.message = copy(a, from->message);
    n.data = copy(a, from->data);
    return n;
}
