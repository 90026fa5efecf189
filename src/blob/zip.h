/* SPDX-License-Identifier: Apache-2.0
 *
 * A zip archive as a stream, packed by zlib: bytes of files in, bytes of the archive out, with the memory of the list of its
 * names. Sizes stand behind the data and ZIP64 is used where it must be. The only place that knows the library.
 *
 *   zip_open ──▶ (zip_begin ──▶ zip_add ..)* ──▶ zip_end     zip_free: at any time
 *
 * Any thread, one at a time. What comes out is added to the buf, which the caller empties as he likes. 0 or ERR_NOMEM, ERR_TOO_BIG
 * (the buf is full), ERR_IO (a file has more bytes than was said).
 */
#ifndef BLOB_ZIP_H
#define BLOB_ZIP_H

#include "base/buf.h"

#define ZIP_OVERHEAD (64 * 1024) /* that one call may add to the buf besides what it was given */

struct zip;

int zip_open(struct zip **ret, struct buf *out) MUST_USE; /* out: borrowed until zip_free */
int zip_begin(struct zip *z, struct str name, int64_t size, int64_t mtime_ms) MUST_USE; /* name: one component, UTF-8 */
int zip_add(struct zip *z, struct str bytes) MUST_USE;
int zip_end(struct zip *z) MUST_USE; /* the list of names; nothing can be added any more */
void zip_free(struct zip *z);        /* accepts NULL; without zip_end it is broken off */

#endif
