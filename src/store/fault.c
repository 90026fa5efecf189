/* SPDX-License-Identifier: Apache-2.0
 *
 * A request on which something was chosen sits in a struct of its own, with a timer, until it is answered. A close waits
 * for these before the inner store is closed.
 */
#include "store/fault.h"

#include "base/err.h"
#include "base/mem.h"
#include "store/wrap.h"

#include <stdlib.h>

struct fault {
    struct wrap wrap; /* first: freed by wrap_close */
    struct fault_conf conf;
    size_t n_late;    /* requests on which something was chosen and that are not answered yet */
    bool waits;       /* a close waits for them */
    bool closing;     /* the inner store is: nothing goes wrong any more */
};

struct late { /* one of them */
    struct timer timer;
    struct fault *fault;
    struct store_req *req;
    struct fault_choice choice;
    void *inside; /* of the request, as it was */
    void (*on_done)(struct store_req *r);
};

static void begin_close(struct fault *f)
{
    f->waits = false;
    f->closing = true;
    wrap_close(&f->wrap.store, f->wrap.on_closed, f->wrap.closed_user);
}

static void answer(struct late *l)
{
    struct fault *f = l->fault;
    struct store_req *r = l->req;
    free(l);
    r->on_done(r); /* may submit more */
    if (--f->n_late == 0 && f->waits) begin_close(f);
}

static void on_answer_due(struct timer *t)
{
    answer(CONTAINER_OF(t, struct late, timer));
}

static void on_inner_done(struct store_req *r)
{
    struct late *l = r->inside;
    r->inside = l->inside;
    r->on_done = l->on_done;
    if (l->choice.after_ms > 0)
        turn_timer(l->fault->wrap.store.turn, &l->timer, l->choice.after_ms, on_answer_due);
    else
        answer(l);
}

static void on_due(struct timer *t)
{
    struct late *l = CONTAINER_OF(t, struct late, timer);
    struct store_req *r = l->req;
    if (l->choice.err) {
        r->err = l->choice.err;
        answer(l);
        return;
    }
    l->inside = r->inside;
    l->on_done = r->on_done;
    r->inside = l;
    r->on_done = on_inner_done;
    wrap_pass(&l->fault->wrap, r);
}

static void submit(struct store *s, struct store_req *r)
{
    struct fault *f = CONTAINER_OF(s, struct fault, wrap.store);
    struct fault_choice choice = {.err = 0};
    if (!f->closing) choice = f->conf.choose(f->conf.user, r);
    if (!choice.err && choice.before_ms <= 0 && choice.after_ms <= 0) {
        wrap_pass(&f->wrap, r);
        return;
    }
    struct late *l = mem_new(sizeof *l);
    *l = (struct late){.fault = f, .req = r, .choice = choice};
    f->n_late++;
    turn_timer(s->turn, &l->timer, choice.before_ms, on_due);
}

static void close_fault(struct store *s, void (*on_closed)(void *user), void *user)
{
    struct fault *f = CONTAINER_OF(s, struct fault, wrap.store);
    f->wrap.on_closed = on_closed;
    f->wrap.closed_user = user;
    f->waits = true;
    if (f->n_late == 0) begin_close(f);
}

static const struct store_engine engine = {.name = "fault", .submit = submit, .close = close_fault};

struct store *fault_open(struct store *inner, const struct fault_conf *conf)
{
    struct fault *f = mem_new(sizeof *f);
    wrap_init(&f->wrap, &engine, inner);
    f->conf = *conf;
    return &f->wrap.store;
}

struct fault_choice fault_by_rates(void *rates, const struct store_req *r)
{
    (void)r;
    struct fault_rates *f = rates;
    struct fault_choice c = {.err = 0};
    uint64_t dice = rng_below(f->rng, 1000);
    if (dice < f->store) c.err = ERR_STORE;
    else if (dice < f->store + f->full) c.err = ERR_FULL;
    if (rng_below(f->rng, 1000) < f->before) c.before_ms = (int64_t)rng_below(f->rng, (uint64_t)f->late_ms + 1);
    if (rng_below(f->rng, 1000) < f->after) c.after_ms = (int64_t)rng_below(f->rng, (uint64_t)f->late_ms + 1);
    return c;
}
