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

#endif
