/* SPDX-License-Identifier: Apache-2.0
 *
 * Hints in, claims out. One claim per lane at a time.
 */
#include "server/dispatch.h"

#include "base/id.h"
#include "base/limits.h"
#include "base/mem.h"

#include <assert.h>
#include <stdlib.h>

struct claim {
    struct store_claim store;
    struct dispatch *d;
    struct lane *lane;
    int32_t reserved;
    uint64_t fences[DISPATCH_MOST];
};

static void on_soon(struct later *l);

void dispatch_init(struct dispatch *d)
{
    list_init(&d->soon.link);
}

static void free_lane(struct lane *lane)
{
    if (!lane) return;
    free((char *)lane->type.p);
    free(lane);
}

static void free_when_unused(struct lane *lane)
{
    if (lane->gone && lane->claiming == 0 && lane->running == 0) free_lane(lane);
}

void dispatch_release(struct dispatch *d)
{
    assert(d->claims == 0);
    turn_later_cancel(&d->soon);
    turn_timer_stop(d->turn, &d->again);
    for (size_t i = 0; i < d->n_lanes; i++) free_lane(d->lanes[i]);
    free(d->lanes);
}

void dispatch_soon(struct dispatch *d)
{
    turn_later(d->turn, &d->soon, on_soon);
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
        lane->gone = true;
        free_when_unused(lane);
    }
    lane = d->lanes[place] = mem_new(sizeof *lane);
    *lane = (struct lane){.number = h->lane,
                          .type = mem_str(h->type),
                          .queue = queue_hold(d->queues, h->queue),
                          .post = roster_post(d->roster, h->type)};
    return lane;
}

void dispatch_hint(struct dispatch *d, const struct store_hint *hints, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct lane *lane = lane_for(d, &hints[i]);
        lane->ready = hints[i].ready;
        lane->head_rank = hints[i].head_rank;
        lane->head = hints[i].head;
    }
    dispatch_soon(d);
}

void dispatch_hold(struct dispatch *d)
{
    d->held = true;
}

void dispatch_go_on(struct dispatch *d)
{
    for (size_t i = 0; i < d->n_lanes; i++)
        if (d->lanes[i]) d->lanes[i]->post = roster_post(d->roster, d->lanes[i]->type);
    d->held = false;
    dispatch_soon(d);
}

const struct lane *dispatch_lane(const struct dispatch *d, struct str queue, struct str type)
{
    for (size_t i = 0; i < d->n_lanes; i++) {
        const struct lane *l = d->lanes[i];
        if (l && l->queue && str_eq(l->queue->name, queue) && str_eq(l->type, type)) return l;
    }
    return NULL;
}

/* ---- claims ---- */

static void give_room_back(struct lane *lane, int32_t n)
{
    lane->queue->running -= n;
    lane->post->reserved -= n;
}

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
    size_t n = req->err ? 0 : c->store.n;
    d->claims--;
    c->lane->claiming = 0;
    give_room_back(c->lane, c->reserved - (int32_t)n);
    c->lane->running++; /* held here: a task may be over before the next one begins */
    for (size_t i = 0; i < n; i++) {
        c->lane->post->reserved--; /* from here on the handler itself counts it */
        c->lane->running++;
        d->on_claimed(d->user, c->lane, &c->store.items[i], &req->arena, n == 1);
    }
    c->lane->running--;
    free_when_unused(c->lane);
    for (size_t i = 0; !req->err && i < c->store.n_ended; i++) d->on_ended(d->user, &c->store.ended[i]);
    if (req->err) look_again_in(d, DISPATCH_STORE_AWAY_MS);
    else dispatch_soon(d);
    store_release(req);
    free(c);
    if (d->claims == 0) d->on_idle(d->user);
}

/* ---- whose turn ---- */

/* For further tasks of the lane, beside those of a claim on its way. */
static int32_t room(const struct lane *lane)
{
    if (!lane->queue || !lane->post || lane->ready <= (uint32_t)lane->claiming) return 0;
    int32_t most = queue_room(lane->queue);
    int handler = most > 0 ? roster_room(lane->post) : 0;
    if (handler < most) most = handler;
    if (most > DISPATCH_MOST) most = DISPATCH_MOST;
    int64_t more = (int64_t)lane->ready - lane->claiming;
    return more < most ? (int32_t)more : most;
}

static bool are_rivals(const struct lane *a, const struct lane *b)
{
    return a != b && (a->queue == b->queue || a->post == b->post);
}

