/* SPDX-License-Identifier: Apache-2.0
 *
 * JSON from a worker, as a member of a frame or as a file. Private to libbide.
 */
#ifndef CLIENT_BIDE_PAYLOAD_H
#define CLIENT_BIDE_PAYLOAD_H

#include "base/buf.h"
#include "bide.h"

#define BIDE_PAYLOAD_FILE                                                                                              \
    "bide-result.json" /* the name of a result that travels as a file, relative to the directory */

/* 0, or -1 with `code` and where it stops being JSON; `what` names it. */
int bide_payload_check(struct bide_error *error, const char *code, const char *what, struct str text);
/* Adds checked JSON as the value of `key`, on one line: a raw line feed can only stand between tokens. */
void bide_payload_add(struct buf *frame, const char *key, struct str json);
void bide_payload_one_line(struct buf *frame, size_t from); /* what was added since it had so many bytes */
/* Writes BIDE_PAYLOAD_FILE in `dir`, never through a link. */
int bide_payload_write(struct bide_error *error, const char *dir, struct str text);

#endif
