/* SPDX-License-Identifier: Apache-2.0
 *
 * Captured output in pieces: each is repaired into `text`, whose maximum holds a piece of nothing but bad bytes.
 */
#include "handler/capture.h"
#include "handler/utf8.h"

#define PIECE ((size_t)16 * 1024) /* bytes repaired at a time */

void capture_init(struct capture *c)
{
    c->begun_len = c->tail_len = 0;
    buf_init(&c->text, 3 * (PIECE + sizeof c->begun));
}

void capture_release(struct capture *c) { buf_release(&c->text); }

void capture_forget(struct capture *c) { c->tail_len = 0; }

static void keep_tail(struct capture *c, struct str text)
{
    if (text.len > CAPTURE_TAIL) text = str_sub(text, text.len - CAPTURE_TAIL, CAPTURE_TAIL);
    if (c->tail_len + text.len > sizeof c->tail) {
        memmove(c->tail, c->tail + c->tail_len - CAPTURE_TAIL, CAPTURE_TAIL);
        c->tail_len = CAPTURE_TAIL;
    }
    if (text.len) memcpy(c->tail + c->tail_len, text.p, text.len);
    c->tail_len += text.len;
}

/* Puts bytes after the begun character until it is whole or proves to be none. */
static void finish_begun(struct capture *c, struct str *bytes)
{
    while (c->begun_len && bytes->len) {
        c->begun[c->begun_len++] = bytes->p[0];
        *bytes = str_sub(*bytes, 1, bytes->len - 1);
        size_t took = utf8_add(&c->text, (struct str){c->begun, c->begun_len}, false);
        c->begun_len -= took;
        memmove(c->begun, c->begun + took, c->begun_len);
    }
}

bool capture_next(struct capture *c, struct str *bytes, struct str *ret_text)
{
    buf_clear(&c->text);
    finish_begun(c, bytes);
    struct str piece = str_sub(*bytes, 0, PIECE);
    size_t took = utf8_add(&c->text, piece, false);
    if (took < piece.len && piece.len == bytes->len) { /* a begun character is all that is left */
        c->begun_len = piece.len - took;
        memcpy(c->begun, piece.p + took, c->begun_len);
        took = piece.len;
    }
    *bytes = str_sub(*bytes, took, bytes->len - took);
    if (c->text.len == 0) return false;
    *ret_text = buf_str(&c->text);
    keep_tail(c, *ret_text);
    return true;
}

bool capture_end(struct capture *c, struct str *ret_text)
{
    buf_clear(&c->text);
    utf8_add(&c->text, (struct str){c->begun, c->begun_len}, true);
    c->begun_len = 0;
    if (c->text.len == 0) return false;
    *ret_text = buf_str(&c->text);
    keep_tail(c, *ret_text);
    return true;
}

struct str capture_tail(const struct capture *c) { return utf8_tail((struct str){c->tail, c->tail_len}, CAPTURE_TAIL); }

static bool is_blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

struct str capture_last_line(struct str text)
{
    while (text.len && is_blank(text.p[text.len - 1])) text.len--;
    size_t from = text.len;
    while (from > 0 && text.p[from - 1] != '\n' && text.p[from - 1] != '\r') from--;
    return str_trim(str_sub(text, from, text.len - from));
}
