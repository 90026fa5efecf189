/* SPDX-License-Identifier: Apache-2.0
 *
 * Cleaning, measuring and shortening of text. Widths follow the East Asian Wide and Fullwidth ranges of Unicode's UAX
 * #11 as blocks, and combining marks are nothing wide: near enough for bars that must not wrap, and no locale is asked.
 */
#include "cli/cli_text.h"

#include "base/text.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

/* The next character and its length; a byte that is no UTF-8 is one character, U+FFFD. */
static uint32_t next_char(struct str s, size_t *ret_len)
{
    const unsigned char *p = (const unsigned char *)s.p;
    assert(p && s.len > 0);
    size_t len = p[0] < 0x80 ? 1 : p[0] >= 0xF0 ? 4 : p[0] >= 0xE0 ? 3 : 2;
    if (len > s.len || text_utf8_valid((struct str){s.p, len}) != len) {
        *ret_len = 1;
        return 0xFFFD;
    }
    uint32_t c = len == 1 ? p[0] : p[0] & (0x7FU >> len);
    for (size_t i = 1; i < len; i++) c = c << 6 | (p[i] & 0x3FU);
    *ret_len = len;
    return c;
}

static int width_of(uint32_t c)
{
    static const uint32_t wide[][2] = {{0x1100, 0x115F}, {0x2E80, 0x303E},   {0x3041, 0xA4CF},   {0xA960, 0xA97F},
                                       {0xAC00, 0xD7A3}, {0xF900, 0xFAFF},   {0xFE30, 0xFE6F},   {0xFF00, 0xFF60},
                                       {0xFFE0, 0xFFE6}, {0x1F300, 0x1F64F}, {0x1F900, 0x1F9FF}, {0x20000, 0x3FFFD}};
    if ((c >= 0x300 && c <= 0x36F) || (c >= 0x200B && c <= 0x200F) || (c >= 0xFE00 && c <= 0xFE0F)) return 0;
    for (size_t i = 0; i < sizeof wide / sizeof *wide; i++)
        if (c >= wide[i][0] && c <= wide[i][1]) return 2;
    return 1;
}

/* C0 and C1 controls, and the marks that turn the direction of what follows */
static bool is_control(uint32_t c)
{
    return c < 0x20 || (c >= 0x7F && c < 0xA0) || (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069);
}

static void clean(struct buf *b, struct str s, bool lines)
{
    while (s.len > 0) {
        size_t len;
        uint32_t c = next_char(s, &len);
        if (lines && (c == '\n' || c == '\t')) buf_add_char(b, (char)c);
        else if (c == '\n' || c == '\t' || c == '\r') buf_add_char(b, ' ');
        else if (is_control(c)) buf_add_char(b, '?');
        else if (c == 0xFFFD) buf_add_text(b, "\xef\xbf\xbd");
        else buf_add(b, s.p, len);
        s = str_sub(s, len, s.len);
    }
}

void cli_text_clean(struct buf *b, struct str s) { clean(b, s, false); }
void cli_text_clean_lines(struct buf *b, struct str s) { clean(b, s, true); }

int cli_text_width(struct str s)
{
    int width = 0;
    while (s.len > 0) {
        size_t len;
        width += width_of(next_char(s, &len));
        s = str_sub(s, len, s.len);
    }
    return width;
}

void cli_text_cut(struct buf *b, struct str s, int columns)
{
    struct buf whole;
    buf_init(&whole, 1024 * 1024);
    cli_text_clean(&whole, s);
    struct str rest = buf_str(&whole);
    bool fits = cli_text_width(rest) <= columns;
    int room = fits ? columns : columns - 3;
    while (rest.len > 0) {
        size_t len;
        int width = width_of(next_char(rest, &len));
        if (width > room) break;
        buf_add(b, rest.p, len);
        room -= width;
        rest = str_sub(rest, len, rest.len);
    }
    if (!fits && columns >= 3) buf_add_text(b, "...");
    buf_release(&whole);
}

void cli_text_duration(char to[CLI_TEXT_DURATION], int64_t ms)
{
    int64_t s = ms / 1000;
    if (ms < 1000) snprintf(to, CLI_TEXT_DURATION, "%" PRId64 "ms", ms < 0 ? 0 : ms);
    else if (s < 60) snprintf(to, CLI_TEXT_DURATION, "%" PRId64 "s", s);
    else if (s < 3600) snprintf(to, CLI_TEXT_DURATION, "%" PRId64 "m%02" PRId64 "s", s / 60, s % 60);
    else if (s < 86400) snprintf(to, CLI_TEXT_DURATION, "%" PRId64 "h%02" PRId64 "m", s / 3600, s / 60 % 60);
    else snprintf(to, CLI_TEXT_DURATION, "%" PRId64 "d%02" PRId64 "h", s / 86400, s / 3600 % 24);
}

void cli_text_age(char to[CLI_TEXT_DURATION], int64_t ms)
{
    int64_t s = ms < 0 ? 0 : ms / 1000;
    if (s < 60) snprintf(to, CLI_TEXT_DURATION, "%" PRId64 "s", s);
    else if (s < 3600) snprintf(to, CLI_TEXT_DURATION, "%" PRId64 "m", s / 60);
    else if (s < 86400) snprintf(to, CLI_TEXT_DURATION, "%" PRId64 "h", s / 3600);
    else snprintf(to, CLI_TEXT_DURATION, "%" PRId64 "d", s / 86400);
}

void cli_text_print_json(const struct bide_text *json)
{
    struct str text = {json->p ? json->p : "", json->len};
    fwrite(text.p, 1, text.len, stdout);
    if (!str_ends(text, STR("\n"))) fputc('\n', stdout);
}
