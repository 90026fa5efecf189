/* SPDX-License-Identifier: Apache-2.0
 *
 * See notices.h.
 */
#include "server/notices.h"

#include "base/mem.h"
#include "server/server.h"

#include <stdlib.h>

struct notices_type {
    struct str label; /* owned */
    uint64_t n;
};

void notices_init(struct notices *n, struct server *s)
{
    *n = (struct notices){.server = s, .unread = -1};
    map_init(&n->created);
}

void notices_release(struct notices *n)
{
    size_t at = 0;
    for (struct map_entry *e; (e = map_next(&n->created, &at));) {
        struct notices_type *t = e->value;
        free((char *)t->label.p);
        free(t);
    }
    map_release(&n->created);
}

void notices_made(struct notices *n, const struct notice *notice)
{
    struct str label = server_type_label(n->server, notice->type);
    struct notices_type *t = map_get(&n->created, label);
    if (!t) {
        t = mem_new(sizeof *t);
        t->label = mem_str(label);
        (void)map_put(&n->created, t->label, t);
    }
    t->n++;
    if (n->unread >= 0) n->unread++;
    retention_noticed(&n->server->retention);
    news_notice(&n->server->news, notice);
}

void notices_changed(struct notices *n, int64_t unread) { n->unread = unread; }

void notices_write(const struct notices *n, struct buf *b)
{
    struct buf labels;
    size_t at = 0;
    buf_init(&labels, 4096);
    metrics_write_family(b, "bide_notifications_created_total", "counter", "Notifications made for endings of tasks.");
    for (struct map_entry *e; (e = map_next(&n->created, &at));) {
        const struct notices_type *t = e->value;
        buf_clear(&labels);
        metrics_write_label(&labels, "type", t->label);
        metrics_write_sample(b, "bide_notifications_created_total", labels.p, (double)t->n);
    }
    metrics_write_family(b, "bide_notifications_unread", "gauge", "Notifications that nobody has read.");
    if (n->unread >= 0) metrics_write_sample(b, "bide_notifications_unread", "", (double)n->unread);
    buf_release(&labels);
}
