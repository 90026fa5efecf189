/* SPDX-License-Identifier: Apache-2.0
 *
 * One pass over a pattern: escapes that ECMA-262 does not know (with the flag u: all letters but its own), groups that are
 * not its own, verbs and possessive repeats are refused; \s, \S and \v become what they mean there; a [ within a class is a
 * character, never the begin of a POSIX name.
 */
#include "schema/pattern.h"

#define BLANKS "\\t\\n\\x0b\\f\\r\\x20\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000\\ufeff"
#define LETTERS "dDwWsSbBtnvfrcxukpP" /* that may follow a backslash */

struct reader {
    struct str s;
    size_t at;
    bool in_class;
    bool repeated; /* the last thing was a repeat */
    struct buf *b;
    struct err *e;
};

static bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

static int read_escape(struct reader *r)
{
    if (r->at + 1 >= r->s.len) return err_set(r->e, ERR_INVALID, "it ends with a backslash");
    char c = r->s.p[r->at + 1];
    if (is_letter(c) && !strchr(LETTERS, c)) return err_set(r->e, ERR_INVALID, "\\%c means nothing in ECMA-262", c);
    if (r->in_class && c == 'S') return err_set(r->e, ERR_INVALID, "\\S within [ ]: write what is meant");
    size_t len = 2;
    if (is_letter(c) && strchr("pPu", c) && r->at + 2 < r->s.len && r->s.p[r->at + 2] == '{') /* its braces repeat nothing */
        len = 4 + str_find(str_sub(r->s, r->at + 3, r->s.len), '}');
    if (c == 's') buf_add_text(r->b, r->in_class ? BLANKS : "[" BLANKS "]");
    else if (c == 'S') buf_add_text(r->b, "[^" BLANKS "]");
    else if (c == 'v') buf_add_text(r->b, "\\x0b");
    else buf_add_str(r->b, str_sub(r->s, r->at, len));
    r->at += len;
    r->repeated = false;
    return 0;
}

static int read_group(struct reader *r)
{
    struct str rest = str_sub(r->s, r->at + 1, r->s.len);
    bool name = str_starts(rest, STR("?<")) && rest.len > 2 && (is_letter(rest.p[2]) || rest.p[2] == '_' || rest.p[2] == '$');
    bool known = str_starts(rest, STR("?:")) || str_starts(rest, STR("?=")) || str_starts(rest, STR("?!")) ||
                 str_starts(rest, STR("?<=")) || str_starts(rest, STR("?<!"));
    if (str_starts(rest, STR("*")) || (str_starts(rest, STR("?")) && !known && !name))
        return err_set(r->e, ERR_INVALID, "(%.*s means nothing in ECMA-262", rest.len > 1 ? 2 : 1, rest.p);
    size_t len = 1;
    if (known) len = rest.p[1] == '<' ? 4 : 3;
    else if (name) len = 3;
    buf_add_str(r->b, str_sub(r->s, r->at, len));
    r->at += len;
    r->repeated = false;
    return 0;
}

static int read_plain(struct reader *r)
{
    char c = r->s.p[r->at++];
    if (r->in_class) {
        if (c == '[') buf_add_char(r->b, '\\');
        r->in_class = c != ']';
    } else {
        bool repeat = c == '*' || c == '+' || c == '}';
        if (c == '+' && r->repeated) return err_set(r->e, ERR_INVALID, "a repeat cannot be repeated");
        r->repeated = repeat || (c == '?' && !r->repeated);
        r->in_class = c == '[';
    }
    buf_add_char(r->b, c);
    return 0;
}

int pattern_for_pcre(struct buf *b, struct str source, struct err *e)
{
    struct reader r = {.s = source, .b = b, .e = e};
    int err = 0;
    while (r.at < source.len && !err) {
        char c = source.p[r.at];
        err = c == '\\' ? read_escape(&r) : c == '(' && !r.in_class ? read_group(&r) : read_plain(&r);
    }
    return err;
}
