/* SPDX-License-Identifier: Apache-2.0
 *
 * Every piece has a header in front of it with its size; its link is in pool.large when the piece came from malloc and
 * unlinked (NULL) when it lies in the pool. What lies in the pool is not reclaimed before the end: yajl holds half a
 * dozen pieces, and the one that grows doubles.
 */
#include "base/json_pool.h"
#include "base/mem.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct piece {
    struct list link;
    size_t size;
    alignas(16) char bytes[];
};

static struct piece *piece_of(void *bytes) { return CONTAINER_OF(bytes, struct piece, bytes); }

void *json_pool_malloc(void *pool, size_t size)
{
    struct json_pool *p = pool;
    if (size > SIZE_MAX / 2) longjmp(p->out, 1);
    size_t need = (sizeof(struct piece) + size + 15) & ~(size_t)15;
    struct piece *piece;
    if (need <= sizeof p->first - p->used) {
        piece = (struct piece *)(void *)(p->first + p->used);
        p->used += need;
        piece->link = (struct list){0};
    } else {
        piece = mem_try(NULL, need);
        if (!piece) longjmp(p->out, 1);
        list_push(&p->large, &piece->link);
    }
    piece->size = size;
    return piece->bytes;
}

void json_pool_free(void *pool, void *bytes)
{
    (void)pool;
    if (!bytes || !piece_of(bytes)->link.next) return;
    list_remove(&piece_of(bytes)->link);
    free(piece_of(bytes));
}

void *json_pool_realloc(void *pool, void *bytes, size_t size)
{
    if (bytes && piece_of(bytes)->size >= size) return bytes;
    void *more = json_pool_malloc(pool, size);
    if (!bytes) return more;
    memcpy(more, bytes, piece_of(bytes)->size);
    json_pool_free(pool, bytes);
    return more;
}

void json_pool_init(struct json_pool *p)
{
    p->used = 0;
    list_init(&p->large);
}

void json_pool_release(struct json_pool *p)
{
    for (struct list *link; (link = list_shift(&p->large));) free(CONTAINER_OF(link, struct piece, link));
}
