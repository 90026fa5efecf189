/* SPDX-License-Identifier: Apache-2.0
 *
 * The spawner of real processes: each child is a program under a keeper (keeper.h), which is this very binary run
 * again. One per server; its children share the loop's thread.
 */
#ifndef HANDLER_CHILD_KEEPER_H
#define HANDLER_CHILD_KEEPER_H

#include "handler/child.h"
#include "loop/loop.h"

/* data_dir: where keepers.lock is, which exists. The program must hand its arguments to keeper_main() when the first is
 * KEEPER_OPTION. ERR_UNSUPPORTED: this kernel does not list the children of a process. */
int child_keeper_open(struct spawner **ret, struct loop *l, const char *data_dir, struct err *e) MUST_USE;
/* Kills what still lives, and waits for it, 5 s at most; no on_exit any more. Before loop_close. */
void child_keeper_close(struct spawner *s);

/* At start, when the store's lock is held and before the first child: blocks until no keeper of a killed predecessor is
 * left, so that no two workers have the same GPU. ERR_LOCKED when there still is one after `timeout_ms`. */
int child_keeper_wait_old(const char *data_dir, int64_t timeout_ms, struct err *e) MUST_USE;

#endif
