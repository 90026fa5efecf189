/* SPDX-License-Identifier: Apache-2.0
 *
 * A worker's life, whoever gives it its tasks and however many threads run them:
 *
 *     open ──▶ load ──▶ one thread (bide_serve.h), several (bide_crew.h) or a puller for each (bide_lanes.h) ──▶ unload
 *      └── it cannot be: -1  └── -1
 */
#include "base/limits.h"
#include "client/bide_crew.h"
#include "client/bide_error.h"
#include "client/bide_lanes.h"
#include "client/bide_serve.h"

#include <stdlib.h>

static int check(const struct bide_worker *w, struct bide_error *error)
{
    if (!w->run && !w->run_batch) return bide_error_set(error, "invalid", "a worker needs run or run_batch");
    if (w->concurrency < 0 || w->concurrency > LIMIT_OPEN)
        return bide_error_set(error, "invalid", "concurrency is %d: 1 to %d tasks at a time are expected (0 means 1)",
                              w->concurrency, LIMIT_OPEN);
    if (w->run_batch && w->concurrency > 1)
        return bide_error_set(error, "invalid",
                              "concurrency is %d and there is run_batch: a batch at a time, so 1 is expected with it",
                              w->concurrency);
    return 0;
}

static int load(const struct bide_worker *w, struct bide_error *error)
{
    if (!w->load) return 0;
    struct bide_error why = {0};
    int ret = w->load(w->user, &why);
    if (ret == 0) return 0;
    return bide_error_set(error, why.code[0] ? why.code : "load_failed", "%s",
                          why.text[0] ? why.text : "the worker could not load");
}

/* Started by bide. */
static int run_started(const struct bide_worker *w)
{
    struct bide_channel channel;
    int failed = bide_channel_open(&channel, w->max_batch);
    if (!failed) failed = load(w, &channel.error);
    if (!failed) {
        failed = w->concurrency > 1 ? bide_crew_serve(w, &channel) : bide_serve(w, &channel);
        if (w->unload) w->unload(w->user);
    }
    if (failed && w->error) *w->error = *bide_channel_why(&channel);
    bide_channel_release(&channel);
    return failed;
}

static int run_pulling(const struct bide_worker *w, const char *server)
{
    struct bide_lanes *lanes;
    if (bide_lanes_open(&lanes, w, server, w->error)) return -1;
    int failed = load(w, w->error);
    if (!failed) {
        failed = bide_lanes_serve(lanes, w->error);
        if (w->unload) w->unload(w->user);
    }
    bide_lanes_close(lanes);
    return failed;
}

int bide_worker_run(const struct bide_worker *w)
{
    const char *server = w->pull ? w->pull : getenv("BIDE_PULL");
    if (check(w, w->error)) return -1;
    return server && *server ? run_pulling(w, server) : run_started(w);
}
