/* SPDX-License-Identifier: Apache-2.0
 *
 * The arithmetic of places, and of the tokens of a queue with a rate: one for each task from its claim to its start. All counts are small; a width may change between two looks: a process says how many it takes
 * when it is ready.
 */
#include "server/lane.h"

static int32_t batches_of(int64_t tasks, int32_t width) { return (int32_t)((tasks + width - 1) / width); }

int32_t lane_width(const struct lane *l)
{
    return l->kind->post ? l->kind->post->handler->ops->batch(l->kind->post->handler) : 1;
}

/* ---- places ---- */

static void plan(struct lane *l, int32_t n)
{
    if (n == l->planned) return;
    l->kind->queue->running += n - l->planned;
    roster_reserve(l->kind->post, l->kind->works, n - l->planned);
    l->planned = n;
}

/* Not more than it has, nor than it needs. */
static void plan_at_most(struct lane *l, int32_t n)
{
    if (l->planned == 0) return;
    int32_t needed = batches_of(l->claiming + l->waiting, lane_width(l));
    plan(l, needed < n ? needed : n);
}

void lane_claims(struct lane *l, int32_t n)
{
    l->in_claim = true;
    l->claiming = n;
    l->kind->queue->coming += n;
    plan(l, batches_of(l->claiming + l->waiting, lane_width(l)));
}

void lane_is_brought(struct lane *l, int32_t n)
{
    l->in_claim = false;
    l->kind->queue->coming += n - l->claiming;
    l->claiming = 0;
    l->waiting += n;
    plan_at_most(l, l->planned);
}

void lane_hands_over(struct lane *l, int32_t n)
{
    l->waiting -= n;
    l->kind->queue->coming -= n;
    lane_adopts(l);
    plan_at_most(l, l->planned - 1);
}

void lane_drops(struct lane *l)
{
    l->waiting--;
    l->kind->queue->coming--;
    plan_at_most(l, l->planned);
}

void lane_adopts(struct lane *l)
{
    l->batches++;
    l->kind->queue->running++;
}

void lane_batch_over(struct lane *l)
{
    l->batches--;
    l->kind->queue->running--;
}

/* ---- room ---- */

/* Tasks that may join the batches that are planned already; negative: those have too many. None may while there will be no
 * room or place for those: what waits then is given back, and would be claimed again to join what came after it. */
static int32_t slack_of(const struct lane *l, int32_t width)
{
    int32_t slack = l->planned * width - l->claiming - l->waiting;
    bool dead_end = slack > 0 && (roster_room(l->kind->post, l->kind->works) < 0 || l->kind->queue->running > l->kind->queue->concurrency);
    return dead_end ? 0 : slack;
}

static int32_t least(int64_t a, int32_t b) { return a < b ? (int32_t)a : b; }

int32_t lane_room(const struct lane *l, int32_t *ret_fill)
{
    *ret_fill = 0;
    if (l->kind->queue->paused || !l->kind->post || l->kind->post->blocker || l->ready <= (uint32_t)l->claiming) return 0;
    bool one_at_a_time = l->kind->post->batch.cost > 0; /* what a batch holds is known when it is claimed */
    int32_t queue = queue_room(l->kind->queue);
    if ((one_at_a_time && l->planned > 0) || (queue == 0 && l->planned == 0)) return 0;
    int32_t width = lane_width(l), slack = slack_of(l, width), most = queue > 0 ? least(roster_room(l->kind->post, l->kind->works), queue) : 0;
    if (most < 0) most = 0;
    if (one_at_a_time && most > 1) most = 1;
    int32_t room = least((int64_t)most * width + slack, LANE_CLAIM_MOST);
    room = least((int64_t)l->ready - l->claiming, room);
    room = least(queue_starts(l->kind->queue), room);
    if (room < 0) return 0;
    *ret_fill = least((slack > 0 ? slack : 0) + (most > 0 ? width : 0), room);
    return room;
}

int32_t lane_wants(const struct lane *l, int32_t most)
{
    if (most == 0 || l->ready <= (uint32_t)l->claiming) return 0;
    int32_t width = lane_width(l);
    int64_t more = (int64_t)l->ready - l->claiming - slack_of(l, width);
    return more > 0 ? least(batches_of(more, width), most) : 0;
}

int64_t lane_gathers_ms(const struct lane *l, int64_t now_ms)
{
    if (!l->kind->post || l->kind->post->batch.delay_ms == 0 || l->ready == 0 || l->planned > 0) return 0;
    if (l->ready >= (uint32_t)lane_width(l)) return 0;
    int64_t left = l->since_ms + l->kind->post->batch.delay_ms - now_ms;
    return left > 0 ? left : 0;
}
