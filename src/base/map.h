/* SPDX-License-Identifier: Apache-2.0
 *
 * Hash map from bytes to a pointer, open addressing. Keys are borrowed from the values: the bytes must
 * stay put while the entry is in the map. The hash is SipHash-1-3 keyed once per process (map_seed), so
 * hostile keys cannot pile up; a fixed seed makes a run repeatable.
 */
#ifndef BASE_MAP_H
#define BASE_MAP_H

#include "base/str.h"

struct map_entry {
    struct str key; /* borrowed; p NULL: free */
    void *value;    /* borrowed */
    uint64_t hash;
};

struct map {
    struct map_entry *entries; /* owned */
    size_t n, cap;             /* cap is 0 or a power of two */
};

void map_seed(uint64_t k0, uint64_t k1);
uint64_t map_hash(struct str key);
void map_init(struct map *m);
void map_release(struct map *m); /* accepts a zeroed map */
void *map_get(const struct map *m, struct str key);             /* NULL when absent */
void *map_put(struct map *m, struct str key, void *value);      /* value not NULL; returns the replaced value or NULL */
void *map_remove(struct map *m, struct str key);                /* returns the removed value or NULL */
/* Iterates in no particular order: start with *at = 0; NULL at the end. No put or remove meanwhile. */
struct map_entry *map_next(const struct map *m, size_t *at);

#endif
