/* SPDX-License-Identifier: Apache-2.0
 *
 * Two maps: types by name, what was told by id.
 */
#include "server/eta.h"

#include "base/mem.h"

#include <math.h>
#include <stdlib.h>

struct eta_told {
    struct id id;
    int64_t told_at_ms, eta_at_ms;
    struct list link; /* in eta->in_order */
};

void eta_init(struct eta *e)
{
    map_init(&e->types);
    map_init(&e->told);
    list_init(&e->in_order);
    e->looks = 0;
}

void eta_release(struct eta *e)
{
    size_t at = 0;
    for (struct map_entry *entry; (entry = map_next(&e->types, &at));) {
        struct eta_type *t = entry->value;
        free((char *)t->name.p);
        free(t);
    }
    map_release(&e->types);
    at = 0;
    for (struct map_entry *entry; (entry = map_next(&e->told, &at));) free(entry->value);
    map_release(&e->told);
}

const struct eta_type *eta_type_of(const struct eta *e, struct str type) { return map_get(&e->types, type); }

static struct eta_type *make_type(struct eta *e, struct str type)
{
    struct eta_type *t = map_get(&e->types, type);
    if (t) return t;
    t = mem_new(sizeof *t);
    *t = (struct eta_type){.name = mem_str(type)};
    (void)map_put(&e->types, t->name, t);
    return t;
}

void eta_batch_over(struct eta *e, struct str type, int64_t ms, int32_t size) { eta_runs_add(&make_type(e, type)->busy, ms, size); }

void eta_done(struct eta *e, struct str type, int64_t ms, int32_t size) { eta_runs_add(&make_type(e, type)->done, ms, size); }

void eta_tried(struct eta *e, struct str type, bool again)
{
    struct eta_type *t = make_type(e, type);
    if (t->tried < ETA_RUNS) t->tried++;
    t->again += ((again ? 1 : 0) - t->again) / t->tried;
}

static void forget(struct eta *e, struct eta_told *t)
{
    (void)map_remove(&e->told, id_key(&t->id));
    list_remove(&t->link);
    free(t);
}

void eta_told(struct eta *e, const struct id *id, int64_t eta_at_ms, int64_t now_ms)
{
    if (map_get(&e->told, id_key(id))) return;
    if (e->told.n == ETA_TOLD_MOST) forget(e, CONTAINER_OF(e->in_order.next, struct eta_told, link));
    struct eta_told *t = mem_new(sizeof *t);
    *t = (struct eta_told){.id = *id, .told_at_ms = now_ms, .eta_at_ms = eta_at_ms};
    list_init(&t->link);
    list_push(&e->in_order, &t->link);
    (void)map_put(&e->told, id_key(&t->id), t);
}

bool eta_ended(struct eta *e, const struct id *id, int64_t now_ms, double *ret_ratio)
{
    struct eta_told *t = map_get(&e->told, id_key(id));
    if (!t) return false;
    int64_t took_ms = now_ms > t->told_at_ms ? now_ms - t->told_at_ms : 1;
    *ret_ratio = fabs((double)(t->eta_at_ms - now_ms)) / (double)took_ms;
    forget(e, t);
    return true;
}
