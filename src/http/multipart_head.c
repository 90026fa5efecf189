/* SPDX-License-Identifier: Apache-2.0
 *
 * RFC 7578 section 4. A quoted name is unquoted as RFC 9110 has it for \" and \\ alone, because browsers of old send
 * C:\some\path unescaped; those of today write %22 for a quote, which is undone. filename* is what RFC 7578 forbids:
 * two names for one file are a way to show one to whoever checks it and another to whoever uses it.
 */
#include "http/multipart_head.h"

#include "base/text.h"
#include "http/head.h"

int multipart_head_parameter(struct str *rest, struct str *ret_name, struct str *ret_value, bool *ret_quoted)
{
    struct str s = str_trim(*rest);
    if (s.len == 0) return 0;
    if (s.p[0] != ';') return ERR_INVALID;
    s = str_trim(str_sub(s, 1, s.len));
    size_t equals = str_find(s, '=');
    struct str name = str_sub(s, 0, equals);
    if (equals == s.len || !head_is_token(name)) return ERR_INVALID;
    s = str_sub(s, equals + 1, s.len);
    bool quoted = s.len > 0 && s.p[0] == '"';
    size_t end = quoted ? 1 : 0;
    if (quoted) {
        while (end < s.len && s.p[end] != '"') end += s.p[end] == '\\' ? 2 : 1;
        if (end >= s.len) return ERR_INVALID;
    } else {
        while (end < s.len && s.p[end] != ';' && s.p[end] != ' ' && s.p[end] != '\t') end++;
        if (!head_is_token(str_sub(s, 0, end))) return ERR_INVALID;
    }
    *ret_name = name;
    *ret_value = quoted ? str_sub(s, 1, end - 1) : str_sub(s, 0, end);
    *ret_quoted = quoted;
    *rest = str_sub(s, end + quoted, s.len);
    return 1;
}

/* Of a part's own head, which may be written to. */
static struct str unquote(char *head, struct str s)
{
    char *to = head + (s.p - head), *at = to;
    for (size_t i = 0; i < s.len; i++) {
        bool escaped = s.p[i] == '\\' && i + 1 < s.len && (s.p[i + 1] == '"' || s.p[i + 1] == '\\');
        bool percent = s.len - i >= 3 && memcmp(s.p + i, "%22", 3) == 0;
        *at++ = escaped ? s.p[i + 1] : percent ? '"' : s.p[i];
        i += escaped ? 1 : percent ? 2 : 0;
    }
    return (struct str){to, (size_t)(at - to)};
}

static int read_disposition(struct multipart_part *part, char *head, struct str value, struct err *e)
{
    struct str kind = str_trim(str_sub(value, 0, str_find(value, ';')));
    struct str rest = str_sub(value, str_find(value, ';'), value.len), name, text;
    bool quoted;
    int rc;
    if (part->name.p || !str_eq_nocase(kind, STR("form-data")))
        return err_set(e, ERR_INVALID, "a part of the form needs one Content-Disposition, which is form-data");
    while ((rc = multipart_head_parameter(&rest, &name, &text, &quoted)) == 1) {
        if (quoted) text = unquote(head, text);
        struct str *to = str_eq_nocase(name, STR("name")) ? &part->name : str_eq_nocase(name, STR("filename")) ? &part->filename : NULL;
        if (str_eq_nocase(name, STR("filename*")))
            return err_set(e, ERR_INVALID, "a part of a form must not have filename*; filename takes UTF-8");
        if (!to) continue;
        if (to->p) return err_set(e, ERR_INVALID, "the Content-Disposition of a part has %.*s twice", STR_ARG(name));
        if (text_utf8_valid(text) != text.len)
            return err_set(e, ERR_INVALID, "the %.*s in the Content-Disposition of a part is not UTF-8", STR_ARG(name));
        *to = text;
    }
    if (rc < 0) return err_set(e, ERR_INVALID, "the Content-Disposition of a part is not well-formed");
    if (!part->name.p) return err_set(e, ERR_INVALID, "a part of the form has no name");
    return 0;
}

static int read_type(struct multipart_part *part, struct str value, struct err *e)
{
    if (part->type.p) return err_set(e, ERR_INVALID, "a part of the form has two Content-Types");
    if (value.len == 0) return err_set(e, ERR_INVALID, "the Content-Type of a part is empty");
    part->type = value;
    return 0;
}

static int read_line(struct multipart_part *part, char *head, struct str line, struct err *e)
{
    struct str name = str_cut(&line, ':'), value = str_trim(line);
    if (!head_is_token(name)) return err_set(e, ERR_INVALID, "a header of a part is not a name followed by a colon");
    if (str_eq_nocase(name, STR("Content-Disposition"))) return read_disposition(part, head, value, e);
    if (str_eq_nocase(name, STR("Content-Type"))) return read_type(part, value, e);
    bool as_is = str_eq_nocase(value, STR("binary")) || str_eq_nocase(value, STR("8bit")) || str_eq_nocase(value, STR("7bit"));
    if (str_eq_nocase(name, STR("Content-Transfer-Encoding")) && !as_is)
        return err_set(e, ERR_INVALID, "the parts of a form come as they are: no Content-Transfer-Encoding but binary");
    return 0;
}

int multipart_head_read(struct multipart_part *part, char *head, size_t len, struct err *e)
{
    *part = (struct multipart_part){0};
    for (size_t at = 0; at < len;) {
        size_t end = str_find((struct str){head + at, len - at}, '\r');
        int rc = read_line(part, head, (struct str){head + at, end}, e);
        if (rc) return rc;
        at += end + 2;
    }
    if (!part->name.p) return err_set(e, ERR_INVALID, "a part of the form has no Content-Disposition");
    return 0;
}
