/* SPDX-License-Identifier: Apache-2.0
 *
 * See config_copy.h.
 */
#include "server/config_copy.h"
#include "server/config_amounts.h"
#include <assert.h>

enum shape { SHAPE_PLAIN, SHAPE_TEXT, SHAPE_LIST, SHAPE_AMOUNTS, SHAPE_NESTED, SHAPE_SECTIONS };

static enum shape shape_of(enum config_kind kind)
{
    switch (kind) {
    case KIND_PATH:
    case KIND_STORE:
    case KIND_POINTER:
    case KIND_URL:
    case KIND_TEXT:
    case KIND_TYPE:
    case KIND_JSON:
    case KIND_MAPPING:
    case KIND_SCHEMA:
    case KIND_QUEUE:
    case KIND_WORKER: return SHAPE_TEXT;
    case KIND_ADDRESSES:
    case KIND_WORDS:
    case KIND_PATHS:
    case KIND_COMMAND:
    case KIND_ENV:
    case KIND_SECRETS: return SHAPE_LIST;
    case KIND_AMOUNTS: return SHAPE_AMOUNTS;
    case KIND_DURATION:
    case KIND_INT:
    case KIND_SIZE:
    case KIND_RATE:
    case KIND_BOOL:
    case KIND_USER:
    case KIND_CHOICE: return SHAPE_PLAIN;
    case KIND_SECTION:
    case KIND_NAMED: return SHAPE_NESTED;
    case KIND_LIST: return SHAPE_SECTIONS;
    }
    return SHAPE_PLAIN;
}

static const void *pointer_at(const void *base, const struct config_key *k)
{
    const void *p;
    memcpy(&p, (const char *)base + k->offset, sizeof p);
    return p;
}

static const char *const *copy_list(struct arena *a, const char *const *list)
{
    size_t n = 0;
    while (list[n]) n++;
    const char **copy = arena_alloc(a, (n + 1) * sizeof *copy);
    for (size_t i = 0; i < n; i++) copy[i] = arena_text(a, str_of(list[i]));
    return copy;
}

static size_t count_at(const void *base, const struct config_key *k)
{
    size_t n;
    memcpy(&n, (const char *)base + k->count, sizeof n);
    return n;
}

static void *copy_sections(struct arena *a, const struct config_key *k, const void *base)
{
    size_t n = count_at(base, k), size = k->section->size;
    char *copy = arena_alloc(a, n * size + 1);
    memcpy(copy, pointer_at(base, k), n * size);
    for (size_t i = 0; i < n; i++) config_copy_deep(a, k->section, copy + i * size);
    return copy;
}

static bool same_sections(const struct config_key *k, const void *a, const void *b)
{
    size_t n = count_at(a, k), size = k->section->size;
    const char *left = pointer_at(a, k), *right = pointer_at(b, k);
    if (n != count_at(b, k)) return false;
    for (size_t i = 0; i < n; i++)
        if (!config_copy_same(k->section, left + i * size, right + i * size, NULL)) return false;
    return true;
}

void config_copy_deep(struct arena *a, const struct config_section *s, void *base)
{
    for (size_t i = 0; i < s->n; i++) {
        const struct config_key *k = &s->keys[i];
        enum shape shape = shape_of(k->kind);
        assert(k->kind != KIND_NAMED);
        if (shape == SHAPE_NESTED) config_copy_deep(a, k->section, (char *)base + k->offset);
        const void *p = shape == SHAPE_PLAIN || shape == SHAPE_NESTED ? NULL : pointer_at(base, k);
        if (!p) continue;
        p = shape == SHAPE_TEXT      ? (const void *)arena_text(a, str_of(p))
            : shape == SHAPE_AMOUNTS ? (const void *)config_amounts_copy(a, p)
            : shape == SHAPE_SECTIONS ? copy_sections(a, k, base)
                                     : (const void *)copy_list(a, p);
        memcpy((char *)base + k->offset, &p, sizeof p);
    }
}

static bool same_list(const char *const *a, const char *const *b)
{
    while (*a && *b && strcmp(*a, *b) == 0) a++, b++;
    return !*a && !*b;
}

bool config_copy_same_key(const struct config_key *k, const void *a, const void *b)
{
    enum shape shape = shape_of(k->kind);
    if (shape == SHAPE_NESTED) {
        const void *left = (const char *)a + k->offset, *right = (const char *)b + k->offset;
        return k->kind == KIND_SECTION &&
               config_table_is_there(k->section, left) == config_table_is_there(k->section, right) &&
               config_copy_same(k->section, left, right, NULL);
    }
    if (shape == SHAPE_PLAIN) return memcmp((const char *)a + k->offset, (const char *)b + k->offset, k->size) == 0;
    if (shape == SHAPE_SECTIONS) return same_sections(k, a, b);
    const void *left = pointer_at(a, k), *right = pointer_at(b, k);
    if (!left || !right) return left == right;
    if (shape == SHAPE_AMOUNTS) return config_amounts_same(left, right);
    return shape == SHAPE_TEXT ? strcmp(left, right) == 0 : same_list(left, right);
}

bool config_copy_same(const struct config_section *s, const void *a, const void *b, const char *only)
{
    for (size_t i = 0; i < s->n; i++) {
        const struct config_key *k = &s->keys[i];
        bool asked = !only || strcmp(k->key, only) == 0 || (k->needs && strcmp(k->needs, only) == 0);
        if (asked && !config_copy_same_key(k, a, b)) return false;
    }
    return true;
}
