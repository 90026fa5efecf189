/* SPDX-License-Identifier: Apache-2.0
 *
 * See route_path.h.
 */
#include "task/route_path.h"

#define SHOWN 80 /* bytes of a text in an error */

static bool is_method(struct str s)
{
    static const char *const methods[] = {"GET", "POST", "PUT", "PATCH", "DELETE"};
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++)
        if (str_eq(s, str_of(methods[i]))) return true;
    return false;
}

static bool is_alnum(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }

/* pchar of RFC 3986 section 3.3, without percent escapes. */
static bool is_plain(struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (!is_alnum(s.p[i]) && !strchr("-._~!$&'()*+,;=:@", s.p[i])) return false;
    return s.len > 0 && !str_eq(s, STR(".")) && !str_eq(s, STR(".."));
}

static bool is_param(struct str s) { return s.len && s.p[0] == '{'; }

/* The name within the braces; empty: it is none. */
static struct str name_of(struct str s)
{
    struct str name = str_sub(s, 1, s.len - 2);
    if (s.len < 3 || s.p[s.len - 1] != '}') return STR_NONE;
    for (size_t i = 0; i < name.len; i++)
        if (!is_alnum(name.p[i]) && name.p[i] != '_' && name.p[i] != '-') return STR_NONE;
    return name;
}

static int add_name(struct route_path *r, struct str part, struct err *e)
{
    struct str name = name_of(part);
    if (!name.len)
        return err_set(e, ERR_INVALID, "\"%.*s\": a name in braces has letters, digits, - and _, and stands alone between two slashes",
                       STR_ARG(part));
    if (r->n == ROUTE_PATH_PARAMS) return err_set(e, ERR_INVALID, "a path has at most %d names", ROUTE_PATH_PARAMS);
    for (size_t i = 0; i < r->n; i++)
        if (str_eq(r->names[i], name)) return err_set(e, ERR_INVALID, "the name {%.*s} is there twice", STR_ARG(name));
    r->names[r->n++] = name;
    return 0;
}

int route_path_read(struct route_path *ret, struct str text, struct err *e)
{
    struct route_path r = {.path = text};
    r.method = str_cut(&r.path, ' ');
    if (!is_method(r.method) || r.path.len == 0 || r.path.p[0] != '/')
        return err_set(e, ERR_INVALID, "expected a method (GET, POST, PUT, PATCH, DELETE), a blank and a path that begins with /; found \"%.*s\"",
                       STR_ARG(str_sub(text, 0, SHOWN)));
    struct str rest = str_sub(r.path, 1, r.path.len);
    int err = 0;
    while (rest.len && !err) {
        struct str part = str_cut(&rest, '/');
        if (str_find(part, '{') < part.len || str_find(part, '}') < part.len) err = add_name(&r, part, e);
        else if (!is_plain(part))
            err = err_set(e, ERR_INVALID, "\"%.*s\" cannot stand between two slashes", STR_ARG(str_sub(part, 0, SHOWN)));
    }
    if (!err) *ret = r;
    return err;
}

bool route_path_fits(const struct route_path *r, struct str path, struct str values[ROUTE_PATH_PARAMS])
{
    struct str pattern = r->path;
    size_t n = 0;
    while (pattern.len && path.len && path.p[0] == '/') { /* the pattern is at a slash, too */
        pattern = str_sub(pattern, 1, pattern.len);
        path = str_sub(path, 1, path.len);
        size_t wanted = str_find(pattern, '/'), len = str_find(path, '/');
        struct str part = str_sub(pattern, 0, wanted), given = str_sub(path, 0, len);
        if (is_param(part) ? given.len == 0 : !str_eq(part, given)) return false;
        if (is_param(part)) values[n++] = given;
        pattern = str_sub(pattern, wanted, pattern.len);
        path = str_sub(path, len, path.len);
    }
    return pattern.len == 0 && path.len == 0;
}

int route_path_cmp(const struct route_path *a, const struct route_path *b)
{
    struct str left = a->path, right = b->path;
    while (left.len && right.len) {
        struct str one = str_cut(&left, '/'), other = str_cut(&right, '/');
        if (is_param(one) && is_param(other)) continue;
        if (is_param(one) != is_param(other)) return is_param(one) ? 1 : -1;
        int order = str_cmp(one, other);
        if (order) return order;
    }
    return left.len ? 1 : right.len ? -1 : 0;
}
