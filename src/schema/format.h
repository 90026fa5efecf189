/* SPDX-License-Identifier: Apache-2.0
 *
 * The formats of JSON Schema that are checked, each by the grammar it names (validation 2020-12, section 7.3). One that is
 * not here is unknown.
 */
#ifndef SCHEMA_FORMAT_H
#define SCHEMA_FORMAT_H

#include "base/str.h"

struct format {
    const char *name, *wanted; /* "date-time", "a time like 2026-11-21T20:00:00Z" */
    bool (*fits)(struct str text);
    uint32_t steps; /* that it takes besides */
};

const struct format *format_find(struct str name); /* NULL: unknown */
const char *format_nearest(struct str name);       /* of the known ones; NULL: none is near */

/* format_time.c, format_net.c, format_uri.c */
bool format_is_date(struct str s);
bool format_is_time(struct str s);
bool format_is_date_time(struct str s);
bool format_is_duration(struct str s);
bool format_is_hostname(struct str s);
bool format_is_email(struct str s);
bool format_is_ipv4(struct str s);
bool format_is_ipv6(struct str s);
bool format_is_uri(struct str s);
bool format_is_uri_reference(struct str s);

#endif
