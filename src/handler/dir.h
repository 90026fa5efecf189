/* SPDX-License-Identifier: Apache-2.0
 *
 * An attempt's directory: where a large input and a large result travel, and where output files are found. Names in
 * it come from processes that are not trusted: a name is one component, and only a regular file itself (no link, no
 * device, no pipe) is ever opened or listed.
 *
 * These calls read and write in the loop thread: at most LIMIT_INPUT or LIMIT_RESULT (16 MiB), to a file just written
 * or about to be read by another process and so in the page cache, never synced; a few milliseconds at worst, and
 * only for payloads over LIMIT_FRAME_PAYLOAD (`worker`) or next to the start of a process (`exec`).
 */
#ifndef HANDLER_DIR_H
#define HANDLER_DIR_H

#include "base/arena.h"
#include "base/err.h"

bool dir_is_name(struct str name); /* one component: not empty, no '/', no NUL, not . or .. */
bool dir_has(const char *dir, struct str name); /* a regular file of that name is there */
/* All of these: ERR_AGAIN when the machine is out of descriptors or memory. */
/* Creates or replaces a file. ERR_INVALID: there is something of that name that is no regular file. ERR_IO. */
int dir_write(const char *dir, const char *name, struct str bytes, struct err *e) MUST_USE;
/* Reads a file whole. ERR_INVALID (not a name, not a regular file), ERR_NOT_FOUND, ERR_TOO_BIG, ERR_IO. */
int dir_read(const char *dir, struct str name, size_t max, struct arena *a, struct str *ret_bytes, struct err *e) MUST_USE;
/* The regular files, sorted by name, without those whose name is one of `leave_out` or no UTF-8: the first
 * LIMIT_FILES of them, and in *ret_over how many more there are. *ret_names is in the arena. ERR_IO. */
int dir_list(const char *dir, const struct str *leave_out, size_t n_leave_out, struct arena *a, struct str **ret_names,
             size_t *ret_n, size_t *ret_over, struct err *e) MUST_USE;

#endif
