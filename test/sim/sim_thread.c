/* SPDX-License-Identifier: Apache-2.0
 *
 *   thread_send ──▶ sent ──later──▶ on_work ──thread_give──▶ given ──later──▶ on_given
 */
#include "test/sim/sim_thread.h"

#include "base/mem.h"

#include <assert.h>
#include <stdlib.h>

struct thread {
    struct thread_conf conf;
    struct turn *turn; /* borrowed */
    struct list sent, given;
    struct later work, back;
    void (*on_closed)(void *user);
    void *closed_user;
};

static int open_now;

int sim_threads(void) { return open_now; }

static void end_when_idle(struct thread *t)
{
    if (!t->on_closed || !list_empty(&t->sent) || !list_empty(&t->given)) return;
    void (*on_closed)(void *user) = t->on_closed;
    void *user = t->closed_user;
    if (t->conf.on_end) t->conf.on_end(t->conf.user);
    turn_later_cancel(&t->work);
    turn_later_cancel(&t->back);
    free(t);
    open_now--;
    on_closed(user);
}

static void on_back(struct later *l)
{
    struct thread *t = CONTAINER_OF(l, struct thread, back);
    struct list given;
    list_init(&given);
    list_splice(&given, &t->given);
    if (!list_empty(&given)) t->conf.on_given(t->conf.user, &given);
    assert(list_empty(&given));
    end_when_idle(t);
}

static void on_work(struct later *l)
{
    struct thread *t = CONTAINER_OF(l, struct thread, work);
    struct list batch;
    list_init(&batch);
    list_splice(&batch, &t->sent);
    if (!list_empty(&batch)) t->conf.on_work(t->conf.user, &batch);
    assert(list_empty(&batch));
    turn_later(t->turn, &t->back, on_back);
}

int thread_open(struct thread **ret, struct loop *l, const struct thread_conf *conf, struct err *e)
{
    (void)e;
    struct thread *t = mem_new(sizeof *t);
    t->conf = *conf;
    t->turn = loop_turn(l);
    list_init(&t->sent);
    list_init(&t->given);
    list_init(&t->work.link);
    list_init(&t->back.link);
    open_now++;
    *ret = t;
    return 0;
}

void thread_send(struct thread *t, struct list *link)
{
    assert(!t->on_closed);
    list_push(&t->sent, link);
    turn_later(t->turn, &t->work, on_work);
}

void thread_give(struct thread *t, struct list *links)
{
    list_splice(&t->given, links);
    turn_later(t->turn, &t->back, on_back);
}

bool thread_take(struct thread *t, struct list *ret_batch)
{
    list_splice(ret_batch, &t->sent);
    return !list_empty(ret_batch);
}

bool thread_has_more(struct thread *t) { return !list_empty(&t->sent); }

void thread_close(struct thread *t, void (*on_closed)(void *user), void *user)
{
    t->on_closed = on_closed;
    t->closed_user = user;
    turn_later(t->turn, &t->work, on_work);
}
