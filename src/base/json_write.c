/* SPDX-License-Identifier: Apache-2.0
 *
 * JSON out. There is no writer object: the last byte of the buf says whether a comma is due, so pieces of one document
 * can be written by functions that know nothing of each other. What goes out is always valid UTF-8, whatever came in.
 */
#include "base/json_write.h"
#include "base/text.h"

static bool comma_is_due(const struct buf *b)
{
    char last = b->len ? b->p[b->len - 1] : '{';
    return last != '{' && last != '[' && last != ':' && last != ',' && last != '\n';
}

static void next_value(struct buf *b)
{
    if (comma_is_due(b)) buf_add_char(b, ',');
}

/* The same, with room for `len` bytes behind it; NULL: the buf has its error. */
static char *next_room(struct buf *b, size_t len)
{
    char *at = buf_room(b, len + 1);
    if (!at || !comma_is_due(b)) return at;
    *at = ',';
    buf_wrote(b, 1);
    return at + 1;
}

/* `"text"` and what follows, for text that needs no escapes. */
static void add_quoted(struct buf *b, struct str text, struct str after)
{
    char *at = next_room(b, text.len + 2 + after.len);
    if (!at) return;
    at[0] = '"';
    memcpy(at + 1, text.p, text.len);
    at[text.len + 1] = '"';
    memcpy(at + text.len + 2, after.p, after.len);
    buf_wrote(b, text.len + 2 + after.len);
}

/* Most strings of an answer: printable ASCII without quotes and backslashes. */
static bool is_plain(struct str s)
{
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (c < 0x20 || c > 0x7e || c == '"' || c == '\\') return false;
    }
    return s.len > 0;
}

void json_write_open(struct buf *b, char bracket)
{
    next_value(b);
    buf_add_char(b, bracket);
}

void json_write_close(struct buf *b, char bracket) { buf_add_char(b, bracket); }

void json_write_key(struct buf *b, const char *key)
{
    add_quoted(b, str_of(key), STR(":"));
}

void json_write_key_str(struct buf *b, struct str key)
{
    json_write_str(b, key);
    buf_add_char(b, ':');
}

static void add_escape(struct buf *b, unsigned char c)
{
    static const char from[] = "\"\\\b\f\n\r\t", to[] = "\"\\bfnrt";
    const char *at = memchr(from, c, sizeof from - 1);
    if (at) {
        char pair[2] = {'\\', to[at - from]};
        buf_add(b, pair, 2);
    } else {
        buf_add_format(b, "\\u%04x", c);
    }
}

/* Text known to be valid UTF-8. */
static void add_valid(struct buf *b, struct str s)
{
    size_t from = 0;
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (c >= 0x20 && c != '"' && c != '\\') continue;
        buf_add(b, s.p + from, i - from);
        add_escape(b, c);
        from = i + 1;
    }
    if (from < s.len) buf_add(b, s.p + from, s.len - from);
}

void json_write_str(struct buf *b, struct str s)
{
    if (is_plain(s)) {
        add_quoted(b, s, STR(""));
        return;
    }
    next_value(b);
    buf_add_char(b, '"');
    for (;;) {
        size_t good = text_utf8_valid(s);
        add_valid(b, str_sub(s, 0, good));
        if (good == s.len || buf_err(b)) break;
        buf_add(b, "\xEF\xBF\xBD", 3); /* U+FFFD for each bad byte */
        s = str_sub(s, good + 1, s.len);
    }
    buf_add_char(b, '"');
}

void json_write_text(struct buf *b, const char *s)
{
    if (s) json_write_str(b, str_of(s));
    else json_write_null(b);
}

void json_write_int(struct buf *b, int64_t v)
{
    char digits[20], *at = digits + sizeof digits;
    uint64_t left = v < 0 ? -(uint64_t)v : (uint64_t)v;
    next_value(b);
    do *--at = (char)('0' + left % 10);
    while (left /= 10);
    if (v < 0) *--at = '-';
    buf_add(b, at, (size_t)(digits + sizeof digits - at));
}

void json_write_double(struct buf *b, double v)
{
    char text[TEXT_DOUBLE];
    text_format_double(v, text);
    json_write_raw(b, text[0] ? str_of(text) : STR("null"));
}

void json_write_bool(struct buf *b, bool v) { json_write_raw(b, v ? STR("true") : STR("false")); }

void json_write_null(struct buf *b) { json_write_raw(b, STR("null")); }

void json_write_raw(struct buf *b, struct str json)
{
    next_value(b);
    buf_add_str(b, json);
}

void json_write_time(struct buf *b, int64_t ms)
{
    char text[TEXT_TIME];
    if (ms == 0) {
        json_write_null(b);
        return;
    }
    text_format_time(ms, text);
    json_write_str(b, str_of(text));
}

void json_write_id(struct buf *b, const struct id *id)
{
    char text[ID_TEXT];
    id_format(id, text);
    json_write_str(b, str_of(text));
}

void json_write_member_str(struct buf *b, const char *key, struct str s)
{
    json_write_key(b, key);
    json_write_str(b, s);
}

void json_write_member_text(struct buf *b, const char *key, const char *s)
{
    json_write_key(b, key);
    json_write_text(b, s);
}

void json_write_member_int(struct buf *b, const char *key, int64_t v)
{
    json_write_key(b, key);
    json_write_int(b, v);
}

void json_write_member_bool(struct buf *b, const char *key, bool v)
{
    json_write_key(b, key);
    json_write_bool(b, v);
}

void json_write_member_null(struct buf *b, const char *key)
{
    json_write_key(b, key);
    json_write_null(b);
}

void json_write_member_raw(struct buf *b, const char *key, struct str json)
{
    json_write_key(b, key);
    json_write_raw(b, json.len ? json : STR("null"));
}

void json_write_member_time(struct buf *b, const char *key, int64_t ms)
{
    json_write_key(b, key);
    json_write_time(b, ms);
}
