/* SPDX-License-Identifier: Apache-2.0
 *
 * A JSON text made of other JSON texts, by a template: what an application's clients are answered, what a step gets as its
 * input. The template is JSON itself, and in it
 *
 *     "task.result.items.0.name"      a source: a root, then members and places in arrays; what is there, byte for byte
 *     "const.any text. Really."       this text
 *     {"key": ..., "other": ...}      an object of what its members make; so with [..., ...]
 *     {"each": "task.result.items", "as": {"name": "item.name"}}   an array: what "as" makes of each element, `item`
 *     {"first": ["task.a", "task.b", "const.c"]}                   the first of them that is not null
 *     {"as_number": "task.subject"}   a text that is a number, as that number; what is none is null
 *     {"as_text": "body.id"}             a number, true or false as text
 *     5, true, null                   themselves
 *
 * What is not there is null. Names with a dot in them cannot be said. An element outside of which there is no other
 * `item`: in an `each` within another, it is that of the inner one.
 */
#ifndef TASK_MAPPING_H
#define TASK_MAPPING_H

#include "base/buf.h"
#include "base/json.h"
#include "base/str.h"

struct mapping_root {
    struct str name;
    struct str json; /* JSON text; p NULL: absent, null */
};

/* Is it a template over these roots (ends with NULL)? ERR_INVALID with the reason in `e`: a text that names no root says
 * which there are. */
int mapping_check(struct str template, const char *const *roots, struct err *e) MUST_USE;
/* Appends what it makes to `out`, whose maximum bounds it. ERR_TOO_BIG; ERR_SYNTAX: a root is no JSON. Without memory it
 * aborts. */
int mapping_make(struct str template, const struct mapping_root *roots, size_t n, struct buf *out,
                 struct err *e) MUST_USE;
/* The same over roots that may have more than LIMIT_JSON_NODES values: somebody else has bounded them. */
int mapping_make_any(struct str template, const struct mapping_root *roots, size_t n, struct buf *out,
                     struct err *e) MUST_USE;
/* What is where a source leads, behind its root, whose JSON it is; NULL: nothing. */
const struct json_node *mapping_look(const struct json *j, struct str path);
/* Calls f with each source of a template that mapping_check took: "task.id"; constants are none. */
void mapping_sources(struct str template, void (*f)(void *user, struct str source), void *user);

#endif
