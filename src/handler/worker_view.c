/* SPDX-License-Identifier: Apache-2.0
 *
 * How a worker stands, for people.
 */
#include "handler/resources.h"
#include "handler/rss.h"
#include "handler/worker.h"

int64_t worker_retry_in_ms(const struct worker *w)
{
    if (w->state != WORKER_BACKOFF && w->state != WORKER_BROKEN) return 0;
    int64_t in_ms = w->timer.due_at_ms - turn_mono_ms(w->turn);
    return in_ms > 0 ? in_ms : 0;
}

struct worker_view worker_view(const struct worker *w)
{
    static const char *const words[WORKER_STATES] = {"off", "starting", "idle", "busy", "stopping", "backoff", "broken"};
    int64_t retry_in_ms = worker_retry_in_ms(w);
    bool alive = w->state != WORKER_OFF && w->state != WORKER_BACKOFF && w->state != WORKER_BROKEN;
    enum worker_state shown = w->state == WORKER_BUSY && w->ending != ENDING_NOT ? WORKER_STOPPING : w->state;
    return (struct worker_view){
        .id = str_of(w->id), .pool = str_of(w->conf->name), .state = words[shown], .state_since_ms = w->state_since_ms, .pid = w->child.pid,
        .loaded = alive && w->ready, .started_at_ms = alive ? w->started_wall_ms : 0, .ready_ms = alive ? w->ready_ms : 0,
        .loads = w->loads, .restarts = w->restarts, .tasks = alive ? w->tasks : 0, .max_tasks = alive ? w->watch.share : 0, .rss_bytes = rss_of(w->child.pid),
        .open = (const struct attempt *const *)w->open, .n_open = w->n_open, .max_batch = w->max_batch, .concurrency = w->concurrency,
        .retry_at_ms = retry_in_ms || w->state == WORKER_BACKOFF || w->state == WORKER_BROKEN
                           ? turn_wall_ms(w->turn) + retry_in_ms : 0,
        .problem = w->problem, .dropped = w->dropped, .holds = resources_holds(w) ? w->conf->needs : NULL,
        .sandbox = &w->conf->sandbox};
}
