/* SPDX-License-Identifier: Apache-2.0
 *
 * The error table, made from err.def, and the filling of a struct err.
 *
 * Texts may quote what a stranger sent, so a text is always one line: control bytes become '?', and what does not fit
 * is cut between characters. Arguments may come from the very struct err that is filled ("while reading: %s", e->text),
 * so the new text is built aside first.
 */
#include "base/err.h"
#include "base/str.h"
#include <stdio.h>

static const struct row {
    const char *word, *text;
    int http, exit;
} rows[ERR_COUNT] = {
#define ERR(name, http, exit, code, text) {code, text, http, exit},
#include "base/err.def"
#undef ERR
};

static const struct row none = {"ok", "no error", 200, 0};

static const struct row *row_of(int code)
{
    if (code == 0) return &none;
    if (code > 0 || code < -ERR_COUNT) code = ERR_INTERNAL;
    return &rows[-1 - code];
}

/* vsnprintf has cut at a byte; a character must not be left in half. */
static void drop_half_character(char *text, size_t len)
{
    size_t start = len;
    while (start > 0 && ((unsigned char)text[start - 1] & 0xC0) == 0x80) start--;
    if (start == 0) return;
    unsigned char lead = (unsigned char)text[start - 1];
    size_t wanted = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC0 ? 2 : 1;
    if (lead >= 0xC0 && len - (start - 1) < wanted) text[start - 1] = '\0';
}

static void fill(struct err *e, int code, const char *pointer, const char *format, va_list args)
{
    struct err new = {.code = code};
    int len = vsnprintf(new.text, sizeof new.text, format, args);
    if (len >= (int)sizeof new.text) drop_half_character(new.text, sizeof new.text - 1);
    for (char *c = new.text; *c; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7F) *c = '?';
    if (!str_copy(new.pointer, sizeof new.pointer, str_of(pointer)))
        drop_half_character(new.pointer, sizeof new.pointer - 1);
    *e = new;
}

int err_set(struct err *e, int code, const char *format, ...)
{
    if (!e) return code;
    va_list args;
    va_start(args, format);
    fill(e, code, "", format, args);
    va_end(args);
    return code;
}

int err_set_at(struct err *e, int code, const char *pointer, const char *format, ...)
{
    if (!e) return code;
    va_list args;
    va_start(args, format);
    fill(e, code, pointer, format, args);
    va_end(args);
    return code;
}

int err_set_errno(struct err *e, int code, int sys, const char *what)
{
    char scratch[128];
    return err_set(e, code, "%s: %s", what, strerror_r(sys, scratch, sizeof scratch));
}

const char *err_text(int code) { return row_of(code)->text; }
const char *err_word(int code) { return row_of(code)->word; }
int err_http_status(int code) { return row_of(code)->http; }
int err_exit_code(int code) { return row_of(code)->exit; }

int err_from_word(const char *word)
{
    for (int i = 0; i < ERR_COUNT; i++)
        if (strcmp(rows[i].word, word) == 0) return -1 - i;
    return 0;
}
