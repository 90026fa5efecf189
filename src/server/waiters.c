/* SPDX-License-Identifier: Apache-2.0
 *
 * A list per task somebody waits for.
 */
#include "server/waiters.h"

#include "base/mem.h"

#include <stdlib.h>

struct waiter_line {
    struct id id;
    struct list waiting;
};

void waiters_init(struct waiters *w)
{
    map_init(&w->by_id);
}

void waiters_release(struct waiters *w)
{
    map_release(&w->by_id);
}

void waiters_join(struct waiters *w, struct waiter *one)
{
    struct waiter_line *line = map_get(&w->by_id, id_key(&one->id));
    if (!line) {
        line = mem_new(sizeof *line);
        line->id = one->id;
        list_init(&line->waiting);
        (void)map_put(&w->by_id, id_key(&line->id), line);
    }
    list_push(&line->waiting, &one->link);
    one->waiting = true;
}

static void drop(struct waiters *w, struct waiter_line *line)
{
    (void)map_remove(&w->by_id, id_key(&line->id));
    free(line);
}

void waiters_leave(struct waiters *w, struct waiter *one)
{
    if (!one->waiting) return;
    one->waiting = false;
    list_remove(&one->link);
    struct waiter_line *line = map_get(&w->by_id, id_key(&one->id));
    if (line && list_empty(&line->waiting)) drop(w, line);
}

void waiters_tell(struct waiters *w, const struct id *id)
{
    struct waiter_line *line = map_get(&w->by_id, id_key(id));
    if (!line) return;
    struct list told;
    list_init(&told);
    list_splice(&told, &line->waiting);
    drop(w, line);
    for (struct list *l; (l = list_shift(&told));) { /* the others wait still: they may leave while one is told */
        struct waiter *one = CONTAINER_OF(l, struct waiter, link);
        one->waiting = false;
        one->on_ended(one);
    }
}

void waiters_tell_all(struct waiters *w)
{
    size_t at = 0;
    for (struct map_entry *e; (e = map_next(&w->by_id, &at)); at = 0) {
        struct id id = ((struct waiter_line *)e->value)->id;
        waiters_tell(w, &id);
    }
}
