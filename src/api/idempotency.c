/* SPDX-License-Identifier: Apache-2.0
 *
 * The print is SHA-256 of the body's bytes: the same request is the same bytes.
 */
#include "api/idempotency.h"

#include "api/route_call.h"
#include "base/hash.h"

_Static_assert(STORE_PRINT == HASH_SHA256, "");

void idempotency_print(struct store_add_item *item, struct str key, struct str text)
{
    struct hash h;
    hash_init(&h);
    hash_add(&h, text);
    hash_end(&h, item->print);
    item->key = key;
}

/* Visible ASCII and blanks. */
static bool is_key(struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.p[i] < ' ' || s.p[i] > '~') return false;
    return s.len > 0 && s.len <= IDEMPOTENCY_KEY_MAX;
}

int idempotency_key(struct call *c, struct str *ret)
{
    struct str key = http_header(c->req, "Idempotency-Key");
    if (!key.p || is_key(key)) {
        *ret = key;
        return 0;
    }
    call_refuse(c, ERR_INVALID, "Idempotency-Key must be 1 to %d visible characters", IDEMPOTENCY_KEY_MAX);
    return ERR_INVALID;
}

int idempotency_begin(struct call *c, struct store_add_item *item)
{
    struct str key;
    int err = idempotency_key(c, &key);
    if (err || !key.p) return err;
    if (map_get(&c->api->busy_keys, key)) {
        call_refuse(c, ERR_KEY_BUSY, "%s", err_text(ERR_KEY_BUSY));
        return ERR_KEY_BUSY;
    }
    struct str asked = c->through && c->through->asked.p ? c->through->asked : c->req->body;
    if (c->through) /* its path and query are part of what is asked */
        asked = arena_format(&c->req->arena, "%.*s?%.*s\n%.*s", STR_ARG(c->req->path), STR_ARG(c->req->query), STR_ARG(asked));
    idempotency_print(item, arena_str(&c->req->arena, key), asked);
    (void)map_put(&c->api->busy_keys, item->key, c);
    return 0;
}

void idempotency_end(struct api *a, struct str key)
{
    (void)map_remove(&a->busy_keys, key);
}
