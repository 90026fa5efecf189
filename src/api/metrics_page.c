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

static void write_streams(const struct call *c, const struct store_counts *counts, struct buf *b)
{
    const struct bus *bus = &c->api->server->news.bus;
    (void)counts;
    metrics_page_one(b, "bide_streams", "gauge", "Clients that follow events, a log or streamed output.", (double)bus->n_listeners);
    metrics_page_one(b, "bide_stream_events_total", "counter", "Events told to streams.", (double)bus->last);
    metrics_page_one(b, "bide_streams_cut_total", "counter", "Times a client was too slow for the events, and was told to read again.", (double)bus->cuts);
}

static void write_deliveries(const struct call *c, const struct store_counts *counts, struct buf *b)
{
    const uint64_t *tries = c->api->server->metrics.own.attempts;
    (void)counts;
    metrics_page_one(b, "bide_deliveries_pending", "gauge", "Webhooks that were not delivered yet.", (double)c->api->deliveries_pending);
    metrics_write_family(b, "bide_delivery_attempts_total", "counter", "Tries to deliver a webhook, by what came of them.");
    metrics_write_sample(b, "bide_delivery_attempts_total", "status=\"delivered\"", (double)tries[LIFE_DONE]);
    metrics_write_sample(b, "bide_delivery_attempts_total", "status=\"failed\"", (double)(tries[LIFE_FAILED] + tries[LIFE_TIMEOUT]));
    metrics_write_sample(b, "bide_delivery_attempts_total", "status=\"lost\"", (double)(tries[LIFE_LOST] + tries[LIFE_RELEASED]));
}

static void write_notices(const struct call *c, const struct store_counts *counts, struct buf *b)
{
    (void)counts;
    notices_write(&c->api->server->notices, b);
}

static metrics_section *const sections[] = {metrics_queues, metrics_store, write_purged, write_counted, metrics_workers,
                                            write_files, write_followers, write_streams, write_deliveries, write_notices, metrics_http, metrics_process};

static void write_all(const struct call *c, const struct store_counts *counts, struct buf *b)
{
    for (size_t i = 0; i < sizeof sections / sizeof *sections; i++) sections[i](c, counts, b);
}

static void metrics(struct call *c) { counting_answer(c, "text/plain; version=0.0.4; charset=utf-8", write_all); }
