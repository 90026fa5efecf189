/* SPDX-License-Identifier: Apache-2.0
 *
 * A store that tells each request and its answer as one line, for people who look for a fault:
 *
 *   op=claim items=4 ms=2 err=ok
 */
#ifndef STORE_TRACE_H
#define STORE_TRACE_H

#include "store/store.h"

/* Takes the inner store: closing this closes it. `on_line` gets each line without its end, when its request is answered. */
struct store *trace_open(struct store *inner, void (*on_line)(void *user, const char *line), void *user);
void trace_to_file(void *file, const char *line); /* an on_line: `user` is a FILE */

#endif
