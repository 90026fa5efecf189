/* SPDX-License-Identifier: Apache-2.0
 *
 * See sandbox_json.h.
 */
#include "api/sandbox_json.h"
#include "base/json_write.h"

static void write_limit(struct buf *b, const char *key, int64_t value)
{
    if (value > 0) json_write_member_int(b, key, value);
}

static void write_paths(struct buf *b, const char *key, const char *const *paths)
{
    if (!paths) return;
    json_write_key(b, key);
    json_write_open(b, '[');
    for (; *paths; paths++) json_write_text(b, *paths);
    json_write_close(b, ']');
}

void sandbox_json_write(struct buf *b, const struct sandbox_conf *s)
{
    const struct sandbox_limits *l = &s->limits;
    json_write_open(b, '{');
    json_write_key(b, "user");
    if (s->user.text[0]) json_write_text(b, s->user.text);
    else json_write_null(b);
    json_write_key(b, "limits");
    json_write_open(b, '{');
    write_limit(b, "memory", l->memory);
    write_limit(b, "files", l->files);
    write_limit(b, "processes", l->processes);
    write_limit(b, "cpu_ms", l->cpu_ms);
    write_limit(b, "file_size", l->file_size);
    if (l->core != SANDBOX_CORE_INHERITED)
        json_write_member_text(b, "core", l->core == SANDBOX_CORE_NONE ? "none" : "unlimited");
    json_write_close(b, '}');
    json_write_member_bool(b, "no_new_privileges", s->no_new_privileges);
    json_write_key(b, "landlock");
    if (sandbox_has_paths(s)) {
        json_write_open(b, '{');
        write_paths(b, "writable", s->writable);
        write_paths(b, "read_only", s->read_only);
        json_write_close(b, '}');
    } else {
        json_write_null(b);
    }
    json_write_close(b, '}');
}
