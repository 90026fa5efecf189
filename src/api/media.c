/* SPDX-License-Identifier: Apache-2.0
 *
 * What models and media tools write. Nothing that a browser would run: HTML and scripts are bytes like any other.
 */
#include "api/media.h"

#include "base/buf.h"

static const struct {
    const char *extension, *type;
} types[] = {
    {"txt", "text/plain; charset=utf-8"},
    {"log", "text/plain; charset=utf-8"},
    {"md", "text/markdown; charset=utf-8"},
    {"csv", "text/csv; charset=utf-8"},
    {"vtt", "text/vtt; charset=utf-8"},
    {"srt", "application/x-subrip"},
    {"json", "application/json"},
    {"ndjson", "application/x-ndjson"},
    {"jsonl", "application/x-ndjson"},
    {"pdf", "application/pdf"},
    {"zip", "application/zip"},
    {"gz", "application/gzip"},
    {"wav", "audio/wav"},
    {"mp3", "audio/mpeg"},
    {"m4a", "audio/mp4"},
    {"ogg", "audio/ogg"},
    {"opus", "audio/ogg"},
    {"flac", "audio/flac"},
    {"mp4", "video/mp4"},
    {"webm", "video/webm"},
    {"mkv", "video/x-matroska"},
    {"mov", "video/quicktime"},
    {"png", "image/png"},
    {"jpg", "image/jpeg"},
    {"jpeg", "image/jpeg"},
    {"gif", "image/gif"},
    {"webp", "image/webp"},
};

const char *media_type(struct str name)
{
    size_t dot = name.len;
    while (dot > 0 && name.p[dot - 1] != '.') dot--;
    struct str extension = dot ? str_sub(name, dot, name.len) : STR("");
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (str_eq_nocase(extension, str_of(types[i].extension))) return types[i].type;
    return "application/octet-stream";
}

static bool is_plain(char c)
{
    bool alnum = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    return alnum || (c && strchr("!#$&+-.^_`|~", c));
}

struct str media_disposition(struct arena *a, struct str name)
{
    struct buf b;
    buf_init(&b, 64 + 3 * name.len);
    buf_add_text(&b, "attachment; filename*=UTF-8''");
    for (size_t i = 0; i < name.len; i++) {
        if (is_plain(name.p[i])) buf_add_char(&b, name.p[i]);
        else buf_add_format(&b, "%%%02X", (unsigned char)name.p[i]);
    }
    struct str text = arena_str(a, buf_str(&b));
    buf_release(&b);
    return text;
}
