/* SPDX-License-Identifier: Apache-2.0
 *
 * Where a task's input names uploaded files: a text that is "file:" and an id, and nothing else, anywhere but as the name of a
 * member. Found in the JSON text as it is: one that is written with escapes is a text like any other.
 */
#ifndef TASK_REFS_H
#define TASK_REFS_H

#include "base/id.h"

#define REFS_POINTER 128

struct ref {
    struct id file;
    size_t at, len; /* in the text, the quotes included */
};

/* The first from *at on, which moves behind it. `json`: a valid text. False: there is none. */
bool refs_next(struct str json, size_t *at, struct ref *ret);
/* The JSON pointer (RFC 6901) of the value at `at`, below `base`; cut where it is too long. */
void refs_pointer(struct str json, size_t at, const char *base, char pointer[REFS_POINTER]);

#endif
