/* SPDX-License-Identifier: Apache-2.0
 *
 * Rates of queues, as they are promised: every span of time that ends with a start is looked at. Knows of no bucket.
 */
#include "test/sim/sim_check_inside.h"

#include "base/mem.h"

#include <stdlib.h>

/* -1: there is none with a rate. */
static int rated(const struct sim_check *c, const char *queue)
{
    for (int i = 0; i < c->n_limits; i++)
        if (c->limits[i].rate && sim_check_same(c->limits[i].queue, queue)) return i;
    return -1;
}

static int64_t time_of(int64_t start) { return start < 0 ? -start : start; }

/* In the order of time; its place. */
static size_t note(struct sim_check *c, int i, int64_t start)
{
    size_t at = c->limits[i].n_starts++;
    if (at == c->limits[i].cap_starts) {
        c->limits[i].cap_starts = at ? 2 * at : 64;
        c->limits[i].starts = mem_grow(c->limits[i].starts, c->limits[i].cap_starts * sizeof *c->limits[i].starts);
    }
    int64_t *starts = c->limits[i].starts;
    for (; at > 0 && time_of(starts[at - 1]) > time_of(start); at--) starts[at] = starts[at - 1];
    starts[at] = start;
    return at;
}

void sim_check_free_starts(struct sim_check *c)
{
    for (int i = 0; i < c->n_limits; i++) free(c->limits[i].starts), c->limits[i].starts = NULL;
}

void sim_check_moved(const struct look *k)
{
    int i = rated(k->c, k->t->submitted.queue);
    if (i >= 0) k->c->limits[i].moved_ms = k->f->at_ms;
}

/* The spans that end with that start. Is one of them full, so that another would be too many? */
static bool look_back(const struct look *k, int i, size_t last)
{
    struct sim_check *c = k->c;
    const int64_t *starts = c->limits[i].starts, rate = c->limits[i].rate, per_ms = c->limits[i].per_ms;
    int64_t count = 0, restarts = 0;
    bool full = false;
    for (size_t j = last + 1; j-- > 0;) {
        if (starts[j] < 0) restarts++;
        else count++;
        int64_t over = (count - c->limits[i].burst - restarts) * per_ms - (time_of(starts[last]) - time_of(starts[j])) * rate;
        if (over > 0) sim_check_breaks(k, "more of its queue have started in a span of time than its rate allows");
        full = full || over > -per_ms;
    }
    return full;
}

void sim_check_starts(const struct look *k)
{
    struct sim_check *c = k->c;
    int i = rated(c, k->t->submitted.queue);
    if (i < 0) return;
    sim_check_moved(k);
    c->rated++;
    for (size_t at = note(c, i, k->f->since_ms ? k->f->since_ms : k->f->at_ms); at < c->limits[i].n_starts; at++)
        c->at_rate += look_back(k, i, at);
}

void sim_check_restarted(struct sim_check *c, int64_t at_ms)
{
    for (int i = 0; i < c->n_limits; i++)
        if (c->limits[i].rate) (void)note(c, i, -at_ms);
}

/* However few there were when something of it last took one. */
bool sim_check_token_is_due(const struct sim_check *c, const struct fact *idle)
{
    int i = rated(c, idle->queue);
    return i < 0 || (idle->at_ms - c->limits[i].moved_ms) * c->limits[i].rate >= c->limits[i].per_ms;
}