/* The one order, across lanes: rank, then id. */
static bool comes_first(const struct lane *a, const struct lane *b)
{
    return a->head_rank != b->head_rank ? a->head_rank < b->head_rank : id_cmp(&a->head, &b->head) < 0;
}

/* A rival with a claim on its way has more that comes first: the room is kept for its next claim, a commit from now. */
static bool must_wait(const struct dispatch *d, const struct lane *lane)
{
    for (size_t i = 0; i < d->n_lanes && d->claims > 0; i++) {
        const struct lane *l = d->lanes[i];
        if (l && l->claiming && are_rivals(l, lane) && comes_first(l, lane) && room(l) > 0) return true;
    }
    return false;
}

static struct lane *best(struct dispatch *d, int32_t *ret_room)
{
    struct lane *first = NULL;
    for (size_t i = 0; i < d->n_lanes; i++) {
        struct lane *lane = d->lanes[i];
        if (!lane || lane->claiming || lane->ready == 0 || (first && !comes_first(lane, first))) continue;
        int32_t n = room(lane);
        if (n == 0 || must_wait(d, lane)) continue;
        first = lane;
        *ret_room = n;
    }
    return first;
}

/* The best head among the lanes that want the same room, those with a claim on its way too: a claim goes no further
 * than it. 0: nobody does. */
static int64_t rival_rank(const struct dispatch *d, const struct lane *lane)
{
    int64_t rank = 0;
    for (size_t i = 0; i < d->n_lanes; i++) {
        const struct lane *l = d->lanes[i];
        if (!l || !are_rivals(l, lane) || room(l) == 0) continue;
        if (rank == 0 || l->head_rank < rank) rank = l->head_rank;
    }
    return rank;
}

static void claim(struct dispatch *d, struct lane *lane, int32_t most)
{
    struct claim *c = mem_new(sizeof *c);
    c->d = d;
    c->lane = lane;
    c->reserved = most;
    for (int32_t i = 0; i < most; i++) c->fences[i] = id_fence(d->turn->rng);
    c->store.until_rank = rival_rank(d, lane);
    lane->claiming = most;
    lane->queue->running += most;
    lane->post->reserved += most;
    d->claims++;
    c->store.lanes = &lane->number;
    c->store.n_lanes = 1;
    c->store.fences = c->fences;
    c->store.max = (size_t)most;
    store_claim(d->store, &c->store, on_claim, NULL);
}

/* Tasks for a post that its queues would let run now, and those of claims on their way, which lane->ready still has. */
static size_t wanted(struct dispatch *d, const struct post *post)
{
    size_t n = 0;
    for (size_t i = 0; i < d->queues->n; i++) d->queues->all[i]->spare = queue_room(d->queues->all[i]);
    for (size_t i = 0; i < d->n_lanes; i++) {
        const struct lane *lane = d->lanes[i];
        if (!lane || lane->post != post || !lane->queue) continue;
        int64_t more = (int64_t)lane->ready - lane->claiming;
        if (more > lane->queue->spare) more = lane->queue->spare;
        if (more < 0) more = 0;
        lane->queue->spare -= (int32_t)more;
        n += (size_t)(lane->claiming + more);
    }
    return n;
}

/* So that pools start when needed, and keep what will be needed. */
static void tell_wanted(struct dispatch *d)
{
    for (size_t p = 0; p < d->roster->n; p++) {
        struct post *post = &d->roster->posts[p];
        size_t waiting = d->open ? wanted(d, post) : 0;
        if (waiting == 0 && post->wanted == 0) continue; /* a start takes one off in the pool: told each time while there are some */
        post->wanted = waiting;
        post->handler->ops->want(post->handler, waiting);
    }
}

/* A pool looks at its processes before the next turn does anything else: one that has just become idle stays only if
 * the pool knows by then that something waits for it. */
void dispatch_free(struct dispatch *d, struct lane *lane)
{
    lane->queue->running--;
    lane->running--;
    free_when_unused(lane);
    tell_wanted(d);
    dispatch_soon(d);
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

static void on_soon(struct later *l)
{
    struct dispatch *d = CONTAINER_OF(l, struct dispatch, soon);
    tell_wanted(d);
    if (!d->open || d->held) return;
    int32_t most = 0;
    for (struct lane *lane; (lane = best(d, &most));) claim(d, lane, most);
    int64_t held_ms = held_for(d);
    if (held_ms >= 0) look_again_in(d, held_ms);
}
