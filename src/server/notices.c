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

void notices_init(struct notices *n)
{
    map_init(&n->created);
    n->unread = -1;
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

void server_notified(struct server *s, const struct notice *notice)
{
    struct str label = server_type_label(s, notice->type);
    struct notices_type *t = map_get(&s->notices.created, label);
    if (!t) {
        t = mem_new(sizeof *t);
        t->label = mem_str(label);
        (void)map_put(&s->notices.created, t->label, t);
    }
    t->n++;
    if (s->notices.unread >= 0) s->notices.unread++;
    retention_noticed(&s->retention);
}

void server_notices_changed(struct server *s, int64_t unread) { s->notices.unread = unread; }

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
