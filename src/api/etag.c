/* SPDX-License-Identifier: Apache-2.0
 *
 * The tag is sixteen hex digits in quotes.
 */
#include "api/etag.h"

#include <stdio.h>

void etag_of(struct str body, char etag[ETAG_TEXT])
{
    snprintf(etag, ETAG_TEXT, "\"%016llx\"", (unsigned long long)str_hash(body));
}

static bool is_among(struct str list, const char *etag, bool weakly)
{
    while (list.len) {
        struct str one = str_trim(str_cut(&list, ','));
        if (weakly && str_starts(one, STR("W/"))) one = str_sub(one, 2, one.len - 2);
        if (str_eq(one, str_of(etag)) || str_eq(one, STR("*"))) return true;
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
