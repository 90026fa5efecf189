/* SPDX-License-Identifier: Apache-2.0
 *
 * Counting, and its text form.
 */
#include "server/metrics.h"

#include "base/limits.h"
#include "base/mem.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static const double bounds_s[METRICS_BUCKETS] = {0.005, 0.01, 0.05, 0.1, 0.5,  1,    5,    10,
                                                 30,    60,   300,  900, 3600, 21600, 86400};

static const double sizes[METRICS_BUCKETS] = {1, 2, 3, 4, 6, 8, 12, 16, 20, 24, 32, 40, 48, 56, 64};

static const double parts[METRICS_BUCKETS] = {0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.75, 1, 2, 5, 10};

void metrics_init(struct metrics *m, const struct clock *clock)
{
    *m = (struct metrics){0};
    map_init(&m->lanes);
    m->own.recent = &m->own_recent;
    recent_clock_init(&m->clock, clock);
}

void metrics_release(struct metrics *m)
{
    size_t at = 0;
    for (struct map_entry *e; (e = map_next(&m->lanes, &at));) {
        struct metrics_lane *l = e->value;
        free((char *)l->key.p);
        if (l->recent != &m->others) {
            recent_release(l->recent);
            free(l->recent);
        }
        free(l);
    }
    map_release(&m->lanes);
    recent_release(&m->others);
    recent_release(&m->own_recent);
}

static struct metrics_lane *lane_of(struct metrics *m, struct str queue, struct str type)
{
    char name[2 * LIMIT_NAME + 1];
    if (queue.len && queue.p[0] == '$') return &m->own;
    memcpy(name, queue.p, queue.len);
    name[queue.len] = 0;
    memcpy(name + queue.len + 1, type.p, type.len);
    struct str key = {name, queue.len + 1 + type.len};
    struct metrics_lane *l = map_get(&m->lanes, key);
    if (l) return l;
    l = mem_new(sizeof *l);
    l->key = mem_str(key);
    l->queue = str_sub(l->key, 0, queue.len);
    l->type = str_sub(l->key, queue.len + 1, type.len);
    l->recent = m->lanes.n < LIMIT_RECENT ? mem_new(sizeof *l->recent) : &m->others;
    (void)map_put(&m->lanes, l->key, l);
    return l;
}

static void observe(struct metrics_histogram *h, const double bounds[METRICS_BUCKETS], double value)
{
    int i = 0;
    while (i < METRICS_BUCKETS && value > bounds[i]) i++;
    h->n[i]++;
    h->sum += value;
}

void metrics_observe_ms(struct metrics_histogram *h, int64_t ms) { observe(h, bounds_s, ms < 0 ? 0 : (double)ms / 1000); }

static void count(const struct metrics *m, const struct metrics_lane *l, enum recent_event event)
{
    recent_count(l->recent, recent_now_ms(&m->clock), event);
}

void metrics_submitted(struct metrics *m, struct str queue, struct str type, bool refused)
{
    struct metrics_lane *l = lane_of(m, queue, type);
    if (refused) {
        l->refused++;
        return;
    }
    l->submitted++;
    count(m, l, RECENT_SUBMITTED);
}

void metrics_started(struct metrics *m, struct str queue, struct str type, int64_t waited_ms)
{
    struct metrics_lane *l = lane_of(m, queue, type);
    metrics_observe_ms(&l->wait, waited_ms);
    recent_waited(l->recent, recent_now_ms(&m->clock), waited_ms);
}

void metrics_attempt(struct metrics *m, struct str queue, struct str type, enum life_event verdict, int64_t ran_ms)
{
    struct metrics_lane *l = lane_of(m, queue, type);
    l->attempts[verdict]++;
    metrics_observe_ms(&l->run, ran_ms);
    recent_ran(l->recent, recent_now_ms(&m->clock), ran_ms);
}

void metrics_retried(struct metrics *m, struct str queue, struct str type)
{
    struct metrics_lane *l = lane_of(m, queue, type);
    l->retried++;
    count(m, l, RECENT_RETRIED);
}

