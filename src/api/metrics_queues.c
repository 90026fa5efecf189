/* SPDX-License-Identifier: Apache-2.0
 *
 * Queues: what is in them, and how they are set.
 */
#include "api/depth.h"
#include "api/metrics_page.h"

static void sample(struct buf *b, const char *name, struct str queue, const char *status, double value)
{
    struct buf labels;
    buf_init(&labels, 4096);
    metrics_write_label(&labels, "queue", queue);
    if (status) metrics_write_label(&labels, "status", str_of(status));
    metrics_write_sample(b, name, labels.p, value);
    buf_release(&labels);
}

static void write_depths(struct buf *b, const struct store_counts *counts)
{
    metrics_write_family(b, "bide_tasks", "gauge", "Tasks in the store, by queue and status.");
    for (size_t i = 0; i < counts->n; i++)
        for (size_t word = 0; word < DEPTH_WORDS; word++)
            sample(b, "bide_tasks", counts->items[i].queue, depth_word(word), (double)depth_count(&counts->items[i], word));
}

static double oldest_s(const struct queue *q, const struct store_counts *counts, int64_t now_ms)
{
    const struct store_count *n = depth_of(counts, q->name);
    bool waits = n->oldest_ready_ms && n->oldest_ready_ms < now_ms;
    return waits ? (double)(now_ms - n->oldest_ready_ms) / 1000 : 0;
}

static bool is_shown(const struct queue *q) { return q->declared && q->name.p[0] != '$'; }

static double paused(const struct queue *q) { return q->paused; }
static double draining(const struct queue *q) { return q->draining; }
static double concurrency(const struct queue *q) { return q->concurrency; }
static double capacity(const struct queue *q) { return q->capacity > 0 ? (double)q->capacity : -1; }

static const struct {
    const char *name, *help;
    double (*value)(const struct queue *q); /* negative: no sample */
} settings[] = {{"bide_queue_paused", "1: nothing of the queue is started.", paused},
                {"bide_queue_draining", "1: the queue takes no new tasks.", draining},
                {"bide_queue_concurrency", "Tasks of the queue that may run at a time.", concurrency},
                {"bide_queue_capacity", "Tasks that may wait in the queue, where there is a limit.", capacity}};

void metrics_queues(const struct call *c, const struct store_counts *counts, struct buf *b)
{
    const struct server *s = c->api->server;
    int64_t now_ms = turn_wall_ms(s->turn);
    write_depths(b, counts);
    metrics_write_family(b, "bide_queue_oldest_pending_seconds", "gauge", "For how long the first in line could have run; 0: none could.");
    for (size_t i = 0; i < s->queues.n; i++)
        if (is_shown(s->queues.all[i]))
            sample(b, "bide_queue_oldest_pending_seconds", s->queues.all[i]->name, NULL, oldest_s(s->queues.all[i], counts, now_ms));
    for (size_t row = 0; row < sizeof settings / sizeof *settings; row++) {
        metrics_write_family(b, settings[row].name, "gauge", settings[row].help);
        for (size_t i = 0; i < s->queues.n; i++) {
            const struct queue *q = s->queues.all[i];
            double value = is_shown(q) ? settings[row].value(q) : -1;
            if (value >= 0) sample(b, settings[row].name, q->name, NULL, value);
        }
    }
}
