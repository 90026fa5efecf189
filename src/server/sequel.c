/* SPDX-License-Identifier: Apache-2.0
 *
 * Callbacks move the machine of sequel.h on.
 */
#include "server/sequel.h"

#include "base/log.h"
#include "server/server.h"

#define AGAIN_MS 1000

static void ask(struct sequel *q);

static void rest(struct sequel *q)
{
    q->state = SEQUEL_RESTING;
    if (q->more && !q->stopped) ask(q);
    else server_drain_step(q->server);
}

static void on_again(struct timer *t)
{
    struct sequel *q = CONTAINER_OF(t, struct sequel, again);
    q->more = true;
    rest(q);
}

static void put_off(struct sequel *q, struct store_req *r)
{
    log_warn("the store does not say, or take, what follows endings (%s); trying again", r->why ? r->why : err_text(r->err));
    store_release(&q->owed.req);
    q->state = SEQUEL_PAUSING;
    if (q->stopped) rest(q);
    else turn_timer(q->server->turn, &q->again, AGAIN_MS, on_again);
}

static void tell(struct sequel *q, const struct store_add_item *it)
{
    struct server *s = q->server;
    const struct task_body *b = it->body;
    char of[ID_TEXT];
    id_format(&q->add.paid, of);
    *(it->err ? &q->refused : &q->added) += 1;
    if (!it->err) server_added(s, it);
    else log_error("what was to follow task %s was not added: type %.*s: %s", of, STR_ARG(b->type), err_text(it->err));
    metrics_submitted(&s->metrics, b->queue, server_type_label(s, b->type), it->err != 0);
}

static void on_paid(struct store_req *req)
{
    struct sequel *q = req->user;
    store_release(req);
    if (req->err) {
        put_off(q, req);
        return;
    }
    for (size_t i = 0; i < q->add.n && !q->add.unowed; i++) tell(q, &q->add.items[i]);
    for (size_t i = 0; i < q->add.n_notices && !q->add.unowed; i++) notices_made(&q->server->notices, &q->add.notices[i]);
    if (!q->add.unowed) q->refused += (int64_t)q->unmade;
    filing_ended(&q->server->filing); /* what its input names was kept for those */
    store_release(&q->owed.req);
    q->more = true;
    rest(q);
}

static void on_owed(struct store_req *req)
{
    struct sequel *q = req->user;
    if (req->err) {
        put_off(q, req);
        return;
    }
    if (!q->owed.found || q->stopped) {
        store_release(req);
        rest(q);
        return;
    }
    q->add = (struct store_add){.pays = true, .paid = q->owed.task.body.id, .paid_run = q->owed.task.life.run};
    q->maker.make(q->maker.user, &q->owed, &q->add.items, &q->add.n, &q->unmade);
    if (q->maker.notices) q->maker.notices(q->maker.user, &q->owed, &q->add.notices, &q->add.n_notices);
    q->state = SEQUEL_PAYING;
    store_add(q->server->store, &q->add, on_paid, q);
}

static void ask(struct sequel *q)
{
    q->state = SEQUEL_ASKING;
    q->more = false;
    q->owed = (struct store_owed){.found = false};
    store_owed(q->server->store, &q->owed, on_owed, q);
}

void sequel_init(struct sequel *q, struct server *s) { *q = (struct sequel){.server = s}; }

void sequel_owed(struct sequel *q)
{
    q->more = true;
    if (q->state == SEQUEL_RESTING && !q->stopped && q->maker.make && q->server->serving) ask(q);
}

void sequel_stop(struct sequel *q)
{
    q->stopped = true;
    turn_timer_stop(q->server->turn, &q->again);
    if (q->state == SEQUEL_PAUSING) q->state = SEQUEL_RESTING;
}

bool sequel_is_idle(const struct sequel *q) { return q->state == SEQUEL_RESTING; }

int sequel_check(const struct sequel *q, struct str next, struct err *e)
{
    return q->maker.check ? q->maker.check(q->maker.user, next, e) : 0;
}
