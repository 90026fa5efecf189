/* SPDX-License-Identifier: Apache-2.0
 *
 * An uploaded file as a JSON object.
 */
#ifndef API_FILE_JSON_H
#define API_FILE_JSON_H

#include "base/buf.h"
#include "task/file.h"

#define FILE_JSON_PATH (sizeof "/v1/files/" + ID_TEXT)
#define FILE_JSON_HEX (2 * HASH_SHA256 + 1)

void file_json_write(struct buf *b, const struct file *f);
struct str file_json_path(const struct id *id, char path[FILE_JSON_PATH]);

#endif
