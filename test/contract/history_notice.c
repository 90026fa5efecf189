/* SPDX-License-Identifier: Apache-2.0
 */
#include "test/contract/history_notice.h"

#include "test/contract/say.h"

static const struct str subjects[] = {STR_NONE, {"ann", 3}, {"bob", 3}};

size_t history_notice_make(struct contract *c, struct rng *r, const struct store_owed *owed, struct notice *to)
{
    size_t n = rng_below(r, HISTORY_NOTICES + 1);
    for (size_t i = 0; i < n; i++) {
        to[i] = (struct notice){.task = owed->task.body.id, .run = owed->task.life.run, .type = owed->task.body.type, .kind = STR("k"),
                                .subject = subjects[rng_below(r, 3)], .tags = owed->task.body.tags, .n_tags = owed->task.body.n_tags,
                                .status = owed->task.life.state, .title = STR("over"), .created_at_ms = c->clock.wall_ms};
        for (int b = 6; b < 16; b++) to[i].id.b[b] = (uint8_t)rng_next(r);
        for (int b = 0; b < 6; b++) to[i].id.b[b] = (uint8_t)(c->clock.wall_ms >> (8 * (5 - b)));
    }
    return n;
}

static void say(struct buf *out, const struct notice *n)
{
    say_id(out, &n->id);
    say_id(out, &n->task);
    buf_add_format(out, " %lld run %d %.*s %.*s tags %zu %s at %lld read %lld", (long long)n->serial, n->run, STR_ARG(n->type), STR_ARG(n->subject),
                   n->n_tags, state_word(n->status), (long long)n->created_at_ms, (long long)n->read_at_ms);
}

/* A page of them; the last one shown is what is done something with. */
static bool list(struct contract *c, struct rng *r, struct buf *out, struct id *ret, int64_t *ret_serial)
{
    struct store_notice_list l = {.unread_only = rng_below(r, 2), .subject = subjects[rng_below(r, 3)], .limit = rng_below(r, 6)};
    ASK(c, notice_list, &l);
    bool any = l.n > 0;
    buf_add_format(out, " notices %lld unread %lld %lld more %d err %d", (long long)l.total.n, (long long)l.total.unread, (long long)l.unread, l.more,
                   l.req.err);
    for (size_t i = 0; i < l.n; i++) say(out, &l.items[i]);
    if (any) *ret = l.items[l.n - 1].id, *ret_serial = l.items[l.n - 1].serial;
    store_release(&l.req);
    return any;
}

static void read_some(struct contract *c, struct rng *r, struct buf *out, const struct id *id, int64_t serial)
{
    struct store_notice_read q = {.id = *id, .serial = rng_below(r, 2) ? serial : 0, .all = rng_below(r, 3) == 0, .subject = subjects[rng_below(r, 3)],
                                  .has_until = rng_below(r, 2), .until = *id, .max = 1 + rng_below(r, 4)};
    ASK(c, notice_read, &q);
    buf_add_format(out, " read %zu more %d unread %lld err %d %d", q.n, q.more, (long long)q.unread, q.err, q.req.err);
    store_release(&q.req);
}

static void sweep(struct contract *c, struct rng *r, struct buf *out)
{
    struct store_notice_sweep q = {.before_ms = c->clock.wall_ms - (int64_t)rng_below(r, 8000), .keep = (int64_t)rng_below(r, 12), .max = 1 + rng_below(r, 5)};
    ASK(c, notice_sweep, &q);
    buf_add_format(out, " swept %zu more %d oldest %lld left %lld unread %lld", q.n, q.more, (long long)q.oldest_ms, (long long)q.total.n,
                   (long long)q.total.unread);
    store_release(&q.req);
}

void history_notice_play(struct contract *c, struct rng *r, struct buf *out)
{
    struct id id = {{7}};
    int64_t serial = 5;
    uint64_t what = rng_below(r, 8);
    bool any = list(c, r, out, &id, &serial);
    if (what < 4) read_some(c, r, out, &id, serial);
    if (what == 4 && any) {
        struct store_notice_drop q = {.id = id};
        ASK(c, notice_drop, &q);
        buf_add_format(out, " dropped %d unread %lld", q.err, (long long)q.unread);
        store_release(&q.req);
    }
    if (what == 5) sweep(c, r, out);
}
