/* SPDX-License-Identifier: Apache-2.0
 *
 * A request that is kept back sits in a struct of its own with a timer.
 */
#include "store/fault.h"

#include "base/err.h"
#include "base/mem.h"
#include "store/wrap.h"

#include <stdlib.h>

struct fault {
    struct wrap wrap; /* first: freed by wrap_close */
    struct fault_conf conf;
};

struct held {
    struct timer timer;
    struct fault *fault;
    struct store_req *req;
    struct fault_choice choice;
};

static void on_late_answer(struct timer *t)
{
    struct held *h = CONTAINER_OF(t, struct held, timer);
    struct store_req *r = h->req;
    free(h);
    r->on_done(r);
}

static void hold(struct fault *f, struct store_req *r, struct fault_choice choice, int64_t ms, void (*on_due)(struct timer *t))
{
    struct held *h = mem_new(sizeof *h);
    h->fault = f;
    h->req = r;
    h->choice = choice;
    turn_timer(f->wrap.store.turn, &h->timer, ms, on_due);
}

/* While the engine has a request whose answer will be kept back, this is its `inside`: what was chosen, what was there. */
struct slow {
    struct fault *fault;
    struct fault_choice choice;
    void *inside;
    void (*on_done)(struct store_req *r);
};

static void on_slow_done(struct store_req *r)
{
    struct slow s = *(struct slow *)r->inside;
    free(r->inside);
    r->inside = s.inside;
    r->on_done = s.on_done;
    hold(s.fault, r, s.choice, s.choice.after_ms, on_late_answer);
}

static void pass(struct fault *f, struct store_req *r, struct fault_choice choice)
{
    if (choice.after_ms > 0) {
        struct slow *s = mem_new(sizeof *s);
        *s = (struct slow){f, choice, r->inside, r->on_done};
        r->inside = s;
        r->on_done = on_slow_done;
    }
    wrap_pass(&f->wrap, r);
}

static void on_due(struct timer *t)
{
    struct held h = *CONTAINER_OF(t, struct held, timer);
    free(CONTAINER_OF(t, struct held, timer));
    if (!h.choice.err) {
        pass(h.fault, h.req, h.choice);
        return;
    }
    h.req->err = h.choice.err;
    h.req->on_done(h.req);
}

static void submit(struct store *s, struct store_req *r)
{
    struct fault *f = CONTAINER_OF(s, struct fault, wrap.store);
    struct fault_choice choice = f->conf.choose(f->conf.user, r);
    if (choice.err || choice.before_ms > 0)
        hold(f, r, choice, choice.before_ms, on_due);
    else
        pass(f, r, choice);
}

static const struct store_engine engine = {.name = "fault", .submit = submit, .close = wrap_close};

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
