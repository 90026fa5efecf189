/* SPDX-License-Identifier: Apache-2.0
 *
 * Queues and lanes of the index by name. There are LIMIT_LANES places; the place of a lane that nothing is left of is
 * given to a new one when there is no other.
 */
#include "store/ready_inside.h"

#include "base/limits.h"
#include "base/list.h"
#include "base/mem.h"

#include <assert.h>
#include <stdlib.h>

struct ready_name { /* "queue\0type\0batch key" */
    struct ready_name *next; /* in ready.retired */
    char text[];
};

static struct ready_name *name_of(const struct ready_lane *l)
{
    return CONTAINER_OF(l->queue_name.p, struct ready_name, text);
}

void ready_names_free(struct ready_name *names)
{
    while (names) {
        struct ready_name *next = names->next;
        free(names);
        names = next;
    }
}

struct ready_name *ready_retired(struct ready *r)
{
    struct ready_name *names = r->retired;
    r->retired = NULL;
    return names;
}

void ready_lane_release(struct ready *r)
{
    map_release(&r->lane_by_name);
    for (uint32_t i = 0; i < r->n_lanes; i++) free(name_of(&r->lanes[i]));
    ready_names_free(r->retired);
    for (uint32_t i = 0; i < r->n_queues; i++) free((char *)r->queues[i].name.p);
    free(r->lanes);
    free(r->queues);
    free(r->touched);
}

uint32_t ready_queue_of(struct ready *r, struct str name)
{
    for (uint32_t i = 0; i < r->n_queues; i++)
        if (str_eq(r->queues[i].name, name)) return i;
    if (r->n_queues == LIMIT_LANES) return READY_NONE;
    if (r->n_queues == r->cap_queues) {
        r->cap_queues = r->cap_queues ? r->cap_queues * 2 : 8;
        r->queues = mem_grow(r->queues, r->cap_queues * sizeof *r->queues);
    }
    r->queues[r->n_queues] = (struct ready_queue){.name = mem_str(name), .set = STORE_QUEUE_AS_CONFIGURED, .key_limit = READY_NONE};
    return r->n_queues++;
}

/* The place of a lane that nothing is left of, READY_NONE when all have something. */
static uint32_t give_up_one(struct ready *r)
{
    for (uint32_t i = 0; i < r->n_lanes; i++) {
        struct ready_lane *l = &r->lanes[i];
        if (l->live > 0 || l->number > UINT32_MAX - LIMIT_LANES || ready_in_journal(r, i)) continue;
        (void)map_remove(&r->lane_by_name, (struct str){l->queue_name.p, l->queue_name.len + l->type.len + l->batch_key.len + 2});
        name_of(l)->next = r->retired;
        r->retired = name_of(l);
        return i;
    }
    return READY_NONE;
}

static uint32_t new_place(struct ready *r)
{
    if (r->n_lanes == LIMIT_LANES) return give_up_one(r);
    if (r->n_lanes == r->cap_lanes) {
        r->cap_lanes = r->cap_lanes ? r->cap_lanes * 2 : 8;
        r->lanes = mem_grow(r->lanes, r->cap_lanes * sizeof *r->lanes);
        r->touched = mem_grow(r->touched, r->cap_lanes * sizeof *r->touched);
    }
    r->lanes[r->n_lanes] = (struct ready_lane){.number = r->n_lanes};
    return r->n_lanes++;
}

void ready_touch(struct ready *r, uint32_t lane)
{
    if (r->lanes[lane].touched) return;
    r->lanes[lane].touched = true;
    r->touched[r->n_touched++] = lane;
}

/* "queue\0type\0batch key" */
static struct str lane_name(char name[3 * LIMIT_NAME + 2], struct str queue, struct str type, struct str batch_key)
{
    assert(queue.len <= LIMIT_NAME && type.len <= LIMIT_NAME && batch_key.len <= LIMIT_NAME);
    memcpy(name, queue.p, queue.len);
    name[queue.len] = 0;
    memcpy(name + queue.len + 1, type.p, type.len);
    name[queue.len + 1 + type.len] = 0;
    if (batch_key.len) memcpy(name + queue.len + type.len + 2, batch_key.p, batch_key.len);
    return (struct str){name, queue.len + type.len + batch_key.len + 2};
}

uint32_t ready_lane_of(struct ready *r, struct str queue, struct str type, struct str batch_key)
{
    char name[3 * LIMIT_NAME + 2];
    struct str key = lane_name(name, queue, type, batch_key);
    uintptr_t found = (uintptr_t)map_get(&r->lane_by_name, key);
    if (found) return (uint32_t)(found - 1);
    uint32_t q = ready_queue_of(r, queue);
    uint32_t place = q == READY_NONE ? READY_NONE : new_place(r);
    if (place == READY_NONE) return READY_NONE;
    struct ready_name *kept = mem_new(sizeof *kept + key.len);
    memcpy(kept->text, name, key.len);
    struct ready_lane *l = &r->lanes[place];
    bool again = l->queue_name.p != NULL;
    *l = (struct ready_lane){.queue_name = {kept->text, queue.len}, .type = {kept->text + queue.len + 1, type.len},
                             .number = again ? l->number + LIMIT_LANES : place, .queue = q, .root = READY_NONE,
                             .touched = l->touched};
    if (batch_key.p) l->batch_key = (struct str){kept->text + queue.len + type.len + 2, batch_key.len};
    if (again) ready_touch(r, place); /* whoever knows the place must hear whose it is now, while the old names still stand */
    (void)map_put(&r->lane_by_name, (struct str){kept->text, key.len}, (void *)((uintptr_t)place + 1));
    return place;
}

uint32_t ready_lane_at(const struct ready *r, uint32_t number)
{
    uint32_t place = number % LIMIT_LANES;
    return place < r->n_lanes && r->lanes[place].number == number ? place : READY_NONE;
}

uint32_t ready_touched(struct ready *r)
{
    if (r->n_touched == 0) return READY_NONE;
    uint32_t lane = r->touched[--r->n_touched];
    r->lanes[lane].touched = false;
    return lane;
}
