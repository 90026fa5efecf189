/* SPDX-License-Identifier: Apache-2.0
 *
 * Arguments of `exec` with parts of the task in them. In one argument, `{id}`, `{attempt}`, `{dir}`,
 * `{remote.id}` when there is one, and `{input.path.to.member}` (in an array: `{input.urls.0}`; `{input}`: all of it) are replaced; any other brace stays
 * as it is. A string is put in as its text, everything else as compact JSON text. One argument stays one argument,
 * whatever is in the input: no shell, no splitting.
 *
 * A value may begin with '-', and the program may then take it for an option. Only the command line can say otherwise:
 * put `--` before such an argument, or write `--path={input.path}`.
 */
#ifndef HANDLER_TEMPLATE_H
#define HANDLER_TEMPLATE_H

#include "base/arena.h"
#include "base/json.h"
#include "handler/handler.h"

#define TEMPLATE_ARGUMENT_MAX (128 * 1024 - 1) /* the kernel's limit for one argument, MAX_ARG_STRLEN, without the NUL */

#define TEMPLATE_POINTER sizeof(((struct err *)0)->pointer)

bool template_needs_input(const char *argument); /* it names the input: that must have been parsed then */
/* The argument filled in, in the arena; an empty remote_id is none. ERR_INVALID with the reason and the pointer of the member: it is missing or
 * has a NUL; ERR_TOO_BIG. `input` may be NULL if nothing needs it. */
int template_fill(const char *argument, const struct attempt *a, const struct json *input, struct str remote_id,
                  struct arena *arena, const char **ret, struct err *e) MUST_USE;
/* A whole argv; the input is parsed when it is named. `command` and *ret end with NULL. */
int template_fill_command(const char *const *command, const struct attempt *a, struct str remote_id, struct arena *arena,
                          const char *const **ret, struct err *e) MUST_USE;
/* What `input` or `input.path.to.member` means, and its JSON pointer. ERR_INVALID with the reason: the input has no such member. */
int template_find(const struct json *input, struct str words, const struct json_node **ret, char pointer[TEMPLATE_POINTER],
                  struct err *e) MUST_USE;
void template_add_compact(struct buf *b, struct str text); /* JSON without the blanks between its tokens */

#endif
