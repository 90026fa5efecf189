/* SPDX-License-Identifier: Apache-2.0
 *
 * The process: by names of bide's own and by those that Prometheus' dashboards know (process_*).
 */
#include "api/metrics_page.h"
#include "api/process_stats.h"

void metrics_process(const struct call *c, const struct store_counts *counts, struct buf *b)
{
    int64_t now_ms = turn_wall_ms(c->api->server->turn), began_s = c->api->started_at_ms / 1000;
    struct process_stats p = process_stats_read();
    (void)counts;
    metrics_page_one(b, "bide_uptime_seconds", "gauge", "Time since the server started.", (double)(now_ms - c->api->started_at_ms) / 1000);
    metrics_page_one(b, "bide_memory_bytes", "gauge", "Resident memory of the server process.", (double)p.rss);
    metrics_page_one(b, "bide_open_descriptors", "gauge", "Open file descriptors of the server process.", (double)p.descriptors);
    metrics_page_one(b, "process_resident_memory_bytes", "gauge", "Resident memory size in bytes.", (double)p.rss);
    metrics_page_one(b, "process_virtual_memory_bytes", "gauge", "Virtual memory size in bytes.", (double)p.virtual);
    metrics_page_one(b, "process_open_fds", "gauge", "Number of open file descriptors.", (double)p.descriptors);
    metrics_page_one(b, "process_max_fds", "gauge", "Maximum number of open file descriptors.", (double)p.descriptors_most);
    metrics_page_one(b, "process_cpu_seconds_total", "counter", "Total user and system CPU time spent in seconds.", p.cpu_s);
    metrics_page_one(b, "process_start_time_seconds", "gauge", "Start time of the process since unix epoch in seconds.",
                     (double)began_s);
}
