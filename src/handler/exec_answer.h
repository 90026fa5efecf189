/* SPDX-License-Identifier: Apache-2.0
 *
 * What a command said on stdout, looked into with JSON pointers (RFC 6901). Most say JSON; one that says a plain word, as
 * many do that print an id or a state and nothing else, is understood by the empty pointer, which is the whole answer.
 */
#ifndef HANDLER_EXEC_ANSWER_H
#define HANDLER_EXEC_ANSWER_H

#include "base/arena.h"
#include "base/json.h"

struct exec_answer {
    struct str text;  /* borrowed; without blanks at its ends */
    struct json json;
    bool is_json;
    struct err err;   /* why it is not */
};

void exec_answer_init(struct exec_answer *a, struct str text);
void exec_answer_release(struct exec_answer *a);
/* A string as its text, a number or any other value as its JSON text, in the arena. Empty: it is not there, or null. */
struct str exec_answer_text(const struct exec_answer *a, const char *pointer, struct arena *arena);
/* The JSON text of what is there, borrowed from the answer; empty: nothing is. */
struct str exec_answer_json(const struct exec_answer *a, const char *pointer);
double exec_answer_number(const struct exec_answer *a, const char *pointer); /* negative: there is none */

#endif
