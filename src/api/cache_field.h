/* SPDX-License-Identifier: Apache-2.0
 *
 * `cache` of a submit: {ttl_ms, version, bypass}; null is as if it were not said.
 */
#ifndef API_CACHE_FIELD_H
#define API_CACHE_FIELD_H

#include "api/members.h"

struct cache_field {
    int64_t ttl_ms;     /* 1..LIMIT_CACHE_MS; 0: none is wanted */
    struct str version; /* at most LIMIT_CACHE_VERSION bytes; p NULL: "" */
    bool bypass;
};

int cache_field_read(const struct members *m, const struct json_node *v, const char *pointer, struct cache_field *ret) MUST_USE;

#endif
