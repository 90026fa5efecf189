/* SPDX-License-Identifier: Apache-2.0
 *
 * The sections of /metrics. Each writes whole families and is a row of the table in metrics_page.c: what else is to be told
 * is another section, in a file of its own. doc/protocol.md has a row for each series.
 */
#ifndef API_METRICS_PAGE_H
#define API_METRICS_PAGE_H

#include "api/api.h"
#include "store/store.h"

typedef void metrics_section(const struct call *c, const struct store_counts *counts, struct buf *b);

metrics_section metrics_queues, metrics_store, metrics_workers, metrics_http, metrics_process;

/* A family with one sample that has no labels. */
void metrics_page_one(struct buf *b, const char *name, const char *type, const char *help, double value);

#endif
