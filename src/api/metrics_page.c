/* SPDX-License-Identifier: Apache-2.0
 *
 * /metrics (Prometheus): what the store counts, then every section.
 */
#include "api/metrics_page.h"

#include "api/counting.h"

static void metrics(struct call *c);

const struct route metrics_page_routes[] = {
    {"GET", "/metrics", " ", metrics},
    {0},
};

void metrics_page_one(struct buf *b, const char *name, const char *type, const char *help, double value)
{
    metrics_write_family(b, name, type, help);
    metrics_write_sample(b, name, "", value);
}

static void write_counted(const struct call *c, const struct store_counts *counts, struct buf *b)
{
    (void)counts;
    metrics_write(&c->api->server->metrics, b);
}

static void write_purged(const struct call *c, const struct store_counts *counts, struct buf *b)
{
    const struct retention_counts *purged = &c->api->server->retention.total;
    (void)counts;
    metrics_page_one(b, "bide_purged_tasks_total", "counter", "Ended tasks removed by retention.", (double)purged->records);
    metrics_page_one(b, "bide_purged_bytes_total", "counter", "Inputs, results and logs removed by retention.", (double)purged->bytes);
}

static void write_files(const struct call *c, const struct store_counts *counts, struct buf *b)
{
    const struct filing *f = &c->api->server->filing;
    (void)counts;
    metrics_page_one(b, "bide_files", "gauge", "Uploaded files.", (double)f->total.n);
    metrics_page_one(b, "bide_file_bytes", "gauge", "Size of the uploaded files.", (double)f->total.bytes);
    metrics_page_one(b, "bide_files_arriving_bytes", "gauge", "Of uploads under way, what has come.", (double)f->arriving);
}

static void write_followers(const struct call *c, const struct store_counts *counts, struct buf *b)
{
    const struct sequel *q = &c->api->server->sequel;
    (void)counts;
    metrics_page_one(b, "bide_followers_added_total", "counter", "Tasks added after the ending of another.", (double)q->added);
    metrics_page_one(b, "bide_followers_refused_total", "counter", "Tasks that were to follow an ending and could not be added.", (double)q->refused);
}

static metrics_section *const sections[] = {metrics_queues, metrics_store, write_purged, write_counted, metrics_workers,
                                            write_files, write_followers, metrics_http, metrics_process};

static void write_all(const struct call *c, const struct store_counts *counts, struct buf *b)
{
    for (size_t i = 0; i < sizeof sections / sizeof *sections; i++) sections[i](c, counts, b);
}

static void metrics(struct call *c) { counting_answer(c, "text/plain; version=0.0.4; charset=utf-8", write_all); }
