/* SPDX-License-Identifier: Apache-2.0
 *
 * JSON out, appended to a buf (whose sticky error is the only error). Commas are put by looking at the last byte
 * written: a comma is needed unless it is '{', '[', ':', ',' or a line feed (NDJSON), or the buf is empty.
 */
#ifndef BASE_JSON_WRITE_H
#define BASE_JSON_WRITE_H

#include "base/buf.h"
#include "base/id.h"

void json_write_open(struct buf *b, char bracket);  /* '{' or '[' as the next value */
void json_write_close(struct buf *b, char bracket); /* '}' or ']' */
void json_write_key(struct buf *b, const char *key); /* key: plain ASCII without quotes */
void json_write_key_str(struct buf *b, struct str key); /* escaped */
void json_write_str(struct buf *b, struct str s);   /* a string, escaped; invalid UTF-8 becomes U+FFFD */
void json_write_text(struct buf *b, const char *s); /* the same; NULL becomes null */
void json_write_int(struct buf *b, int64_t v);
void json_write_double(struct buf *b, double v); /* shortest that reads back; null when not finite */
void json_write_bool(struct buf *b, bool v);
void json_write_null(struct buf *b);
void json_write_raw(struct buf *b, struct str json); /* JSON text, as it is */
void json_write_time(struct buf *b, int64_t ms);     /* RFC 3339; null when 0 */
void json_write_id(struct buf *b, const struct id *id);
/* key and value at once */
void json_write_member_str(struct buf *b, const char *key, struct str s);
void json_write_member_nullable(struct buf *b, const char *key, struct str s); /* null when p is NULL */
void json_write_member_text(struct buf *b, const char *key, const char *s);
void json_write_member_int(struct buf *b, const char *key, int64_t v);
void json_write_member_bool(struct buf *b, const char *key, bool v);
void json_write_member_null(struct buf *b, const char *key);
void json_write_member_raw(struct buf *b, const char *key, struct str json); /* null when empty */
void json_write_member_time(struct buf *b, const char *key, int64_t ms);

#endif
