/* SPDX-License-Identifier: Apache-2.0
 *
 * See bide_crew.h. A list of open tasks, in the order they came, under one lock; a task leaves it when it is over, so a
 * cancel that comes later finds nothing. The threads have the signal mask of the caller, for they run its code.
 */
#include "client/bide_crew.h"

#include "client/bide_error.h"
#include "client/bide_serve.h"

#include <stdlib.h>

struct bide_crew {
    const struct bide_worker *worker; /* borrowed */
    struct bide_batch batch;          /* of the caller's thread: what it reads into */
    pthread_t *threads;               /* owned */
    int n;                            /* of threads, those that were started */
    pthread_mutex_t lock;             /* over what follows, and each task's `next` */
    pthread_cond_t changed;           /* something waits, or it is closed */
    struct bide_task *open;           /* owned: all that have begun, then those that wait */
    struct bide_task *waiting;        /* the first of `open` that waits; NULL: none */
    bool closed, broken;
};

/* ---- the threads ---- */

static void forget(struct bide_crew *crew, struct bide_task *t)
{
    struct bide_task **at = &crew->open;
    while (*at != t) at = &(*at)->next;
    *at = t->next;
    bide_batch_drop(t);
}

/* The next to run; NULL: there will be none. Under the lock. */
static struct bide_task *take(struct bide_crew *crew)
{
    while (!crew->waiting && !crew->closed) pthread_cond_wait(&crew->changed, &crew->lock);
    if (crew->broken || !crew->waiting) return NULL;
    struct bide_task *t = crew->waiting;
    crew->waiting = t->next;
    return t;
}

static void *work(void *user)
{
    struct bide_crew *crew = user;
    struct bide_task *t;
    pthread_mutex_lock(&crew->lock);
    while ((t = take(crew))) {
        pthread_mutex_unlock(&crew->lock);
        int failed = bide_serve_task(crew->worker, t);
        pthread_mutex_lock(&crew->lock);
        forget(crew, t);
        if (failed) crew->broken = true; /* the channel has woken the caller's thread */
    }
    pthread_mutex_unlock(&crew->lock);
    return NULL;
}

static int start(struct bide_crew *crew)
{
    struct bide_error *why = &crew->batch.channel->error;
    crew->threads = calloc((size_t)crew->worker->concurrency, sizeof *crew->threads);
    if (!crew->threads) return bide_error_nomem(why);
    for (; crew->n < crew->worker->concurrency; crew->n++) {
        int sys = pthread_create(&crew->threads[crew->n], NULL, work, crew);
        if (sys) return bide_error_errno(why, sys, "a thread");
    }
    return 0;
}

static void end(struct bide_crew *crew, bool broken)
{
    pthread_mutex_lock(&crew->lock);
    crew->closed = true;
    crew->broken = crew->broken || broken;
    pthread_cond_broadcast(&crew->changed);
    pthread_mutex_unlock(&crew->lock);
    for (int i = 0; i < crew->n; i++) pthread_join(crew->threads[i], NULL);
    free(crew->threads);
    while (crew->open) forget(crew, crew->open);
}

/* ---- the caller's thread ---- */

static void on_cancel(void *user, const char *id, const char *fence)
{
    struct bide_crew *crew = user;
    pthread_mutex_lock(&crew->lock);
    for (struct bide_task *t = crew->open; t; t = t->next) bide_batch_cancel(t, id, fence);
    pthread_mutex_unlock(&crew->lock);
}

/* The tasks of the batch, but for those that have their verdict. */
static void give(struct bide_crew *crew)
{
    struct bide_batch *b = &crew->batch;
    pthread_mutex_lock(&crew->lock);
    struct bide_task **last = &crew->open;
    while (*last) last = &(*last)->next;
    for (size_t i = 0; i < b->n; i++) {
        struct bide_task *t = b->tasks[i];
        if (t->ended) continue;
        b->tasks[i] = NULL;
        *last = t;
        last = &t->next;
        if (!crew->waiting) crew->waiting = t;
    }
    pthread_cond_broadcast(&crew->changed);
    pthread_mutex_unlock(&crew->lock);
    bide_batch_clear(b);
}

static int listen(struct bide_crew *crew)
{
    struct bide_batch *b = &crew->batch;
    int got;
    while ((got = bide_batch_listen(b, -1)) > 0) {
        int failed = bide_batch_open(b);
        bide_channel_drop(b->channel);
        if (failed) return -1;
        give(crew);
    }
    return got;
}

int bide_crew_serve(const struct bide_worker *w, struct bide_channel *c)
{
    struct bide_crew crew = {.worker = w, .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};
    bide_batch_init(&crew.batch, c);
    crew.batch.on_cancel = on_cancel;
    crew.batch.user = &crew;
    int rc = bide_channel_watch(c);
    if (!rc) rc = start(&crew);
    if (!rc) rc = bide_serve_ready(w, c);
    if (!rc) rc = listen(&crew);
    end(&crew, rc != 0);
    bide_batch_release(&crew.batch);
    pthread_cond_destroy(&crew.changed);
    pthread_mutex_destroy(&crew.lock);
    return rc || crew.broken ? -1 : 0;
}
