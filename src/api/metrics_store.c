/* SPDX-License-Identifier: Apache-2.0
 *
 * The store: what was asked of it (store/gauge.h) and what its writing thread did (store/work.h).
 */
#include "api/metrics_page.h"
#include "store/gauge.h"

#include <stdio.h>

/* Counts per bucket as a histogram; the last bucket has no bound. */
static void write_histogram(struct buf *b, const char *name, const char *help, const uint64_t *n, int buckets,
                            int64_t (*bound)(int bucket), double unit, double sum)
{
    char series[64], label[48];
    uint64_t below = 0;
    metrics_write_family(b, name, "histogram", help);
    snprintf(series, sizeof series, "%s_bucket", name);
    for (int i = 0; i < buckets; i++) {
        below += n[i];
        if (i == buckets - 1) snprintf(label, sizeof label, "le=\"+Inf\"");
        else snprintf(label, sizeof label, "le=\"%g\"", (double)bound(i) * unit);
        metrics_write_sample(b, series, label, (double)below);
    }
    snprintf(series, sizeof series, "%s_sum", name);
    metrics_write_sample(b, series, "", sum);
    snprintf(series, sizeof series, "%s_count", name);
    metrics_write_sample(b, series, "", (double)below);
}

/* ---- what was asked ---- */

static double requests(const struct gauge_op *g) { return (double)g->requests; }
static double errors(const struct gauge_op *g) { return (double)g->errors; }
static double seconds(const struct gauge_op *g) { return (double)g->total_ms / 1000; }
static double waiting(const struct gauge_op *g) { return (double)g->waiting; }

static void write_by_op(struct buf *b, const struct store *measured)
{
    static const struct {
        const char *name, *type, *help;
        double (*value)(const struct gauge_op *g);
    } rows[] = {{"bide_store_requests_total", "counter", "Requests to the store, by operation.", requests},
                {"bide_store_errors_total", "counter", "Requests the store did not carry out.", errors},
                {"bide_store_request_seconds_total", "counter", "Time from asking the store to its answer.", seconds},
                {"bide_store_requests_waiting", "gauge", "Requests that the store has not answered yet.", waiting}};
    for (size_t row = 0; row < sizeof rows / sizeof *rows; row++) {
        metrics_write_family(b, rows[row].name, rows[row].type, rows[row].help);
        for (int op = 0; op < STORE_OPS; op++) {
            char label[32];
            snprintf(label, sizeof label, "type=\"%s\"", store_op_word((enum store_op)op));
            metrics_write_sample(b, rows[row].name, label, rows[row].value(gauge_of(measured, (enum store_op)op)));
        }
    }
}

static int64_t bound_from_1_ms(int bucket) { return gauge_bound_ms(bucket + 1); }

static void write_waits(struct buf *b, const struct store *measured, bool change, const char *name, const char *help)
{
    uint64_t n[GAUGE_BUCKETS] = {0};
    int64_t total_ms = 0;
    for (enum store_op op = 0; op < STORE_OPS; op++) {
        const struct gauge_op *g = gauge_of(measured, op);
        if (store_op_is_change(op) != change || store_op_is_indexed(op)) continue;
        for (int i = 0; i < GAUGE_BUCKETS; i++) n[i] += g->buckets[i];
        total_ms += g->total_ms;
    }
    n[1] += n[0]; /* what took no millisecond: the first bound is 1 ms */
    write_histogram(b, name, help, n + 1, GAUGE_BUCKETS - 1, bound_from_1_ms, 0.001, (double)total_ms / 1000);
}

/* ---- what was done ---- */

static void write_work(struct buf *b, const struct store_work *w)
{
    write_histogram(b, "bide_store_commit_seconds", "Writing a batch of changes, its sync included.", w->by_ms, WORK_BUCKETS,
                    work_bound_ms, 0.001, (double)w->total_ms / 1000);
    write_histogram(b, "bide_store_batch_changes", "Changes that were committed together.", w->by_size, WORK_BUCKETS,
                    work_bound_size, 1, (double)w->changes);
    metrics_page_one(b, "bide_store_log_bytes", "gauge", "Of the write-ahead log, what was written since it began anew.", (double)w->log_bytes);
}

void metrics_store(const struct call *c, const struct store_counts *counts, struct buf *b)
{
    int64_t room = disk_free(&c->api->server->disk);
    metrics_page_one(b, "bide_store_bytes", "gauge", "Size of the store on disk.", (double)counts->bytes);
    metrics_write_family(b, "bide_disk_free_bytes", "gauge", "Free on the disk of the store or of data_dir, the lesser.");
    if (room >= 0) metrics_write_sample(b, "bide_disk_free_bytes", "", (double)room);
    metrics_page_one(b, "bide_disk_reserve_bytes", "gauge", "disk_reserve: with less free, tasks are refused.",
                     (double)c->api->server->conf.config->disk_reserve);
    write_work(b, &counts->work);
    if (!c->api->measured) return;
    write_by_op(b, c->api->measured);
    write_waits(b, c->api->measured, true, "bide_store_change_seconds", "From asking for a change to its answer, after the sync.");
    write_waits(b, c->api->measured, false, "bide_store_read_seconds", "From asking for rows to the answer.");
}
