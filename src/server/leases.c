/* SPDX-License-Identifier: Apache-2.0
 *
 * See leases.h.
 */
#include "server/leases.h"

#include "base/mem.h"
#include "server/server.h"

#include <stdlib.h>

#define ASKING_MOST 16 /* tasks read at a time: each may have 16 MiB of input */
#define AGAIN_MS 1000

struct lease {
    struct list link;
    struct server *server;
    uint64_t fence;
    struct store_get get;
};

static void ask_more(struct server *s);

void leases_init(struct leases *l)
{
    *l = (struct leases){0};
    list_init(&l->waiting);
}

void leases_release(struct leases *l)
{
    for (struct list *one; (one = list_shift(&l->waiting));) free(CONTAINER_OF(one, struct lease, link));
}

bool leases_are_known(const struct leases *l) { return l->asking == 0 && list_empty(&l->waiting); }

static void on_again(struct timer *t) { ask_more(CONTAINER_OF(t, struct server, leases.again)); }

static void on_got(struct store_req *req)
{
    struct lease *one = req->user;
    struct server *s = one->server;
    const struct task *t = &one->get.task;
    s->leases.asking--;
    if (req->err && !s->draining) {
        store_release(req);
        list_push(&s->leases.waiting, &one->link);
        turn_timer(s->turn, &s->leases.again, AGAIN_MS, on_again);
        return;
    }
    bool runs = !req->err && !one->get.found && t->life.state == TASK_RUNNING && t->life.fence == one->fence;
    if (runs && !s->draining) run_resume(s, t, &req->arena);
    store_release(req);
    free(one);
    if (!timer_is_set(&s->leases.again)) ask_more(s);
    server_serve_step(s);
    server_drain_step(s);
}

static void ask_more(struct server *s)
{
    while (s->store && s->leases.asking < ASKING_MOST) {
        struct list *first = list_shift(&s->leases.waiting);
        if (!first) return;
        struct lease *one = CONTAINER_OF(first, struct lease, link);
        struct id id = one->get.id;
        one->get = (struct store_get){.id = id, .input_max = LIMIT_INPUT, .step_results = true};
        s->leases.asking++;
        store_get(s->store, &one->get, on_got, one);
    }
}

void leases_told(struct server *s, const struct store_leased *leased, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct lease *one = mem_new(sizeof *one);
        *one = (struct lease){.server = s, .fence = leased[i].fence, .get.id = leased[i].id};
        list_push(&s->leases.waiting, &one->link);
    }
    log_info("%zu attempts of an earlier server are with pullers, who go on with them", n);
    ask_more(s);
}

void leases_begin(struct server *s) { ask_more(s); }

void leases_stop(struct server *s)
{
    turn_timer_stop(s->turn, &s->leases.again);
    leases_release(&s->leases);
}
