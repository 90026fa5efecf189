/* SPDX-License-Identifier: Apache-2.0
 *
 * Name and type of a file that comes with a request, checked.
 */
#ifndef API_FILE_PART_H
#define API_FILE_PART_H

#include "base/arena.h"
#include "base/err.h"

/* What stands behind the last slash of either kind: some send the path that the file had. */
struct str file_part_last(struct str name);
int file_part_name(struct str name, struct err *e) MUST_USE;
/* By its Content-Type (p NULL: none was said), else by its name; in the arena, or static. */
int file_part_type(struct arena *a, struct str type, struct str name, struct str *ret, struct err *e) MUST_USE;

#endif
