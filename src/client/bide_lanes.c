/* SPDX-License-Identifier: Apache-2.0
 *
 * See bide_lanes.h.
 */
#include "client/bide_lanes.h"

#include "client/bide_error.h"
#include "client/bide_pull.h"
#include "client/bide_serve.h"

#include <stdlib.h>

struct lane {
    struct bide_lanes *lanes; /* borrowed */
    struct bide_pull *pull;   /* owned */
    struct bide_channel channel;
    pthread_t thread;
    int rc;                   /* -1: `error` */
    struct bide_error error;
};

struct bide_lanes {
    struct bide_worker worker; /* as given, but that a lane does one thing at a time */
    struct lane *lane;         /* owned */
    int n;                     /* those that were opened */
    pthread_mutex_t lock;      /* held until all have been started */
    bool go;                   /* they have */
};

int bide_lanes_open(struct bide_lanes **ret, const struct bide_worker *w, const char *server, struct bide_error *error)
{
    const int wanted = w->concurrency > 1 ? w->concurrency : 1;
    struct bide_lanes *l = calloc(1, sizeof *l);
    if (!l) return bide_error_nomem(error);
    *l = (struct bide_lanes){.worker = *w, .lock = PTHREAD_MUTEX_INITIALIZER};
    l->worker.concurrency = 1;
    l->lane = calloc((size_t)wanted, sizeof *l->lane);
    if (!l->lane) {
        bide_lanes_close(l);
        return bide_error_nomem(error);
    }
    for (; l->n < wanted; l->n++) {
        struct lane *lane = &l->lane[l->n];
        lane->lanes = l;
        if (bide_pull_open(&lane->pull, &l->worker, server, error)) {
            bide_lanes_close(l);
            return -1;
        }
        bide_pull_channel(lane->pull, &lane->channel, w->max_batch);
    }
    *ret = l;
    return 0;
}

/* As soon as its loop has ended, so that nothing more is claimed for it while others go on. */
static void close_lane(struct lane *lane)
{
    if (lane->rc) lane->error = *bide_channel_why(&lane->channel);
    bide_channel_release(&lane->channel);
    if (lane->pull && bide_pull_close(lane->pull, lane->rc ? NULL : &lane->error)) lane->rc = -1;
    lane->pull = NULL;
}

static void *serve(void *user)
{
    struct lane *lane = user;
    pthread_mutex_lock(&lane->lanes->lock);
    bool go = lane->lanes->go;
    pthread_mutex_unlock(&lane->lanes->lock);
    if (!go) return NULL;
    lane->rc = bide_serve(&lane->lanes->worker, &lane->channel);
    close_lane(lane);
    return NULL;
}

int bide_lanes_serve(struct bide_lanes *l, struct bide_error *error)
{
    int started = 1, sys = 0, rc = 0;
    pthread_mutex_lock(&l->lock);
    while (!sys && started < l->n) {
        sys = pthread_create(&l->lane[started].thread, NULL, serve, &l->lane[started]);
        if (!sys) started++;
    }
    l->go = sys == 0;
    pthread_mutex_unlock(&l->lock);
    (void)serve(&l->lane[0]);
    if (sys) rc = bide_error_errno(error, sys, "a thread");
    for (int i = 0; i < started; i++) {
        if (i > 0) pthread_join(l->lane[i].thread, NULL);
        if (l->lane[i].rc == 0 || rc) continue;
        rc = -1;
        if (error) *error = l->lane[i].error;
    }
    return rc;
}

void bide_lanes_close(struct bide_lanes *l)
{
    for (int i = 0; i < l->n; i++) close_lane(&l->lane[i]);
    pthread_mutex_destroy(&l->lock);
    free(l->lane);
    free(l);
}
