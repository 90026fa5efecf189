/* SPDX-License-Identifier: Apache-2.0
 *
 * The directory of an attempt: data_dir/attempts/<task>.<run>.<number>. Made before the attempt starts; kept after it
 * only for the output files it named. Small, local file work: done where it stands (a mkdir and an rmdir, tens of
 * microseconds), not on a thread.
 */
#ifndef SERVER_ATTEMPT_DIR_H
#define SERVER_ATTEMPT_DIR_H

#include "base/err.h"
#include "base/id.h"

#define ATTEMPT_DIR_PATH 4096

int attempt_dir_make(char path[ATTEMPT_DIR_PATH], const char *data_dir, const struct id *id, int run, int number,
                     struct err *e) MUST_USE;
void attempt_dir_path(char path[ATTEMPT_DIR_PATH], const char *data_dir, const struct id *id, int run, int number);
/* Removes it with all that is in it. What cannot be removed stays; the reason is in `e`. */
int attempt_dir_remove(const char *path, struct err *e);

#endif
