/* SPDX-License-Identifier: Apache-2.0
 *
 * The pipes of a child, made in pairs: our end goes into a reader or writer, *theirs is the caller's to close. On an error
 * *theirs may be open, too.
 */
#ifndef HANDLER_CHILD_PIPE_H
#define HANDLER_CHILD_PIPE_H

#include "loop/pipe.h"

int child_pipe_reader(struct loop *l, struct pipe_reader *r, int *theirs, struct err *e) MUST_USE;
int child_pipe_writer(struct loop *l, struct pipe_writer *w, size_t max, int *theirs, struct err *e) MUST_USE;
/* The input goes in, or is queued, before there is a program: nothing of it can fail later unseen. */
int child_pipe_input(struct loop *l, struct pipe_writer *w, struct str input, int *theirs, struct err *e) MUST_USE;

#endif
