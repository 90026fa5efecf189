/* SPDX-License-Identifier: Apache-2.0
 *
 * The four forms of a target. A tunnel (CONNECT, authority-form) is nothing a job server has.
 */
#include "http/target.h"

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

static bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

/* The length of "[address]" at the front, or 0. */
static size_t literal_len(struct str s)
{
    size_t len = 1;
    while (len < s.len && (is_hex(s.p[len]) || s.p[len] == ':' || s.p[len] == '.')) len++;
    return len > 1 && len < s.len && s.p[len] == ']' ? len + 1 : 0;
}

/* The length of a registered name or IPv4 address at the front, or 0. No comma, though the grammar has one: a list of
 * hosts is what it would be taken for. */
static size_t name_len(struct str s)
{
    size_t len = 0;
    for (; len < s.len && s.p[len] != ':'; len++) {
        char c = s.p[len];
        if (c == '%' && len + 2 < s.len && is_hex(s.p[len + 1]) && is_hex(s.p[len + 2])) len += 2;
        else if (!is_digit(c) && !((c | 0x20) >= 'a' && (c | 0x20) <= 'z') && !(c && strchr("-._~!$&'()*+;=", c)))
            return 0;
    }
    return len;
}

bool target_is_host(struct str s)
{
    size_t len = s.len && s.p[0] == '[' ? literal_len(s) : name_len(s);
    if (len == 0 || (len < s.len && s.p[len] != ':')) return false;
    for (size_t i = len + 1; i < s.len; i++)
        if (!is_digit(s.p[i])) return false;
    return true;
}

/* Drops "http://authority" in front; what is left starts with '/', '?' or is empty. */
static int drop_authority(struct str *target, struct err *e)
{
    struct str s = *target, scheme = str_sub(s, 0, str_find(s, ':'));
    if (!str_eq_nocase(scheme, STR("http")) && !str_eq_nocase(scheme, STR("https")))
        return err_set(e, ERR_INVALID, "the request target is neither a path nor an http URL");
    s = str_sub(s, scheme.len + 1, s.len);
    if (!str_starts(s, STR("//"))) return err_set(e, ERR_INVALID, "the request target is not a well-formed URL");
    s = str_sub(s, 2, s.len);
    size_t len = 0;
    while (len < s.len && s.p[len] != '/' && s.p[len] != '?') len++;
    if (!target_is_host(str_sub(s, 0, len)))
        return err_set(e, ERR_INVALID, "the request target has no well-formed host");
    *target = str_sub(s, len, s.len);
    return 0;
}

int target_split(struct str method, struct str target, struct str *ret_path, struct str *ret_query, struct err *e)
{
    if (str_eq(method, STR("CONNECT"))) return err_set(e, ERR_UNSUPPORTED, "CONNECT is not supported");
    if (str_eq(target, STR("*"))) {
        if (!str_eq(method, STR("OPTIONS"))) return err_set(e, ERR_INVALID, "the target * is for OPTIONS only");
        *ret_path = target;
        *ret_query = STR("");
        return 0;
    }
    if (target.len == 0 || target.p[0] != '/') {
        int rc = drop_authority(&target, e);
        if (rc < 0) return rc;
    }
    struct str path = str_cut(&target, '?');
    *ret_path = path.len ? path : STR("/");
    *ret_query = target;
    return 0;
}
