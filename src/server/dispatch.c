/* SPDX-License-Identifier: Apache-2.0
 *
 * Hints in, claims out. One claim per lane at a time.
 */
#include "server/dispatch.h"

#include "base/id.h"
#include "base/limits.h"
#include "base/mem.h"
#include "server/pick.h"
#include "server/run.h"
#include "task/order.h"

#include <assert.h>
#include <stdlib.h>

struct claim {
    struct store_claim store;
    struct dispatch *d;
    struct lane *lane;
    struct list on_way; /* in d->on_way */
    uint64_t fences[LANE_CLAIM_MOST];
};

static void on_soon(struct later *l);

void dispatch_init(struct dispatch *d)
{
    list_init(&d->soon.link);
    list_init(&d->strays);
    list_init(&d->on_way);
}

static void free_lane(struct dispatch *d, struct lane *lane)
{
    if (!lane) return;
    lane_kind_leave(lane);
    lane_kind_drop(&d->kinds, lane->kind);
    free(lane);
}

static void free_when_unused(struct dispatch *d, struct lane *lane)
{
    if (lane->gone && !lane->in_claim && lane->running == 0) free_lane(d, lane);
}

const struct lane *dispatch_lane_on_way(const struct list *on_way)
{
    return CONTAINER_OF(on_way, const struct claim, on_way)->lane;
}

void dispatch_release(struct dispatch *d)
{
    assert(d->claims == 0);
    turn_later_cancel(&d->soon);
    turn_timer_stop(d->turn, &d->again);
    for (size_t i = 0; i < d->n_lanes; i++) free_lane(d, d->lanes[i]);
    free(d->lanes);
    lane_kind_release(&d->kinds);
}

void dispatch_soon(struct dispatch *d)
{
    turn_later(d->turn, &d->soon, on_soon);
}

static struct lane *new_lane(struct dispatch *d, uint32_t number, struct str queue, struct str type)
{
    struct lane *lane = mem_new(sizeof *lane);
    *lane = (struct lane){.number = number, .kind = lane_kind_hold(&d->kinds, d->queues, d->roster, queue, type)};
    list_init(&lane->link);
    return lane;
}

static struct lane *lane_for(struct dispatch *d, const struct store_hint *h)
{
    uint32_t place = h->lane % LIMIT_LANES;
    if (place >= d->n_lanes) {
        d->lanes = mem_grow(d->lanes, (place + 1) * sizeof *d->lanes);
        while (d->n_lanes <= place) d->lanes[d->n_lanes++] = NULL;
    }
    struct lane *lane = d->lanes[place];
    if (lane && lane->number == h->lane) return lane;
    if (lane) {
        lane_kind_leave(lane);
        lane->gone = true;
        list_push(&d->strays, &lane->link);
        free_when_unused(d, lane);
    }
    return d->lanes[place] = new_lane(d, h->lane, h->queue, h->type);
}

/* The head is not always the oldest, but whichever was the oldest was the head or is younger than what was remembered. */
static void note_age(struct dispatch *d, struct lane *lane, const struct store_hint *h)
{
    int64_t age_ms = turn_wall_ms(d->turn) - h->head_eligible_ms;
    int64_t since_ms = turn_mono_ms(d->turn) - (age_ms > 0 ? age_ms : 0);
    if (lane->ready == 0 || since_ms < lane->since_ms) lane->since_ms = since_ms;
}

void dispatch_hint(struct dispatch *d, const struct store_hint *hints, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct lane *lane = lane_for(d, &hints[i]);
        if (hints[i].ready > 0) note_age(d, lane, &hints[i]);
        lane->ready = hints[i].ready;
        lane->head_rank = hints[i].head_rank;
        lane->head = hints[i].head;
        lane_kind_place(lane);
    }
    dispatch_soon(d);
}

void dispatch_hold(struct dispatch *d)
{
    d->held = true;
}

void dispatch_go_on(struct dispatch *d)
{
    lane_kind_repost(&d->kinds, d->roster);
    d->held = false;
    dispatch_soon(d);
}

const struct lane *dispatch_lane(const struct dispatch *d, struct str queue, struct str type)
{
    for (size_t i = 0; i < d->n_lanes; i++) {
        const struct lane *l = d->lanes[i];
        if (l && str_eq(l->kind->queue->name, queue) && str_eq(l->kind->type, type)) return l;
    }
    return NULL;
}

struct lane *dispatch_adopt(struct dispatch *d, struct str queue, struct str type)
{
    struct lane *lane = new_lane(d, 0, queue, type);
    lane->running = 1;
    lane->gone = true;
    list_push(&d->strays, &lane->link);
    lane_adopts(lane);
    return lane;
}

