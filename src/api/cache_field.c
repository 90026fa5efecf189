/* SPDX-License-Identifier: Apache-2.0
 *
 * One row per member.
 */
#include "api/cache_field.h"

#include "base/limits.h"

static int read_ttl(const struct members *m, void *to, const struct json_node *v, const char *pointer)
{
    return members_int(m, v, pointer, 1, LIMIT_CACHE_MS, &((struct cache_field *)to)->ttl_ms);
}

static int read_version(const struct members *m, void *to, const struct json_node *v, const char *pointer)
{
    return members_text(m, v, pointer, LIMIT_CACHE_VERSION, &((struct cache_field *)to)->version);
}

static int read_bypass(const struct members *m, void *to, const struct json_node *v, const char *pointer)
{
    return members_bool(m, v, pointer, &((struct cache_field *)to)->bypass);
}

static const struct member members[] = {
    {"ttl_ms", read_ttl}, {"version", read_version}, {"bypass", read_bypass}, {NULL, NULL}};

int cache_field_read(const struct members *m, const struct json_node *v, const char *pointer, struct cache_field *ret)
{
    *ret = (struct cache_field){.ttl_ms = 0};
    if (v->kind == JSON_NULL) return 0;
    if (v->kind != JSON_OBJECT) return members_expected(m, v, pointer, "an object like {\"ttl_ms\":3600000}, or null");
    int err = members_read(m, members, v, pointer, ret);
    if (err || ret->ttl_ms) return err;
    return err_set_at(m->e, ERR_INVALID, pointer, "ttl_ms is missing: for how long may the result answer others?");
}
