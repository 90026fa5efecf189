/* SPDX-License-Identifier: Apache-2.0
 *
 * See wording.h.
 */
#include "task/wording.h"

#include "base/limits.h"
#include "base/text.h"
#include "task/mapping.h"

#define SHOWN 80 /* bytes of a text in an error */
#define ELLIPSIS "\xe2\x80\xa6"

/* The next part of a text: plain characters, or a source without its braces. False: there is none. */
static bool next_part(struct str *text, struct str *ret, bool *ret_source, bool *ret_open)
{
    *ret_source = *ret_open = false;
    if (text->len == 0) return false;
    size_t at = str_find(*text, '{');
    if (at > 0) {
        *ret = str_sub(*text, 0, at);
        *text = str_sub(*text, at, text->len);
        return true;
    }
    if (text->len > 1 && text->p[1] == '{') {
        *ret = str_sub(*text, 0, 1);
        *text = str_sub(*text, 2, text->len);
        return true;
    }
    size_t end = str_find(*text, '}');
    *ret_source = true;
    *ret_open = end == text->len;
    *ret = str_sub(*text, 1, end - 1);
    *text = str_sub(*text, end + 1, text->len);
    return true;
}

static bool has_gap(struct str source)
{
    bool gap = source.p[source.len - 1] == '.';
    for (size_t i = 1; i < source.len; i++) gap = gap || (source.p[i - 1] == '.' && source.p[i] == '.');
    return gap;
}

static int check_source(struct str source, struct str root, const char *const *members, struct err *e)
{
    struct str rest = source, shown = str_sub(source, 0, SHOWN), name = str_cut(&rest, '.'), member = str_cut(&rest, '.');
    if (!str_eq(name, root))
        return err_set(e, ERR_INVALID, "{%.*s} names no source; a source begins with %.*s. (and {{ is a brace)", STR_ARG(shown), STR_ARG(root));
    for (const char *const *m = members; *m; m++) {
        if (!str_eq(member, str_of(*m))) continue;
        if (!has_gap(source)) return 0;
        return err_set(e, ERR_INVALID, "{%.*s} has a name without a letter in it", STR_ARG(shown));
    }
    const char *near = text_nearest(member, members);
    return err_set(e, ERR_INVALID, "{%.*s}: a %.*s has no such member%s%s%s", STR_ARG(shown), STR_ARG(root), near ? "; did you mean " : "",
                   near ? near : "", near ? "?" : "");
}

int wording_check(struct str text, struct str root, const char *const *members, struct err *e)
{
    struct str part;
    bool source, open;
    while (next_part(&text, &part, &source, &open)) {
        if (open) return err_set(e, ERR_INVALID, "a brace is not closed: \"{%.*s\" ({{ is a brace)", STR_ARG(str_sub(part, 0, SHOWN)));
        int err = source ? check_source(part, root, members, e) : 0;
        if (err) return err;
    }
    return 0;
}

struct filling {
    struct buf *out;
    size_t n, max;  /* characters */
    size_t last;    /* where the last of those that fit begins */
    bool cut;
};

static void add(struct filling *f, struct str s)
{
    for (size_t at = 0; at < s.len;) {
        size_t end = at + 1;
        while (end < s.len && ((unsigned char)s.p[end] & 0xc0) == 0x80) end++;
        f->cut = f->n == f->max;
        if (f->cut) return;
        f->last = f->out->len;
        f->n++;
        buf_add(f->out, s.p + at, end - at);
        at = end;
    }
}

static void add_value(struct filling *f, const struct json *root, struct str source)
{
    struct buf scratch;
    (void)str_cut(&source, '.');
    const struct json_node *v = mapping_look(root, source);
    if (!v || v->kind == JSON_NULL) return;
    buf_init(&scratch, LIMIT_BODY);
    add(f, v->kind == JSON_STRING ? json_string(root, v, &scratch) : json_span(root, v));
    buf_release(&scratch);
}

void wording_fill(struct str text, const struct json *root, size_t max, struct buf *out)
{
    struct filling f = {.out = out, .max = max, .last = out->len};
    struct str part;
    bool source, open;
    while (!f.cut && next_part(&text, &part, &source, &open)) {
        if (source) add_value(&f, root, part);
        else add(&f, part);
    }
    if (!f.cut) return;
    out->len = f.last;
    buf_add_str(out, STR(ELLIPSIS));
}
