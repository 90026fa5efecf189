/* SPDX-License-Identifier: Apache-2.0
 *
 * The lock of the keepers: a file of which every keeper holds a shared flock as long as it lives, so that a server can
 * tell whether processes of a killed predecessor are left. One file for each store that is used with a data_dir: two
 * servers with stores of their own do not wait for each other's processes.
 */
#ifndef HANDLER_KEEPER_LOCK_H
#define HANDLER_KEEPER_LOCK_H

#include "base/err.h"
#include <stddef.h>
#include <stdint.h>

/* data_dir/keepers-<hash of the store>.lock. ERR_INVALID: longer than `size`. */
int keeper_lock_path(char *path, size_t size, const char *data_dir, const char *store, struct err *e) MUST_USE;
/* Opens it; makes the file, not its folder, when it is not there. *ret_path, absolute, is the caller's to free. */
int keeper_lock_open(int *ret_fd, char **ret_path, const char *path, struct err *e) MUST_USE;
/* At start, when the store's lock is held and before the first child: blocks until no keeper of a killed predecessor is
 * left, so that no two workers have the same GPU. ERR_LOCKED when there still is one after `timeout_ms`. */
int keeper_lock_wait(const char *path, int64_t timeout_ms, struct err *e) MUST_USE;

#endif
