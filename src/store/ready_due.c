/* SPDX-License-Identifier: Apache-2.0
 *
 * A binary heap of entry numbers; each entry remembers its place.
 */
#include "store/ready_due.h"

#include "base/mem.h"

#include <assert.h>

static bool earlier(const struct ready *r, uint32_t a, uint32_t b)
{
    int64_t x = life_next_ms(&r->entries[a].life), y = life_next_ms(&r->entries[b].life);
    return x != y ? x < y : id_cmp(&r->entries[a].id, &r->entries[b].id) < 0;
}

static void place(struct ready *r, uint32_t at, uint32_t entry)
{
    r->due[at] = entry;
    r->entries[entry].due_place = at + 1;
}

static void up(struct ready *r, uint32_t at)
{
    uint32_t entry = r->due[at];
    while (at > 0 && earlier(r, entry, r->due[(at - 1) / 2])) {
        place(r, at, r->due[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
    place(r, at, entry);
}

static void down(struct ready *r, uint32_t at)
{
    uint32_t entry = r->due[at];
    for (;;) {
        uint32_t child = 2 * at + 1;
        if (child >= r->n_due) break;
        if (child + 1 < r->n_due && earlier(r, r->due[child + 1], r->due[child])) child++;
        if (!earlier(r, r->due[child], entry)) break;
        place(r, at, r->due[child]);
        at = child;
    }
    place(r, at, entry);
}

void ready_due_add(struct ready *r, uint32_t entry)
{
    if (r->n_due == r->cap_due) {
        r->cap_due = r->cap_due ? r->cap_due * 2 : 64;
        r->due = mem_grow(r->due, r->cap_due * sizeof *r->due);
    }
    r->due[r->n_due++] = entry;
    up(r, r->n_due - 1);
}

void ready_due_remove(struct ready *r, uint32_t entry)
{
    uint32_t at = r->entries[entry].due_place - 1;
    assert(r->due[at] == entry);
    r->entries[entry].due_place = 0;
    uint32_t last = r->due[--r->n_due];
    if (last == entry) return;
    place(r, at, last);
    up(r, at);
    down(r, r->entries[last].due_place - 1);
}
