/* SPDX-License-Identifier: Apache-2.0
 */
#include "api/file_json.h"

#include "base/json_write.h"

#include <stdio.h>

struct str file_json_path(const struct id *id, char path[FILE_JSON_PATH])
{
    char text[ID_TEXT];
    id_format(id, text);
    snprintf(path, FILE_JSON_PATH, "/v1/files/%s", text);
    return str_of(path);
}

void file_json_write(struct buf *b, const struct file *f)
{
    char path[FILE_JSON_PATH], hex[FILE_JSON_HEX];
    hash_hex(f->sha256, HASH_SHA256, hex);
    json_write_open(b, '{');
    json_write_key(b, "id");
    json_write_id(b, &f->id);
    json_write_key(b, "name");
    if (f->name.len) json_write_str(b, f->name);
    else json_write_null(b);
    json_write_member_str(b, "content_type", f->type);
    json_write_member_int(b, "bytes", f->bytes);
    json_write_member_text(b, "sha256", hex);
    json_write_member_text(b, "keep", file_keep_word(f->keep));
    json_write_member_time(b, "created_at", f->created_at_ms);
    json_write_member_str(b, "url", file_json_path(&f->id, path));
    json_write_close(b, '}');
}
