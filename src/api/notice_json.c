/* SPDX-License-Identifier: Apache-2.0
 *
 * Every member, in the order of the documentation.
 */
#include "api/notice_json.h"

void notice_json_write_as(struct buf *b, const struct notice *n, bool serial, struct str status)
{
    json_write_open(b, '{');
    json_write_key(b, "id");
    if (serial) json_write_int(b, n->serial);
    else json_write_id(b, &n->id);
    json_write_member_int(b, "serial", n->serial);
    json_write_key(b, "task_id");
    json_write_id(b, &n->task);
    json_write_member_int(b, "run", n->run);
    json_write_member_str(b, "type", n->type);
    json_write_member_str(b, "kind", n->kind);
    json_write_member_nullable(b, "subject", n->subject);
    json_write_key(b, "tags");
    json_write_open(b, '{');
    for (size_t i = 0; i < n->n_tags; i++) {
        json_write_key_str(b, n->tags[i].key);
        json_write_str(b, n->tags[i].value);
    }
    json_write_close(b, '}');
    json_write_member_str(b, "status", status);
    json_write_member_str(b, "title", n->title);
    json_write_member_nullable(b, "message", n->message);
    json_write_member_raw(b, "data", n->data);
    json_write_member_bool(b, "read", n->read_at_ms > 0);
    json_write_member_time(b, "created_at", n->created_at_ms);
    json_write_member_time(b, "read_at", n->read_at_ms);
    json_write_close(b, '}');
}

void notice_json_write(struct buf *b, const struct notice *n) { notice_json_write_as(b, n, false, str_of(state_word(n->status))); }
