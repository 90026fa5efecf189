/* SPDX-License-Identifier: Apache-2.0
 *
 * The four forms of a target. A tunnel (CONNECT, authority-form) is nothing a job server has.
 */
#include "http/target.h"

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
    while (len < s.len && s.p[len] != '/' && s.p[len] != '?') {
        if (strchr("@\\\"<>^`{|}", s.p[len]))
            return err_set(e, ERR_INVALID, "the request target has no well-formed host");
        len++;
    }
    if (len == 0 || s.p[0] == ':') return err_set(e, ERR_INVALID, "the request target has no host");
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