/* ---- claims ---- */

static void on_again(struct timer *t)
{
    dispatch_soon(CONTAINER_OF(t, struct dispatch, again));
}

static void look_again_in(struct dispatch *d, int64_t ms)
{
    int64_t at = turn_mono_ms(d->turn) + ms;
    if (!timer_is_set(&d->again) || d->again.due_at_ms > at) turn_timer(d->turn, &d->again, ms, on_again);
}

static void on_claim(struct store_req *req)
{
    struct claim *c = CONTAINER_OF(req, struct claim, store.req);
    struct dispatch *d = c->d;
    struct lane *lane = c->lane;
    size_t n = req->err ? 0 : c->store.n;
    d->claims--;
    list_remove(&c->on_way);
    lane->running += (int32_t)n + 1; /* held here: they may all be over before this ends */
    lane_is_brought(lane, (int32_t)n);
    lane_kind_place(lane);
    if (n > 0) d->on_claimed(d->user, lane, c->store.items, n, &req->arena);
    lane->running--;
    free_when_unused(d, lane);
    for (size_t i = 0; !req->err && i < c->store.n_ended; i++) d->on_ended(d->user, &c->store.ended[i]);
    if (req->err) look_again_in(d, DISPATCH_STORE_AWAY_MS);
    else dispatch_soon(d);
    store_release(req);
    free(c);
    if (d->claims == 0) d->on_idle(d->user);
}

/* ---- whose turn ---- */

static void claim(struct dispatch *d, struct lane *lane)
{
    struct claim *c = mem_new(sizeof *c);
    int32_t fill, most = lane_room(lane, &fill);
    c->d = d;
    c->lane = lane;
    for (int32_t i = 0; i < most; i++) c->fences[i] = id_fence(d->turn->rng);
    lane_kind_leave(lane); /* it is no rival of its own */
    c->store.until_rank = pick_rival_rank(d, lane);
    lane_claims(lane, most);
    lane_kind_place(lane);
    list_push(&d->on_way, &c->on_way);
    d->claims++;
    c->store.lanes = &lane->number;
    c->store.n_lanes = 1;
    c->store.fences = c->fences;
    c->store.max = (size_t)most;
    c->store.fill = (size_t)fill;
    c->store.cost = (double)lane->kind->post->batch.cost;
    c->store.leased = lane->kind->post->handler->typed != NULL;
    store_claim(d->store, &c->store, on_claim, NULL);
}

/* ---- what pools should start processes for ---- */

/* Places that it has, or will have in a moment: a process that ends for want of a token is missed when that comes. */
static int32_t spare(struct queue *q, int64_t now_ms)
{
    int32_t places = queue_room(q);
    queue_look(q, now_ms);
    if (places == 0 || queue_starts(q) >= places) return places;
    int64_t soon_ms = queue_rate_ms(q, now_ms);
    return queue_starts(q) == 0 && soon_ms >= 0 && soon_ms <= DISPATCH_SOON_MS ? 1 : queue_starts(q);
}

static size_t more_wanted(const struct lane *lane)
{
    int32_t more = lane_wants(lane, lane->kind->queue->spare);
    lane->kind->queue->spare -= more;
    return (size_t)more;
}

static void count(struct post *post, const struct lane *lane, size_t more)
{
    int32_t priority = order_priority(lane->head_rank);
    if (more > 0 && (post->counted == 0 || priority > post->counted_priority)) post->counted_priority = priority;
    post->counted += more;
}

/* Batches that the queue would let run now, and those of claims on their way, which lane->ready still has. */
static void count_kind(const struct lane_kind *k)
{
    LIST_EACH(l, &k->moving)
    {
        const struct lane *lane = lane_kind_moving(l);
        count(k->post, lane, more_wanted(lane) + (lane->in_claim ? (size_t)lane->planned : 0));
    }
    for (size_t i = 0; i < k->resting.n && k->queue->spare > 0; i++) {
        const struct lane *lane = lane_kind_resting(k->resting.slots[i]);
        count(k->post, lane, more_wanted(lane));
    }
}

/* What a queue has to spare may be used up by each post once: kinds of one post lie together. */
static void count_wanted(struct dispatch *d)
{
    int64_t now_ms = turn_mono_ms(d->turn);
    for (size_t i = 0; i < d->kinds.n && d->open; i++) {
        const struct lane_kind *k = d->kinds.all[i];
        if (!k->post) continue;
        if (k->queue->spare_of != k->post) k->queue->spare = spare(k->queue, now_ms);
        k->queue->spare_of = k->post;
        count_kind(k);
    }
    for (size_t i = 0; i < d->queues->n; i++) d->queues->all[i]->spare_of = NULL;
}

