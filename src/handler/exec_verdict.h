/* SPDX-License-Identifier: Apache-2.0
 *
 * What the end of an exec process comes to. In this order: a `done` it wrote, having been stopped, what is wrong with
 * its output, a `fail` it wrote, not having been started, a signal, its exit status.
 */
#ifndef HANDLER_EXEC_VERDICT_H
#define HANDLER_EXEC_VERDICT_H

#include "handler/exec_run.h"

/* *v borrows from the arena and from r. *ret_stdout_used: stdout has become the result. */
void exec_verdict(struct exec_run *r, const struct child_exit *how, struct arena *arena, struct verdict *v,
                  bool *ret_stdout_used);

/* The parts of it that the other mode needs, too. */
/* A result out of a stdout: DONE, or FAILED bad_result or output_too_large. v->result borrows from out or the arena. */
void exec_verdict_stdout(struct verdict *v, struct arena *arena, enum exec_stdout wanted, struct str out);
/* An end other than exit 0. */
void exec_verdict_exit(struct verdict *v, struct arena *arena, const char *program, const struct capture *err,
                       const struct child_exit *how);
/* A DONE that named no files: whatever is in the directory is its output, but the input and `result_file`. */
void exec_verdict_files(struct verdict *v, struct arena *arena, struct attempt *a, struct str result_file);

#endif
