/* SPDX-License-Identifier: Apache-2.0
 *
 * HTTP: connections, requests, bytes; answers by class of their status.
 */
#include "api/counting.h"
#include "api/metrics_page.h"

#include <stdio.h>

#define CLASSES 5

static const char *const classes[CLASSES] = {"1xx", "2xx", "3xx", "4xx", "5xx"};

static const struct metrics_histogram *answers(const struct call *c, int class) { return &c->api->answers[class + 1]; }

static void write_answers(const struct call *c, struct buf *b)
{
    char label[32];
    metrics_write_family(b, "bide_http_answers_total", "counter", "API answers, by class of their status.");
    for (int i = 0; i < CLASSES; i++) {
        uint64_t n = 0;
        for (int bucket = 0; bucket <= METRICS_BUCKETS; bucket++) n += answers(c, i)->n[bucket];
        snprintf(label, sizeof label, "status=\"%s\"", classes[i]);
        metrics_write_sample(b, "bide_http_answers_total", label, (double)n);
    }
    metrics_write_family(b, "bide_http_answer_seconds", "histogram",
                         "From the first byte of a request to its answer, waits that were asked for included.");
    for (int i = 0; i < CLASSES; i++) {
        snprintf(label, sizeof label, "status=\"%s\"", classes[i]);
        metrics_write_times(b, "bide_http_answer_seconds", label, answers(c, i));
    }
}

void metrics_http(const struct call *c, const struct store_counts *counts, struct buf *b)
{
    const struct http_stats *h = counting_http(c->api);
    (void)counts;
    metrics_page_one(b, "bide_http_connections", "gauge", "Open HTTP connections.", h->connections_now);
    metrics_page_one(b, "bide_http_connections_total", "counter", "HTTP connections taken.", (double)h->connections_total);
    metrics_page_one(b, "bide_http_requests_total", "counter", "HTTP requests.", (double)h->requests_total);
    metrics_page_one(b, "bide_http_refused_total", "counter", "Requests the HTTP layer refused itself.", (double)h->refused_total);
    metrics_page_one(b, "bide_http_received_bytes_total", "counter", "Bytes read from HTTP connections.", (double)h->bytes_in);
    metrics_page_one(b, "bide_http_sent_bytes_total", "counter", "Bytes written to HTTP connections.", (double)h->bytes_out);
    write_answers(c, b);
}
