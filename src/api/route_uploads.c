/* SPDX-License-Identifier: Apache-2.0
 *
 * All are asked for at once and by themselves: the request may be over before the store has answered.
 */
#include "api/route_uploads.h"

#include "api/route_call.h"
#include "base/log.h"
#include "base/mem.h"

#include <stdlib.h>

struct dropping {
    struct filing *filing; /* borrowed: it stays longer than the store */
    size_t left;
    bool failed;
    struct store_file_drop each[];
};

static void on_drop(struct store_req *req)
{
    struct dropping *d = req->user;
    if (req->err) d->failed = true;
    store_release(req);
    if (--d->left) return;
    if (d->failed) log_warn("uploads of a refused request are left: they go when their time without a task is over (files.retain)");
    filing_look(d->filing);
    free(d);
}

static void drop(struct call *c, const struct id *ids, size_t n)
{
    struct server *s = c->api->server;
    struct dropping *d = mem_new(sizeof *d + n * sizeof d->each[0]);
    *d = (struct dropping){.filing = &s->filing, .left = n};
    for (size_t i = 0; i < n; i++) {
        d->each[i] = (struct store_file_drop){.id = ids[i]};
        store_file_drop(s->store, &d->each[i], on_drop, d);
    }
}

void route_uploads_drop(struct call *c)
{
    struct route_call *t = c->through;
    if (!t || !t->n_uploads) return;
    size_t n = t->n_uploads;
    t->n_uploads = 0;
    drop(c, t->uploads, n);
}

static bool is_among(const struct id *ids, size_t n, const struct id *id)
{
    for (size_t i = 0; i < n; i++)
        if (id_cmp(&ids[i], id) == 0) return true;
    return false;
}

void route_uploads_keep(struct call *c, const struct id *files, size_t n)
{
    struct route_call *t = c->through;
    size_t others = 0;
    if (!t) return;
    for (size_t i = 0; i < t->n_uploads && t->conf.keep != FILE_KEEP_FOREVER; i++)
        if (!is_among(files, n, &t->uploads[i])) t->uploads[others++] = t->uploads[i];
    t->n_uploads = others;
    route_uploads_drop(c);
}
