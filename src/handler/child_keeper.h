/* SPDX-License-Identifier: Apache-2.0
 *
 * The spawner of real processes: each child is a program under a keeper (keeper.h), which is this very binary run
 * again. One per server; its children share the loop's thread.
 */
#ifndef HANDLER_CHILD_KEEPER_H
#define HANDLER_CHILD_KEEPER_H

#include "handler/child.h"
#include "loop/loop.h"

/* lock_path: see keeper_lock.h. open_files: the soft limit of descriptors that programs start with, when this process has
 * raised its own; 0: as this process has. The program must hand its arguments to keeper_main() when the first is
 * KEEPER_OPTION. ERR_UNSUPPORTED: this kernel does not list the children of a process. */
int child_keeper_open(struct spawner **ret, struct loop *l, const char *lock_path, int64_t open_files, struct err *e) MUST_USE;
/* Kills what still lives, and waits for it, 5 s at most; no on_exit any more. Before loop_close. */
void child_keeper_close(struct spawner *s);

#endif