void metrics_reopened(struct metrics *m, struct str queue, struct str type)
{
    struct metrics_lane *l = lane_of(m, queue, type);
    l->reopened++;
    count(m, l, RECENT_REOPENED);
}

void metrics_batch(struct metrics *m, struct str queue, struct str type, int32_t size, int64_t filled_ms, bool missed)
{
    struct metrics_lane *l = lane_of(m, queue, type);
    observe(&l->batch_size, sizes, size);
    metrics_observe_ms(&l->batch_fill, filled_ms);
    l->key_misses += missed;
}

void metrics_eta_error(struct metrics *m, struct str queue, struct str type, double ratio)
{
    observe(&lane_of(m, queue, type)->eta_error, parts, ratio);
}

void metrics_cache(struct metrics *m, struct str queue, struct str type, enum metrics_cache how)
{
    lane_of(m, queue, type)->cache[how]++;
}

void metrics_ended(struct metrics *m, struct str queue, struct str type, enum task_state state)
{
    static const enum recent_event endings[TASK_STATES] = {[TASK_COMPLETED] = RECENT_COMPLETED, [TASK_FAILED] = RECENT_FAILED,
                                                           [TASK_CANCELLED] = RECENT_CANCELLED, [TASK_EXPIRED] = RECENT_EXPIRED};
    struct metrics_lane *l = lane_of(m, queue, type);
    l->ended[state]++;
    count(m, l, endings[state]);
}

/* ---- text ---- */

