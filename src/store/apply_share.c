/* SPDX-License-Identifier: Apache-2.0
 *
 * Nobody has to wait longer, or worse, for following: it follows only what comes before it in its own queue.
 */
#include "store/apply_share.h"

#include "store/apply_cache.h"
#include "store/apply_ops.h"
#include "store/ready_key.h"
#include "task/order.h"

#define LOOKS 8 /* at so many that lead: more than one do when they bypass, or are of several queues */

/* Is it about to give a result, before a task of that queue and priority would? Nothing but its ending and a change of it
 * (apply_share_moved) makes that untrue. */
static bool is_in_flight(const struct apply *a, const struct ready_entry *e, const struct task_body *body, int64_t now_ms)
{
    const struct life *l = &e->life;
    bool in_time = l->state == TASK_SCHEDULED && (l->attempt > 0 || l->due_at_ms <= now_ms);
    bool comes = in_time || l->state == TASK_PENDING || l->state == TASK_RUNNING;
    return comes && order_priority(l->rank) >= body->rules.priority && str_eq(a->ready->lanes[e->lane].queue_name, body->queue);
}

/* One that is stopping gives none; one that others of its key hold is in nobody's way, unless they hold this one, too. */
static bool is_promising(const struct apply *a, const struct ready_entry *e, const struct task_body *body)
{
    bool is_held = e->life.state == TASK_PENDING && !ready_is_in_lane(a->ready, e);
    return !e->life.cancel_requested && (!is_held || ready_key_is(a->ready, e, body->limit_key));
}

/* `anew`: for one that has followed nobody yet. */
static int find_leader(struct apply *a, const struct task_body *body, const uint8_t print[TASK_PRINT], bool anew, int64_t now_ms,
                       struct id *ret, bool *ret_found)
{
    struct id leads[LOOKS];
    size_t n = 0;
    int err = a->shelf->ops->wanted(a->shelf, print, false, NULL, leads, LOOKS, &n);
    *ret_found = false;
    for (size_t i = 0; i < n && !err && !*ret_found; i++) {
        const struct ready_entry *e = ready_get(a->ready, &leads[i]);
        if (!e) return ERR_STORE;
        *ret_found = is_in_flight(a, e, body, now_ms) && (!anew || is_promising(a, e, body));
        *ret = leads[i];
    }
    return err;
}

int apply_share_ask(struct apply *a, struct store_add_item *it, int64_t now_ms)
{
    const struct task_body *body = it->body;
    if (body->cache.bypass || body->run_at_ms > now_ms) return 0;
    return find_leader(a, body, body->cache.print, true, now_ms, &it->leader, &it->follows);
}

static void set_woken(struct apply *a, const struct ready_entry *e, bool woken)
{
    struct id id = e->id;
    struct life life = e->life;
    if (life.woken == woken) return;
    life.woken = woken;
    ready_put(a->ready, &id, e->lane, &life);
}

/* The first that follows, or the first behind `after`. */
static int wake(struct apply *a, const uint8_t print[TASK_PRINT], const struct id *after)
{
    struct id first;
    size_t n = 0;
    int err = a->shelf->ops->wanted(a->shelf, print, true, after, &first, 1, &n);
    const struct ready_entry *e = err || !n ? NULL : ready_get(a->ready, &first);
    if (err || !n) return err;
    if (!e) return ERR_STORE;
    set_woken(a, e, true);
    return 0;
}

int apply_share_wake(struct apply *a, const uint8_t print[TASK_PRINT]) { return wake(a, print, NULL); }

int apply_share_moved(struct apply *a, const struct id *id)
{
    const struct ready_entry *e = ready_get(a->ready, id);
    if (e->life.follows) {
        set_woken(a, e, true);
        return 0;
    }
    uint8_t print[TASK_PRINT];
    int err = a->shelf->ops->print(a->shelf, id, print);
    return err ? err : apply_share_wake(a, print);
}

/* ---- one that is woken ---- */

static int answer(struct apply *a, const struct ready_entry *e, const struct id *from, struct str result, struct store_tick *r)
{
    struct id id = e->id;
    const struct ready_lane *l = &a->ready->lanes[e->lane];
    struct life life;
    int err = apply_ops_begin(a);
    if (!err) err = apply_cache_answer(a, &id, e->lane, from, result, r->req.now_ms, &life);
    if (!err) r->ended[r->n_ended++] = (struct store_tick_item){id, life, l->queue_name, l->type, true, *from};
    return err;
}

static int lead(struct apply *a, const struct id *id, const struct task_body *body, int64_t now_ms)
{
    int err = apply_ops_begin(a);
    if (!err) err = a->shelf->ops->lead(a->shelf, id);
    return err ? err : apply_ops_unblock(a, ready_get(a->ready, id), body, now_ms);
}

/* Nothing is kept for it: it runs, or follows another one. */
static int go_on(struct apply *a, const struct task_body *body, const uint8_t print[TASK_PRINT], struct store_tick *r)
{
    struct id leader;
    bool found;
    int err = find_leader(a, body, print, false, r->req.now_ms, &leader, &found);
    found = found && body->run_at_ms <= r->req.now_ms; /* one with a time of its own follows nobody */
    if (!err && !found) err = lead(a, &body->id, body, r->req.now_ms);
    if (err) return err;
    const struct ready_entry *e = ready_get(a->ready, &body->id);
    if (found) {
        set_woken(a, e, false);
    } else {
        const struct ready_lane *l = &a->ready->lanes[e->lane];
        r->leads[r->n_leads++] = (struct store_tick_item){.id = e->id, .life = e->life, .queue = l->queue_name, .type = l->type};
    }
    return wake(a, print, &body->id); /* that one may have to follow another one, too */
}

static int look(struct apply *a, const struct id *id, struct store_tick *r, struct arena *arena)
{
    struct task_body body;
    uint8_t print[TASK_PRINT];
    struct id from;
    struct str result;
    int err = a->shelf->ops->body(a->shelf, id, arena, &body);
    if (!err) err = a->shelf->ops->print(a->shelf, id, print);
    if (err) return err == ERR_NOT_FOUND ? ERR_STORE : err;
    const struct ready_entry *e = ready_get(a->ready, id);
    err = a->shelf->ops->kept(a->shelf, print, body.created_at_ms, arena, &from, &result);
    if (err == 0) return answer(a, e, &from, result, r);
    if (err != ERR_NOT_FOUND) return err;
    return go_on(a, &body, print, r);
}

int apply_share_look(struct apply *a, const struct id *id, struct store_tick *r, size_t *bytes)
{
    struct arena arena; /* a result may be large: it stays no longer than this one takes */
    arena_init(&arena);
    int err = look(a, id, r, &arena);
    *bytes += arena.total;
    arena_release(&arena);
    return err;
}
