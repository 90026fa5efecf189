/* SPDX-License-Identifier: Apache-2.0
 *
 * Duplicate keys: two readers of one text that disagree on which of two members counts are a security hole, so such a
 * text is refused. Small objects, nearly all there are, compare each key with those before it; large ones put them into
 * a set under the keyed hash of map.h, so that a stranger cannot make half a million keys collide.
 *
 * A large set is larger than the processor's caches, and then waiting for memory is all that costs: so the slots of a
 * block of keys are asked for together, and a slot holds half of the hash, so that a key met on the way to a free slot
 * is told apart without a look at its text.
 */
#include "base/json_keys.h"
#include "base/buf.h"
#include "base/json_unescape.h"
#include "base/map.h"
#include "base/mem.h"
#include <stdlib.h>

#define FEW 16
#define BLOCK 32

struct set {
    uint64_t *slots; /* half of the hash << 32 | place + 1; 0: free */
    size_t cap;      /* a half more than there are keys */
};

void json_keys_init(struct json_keys *k, struct str text)
{
    k->text = text;
    k->spans = k->first;
    k->n = 0;
    k->cap = JSON_KEYS_FIRST;
}

void json_keys_release(struct json_keys *k)
{
    if (k->spans != k->first) free(k->spans);
    json_keys_init(k, k->text);
}

static int grow(struct json_keys *k)
{
    bool on_heap = k->spans != k->first;
    size_t cap = 2 * (size_t)k->cap; /* a key takes three bytes of the text: this cannot overflow */
    struct json_key_span *spans = mem_try(on_heap ? k->spans : NULL, cap * sizeof *spans);
    if (!spans) return ERR_NOMEM;
    if (!on_heap) memcpy(spans, k->first, sizeof k->first);
    k->spans = spans;
    k->cap = (uint32_t)cap;
    return 0;
}

int json_keys_push(struct json_keys *k, struct str key, bool escaped)
{
    if (k->n == k->cap && grow(k)) return ERR_NOMEM;
    k->spans[k->n++] = (struct json_key_span){(uint32_t)(key.p - k->text.p), (uint32_t)key.len, escaped};
    return 0;
}

static bool same_key(const struct json_keys *k, uint32_t a, uint32_t b)
{
    struct str x = json_keys_raw(k, a), y = json_keys_raw(k, b);
    if (!k->spans[a].escaped && !k->spans[b].escaped) return str_eq(x, y);
    return json_unescape_eq(x, y);
}

/* One bit out of 64 for a key: keys with different bits differ, so most are known to be new without a comparison. An
 * escaped key may equal any other: it has all bits. */
static uint64_t mark_of(const struct json_keys *k, uint32_t place)
{
    const struct json_key_span *v = &k->spans[place];
    if (v->escaped) return UINT64_MAX;
    const char *key = k->text.p + v->start;
    uint32_t len = v->len;
    return UINT64_C(1) << (len ? (len + 5u * (unsigned char)key[0] + 11u * (unsigned char)key[len - 1]) & 63 : 0);
}

static uint32_t twice_of_few(const struct json_keys *k, uint32_t from)
{
    uint64_t marks = 0;
    for (uint32_t at = from; at < k->n; at++) {
        uint64_t mark = mark_of(k, at);
        if (marks & mark)
            for (uint32_t seen = from; seen < at; seen++)
                if (same_key(k, seen, at)) return at;
        marks |= mark;
    }
    return k->n;
}

static int hash_of(const struct json_keys *k, uint32_t place, struct buf *scratch, uint64_t *ret_hash)
{
    struct str key = json_keys_raw(k, place);
    if (k->spans[place].escaped) {
        buf_clear(scratch);
        json_unescape_add(scratch, key);
        if (buf_err(scratch)) return buf_err(scratch);
        key = buf_str(scratch);
    }
    *ret_hash = map_hash(key);
    return 0;
}

/* The upper half of the hash says where to look first, the lower half stands in the slot. */
static size_t home(const struct set *s, uint64_t hash) { return (size_t)((hash >> 32) * s->cap >> 32); }

/* Puts a key into the set unless it is there. */
static bool put(const struct json_keys *k, struct set *s, uint32_t place, uint64_t hash)
{
    size_t i = home(s, hash);
    for (; s->slots[i]; i = i + 1 < s->cap ? i + 1 : 0)
        if (s->slots[i] >> 32 == (uint32_t)hash && same_key(k, (uint32_t)s->slots[i] - 1, place)) return false;
    s->slots[i] = hash << 32 | (place + 1);
    return true;
}

static int twice_of_many(const struct json_keys *k, uint32_t from, struct set *s, uint32_t *ret_twice)
{
    struct buf scratch;
    int rc = 0;
    uint32_t twice = k->n;
    buf_init(&scratch, k->text.len);
    for (uint32_t at = from; at < k->n && twice == k->n && rc == 0; at += BLOCK) {
        uint32_t n = k->n - at < BLOCK ? k->n - at : BLOCK;
        uint64_t hashes[BLOCK];
        for (uint32_t i = 0; i < n && rc == 0; i++) {
            rc = hash_of(k, at + i, &scratch, &hashes[i]);
            if (rc == 0) __builtin_prefetch(&s->slots[home(s, hashes[i])], 1);
        }
        for (uint32_t i = 0; i < n && rc == 0 && twice == k->n; i++)
            if (!put(k, s, at + i, hashes[i])) twice = at + i;
    }
    buf_release(&scratch);
    if (rc == 0) *ret_twice = twice;
    return rc;
}

int json_keys_twice(const struct json_keys *k, uint32_t from, uint32_t *ret_twice)
{
    size_t n = k->n - from;
    if (n <= FEW) {
        *ret_twice = n < 2 ? k->n : twice_of_few(k, from);
        return 0;
    }
    struct set s = {.cap = n + n / 2};
    s.slots = mem_try(NULL, s.cap * sizeof *s.slots);
    if (!s.slots) return ERR_NOMEM;
    memset(s.slots, 0, s.cap * sizeof *s.slots);
    int rc = twice_of_many(k, from, &s, ret_twice);
    free(s.slots);
    return rc;
}
