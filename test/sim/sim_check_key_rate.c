/* SPDX-License-Identifier: Apache-2.0
 *
 * Rates of keys, as they are promised: every span of time that ends with a start is looked at. Knows of no bucket. A start
 * counts when it was claimed, at the time it was asked for.
 */
#include "test/sim/sim_check_inside.h"

#include "base/mem.h"

#define TICK_MS 2000 /* until what has a token has been let in */

/* -1: none of them has a rate. */
static int rated(const struct sim_check *c, const struct check_task *t)
{
    for (int i = 0; i < c->n_limits && t->submitted.key; i++)
        if (c->limits[i].key_rate && sim_check_same(c->limits[i].queue, t->submitted.queue)) return i;
    return -1;
}

static bool is_of(const struct key_start *s, const struct check_task *t)
{
    return s->queue && s->key == t->submitted.key && sim_check_same(s->queue, t->submitted.queue);
}

/* In the order of time; its place. */
static size_t note(struct sim_check *c, const struct key_start *start)
{
    size_t at = c->n_key_starts++;
    if (at == c->cap_key_starts) {
        c->cap_key_starts = at ? 2 * at : 64;
        c->key_starts = mem_grow(c->key_starts, c->cap_key_starts * sizeof *c->key_starts);
    }
    for (; at > 0 && c->key_starts[at - 1].at_ms > start->at_ms; at--) c->key_starts[at] = c->key_starts[at - 1];
    c->key_starts[at] = *start;
    return at;
}

bool sim_check_has_key_rate(const struct sim_check *c, const struct check_task *t) { return rated(c, t) >= 0; }

/* The spans that end with that start. Is one of them full, so that another would be too many? */
static bool look_back(const struct look *k, int i, size_t last)
{
    struct sim_check *c = k->c;
    int64_t rate = c->limits[i].key_rate, per_ms = c->limits[i].key_per_ms, count = 0, restarts = 0;
    bool full = false;
    for (size_t j = last + 1; j-- > 0;) {
        const struct key_start *s = &c->key_starts[j];
        if (!s->queue) restarts++;
        if (!is_of(s, k->t)) continue;
        count++;
        int64_t over = (count - c->limits[i].key_burst - restarts) * per_ms - (c->key_starts[last].at_ms - s->at_ms) * rate;
        if (over > 0) sim_check_breaks(k, "more of its key have started in a span of time than its rate allows");
        full = full || over > -per_ms;
    }
    return full;
}

void sim_check_key_starts(const struct look *k)
{
    struct sim_check *c = k->c;
    int i = rated(c, k->t);
    if (i < 0) return;
    c->key_rated++;
    struct key_start start = {k->t->submitted.queue, k->t->submitted.key, k->f->since_ms ? k->f->since_ms : k->f->at_ms};
    for (size_t at = note(c, &start); at < c->n_key_starts; at++)
        if (is_of(&c->key_starts[at], k->t)) c->at_key_rate += look_back(k, i, at);
}

/* It is the first of its key, and however few tokens that had when one was last taken, one has come since. */
bool sim_check_has_key_token(const struct sim_check *c, const struct check_task *t, int64_t at_ms)
{
    int i = rated(c, t);
    if (i < 0) return true;
    for (size_t j = 0; j < c->n; j++) {
        const struct check_task *o = &c->tasks[j];
        bool of_key = o != t && o->submitted.key == t->submitted.key && sim_check_same_queue(o, t);
        if (of_key && sim_check_lives(o) && o->state != TASK_RUNNING && sim_check_comes_before(o, t)) return false;
    }
    for (size_t j = c->n_key_starts; j-- > 0;) {
        const struct key_start *s = &c->key_starts[j];
        if (s->queue && !is_of(s, t)) continue;
        return (at_ms - s->at_ms - TICK_MS) * c->limits[i].key_rate >= c->limits[i].key_per_ms;
    }
    return true;
}

void sim_check_keys_restarted(struct sim_check *c, int64_t at_ms) { (void)note(c, &(struct key_start){.at_ms = at_ms}); }