void metrics_write_family(struct buf *b, const char *name, const char *type, const char *help)
{
    buf_add_format(b, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

void metrics_write_label(struct buf *b, const char *name, struct str value)
{
    if (b->len && b->p[b->len - 1] == '"') buf_add_char(b, ',');
    buf_add_format(b, "%s=\"", name);
    for (size_t i = 0; i < value.len; i++) {
        char c = value.p[i];
        if (c == '"' || c == '\\') buf_add_char(b, '\\');
        if (c == '\n') buf_add_text(b, "\\n");
        else buf_add_char(b, c);
    }
    buf_add_char(b, '"');
}

void metrics_write_sample(struct buf *b, const char *name, const char *labels, double value)
{
    buf_add_format(b, *labels ? "%s{%s} " : "%s%s ", name, labels);
    if (fabs(value) < 1e15 && value == floor(value)) buf_add_format(b, "%lld\n", (long long)value);
    else buf_add_format(b, "%.9g\n", value);
}

static void write_lane(struct buf *labels, const struct metrics_lane *l)
{
    buf_init(labels, 4096);
    metrics_write_label(labels, "queue", l->queue);
    metrics_write_label(labels, "type", l->type);
}

/* `name{queue="..",type=".."[,extra]} value` */
static void sample(struct buf *b, const char *name, const struct metrics_lane *l, const char *extra, const char *word,
                   double value)
{
    struct buf labels;
    write_lane(&labels, l);
    if (extra) metrics_write_label(&labels, extra, str_of(word));
    metrics_write_sample(b, name, labels.p, value);
    buf_release(&labels);
}

static void write_histogram(struct buf *b, const char *name, const char *labels, const struct metrics_histogram *h,
                            const double bounds[METRICS_BUCKETS])
{
    char series[64], bound[32];
    uint64_t below = 0;
    snprintf(series, sizeof series, "%s_bucket", name);
    for (int i = 0; i <= METRICS_BUCKETS; i++) {
        struct buf all;
        below += h->n[i];
        if (i < METRICS_BUCKETS) snprintf(bound, sizeof bound, "%g", bounds[i]);
        else snprintf(bound, sizeof bound, "+Inf");
        buf_init(&all, 4096);
        buf_add_text(&all, labels);
        metrics_write_label(&all, "le", str_of(bound));
        metrics_write_sample(b, series, all.p, (double)below);
        buf_release(&all);
    }
    snprintf(series, sizeof series, "%s_sum", name);
    metrics_write_sample(b, series, labels, h->sum);
    snprintf(series, sizeof series, "%s_count", name);
    metrics_write_sample(b, series, labels, (double)below);
}

void metrics_write_times(struct buf *b, const char *name, const char *labels, const struct metrics_histogram *h)
{
    write_histogram(b, name, labels, h, bounds_s);
}

static void histogram(struct buf *b, const char *name, const struct metrics_lane *l, const struct metrics_histogram *h,
                      const double bounds[METRICS_BUCKETS])
{
    struct buf labels;
    write_lane(&labels, l);
    write_histogram(b, name, labels.p, h, bounds);
    buf_release(&labels);
}

/* Several verdicts share a word: one sample for it, where the first of them stands. */
static void attempts_by_word(struct buf *b, const struct metrics_lane *l, int verdict)
{
    const char *word = life_verdict_word((enum life_event)verdict);
    uint64_t n = 0;
    for (int v = 0; v < LIFE_CLAIM; v++) {
        bool same = strcmp(life_verdict_word((enum life_event)v), word) == 0;
        if (same && v < verdict) return;
        if (same) n += l->attempts[v];
    }
    sample(b, "bide_attempts_total", l, "status", word, (double)n);
}

static void write_counters(const struct metrics *m, struct buf *b)
{
    size_t at = 0;
    metrics_write_family(b, "bide_tasks_submitted_total", "counter", "Tasks accepted.");
    for (struct map_entry *e; (e = map_next(&m->lanes, &at));)
        sample(b, "bide_tasks_submitted_total", e->value, NULL, NULL, (double)((struct metrics_lane *)e->value)->submitted);
    at = 0;
    metrics_write_family(b, "bide_tasks_refused_total", "counter", "Tasks refused because their queue was full.");
    for (struct map_entry *e; (e = map_next(&m->lanes, &at));)
        sample(b, "bide_tasks_refused_total", e->value, "reason", "queue_full",
               (double)((struct metrics_lane *)e->value)->refused);
    at = 0;
    metrics_write_family(b, "bide_tasks_ended_total", "counter", "Tasks ended, by ending.");
    for (struct map_entry *e; (e = map_next(&m->lanes, &at));)
        for (int s = TASK_COMPLETED; s < TASK_STATES; s++)
            sample(b, "bide_tasks_ended_total", e->value, "status", state_word((enum task_state)s),
                   (double)((struct metrics_lane *)e->value)->ended[s]);
    at = 0;
    metrics_write_family(b, "bide_attempts_total", "counter", "Attempts that are over, by verdict.");
    for (struct map_entry *e; (e = map_next(&m->lanes, &at));) {
        for (int v = 0; v < LIFE_CLAIM; v++) attempts_by_word(b, e->value, v);
    }
    at = 0;
    metrics_write_family(b, "bide_tasks_retried_total", "counter", "Attempts that another was to follow.");
    for (struct map_entry *e; (e = map_next(&m->lanes, &at));)
        sample(b, "bide_tasks_retried_total", e->value, NULL, NULL, (double)((struct metrics_lane *)e->value)->retried);
    at = 0;
    metrics_write_family(b, "bide_tasks_reopened_total", "counter", "Ended tasks that were to run again.");
    for (struct map_entry *e; (e = map_next(&m->lanes, &at));)
        sample(b, "bide_tasks_reopened_total", e->value, NULL, NULL, (double)((struct metrics_lane *)e->value)->reopened);
    at = 0;
    metrics_write_family(b, "bide_worker_crashes_total", "counter", "Attempts whose worker process ended in the middle.");
    for (struct map_entry *e; (e = map_next(&m->lanes, &at));)
        sample(b, "bide_worker_crashes_total", e->value, NULL, NULL,
               (double)((struct metrics_lane *)e->value)->attempts[LIFE_CRASHED]);
}

static bool has_any(const struct metrics_histogram *h)
{
    for (int i = 0; i <= METRICS_BUCKETS; i++)
        if (h->n[i]) return true;
    return false;
}

static bool has_batches(const struct metrics_lane *l) { return has_any(&l->batch_size); }

static void write_eta_errors(const struct metrics *m, struct buf *b)
{
    size_t at = 0;
    metrics_write_family(b, "bide_eta_error_ratio", "histogram",
                         "By how much the first eta_at told of a task was wrong, as a part of the time from then to its end.");
    for (struct map_entry *e; (e = map_next(&m->lanes, &at));)
        if (has_any(&((struct metrics_lane *)e->value)->eta_error))
            histogram(b, "bide_eta_error_ratio", e->value, &((struct metrics_lane *)e->value)->eta_error, parts);
}

static void write_batches(const struct metrics *m, struct buf *b)
{
    size_t at = 0;
    metrics_write_family(b, "bide_batch_size", "histogram", "Tasks handed to a worker together, where it takes batches.");
    for (struct map_entry *e; (e = map_next(&m->lanes, &at));)
        if (has_batches(e->value)) histogram(b, "bide_batch_size", e->value, &((struct metrics_lane *)e->value)->batch_size, sizes);
    at = 0;
    metrics_write_family(b, "bide_batch_fill_seconds", "histogram", "How long a batch was waited with for more tasks to come.");
    for (struct map_entry *e; (e = map_next(&m->lanes, &at));)
        if (has_batches(e->value))
            histogram(b, "bide_batch_fill_seconds", e->value, &((struct metrics_lane *)e->value)->batch_fill, bounds_s);
    at = 0;
    metrics_write_family(b, "bide_batch_key_misses_total", "counter",
                         "Batches that were not full while tasks with another batch key waited.");
    for (struct map_entry *e; (e = map_next(&m->lanes, &at));)
        if (has_batches(e->value))
            sample(b, "bide_batch_key_misses_total", e->value, NULL, NULL, (double)((struct metrics_lane *)e->value)->key_misses);
}

static bool asked_cache(const struct metrics_lane *l)
{
    uint64_t n = 0;
    for (int i = 0; i < METRICS_CACHES; i++) n += l->cache[i];
    return n > 0;
}

static void write_asked(const struct metrics *m, struct buf *b, const char *name, const char *help, enum metrics_cache how)
{
    size_t at = 0;
    metrics_write_family(b, name, "counter", help);
    for (struct map_entry *e; (e = map_next(&m->lanes, &at));) {
        const struct metrics_lane *l = e->value;
        if (asked_cache(l)) sample(b, name, l, NULL, NULL, (double)l->cache[how]);
    }
}

void metrics_write(const struct metrics *m, struct buf *b)
{
    write_counters(m, b);
    size_t at = 0;
    metrics_write_family(b, "bide_task_wait_seconds", "histogram", "From being eligible to the start of an attempt.");
    for (struct map_entry *e; (e = map_next(&m->lanes, &at));)
        histogram(b, "bide_task_wait_seconds", e->value, &((struct metrics_lane *)e->value)->wait, bounds_s);
    at = 0;
    metrics_write_family(b, "bide_attempt_seconds", "histogram", "From the start of an attempt to its verdict.");
    for (struct map_entry *e; (e = map_next(&m->lanes, &at));)
        histogram(b, "bide_attempt_seconds", e->value, &((struct metrics_lane *)e->value)->run, bounds_s);
    write_batches(m, b);
    write_asked(m, b, "bide_cache_hits_total", "Tasks completed at once with a kept result.", METRICS_CACHE_HIT);
    write_asked(m, b, "bide_cache_misses_total", "Tasks that asked for a kept result and there was none.", METRICS_CACHE_MISS);
    write_asked(m, b, "bide_cache_shared_total", "The same, and wait for the result of an identical one in flight.", METRICS_CACHE_SHARED);
    write_eta_errors(m, b);
}
