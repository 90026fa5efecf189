/* SPDX-License-Identifier: Apache-2.0
 *
 * Names and addresses: RFC 1123 section 2.1, RFC 5321 section 4.1.2, RFC 2673 section 3.2, RFC 4291 section 2.2.
 */
#include "schema/format.h"

#include <arpa/inet.h>

static bool is_word(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }

static bool is_label(struct str s)
{
    if (s.len == 0 || s.len > 63 || s.p[0] == '-' || s.p[s.len - 1] == '-') return false;
    for (size_t i = 0; i < s.len; i++)
        if (!is_word(s.p[i]) && s.p[i] != '-') return false;
    return true;
}

bool format_is_hostname(struct str s)
{
    if (s.len == 0 || s.len > 253) return false;
    while (str_find(s, '.') < s.len) {
        struct str label = str_cut(&s, '.');
        if (!is_label(label)) return false;
    }
    return is_label(s);
}

static bool is_address(int family, struct str s)
{
    char text[INET6_ADDRSTRLEN + 1];
    unsigned char address[16];
    return s.len > 0 && !memchr(s.p, '\0', s.len) && str_copy(text, sizeof text, s) && inet_pton(family, text, address) == 1;
}

bool format_is_ipv4(struct str s) { return is_address(AF_INET, s); }

bool format_is_ipv6(struct str s) { return is_address(AF_INET6, s); }

static bool is_atom(struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (!is_word(s.p[i]) && !(s.p[i] && strchr("!#$%&'*+-/=?^_`{|}~", s.p[i]))) return false;
    return s.len > 0;
}

static bool is_atoms(struct str s)
{
    while (str_find(s, '.') < s.len) {
        struct str atom = str_cut(&s, '.');
        if (!is_atom(atom)) return false;
    }
    return is_atom(s);
}

static bool is_quoted(struct str s)
{
    if (s.len < 2 || s.p[0] != '"' || s.p[s.len - 1] != '"') return false;
    s = str_sub(s, 1, s.len - 2);
    for (size_t i = 0; i < s.len; i++) {
        bool escaped = s.p[i] == '\\';
        if (escaped && ++i == s.len) return false;
        if (s.p[i] < ' ' || s.p[i] > '~' || (s.p[i] == '"' && !escaped)) return false;
    }
    return true;
}

static bool is_literal(struct str s)
{
    if (s.len < 2 || s.p[0] != '[' || s.p[s.len - 1] != ']') return false;
    s = str_sub(s, 1, s.len - 2);
    if (s.len > 5 && str_eq_nocase(str_sub(s, 0, 5), STR("IPv6:"))) return format_is_ipv6(str_sub(s, 5, s.len));
    return format_is_ipv4(s);
}

bool format_is_email(struct str s)
{
    size_t at = s.len;
    while (at > 0 && s.p[at - 1] != '@') at--;
    if (at < 2) return false;
    struct str local = str_sub(s, 0, at - 1), domain = str_sub(s, at, s.len);
    return local.len <= 64 && (is_atoms(local) || is_quoted(local)) && (format_is_hostname(domain) || is_literal(domain));
}
