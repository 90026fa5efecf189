/* SPDX-License-Identifier: Apache-2.0
 *
 * Hash map, open addressing with linear probing, at most three quarters full. Removal moves later entries of the run
 * back instead of leaving a mark, so a map that lives for weeks does not fill up with graves. Entries keep the hash they
 * were put with.
 */
#include "base/map.h"
#include "base/mem.h"
#include <stdlib.h>

void map_init(struct map *m) { *m = (struct map){0}; }

void map_release(struct map *m)
{
    free(m->entries);
    map_init(m);
}

/* The key's entry, or the free one where it would go. cap > 0. */
static struct map_entry *find(const struct map *m, struct str key, uint64_t hash)
{
    for (size_t i = hash & (m->cap - 1);; i = (i + 1) & (m->cap - 1)) {
        struct map_entry *entry = &m->entries[i];
        if (!entry->key.p || (entry->hash == hash && str_eq(entry->key, key))) return entry;
    }
}

static void grow(struct map *m)
{
    struct map old = *m;
    m->cap = old.cap ? old.cap * 2 : 16;
    m->entries = mem_new(m->cap * sizeof *m->entries);
    for (size_t i = 0; i < old.cap; i++)
        if (old.entries[i].key.p) *find(m, old.entries[i].key, old.entries[i].hash) = old.entries[i];
    free(old.entries);
}

void *map_get(const struct map *m, struct str key)
{
    if (m->n == 0) return NULL;
    return find(m, key, map_hash(key))->value;
}

void *map_put(struct map *m, struct str key, void *value)
{
    if (!value) abort();    /* NULL means absent */
    if (!key.p) key.p = ""; /* a NULL key would look free */
    if (m->n >= m->cap / 4 * 3) grow(m);
    uint64_t hash = map_hash(key);
    struct map_entry *entry = find(m, key, hash);
    void *before = entry->value;
    if (!entry->key.p) m->n++;
    *entry = (struct map_entry){key, value, hash};
    return before;
}

void *map_remove(struct map *m, struct str key)
{
    if (m->n == 0) return NULL;
    struct map_entry *entry = find(m, key, map_hash(key));
    if (!entry->key.p) return NULL;
    void *value = entry->value;
    size_t mask = m->cap - 1, hole = (size_t)(entry - m->entries);
    for (size_t i = (hole + 1) & mask; m->entries[i].key.p; i = (i + 1) & mask) {
        size_t home = m->entries[i].hash & mask;
        if (((i - home) & mask) < ((i - hole) & mask)) continue; /* its home lies behind the hole: it may stay */
        m->entries[hole] = m->entries[i];
        hole = i;
    }
    m->entries[hole] = (struct map_entry){0};
    m->n--;
    return value;
}

struct map_entry *map_next(const struct map *m, size_t *at)
{
    while (*at < m->cap) {
        struct map_entry *entry = &m->entries[(*at)++];
        if (entry->key.p) return entry;
    }
    return NULL;
}
