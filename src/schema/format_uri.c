/* SPDX-License-Identifier: Apache-2.0
 *
 * RFC 3986, appendix A: scheme ":" ["//" authority] path ["?" query] ["#" fragment], or what is left of it when relative.
 */
#include "schema/format.h"

#define SUB_DELIMS "!$&'()*+,;="

static bool is_hex(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

static bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

/* Unreserved characters, percent escapes, sub-delims and those of `more`. */
static bool is_made_of(struct str s, const char *more)
{
    for (size_t i = 0; i < s.len; i++) {
        char c = s.p[i];
        if (c == '%') {
            if (i + 2 >= s.len || !is_hex(s.p[i + 1]) || !is_hex(s.p[i + 2])) return false;
            i += 2;
        } else if (!is_letter(c) && !is_digit(c) && (!c || !strchr("-._~" SUB_DELIMS, c)) && (!c || !strchr(more, c))) {
            return false;
        }
    }
    return true;
}

static bool is_port(struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (!is_digit(s.p[i])) return false;
    return true;
}

static bool is_inside_brackets(struct str s)
{
    struct str rest = s;
    if (s.len == 0 || (s.p[0] != 'v' && s.p[0] != 'V')) return format_is_ipv6(s);
    struct str version = str_cut(&rest, '.');
    for (size_t i = 1; i < version.len; i++)
        if (!is_hex(version.p[i])) return false;
    return version.len > 1 && rest.len > 0 && is_made_of(rest, ":");
}

static bool is_authority(struct str s)
{
    size_t at = str_find(s, '@');
    if (at < s.len) {
        if (!is_made_of(str_sub(s, 0, at), ":")) return false;
        s = str_sub(s, at + 1, s.len);
    }
    if (s.len && s.p[0] == '[') {
        size_t end = str_find(s, ']');
        if (end == s.len || !is_inside_brackets(str_sub(s, 1, end - 1))) return false;
        s = str_sub(s, end + 1, s.len);
        return s.len == 0 || (s.p[0] == ':' && is_port(str_sub(s, 1, s.len)));
    }
    struct str host = str_cut(&s, ':');
    return is_made_of(host, "") && is_port(s);
}

/* What follows the scheme, if there is one. */
static bool is_rest(struct str s, bool relative)
{
    struct str fragment = s, query, path;
    query = str_cut(&fragment, '#');
    path = str_cut(&query, '?');
    if (!is_made_of(fragment, ":@/?") || !is_made_of(query, ":@/?")) return false;
    if (str_starts(path, STR("//"))) {
        path = str_sub(path, 2, path.len);
        size_t end = str_find(path, '/');
        return is_authority(str_sub(path, 0, end)) && is_made_of(str_sub(path, end, path.len), ":@/");
    }
    struct str first = str_sub(path, 0, str_find(path, '/'));
    return is_made_of(path, ":@/") && !(relative && str_find(first, ':') < first.len);
}

/* The length of "scheme:", 0 when there is none. */
static size_t scheme_of(struct str s)
{
    size_t i = 0;
    while (i < s.len && (is_letter(s.p[i]) || (i > 0 && (is_digit(s.p[i]) || (s.p[i] && strchr("+-.", s.p[i])))))) i++;
    return i > 0 && i < s.len && s.p[i] == ':' ? i + 1 : 0;
}

bool format_is_uri(struct str s)
{
    size_t scheme = scheme_of(s);
    return scheme > 0 && is_rest(str_sub(s, scheme, s.len), false);
}

bool format_is_uri_reference(struct str s)
{
    return format_is_uri(s) || is_rest(s, true);
}