/* Of the best that waits for the post: what it was claimed for counts until it is handed over, so that no process gives way to
 * what comes after that. */
static int32_t best_priority(const struct post *post)
{
    int32_t ahead = post->ahead ? order_priority(post->ahead->life.rank) : -LIMIT_PRIORITY;
    return ahead > post->counted_priority ? ahead : post->counted_priority;
}

/* So that pools start when needed, and keep what will be needed. */
static void tell_wanted(struct dispatch *d)
{
    count_wanted(d);
    for (size_t p = 0; p < d->roster->n; p++) {
        struct post *post = &d->roster->posts[p];
        size_t waiting = post->counted;
        post->counted = 0;
        if (waiting == 0 && post->wanted == 0) continue; /* a start takes one off in the pool: told each time while there are some */
        post->wanted = waiting;
        post->handler->ops->want(post->handler, waiting, waiting > 0 ? best_priority(post) : 0);
    }
}

/* ---- what becomes of what was claimed ---- */

int64_t dispatch_handed_over(struct dispatch *d, struct lane *lane, int32_t n)
{
    int64_t since_ms = lane->gathers_since_ms;
    lane->gathers_since_ms = 0;
    queue_takes(lane->kind->queue, n, turn_mono_ms(d->turn));
    lane_hands_over(lane, n);
    lane_kind_place(lane);
    if (lane->kind->queue->rate.n > 0) dispatch_soon(d); /* the next token is due from now on */
    return since_ms ? turn_mono_ms(d->turn) - since_ms : 0;
}

bool dispatch_key_waits(const struct lane *lane)
{
    if (lane->kind->resting.n > (lane->rest.place ? 1 : 0)) return true;
    LIST_EACH(l, &lane->kind->moving)
        if (lane_kind_moving(l) != lane && lane_kind_moving(l)->ready > 0) return true;
    return false;
}

/* A pool looks at its processes before the next turn does anything else: one that has just become idle stays only if
 * the pool knows by then that something waits for it. */
static void task_over(struct dispatch *d, struct lane *lane)
{
    lane->running--;
    free_when_unused(d, lane);
    tell_wanted(d);
    dispatch_soon(d);
}

void dispatch_dropped(struct dispatch *d, struct lane *lane)
{
    lane_drops(lane);
    lane_kind_place(lane);
    task_over(d, lane);
}

void dispatch_over(struct dispatch *d, struct lane *lane, bool last)
{
    if (last) lane_batch_over(lane);
    task_over(d, lane);
}

static int64_t held_for(const struct dispatch *d)
{
    int64_t now = turn_mono_ms(d->turn), first = INT64_MAX;
    for (size_t p = 0; p < d->roster->n; p++) {
        int64_t until = d->roster->posts[p].hold_until_ms;
        if (until > now && until < first) first = until;
    }
    return first == INT64_MAX ? -1 : first - now;
}

static bool has_more(const struct lane_kind *k)
{
    LIST_EACH (l, &k->moving)
        if (lane_kind_moving(l)->ready > (uint32_t)lane_kind_moving(l)->claiming) return true;
    return lane_kind_first(k) != NULL;
}

/* Looks again when the first token is due that a task waits for. */
static void look_at_rates(struct dispatch *d, int64_t now_ms)
{
    for (size_t i = 0; i < d->kinds.n; i++) {
        const struct lane_kind *k = d->kinds.all[i];
        if (k->queue->rate.n <= 0 || queue_room(k->queue) == 0 || !has_more(k)) continue;
        int64_t wait_ms = queue_rate_ms(k->queue, now_ms);
        if (wait_ms > 0) look_again_in(d, wait_ms);
    }
}

static void on_soon(struct later *l)
{
    struct dispatch *d = CONTAINER_OF(l, struct dispatch, soon);
    tell_wanted(d);
    if (!d->open || d->held) return;
    d->delays = roster_delays(d->roster); /* posts change with a reload, and after it */
    int64_t now_ms = turn_mono_ms(d->turn);
    for (size_t i = 0; i < d->queues->n; i++) queue_look(d->queues->all[i], now_ms);
    for (struct lane *lane; (lane = pick_lane(d));) claim(d, lane);
    int64_t held_ms = held_for(d), gathers_ms = pick_gathers_ms(d);
    if (held_ms >= 0) look_again_in(d, held_ms);
    if (gathers_ms >= 0) look_again_in(d, gathers_ms);
    look_at_rates(d, now_ms);
}
