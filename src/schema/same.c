/* SPDX-License-Identifier: Apache-2.0
 *
 * Equal elements are found by their hashes, sorted; only those with equal ones are compared.
 */
#include "schema/same.h"

#include "base/map.h"
#include "base/mem.h"
#include "schema/exact.h"

#include <stdlib.h>

struct item {
    uint64_t hash;
    uint32_t place;
    const struct json_node *v;
};

static bool same_text(const struct json *ja, const struct json_node *a, const struct json *jb, const struct json_node *b)
{
    if (!a->escaped && !b->escaped) return str_eq(json_span(ja, a), json_span(jb, b));
    struct buf left, right;
    buf_init(&left, a->len + 1);
    buf_init(&right, b->len + 1);
    bool same = str_eq(json_string(ja, a, &left), json_string(jb, b, &right));
    buf_release(&left);
    buf_release(&right);
    return same;
}

static bool same_members(const struct json *ja, const struct json_node *a, const struct json *jb, const struct json_node *b,
                         struct steps *steps)
{
    struct buf key;
    bool same = a->count == b->count;
    buf_init(&key, a->len + 1);
    for (const struct json_node *v = json_first(a); v && same; v = json_next(a, v)) {
        buf_clear(&key);
        json_add_key(ja, v, &key);
        const struct json_node *w = steps_take(steps, 1 + b->count) ? json_member(jb, b, buf_str(&key)) : NULL;
        same = w && same_value(ja, v, jb, w, steps);
    }
    buf_release(&key);
    return same;
}

static bool same_elements(const struct json *ja, const struct json_node *a, const struct json *jb, const struct json_node *b,
                          struct steps *steps)
{
    if (a->count != b->count) return false;
    const struct json_node *w = json_first(b);
    for (const struct json_node *v = json_first(a); v && w; v = json_next(a, v), w = json_next(b, w))
        if (!same_value(ja, v, jb, w, steps)) return false;
    return true;
}

bool same_value(const struct json *ja, const struct json_node *a, const struct json *jb, const struct json_node *b,
                struct steps *steps)
{
    struct exact left, right;
    if (a->kind != b->kind || !steps_take(steps, 1 + (a->len < b->len ? a->len : b->len) / 16)) return false;
    switch (a->kind) {
    case JSON_NULL:
    case JSON_FALSE:
    case JSON_TRUE: return true;
    case JSON_NUMBER:
        exact_read(&left, json_span(ja, a));
        exact_read(&right, json_span(jb, b));
        return exact_compare(&left, &right) == 0;
    case JSON_STRING: return same_text(ja, a, jb, b);
    case JSON_ARRAY: return same_elements(ja, a, jb, b, steps);
    case JSON_OBJECT: return same_members(ja, a, jb, b, steps);
    }
    return false;
}

static uint64_t mix(uint64_t a, uint64_t b) { return (a ^ (b + UINT64_C(0x9e3779b97f4a7c15) + (a << 6) + (a >> 2))) * 31; }

static uint64_t hash_of(const struct json *j, const struct json_node *v, struct buf *scratch)
{
    uint64_t hash = (uint64_t)v->kind;
    struct exact number;
    if (v->kind == JSON_NUMBER) {
        exact_read(&number, json_span(j, v));
        return mix(hash, exact_hash(&number));
    }
    if (v->kind == JSON_STRING) {
        buf_clear(scratch);
        return mix(hash, map_hash(json_string(j, v, scratch)));
    }
    for (const struct json_node *c = json_first(v); c; c = json_next(v, c)) {
        uint64_t inside = hash_of(j, c, scratch);
        buf_clear(scratch);
        if (v->kind == JSON_OBJECT) json_add_key(j, c, scratch);
        hash = v->kind == JSON_ARRAY ? mix(hash, inside) : hash + mix(map_hash(buf_str(scratch)), inside);
    }
    return hash;
}

static int by_hash(const void *a, const void *b)
{
    const struct item *left = a, *right = b;
    if (left->hash != right->hash) return left->hash < right->hash ? -1 : 1;
    return left->place < right->place ? -1 : 1;
}

/* Of those with the same hash as the first one; they are in order of their places. */
static bool find_among(const struct json *j, const struct item *items, uint32_t n, struct steps *steps, uint32_t ret_places[2])
{
    for (uint32_t i = 1; i < n && items[i].hash == items[0].hash && !steps_spent(steps); i++) {
        if (!same_value(j, items[0].v, j, items[i].v, steps)) continue;
        ret_places[0] = items[0].place;
        ret_places[1] = items[i].place;
        return true;
    }
    return false;
}

bool same_twice(const struct json *j, const struct json_node *array, struct steps *steps, uint32_t ret_places[2])
{
    uint32_t n = 0;
    bool found = false;
    if (array->count < 2 || !steps_take(steps, array->skip * UINT64_C(8) + array->len / 8)) return false;
    struct item *items = mem_new(array->count * sizeof *items);
    struct buf scratch;
    buf_init(&scratch, array->len + 1);
    for (const struct json_node *v = json_first(array); v; v = json_next(array, v), n++)
        items[n] = (struct item){hash_of(j, v, &scratch), n, v};
    buf_release(&scratch);
    qsort(items, n, sizeof *items, by_hash);
    for (uint32_t i = 0; i < n && !found; i++) found = find_among(j, items + i, n - i, steps, ret_places);
    free(items);
    return found && !steps_spent(steps);
}
