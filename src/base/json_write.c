/* SPDX-License-Identifier: Apache-2.0
 *
 * JSON out. There is no writer object: the last byte of the buf says whether a comma is due, so pieces of one document
 * can be written by functions that know nothing of each other. What goes out is always valid UTF-8, whatever came in.
 *
 * A member is one piece: one look for the comma, one for room.
 */
#include "base/json_write.h"
#include "base/text.h"
#include "base/word.h"

static bool comma_is_due(const struct buf *b)
{
    char last = b->len ? b->p[b->len - 1] : '{';
    return last != '{' && last != '[' && last != ':' && last != ',' && last != '\n';
}

/* Where the next value or member of `len` bytes goes; NULL: the buf has its error. */
static char *next_room(struct buf *b, size_t len)
{
    char *at = buf_room(b, len + 1);
    if (!at || !comma_is_due(b)) return at;
    *at = ',';
    buf_wrote(b, 1);
    return at + 1;
}

static char *put(char *at, struct str s)
{
    memcpy(at, s.p, s.len);
    return at + s.len;
}

static void add_value(struct buf *b, struct str json)
{
    char *at = next_room(b, json.len);
    if (at && json.len) memcpy(at, json.p, json.len);
    if (at) buf_wrote(b, json.len);
}

static void add_quoted(struct buf *b, struct str plain)
{
    char *at = next_room(b, plain.len + 2);
    if (!at) return;
    *at = '"';
    *put(at + 1, plain) = '"';
    buf_wrote(b, plain.len + 2);
}

/* `"key":` with room for a value of `len` bytes, and where that goes; NULL: the buf has its error. The value is part of the buf. */
static inline char *member_room(struct buf *b, const char *key, size_t len)
{
    struct str name = str_of(key);
    char *at = next_room(b, name.len + 3 + len);
    if (!at) return NULL;
    *at = '"';
    at = put(at + 1, name);
    *at = '"';
    at[1] = ':';
    buf_wrote(b, name.len + 3 + len);
    return at + 2;
}

/* `"key":json` */
static void add_member(struct buf *b, const char *key, struct str json)
{
    char *at = member_room(b, key, json.len);
    if (at) put(at, json);
}

/* `"key":"plain"` */
static void add_quoted_member(struct buf *b, const char *key, struct str plain)
{
    char *at = member_room(b, key, plain.len + 2);
    if (!at) return;
    *at = '"';
    *put(at + 1, plain) = '"';
}

static bool is_plain_char(unsigned char c) { return c >= 0x20 && c <= 0x7e && c != '"' && c != '\\'; }

static bool is_plain_word(uint64_t v)
{
    uint64_t high = v & WORD_TOPS;
    return (high | word_below(v, 0x20) | word_equal(v, 0x7f) | word_equal(v, '"') | word_equal(v, '\\')) == 0;
}

/* Most strings of an answer: printable ASCII without quotes and backslashes. */
static bool is_plain(struct str s)
{
    size_t i = 0;
    for (; i + 8 < s.len; i += 8)
        if (!is_plain_word(word_at(s.p + i))) return false;
    if (s.len >= 8) return is_plain_word(word_at(s.p + s.len - 8)); /* some of it once more */
    for (; i < s.len; i++)
        if (!is_plain_char((unsigned char)s.p[i])) return false;
    return s.len > 0;
}

void json_write_open(struct buf *b, char bracket) { add_value(b, (struct str){&bracket, 1}); }

void json_write_close(struct buf *b, char bracket) { buf_add_char(b, bracket); }

void json_write_key(struct buf *b, const char *key) { add_member(b, key, STR("")); }

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
        add_quoted(b, s);
        return;
    }
    add_value(b, STR("\""));
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

#define DIGITS 20

static struct str number(int64_t v, char digits[DIGITS])
{
    char *at = digits + DIGITS;
    uint64_t left = v < 0 ? -(uint64_t)v : (uint64_t)v;
    do *--at = (char)('0' + left % 10);
    while (left /= 10);
    if (v < 0) *--at = '-';
    return (struct str){at, (size_t)(digits + DIGITS - at)};
}

static struct str truth(bool v) { return v ? STR("true") : STR("false"); }

void json_write_int(struct buf *b, int64_t v)
{
    char digits[DIGITS];
    add_value(b, number(v, digits));
}

void json_write_double(struct buf *b, double v)
{
    char text[TEXT_DOUBLE];
    text_format_double(v, text);
    add_value(b, text[0] ? str_of(text) : STR("null"));
}

void json_write_bool(struct buf *b, bool v) { add_value(b, truth(v)); }

void json_write_null(struct buf *b) { add_value(b, STR("null")); }

void json_write_raw(struct buf *b, struct str json) { add_value(b, json); }

void json_write_time(struct buf *b, int64_t ms)
{
    char text[TEXT_TIME];
    if (ms == 0) {
        json_write_null(b);
        return;
    }
    text_format_time(ms, text);
    add_quoted(b, (struct str){text, TEXT_TIME - 1});
}

void json_write_id(struct buf *b, const struct id *id)
{
    char text[ID_TEXT];
    id_format(id, text);
    add_quoted(b, (struct str){text, ID_TEXT - 1});
}

void json_write_member_str(struct buf *b, const char *key, struct str s)
{
    if (is_plain(s)) {
        add_quoted_member(b, key, s);
        return;
    }
    json_write_key(b, key);
    json_write_str(b, s);
}

void json_write_member_nullable(struct buf *b, const char *key, struct str s)
{
    if (s.p) json_write_member_str(b, key, s);
    else json_write_member_null(b, key);
}

void json_write_member_text(struct buf *b, const char *key, const char *s)
{
    if (s) json_write_member_str(b, key, str_of(s));
    else json_write_member_null(b, key);
}

void json_write_member_int(struct buf *b, const char *key, int64_t v)
{
    char digits[DIGITS];
    add_member(b, key, number(v, digits));
}

void json_write_member_bool(struct buf *b, const char *key, bool v) { add_member(b, key, truth(v)); }

void json_write_member_null(struct buf *b, const char *key) { add_member(b, key, STR("null")); }

void json_write_member_raw(struct buf *b, const char *key, struct str json)
{
    add_member(b, key, json.len ? json : STR("null"));
}

void json_write_member_time(struct buf *b, const char *key, int64_t ms)
{
    char text[TEXT_TIME];
    if (ms == 0) {
        json_write_member_null(b, key);
        return;
    }
    text_format_time(ms, text);
    add_quoted_member(b, key, (struct str){text, TEXT_TIME - 1});
}
