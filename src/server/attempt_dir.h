/* SPDX-License-Identifier: Apache-2.0
 *
 * The directory of an attempt: data_dir/attempts/<task>.<run>.<number>. Made before the attempt starts, empty; kept
 * after it only for the output files it named. A mkdir, and an rmdir of what is empty, take tens of microseconds and are
 * done where they stand. A tree is set aside by a rename (to data_dir/attempts/.gone-*, which nobody looks at) and removed as a
 * chore, off the thread that decides; what a crash leaves of it goes with attempt_dir_sweep.
 */
#ifndef SERVER_ATTEMPT_DIR_H
#define SERVER_ATTEMPT_DIR_H

#include "base/chore.h"
#include "base/err.h"
#include "base/id.h"

#define ATTEMPT_DIR_PATH 4096
#define ATTEMPT_DIR_MODE 0755
#define ATTEMPT_DIR_SPARE ".spare-" /* and whose it is: attempt_spare.h */

/* Makes it, empty: what is there under its name already is discarded. ERR_FULL, ERR_IO. */
int attempt_dir_make(char path[ATTEMPT_DIR_PATH], const char *data_dir, const struct id *id, int run, int number,
                     struct chores *chores, struct err *e) MUST_USE;
/* The same under any path below data_dir/attempts. */
int attempt_dir_make_at(const char *path, const char *data_dir, struct chores *chores, struct err *e) MUST_USE;
/* Makes data_dir/attempts, if it is not there, so that it can be named before the first attempt; `others`: some attempts are another user's, who is
 * let through to his own (but may not look around), whatever umask it was made under. ERR_FULL, ERR_IO. */
int attempt_dir_prepare(const char *data_dir, bool others, struct err *e) MUST_USE;
void attempt_dir_path(char path[ATTEMPT_DIR_PATH], const char *data_dir, const struct id *id, int run, int number);
/* Gone under its name when this returns, whatever is in it. What cannot be removed is logged and stays. */
void attempt_dir_discard(const char *path, struct chores *chores);
/* At start: what was set aside and never removed, and the spare ones of servers that are gone: those whose names do not
 * begin with `own`. */
void attempt_dir_sweep(const char *data_dir, const char *own, struct chores *chores);
/* In any thread: removes it with all that is in it. What cannot be removed stays; the reason is in `e`. */
int attempt_dir_remove(const char *path, struct err *e);

#endif
