/* SPDX-License-Identifier: Apache-2.0
 *
 * The table, and those that need no grammar of their own.
 */
#include "schema/format.h"

#include "base/text.h"
#include "schema/pattern.h"

static bool is_hex(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

/* RFC 4122 section 3 */
static bool is_uuid(struct str s)
{
    for (size_t i = 0; i < s.len; i++) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (dash ? s.p[i] != '-' : !is_hex(s.p[i])) return false;
    }
    return s.len == 36;
}

/* RFC 6901 section 3 */
static bool is_pointer(struct str s)
{
    if (s.len && s.p[0] != '/') return false;
    for (size_t i = 0; i < s.len; i++) {
        bool more = i + 1 < s.len;
        if (s.p[i] == '~' && !(more && (s.p[i + 1] == '0' || s.p[i + 1] == '1'))) return false;
    }
    return true;
}

static bool is_regex(struct str s)
{
    struct arena a;
    const struct pattern *p;
    arena_init(&a);
    bool good = pattern_compile(&p, &a, s, NULL) == 0;
    arena_release(&a);
    return good;
}

static const struct format formats[] = {
    {"date-time", "a time like 2026-11-21T20:00:00Z", format_is_date_time, 0},
    {"date", "a date like 2026-11-21", format_is_date, 0},
    {"time", "a time of day like 20:00:00Z", format_is_time, 0},
    {"duration", "a duration like PT90S or P1DT12H", format_is_duration, 0},
    {"email", "an email address", format_is_email, 0},
    {"hostname", "the name of a host", format_is_hostname, 0},
    {"ipv4", "an IPv4 address", format_is_ipv4, 0},
    {"ipv6", "an IPv6 address", format_is_ipv6, 0},
    {"uri", "a URI like https://example.com/a", format_is_uri, 0},
    {"uri-reference", "a URI or a part of one", format_is_uri_reference, 0},
    {"uuid", "a UUID", is_uuid, 0},
    {"json-pointer", "a JSON pointer like /a/0", is_pointer, 0},
    {"regex", "a regular expression (ECMA-262)", is_regex, 500},
};
#define FORMATS (sizeof formats / sizeof *formats)

const struct format *format_find(struct str name)
{
    for (size_t i = 0; i < FORMATS; i++)
        if (str_eq(name, str_of(formats[i].name))) return &formats[i];
    return NULL;
}

const char *format_nearest(struct str name)
{
    const char *names[FORMATS + 1] = {NULL};
    for (size_t i = 0; i < FORMATS; i++) names[i] = formats[i].name;
    return text_nearest(name, names);
}
