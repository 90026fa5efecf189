/* SPDX-License-Identifier: Apache-2.0
 *
 * The tag is sixteen hex digits in quotes, with a place a dash and sixteen more.
 */
#include "api/etag.h"

#include <stdio.h>

void etag_of(struct str body, char etag[ETAG_TEXT])
{
    snprintf(etag, ETAG_TEXT, "\"%016llx\"", (unsigned long long)str_hash(body));
}

void etag_of_placed(struct str body, size_t from, size_t to, bool placed, char etag[ETAG_TEXT])
{
    uint64_t rest[2] = {str_hash(str_sub(body, 0, from)), str_hash(str_sub(body, to, body.len))};
    unsigned long long all = str_hash((struct str){(const char *)rest, sizeof rest});
    unsigned long long place = str_hash(str_sub(body, from, to - from));
    if (placed) snprintf(etag, ETAG_TEXT, "\"%016llx-%016llx\"", all, place);
    else snprintf(etag, ETAG_TEXT, "\"%016llx\"", all);
}

#define PLAIN 18 /* "sixteen digits" */

/* Are they the same but for their places? `etag` has none. */
static bool is_same_elsewhere(struct str one, const char *etag)
{
    return one.len == PLAIN + 17 && one.p[PLAIN - 1] == '-' && str_starts(str_of(etag), str_sub(one, 0, PLAIN - 1));
}

static bool is_among(struct str list, const char *etag, bool weakly)
{
    while (list.len) {
        struct str one = str_trim(str_cut(&list, ','));
        if (weakly && str_starts(one, STR("W/"))) one = str_sub(one, 2, one.len - 2);
        if (str_eq(one, str_of(etag)) || str_eq(one, STR("*"))) return true;
        if (!weakly && is_same_elsewhere(one, etag)) return true;
    }
    return false;
}

bool etag_is_known(const struct http_request *r, const char *etag)
{
    return is_among(http_header(r, "If-None-Match"), etag, true);
}

bool etag_is_wanted(const struct http_request *r, const char *etag)
{
    struct str wanted = http_header(r, "If-Match");
    return !wanted.p || is_among(wanted, etag, false);
}
