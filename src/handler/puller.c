/* SPDX-License-Identifier: Apache-2.0
 *
 * See puller.h.
 */
#include "handler/puller.h"

#include "base/limits.h"
#include "base/mem.h"
#include "handler/pull_pattern.h"

#include <assert.h>
#include <stdlib.h>

void puller_open_all(struct pullers *p, struct turn *turn)
{
    *p = (struct pullers){.turn = turn};
    map_init(&p->by_name);
    list_init(&p->all);
}

static void forget_types(struct puller *p)
{
    for (size_t i = 0; i < p->n_types; i++) free((char *)p->types[i].p);
    free(p->types);
    p->types = NULL;
    p->n_types = 0;
}

static void free_puller(struct puller *p)
{
    assert(p->n_claims == 0 && p->n_held == 0);
    turn_timer_stop(p->register_->turn, &p->forget);
    (void)map_remove(&p->register_->by_name, p->name);
    list_remove(&p->link);
    forget_types(p);
    free((char *)p->name.p);
    free((char *)p->host.p);
    free(p);
}

void puller_close_all(struct pullers *p)
{
    LIST_EACH_SAFE(l, &p->all) free_puller(CONTAINER_OF(l, struct puller, link));
    map_release(&p->by_name);
}

static void on_forget(struct timer *t) { free_puller(CONTAINER_OF(t, struct puller, forget)); }

/* Heard of now; forgotten in a while when nothing of it is here. */
static void look(struct puller *p)
{
    if (p->n_claims || p->n_held) turn_timer_stop(p->register_->turn, &p->forget);
    else turn_timer(p->register_->turn, &p->forget, PULLER_FORGET_MS, on_forget);
}

void puller_heard(struct puller *p) { p->seen_wall_ms = turn_wall_ms(p->register_->turn); }

/* The one of that name, made when it is new. */
static struct puller *called(struct pullers *all, struct str name)
{
    struct puller *p = map_get(&all->by_name, name);
    if (p) return p;
    p = mem_new(sizeof *p);
    *p = (struct puller){.register_ = all, .name = mem_str(name), .first_wall_ms = turn_wall_ms(all->turn)};
    (void)map_put(&all->by_name, p->name, p);
    list_push(&all->all, &p->link);
    return p;
}

struct puller *puller_unknown(struct pullers *all)
{
    struct puller *p = called(all, STR("(of an earlier server)"));
    puller_heard(p);
    return p;
}

int puller_claims(struct pullers *all, struct str name, struct str host, const struct str *types, size_t n_types,
                  struct puller **ret)
{
    if (!map_get(&all->by_name, name) && all->by_name.n >= LIMIT_PULLERS) return ERR_AGAIN;
    struct puller *p = called(all, name);
    forget_types(p);
    p->types = mem_new((n_types + 1) * sizeof *p->types);
    while (p->n_types < n_types) p->types[p->n_types] = mem_str(types[p->n_types]), p->n_types++;
    free((char *)p->host.p);
    p->host = mem_str(host);
    p->n_claims++;
    puller_heard(p);
    look(p);
    *ret = p;
    return 0;
}

void puller_claimed(struct puller *p)
{
    p->n_claims--;
    look(p);
}

void puller_takes(struct puller *p)
{
    p->n_held++;
    look(p);
}

void puller_took(struct puller *p)
{
    p->n_held--;
    look(p);
}

bool puller_asks_for(const struct puller *p, struct str pattern)
{
    for (size_t i = 0; i < p->n_types; i++)
        if (pull_pattern_meets(p->types[i], pattern)) return true;
    return false;
}
