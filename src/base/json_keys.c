/* SPDX-License-Identifier: Apache-2.0
 *
 * Duplicate keys: two readers of one text that disagree on which of two members counts are a security hole, so such a
 * text is refused. Small objects, nearly all there are, compare each key with those before it; large ones put them into
 * a set under the keyed hash of map.h, so that a stranger cannot make half a million keys collide.
 */
#include "base/json_keys.h"
#include "base/json_unescape.h"
#include "base/map.h"
#include <stdlib.h>

#define FEW 16

static bool same_key(const struct json *j, const struct json_node *a, const struct json_node *b)
{
    struct str x = json_key(j, a), y = json_key(j, b);
    if (!a->key_escaped && !b->key_escaped) return str_eq(x, y);
    return json_unescape_eq(x, y);
}

/* One bit out of 64 for a key: keys with different bits differ, so most are known to be new without a comparison. An
 * escaped key may equal any other: it has all bits. */
static uint64_t mark_of(const struct json *j, const struct json_node *v)
{
    if (v->key_escaped) return UINT64_MAX;
    const char *key = j->text.p + v->key_start;
    uint32_t len = v->key_len;
    return UINT64_C(1) << (len ? (len + 5u * (unsigned char)key[0] + 11u * (unsigned char)key[len - 1]) & 63 : 0);
}

static const struct json_node *twice_of_few(const struct json *j, const struct json_node *object)
{
    uint64_t marks = 0;
    for (const struct json_node *v = json_first(object); v; v = json_next(object, v)) {
        uint64_t mark = mark_of(j, v);
        if (marks & mark)
            for (const struct json_node *seen = json_first(object); seen != v; seen = json_next(object, seen))
                if (same_key(j, seen, v)) return v;
        marks |= mark;
    }
    return NULL;
}

static int hash_of(const struct json *j, const struct json_node *v, struct buf *scratch, uint64_t *ret_hash)
{
    struct str key = json_key(j, v);
    if (v->key_escaped) {
        buf_clear(scratch);
        json_unescape_add(scratch, key);
        if (buf_err(scratch)) return buf_err(scratch);
        key = buf_str(scratch);
    }
    *ret_hash = map_hash(key);
    return 0;
}

/* `set`: zeroed, a power of two long and at most half full in the end; holds 0 or a node's distance from the object. */
static int twice_of_many(const struct json *j, const struct json_node *object, uint32_t *set, size_t cap,
                         const struct json_node **ret_twice)
{
    struct buf scratch;
    int rc = 0;
    buf_init(&scratch, j->text.len);
    for (const struct json_node *v = json_first(object); v && !*ret_twice; v = json_next(object, v)) {
        uint64_t hash;
        rc = hash_of(j, v, &scratch, &hash);
        if (rc) break;
        size_t i = hash & (cap - 1);
        for (; set[i] && !*ret_twice; i = (i + 1) & (cap - 1))
            if (same_key(j, object + set[i], v)) *ret_twice = v;
        if (!*ret_twice) set[i] = (uint32_t)(v - object);
    }
    buf_release(&scratch);
    return rc;
}

int json_keys_twice(const struct json *j, const struct json_node *object, const struct json_node **ret_twice)
{
    const struct json_node *twice = NULL;
    int rc = 0;
    if (object->count <= FEW) {
        twice = twice_of_few(j, object);
    } else {
        size_t cap = 4 * FEW;
        while (cap < 2 * (size_t)object->count) cap *= 2;
        uint32_t *set = calloc(cap, sizeof *set);
        if (!set) return ERR_NOMEM;
        rc = twice_of_many(j, object, set, cap, &twice);
        free(set);
    }
    if (rc == 0) *ret_twice = twice;
    return rc;
}
