/* SPDX-License-Identifier: Apache-2.0
 *
 * One mutex, one condition, one uv_async. `n_waiting` is kept as an atomic beside the list, so that a look costs no lock.
 */
#include "loop/thread.h"

#include "base/mem.h"
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
    struct list waiting, given; /* under lock */
    bool closing, ended;        /* under lock */
    atomic_uint n_waiting;
    void (*on_closed)(void *user);
    void *closed_user;
};

static bool take_locked(struct thread *t, struct list *batch)
{
    list_splice(batch, &t->waiting);
    atomic_store(&t->n_waiting, 0);
    return !list_empty(batch);
}

static void run(void *arg)
{
    struct thread *t = arg;
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, NULL);
    pthread_setname_np(pthread_self(), t->conf.name);
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

void thread_send(struct thread *t, struct list *link)
{
    uv_mutex_lock(&t->lock);
    assert(!t->closing);
    list_push(&t->waiting, link);
    bool first = atomic_fetch_add(&t->n_waiting, 1) == 0;
    uv_mutex_unlock(&t->lock);
    if (first) uv_cond_signal(&t->wake);
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
    return atomic_load(&t->n_waiting) > 0;
}

void thread_close(struct thread *t, void (*on_closed)(void *user), void *user)
{
    uv_mutex_lock(&t->lock);
    t->closing = true;
    t->on_closed = on_closed;
    t->closed_user = user;
    uv_mutex_unlock(&t->lock);
    uv_cond_signal(&t->wake);
}
