/* SPDX-License-Identifier: Apache-2.0
 *
 * The rules of origin.h. Names are compared as text: what has to be looked up is not ours.
 */
#include "api/origin.h"

#include "base/text.h"

static bool is_port(struct str s)
{
    int64_t port;
    return s.len <= 5 && text_int(&port, s) == 0 && port >= 0 && port <= 65535;
}

/* 127.x.x.x, all four written out: 127.example.com is a name like any other. */
static bool is_loopback_v4(struct str s)
{
    for (int i = 0; i < 4; i++) {
        int64_t part;
        bool last = i == 3 && str_find(s, '.') < s.len;
        struct str digits = str_cut(&s, '.');
        if (last || digits.len > 3 || text_int(&part, digits) != 0 || part < 0 || part > 255) return false;
        if (i == 0 && part != 127) return false;
    }
    return true;
}

static bool is_here(struct str host)
{
    if (str_starts(host, STR("[::1]"))) {
        struct str rest = str_sub(host, 5, host.len);
        return rest.len == 0 || (rest.p[0] == ':' && is_port(str_sub(rest, 1, rest.len)));
    }
    bool has_port = str_find(host, ':') < host.len;
    struct str name = str_cut(&host, ':');
    return (!has_port || is_port(host)) && (str_eq_nocase(name, STR("localhost")) || is_loopback_v4(name));
}

static bool is_from_browser(const struct http_request *r)
{
    static const char *const signs[] = {"Accept-Language", "Referer", "Origin", "Sec-Fetch-Site"};
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++)
        if (http_header(r, signs[i]).p) return true;
    return false;
}

/* What is upgraded is read by whatever page began it: browsers ask for no permission there (RFC 6455 section 10.2). */
static bool may_change(const struct http_request *r)
{
    return (!str_eq(r->method, STR("GET")) && !str_eq(r->method, STR("HEAD")) && !str_eq(r->method, STR("OPTIONS"))) ||
           http_header(r, "Upgrade").p;
}

/* "http://localhost:8080" of Host localhost:8080 */
static bool is_same_origin(struct str origin, struct str host)
{
    struct str scheme = str_cut(&origin, ':');
    bool web = str_eq_nocase(scheme, STR("http")) || str_eq_nocase(scheme, STR("https"));
    return web && str_starts(origin, STR("//")) && str_eq_nocase(str_sub(origin, 2, origin.len), host);
}

int origin_check(const struct http_request *r, struct err *e)
{
    struct str host = http_header(r, "Host"), origin = http_header(r, "Origin"), site = http_header(r, "Sec-Fetch-Site");
    if (host.p && !str_eq(r->peer, STR("unix")) && is_from_browser(r) && !is_here(host))
        return err_set(e, ERR_MISDIRECTED,
                       "the Host header must be localhost, 127.x.x.x or [::1], not \"%.*s\"; a proxy in front must set it",
                       (int)(host.len > 100 ? 100 : host.len), host.p);
    if (!may_change(r)) return 0;
    if (origin.p && !is_same_origin(origin, host))
        return err_set(e, ERR_FORBIDDEN, "a web page of another origin (%.*s) may not change anything here, nor open a WebSocket",
                       (int)(origin.len > 100 ? 100 : origin.len), origin.p);
    if (str_eq_nocase(site, STR("cross-site")))
        return err_set(e, ERR_FORBIDDEN, "a web page of another site may not change anything here");
    return 0;
}
