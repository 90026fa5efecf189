/* SPDX-License-Identifier: Apache-2.0
 *
 * What has been read stays read, at its first time; the counts are the shelf's.
 */
#include "store/apply_notice.h"

#include "store/apply_ops.h"

static const struct shelf_notices *notices(const struct apply *a) { return a->shelf->ops->notices; }

int apply_notice_add(struct apply *a, struct store_add *r)
{
    int err = 0;
    for (size_t i = 0; i < r->n_notices && !err; i++) err = notices(a)->add(a->shelf, &r->notices[i], &r->notices[i].serial);
    return err;
}

static int unread_of(struct apply *a, int64_t *ret)
{
    struct store_notice_total total;
    int err = notices(a)->total(a->shelf, &total);
    if (!err) *ret = total.unread;
    return err;
}

static int read_one(struct apply *a, struct store_notice_read *r)
{
    struct id id = r->id;
    int err = r->serial > 0 ? notices(a)->find(a->shelf, r->serial, &id) : 0;
    if (!err) err = notices(a)->get(a->shelf, &id, &r->req.arena, &r->notice);
    if (err == ERR_NOT_FOUND) r->err = err;
    if (err || r->notice.read_at_ms) return r->err ? 0 : err;
    err = apply_ops_begin(a);
    if (!err) err = notices(a)->read(a->shelf, &id, r->req.now_ms);
    r->notice.read_at_ms = r->req.now_ms;
    r->n = 1;
    return err;
}

static int read_all(struct apply *a, struct store_notice_read *r)
{
    struct id *ids = arena_alloc(&r->req.arena, r->max * sizeof *ids);
    int err = notices(a)->unread(a->shelf, r->subject, r->has_until ? &r->until : NULL, ids, r->max, &r->n);
    if (!err && r->n) err = apply_ops_begin(a);
    for (size_t i = 0; i < r->n && !err; i++) err = notices(a)->read(a->shelf, &ids[i], r->req.now_ms);
    r->more = r->n == r->max;
    return err;
}

int apply_notice_read(struct apply *a, struct store_notice_read *r)
{
    r->err = 0;
    r->n = 0;
    r->more = false;
    int err = r->all ? read_all(a, r) : read_one(a, r);
    return err ? err : unread_of(a, &r->unread);
}

int apply_notice_drop(struct apply *a, struct store_notice_drop *r)
{
    int err = apply_ops_begin(a);
    if (err) return err;
    err = notices(a)->drop(a->shelf, &r->id);
    r->err = err == ERR_NOT_FOUND ? err : 0;
    return err && !r->err ? err : unread_of(a, &r->unread);
}

int apply_notice_sweep(struct apply *a, struct store_notice_sweep *r)
{
    struct shelf_notice *seen = arena_alloc(&r->req.arena, r->max * sizeof *seen);
    size_t n = 0;
    int err = notices(a)->total(a->shelf, &r->total);
    if (!err) err = notices(a)->oldest(a->shelf, seen, r->max, &n);
    int64_t above = r->keep ? r->total.n - r->keep : 0;
    r->n = 0;
    r->oldest_ms = INT64_MAX;
    for (size_t i = 0; i < n && !err; i++) {
        if (seen[i].created_at_ms >= r->before_ms && (int64_t)r->n >= above) {
            if (seen[i].created_at_ms < r->oldest_ms) r->oldest_ms = seen[i].created_at_ms;
            continue;
        }
        err = apply_ops_begin(a);
        if (!err) err = notices(a)->drop(a->shelf, &seen[i].id);
        r->n++;
    }
    r->more = n == r->max && r->n == n;
    if (err) return err == ERR_NOT_FOUND ? ERR_STORE : err;
    return notices(a)->total(a->shelf, &r->total);
}
