/* SPDX-License-Identifier: Apache-2.0
 *
 * The handler `exec`: a list of running processes. How many there may be is the queue's business, not decided here.
 */
#include "handler/exec.h"
#include "base/mem.h"
#include "handler/exec_poll.h"
#include "handler/exec_run.h"
#include "handler/rss.h"
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#define ROOM 1000000 /* the queue's concurrency is the limit */

struct exec {
    struct handler handler;
    struct spawner *spawner;
    const struct exec_conf *conf;
    struct list runs; /* of struct exec_item, linked in link */
    int64_t serial;
    bool draining;
    void (*on_drained)(void *user); /* NULL: not asked for, or called */
    void *drained_user;
    struct later drained;
};

static struct exec *exec_of(struct handler *h) { return CONTAINER_OF(h, struct exec, handler); }

static int room(struct handler *h) { return exec_of(h)->draining ? 0 : ROOM; }

static int ahead(struct handler *h)
{
    (void)h;
    return 0;
}

static int batch(struct handler *h)
{
    (void)h;
    return 1;
}

static bool empty(struct handler *h) { return room(h) > 0; }

static void want(struct handler *h, size_t waiting, int32_t priority)
{
    (void)h;
    (void)waiting, (void)priority; /* nothing is started ahead of a task */
}

static void on_later(struct later *l)
{
    struct exec *x = CONTAINER_OF(l, struct exec, drained);
    void (*on_drained)(void *user) = x->on_drained;
    x->on_drained = NULL;
    if (on_drained) on_drained(x->drained_user); /* may free the handler */
}

static void look_drained(struct exec *x)
{
    if (x->draining && list_empty(&x->runs)) turn_later(x->handler.turn, &x->drained, on_later);
}

static void on_over(struct exec_item *i) { look_drained(i->user); }

static int start(struct handler *h, struct attempt *const *one, size_t n, struct err *e)
{
    struct attempt *a = *one;
    assert(n == 1);
    (void)n;
    struct exec *x = exec_of(h);
    struct exec_item *i;
    a->inside = NULL;
    if (x->draining) return err_set(e, ERR_DRAINING, "no more of %s are started", x->conf->name);
    int rc = x->conf->poll.status ? exec_poll_start(&i, a, x->conf, h->turn, x->spawner, e)
                                  : exec_run_start(&i, a, x->conf, h->turn, x->spawner, e);
    if (rc != 0) return rc;
    i->user = x;
    i->on_over = on_over;
    i->serial = ++x->serial;
    list_push(&x->runs, &i->link);
    return 0;
}

static void stop(struct handler *h, struct attempt *a, enum stop_reason why)
{
    struct exec_item *i = a->inside;
    (void)h;
    if (i) i->stop(i, why);
}

static enum handler_wait waiting(struct handler *h, struct err *ret_detail)
{
    if (!exec_of(h)->draining) return HANDLER_READY;
    err_set(ret_detail, ERR_DRAINING, "no more of %s are started", exec_of(h)->conf->name);
    return HANDLER_BUSY;
}

#define EXEC_ID 256 /* a worker's id: the type and a number */

static struct str id_of(const struct exec *x, const struct exec_item *i, char id[EXEC_ID])
{
    int len = snprintf(id, EXEC_ID, "%s-%lld", x->conf->name, (long long)i->serial);
    return (struct str){id, len < EXEC_ID ? (size_t)len : EXEC_ID - 1};
}

static void each(struct handler *h, void (*f)(void *user, const struct worker_view *w), void *user)
{
    struct exec *x = exec_of(h);
    LIST_EACH(link, &x->runs)
    {
        const struct exec_item *i = CONTAINER_OF(link, struct exec_item, link);
        char id[EXEC_ID];
        struct worker_view view = {.id = id_of(x, i, id),
                                   .pool = str_of(x->conf->name),
                                   .state = i->stopping ? "stopping" : "busy",
                                   .state_since_ms = i->stopping ? 0 : i->started_wall_ms,
                                   .pid = i->child->pid,
                                   .started_at_ms = i->started_wall_ms,
                                   .rss_bytes = rss_of(i->child->pid),
                                   .open = (const struct attempt *const *)&i->attempt,
                                   .n_open = 1,
                                   .max_batch = 1,
                                   .concurrency = 1,
                                   .sandbox = &x->conf->sandbox};
        f(user, &view);
    }
}

/* A process of one task is ended by its task's cancel. */
static int control(struct handler *h, struct str worker_id, enum handler_verb verb, struct err *e)
{
    struct exec *x = exec_of(h);
    (void)verb;
    LIST_EACH(link, &x->runs)
    {
        const struct exec_item *i = CONTAINER_OF(link, struct exec_item, link);
        char id[EXEC_ID], task[ID_TEXT];
        if (!str_eq(id_of(x, i, id), worker_id)) continue;
        id_format(&i->attempt->task->id, task);
        return err_set(e, ERR_CONFLICT, "%s is the process of one task and ends with it: cancel the task, %s", id, task);
    }
    return err_set(e, ERR_NOT_FOUND, "%s has no such process", x->conf->name);
}

static void drain(struct handler *h, void (*on_drained)(void *user), void *user)
{
    struct exec *x = exec_of(h);
    assert(!x->draining);
    x->draining = true;
    x->on_drained = on_drained;
    x->drained_user = user;
    look_drained(x);
}

static void free_exec(struct handler *h)
{
    struct exec *x = exec_of(h);
    assert(list_empty(&x->runs));
    turn_later_cancel(&x->drained);
    free(x);
}

static const struct handler_ops ops = {room, ahead, batch, empty, want, start, stop, waiting, each, control, drain, free_exec};

int exec_new(struct handler **ret, struct turn *turn, struct spawner *spawner, const struct exec_conf *conf)
{
    struct exec *x = mem_new(sizeof *x);
    x->handler = (struct handler){.ops = &ops, .turn = turn};
    x->spawner = spawner;
    x->conf = conf;
    list_init(&x->runs);
    list_init(&x->drained.link);
    *ret = &x->handler;
    return 0;
}
