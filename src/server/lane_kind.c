/* SPDX-License-Identifier: Apache-2.0
 *
 * Kinds by name, and where their lanes lie.
 */
#include "server/lane_kind.h"

#include "base/mem.h"
#include "server/lane.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* ---- lanes ---- */

struct lane *lane_kind_resting(struct heap_slot *slot) { return CONTAINER_OF(slot, struct lane, rest); }

struct lane *lane_kind_moving(struct list *link) { return CONTAINER_OF(link, struct lane, link); }

bool lane_kind_before(const struct lane *a, const struct lane *b)
{
    return a->head_rank != b->head_rank ? a->head_rank < b->head_rank : id_cmp(&a->head, &b->head) < 0;
}

static bool slot_comes_first(const struct heap_slot *a, const struct heap_slot *b)
{
    return lane_kind_before(CONTAINER_OF(a, const struct lane, rest), CONTAINER_OF(b, const struct lane, rest));
}

void lane_kind_leave(struct lane *l)
{
    heap_remove(&l->kind->resting, &l->rest);
    list_remove(&l->link);
}

void lane_kind_place(struct lane *l)
{
    bool moves = l->in_claim || l->planned > 0 || l->waiting > 0;
    if (l->gone) return;
    if (moves || l->ready == 0) heap_remove(&l->kind->resting, &l->rest);
    else if (l->rest.place) heap_move(&l->kind->resting, &l->rest);
    else heap_add(&l->kind->resting, &l->rest);
    if (!moves) list_remove(&l->link);
    else if (list_empty(&l->link)) list_push(&l->kind->moving, &l->link);
}

struct lane *lane_kind_first(const struct lane_kind *k)
{
    struct heap_slot *slot = heap_first(&k->resting);
    return slot ? lane_kind_resting(slot) : NULL;
}

/* ---- kinds ---- */

static struct str name_of(char *room, struct str queue, struct str type)
{
    memcpy(room, queue.p, queue.len);
    room[queue.len] = 0;
    memcpy(room + queue.len + 1, type.p, type.len);
    return (struct str){room, queue.len + 1 + type.len};
}

/* Beside others of its post, so that these can be counted in one go. */
static void insert(struct lane_kinds *all, struct lane_kind *k)
{
    size_t at = 0;
    all->all = mem_grow(all->all, (all->n + 1) * sizeof *all->all);
    while (at < all->n && all->all[at]->post != k->post) at++;
    memmove(all->all + at + 1, all->all + at, (all->n - at) * sizeof *all->all);
    all->all[at] = k;
    all->n++;
}

static void assign(struct lane_kind *k, const struct roster *roster)
{
    k->works = config_works(roster->conf.config, k->type);
    k->post = k->works.p ? roster_post(roster, k->works) : NULL;
}

struct lane_kind *lane_kind_hold(struct lane_kinds *all, struct queues *queues, const struct roster *roster,
                                 struct str queue, struct str type)
{
    char *room = mem_new(queue.len + 1 + type.len);
    struct str name = name_of(room, queue, type);
    struct lane_kind *k = map_get(&all->by_name, name);
    if (k) {
        free(room);
    } else {
        k = mem_new(sizeof *k);
        *k = (struct lane_kind){.name = name,
                                .type = str_sub(name, queue.len + 1, name.len),
                                .queue = queue_hold(queues, queue)};
        assign(k, roster);
        heap_init(&k->resting, slot_comes_first);
        list_init(&k->moving);
        (void)map_put(&all->by_name, k->name, k);
        insert(all, k);
    }
    k->lanes++;
    return k;
}

static void free_kind(struct lane_kind *k)
{
    assert(k->lanes == 0 && k->resting.n == 0 && list_empty(&k->moving));
    heap_release(&k->resting);
    free((char *)k->name.p);
    free(k);
}

void lane_kind_drop(struct lane_kinds *all, struct lane_kind *k)
{
    if (--k->lanes > 0) return;
    size_t at = 0;
    while (all->all[at] != k) at++;
    all->n--;
    memmove(all->all + at, all->all + at + 1, (all->n - at) * sizeof *all->all);
    (void)map_remove(&all->by_name, k->name);
    free_kind(k);
}

void lane_kind_repost(struct lane_kinds *all, const struct roster *roster)
{
    size_t n = all->n;
    struct lane_kind **old = all->all;
    *all = (struct lane_kinds){.by_name = all->by_name};
    for (size_t i = 0; i < n; i++) {
        assign(old[i], roster);
        insert(all, old[i]);
    }
    free(old);
}

void lane_kind_release(struct lane_kinds *all)
{
    assert(all->n == 0);
    map_release(&all->by_name);
    free(all->all);
}
