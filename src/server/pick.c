/* SPDX-License-Identifier: Apache-2.0
 *
 * Of the lanes of a kind that rest only the first can be picked: the others have the same room, and come later.
 */
#include "server/pick.h"

static int32_t room(const struct lane *lane)
{
    int32_t fill;
    return lane_room(lane, &fill);
}

static bool are_rivals(const struct lane_kind *a, const struct lane_kind *b)
{
    return a == b || a->queue == b->queue || roster_share_room(a->post, b->post);
}

/* Whether the first of those that rest waits for its first batch to fill. */
static bool gathers(const struct dispatch *d, const struct lane_kind *k)
{
    const struct lane *first = lane_kind_first(k);
    return k->post && k->post->batch.delay_ms > 0 && first && lane_gathers_ms(first, turn_mono_ms(d->turn)) > 0;
}

/* It comes first among its rivals, and there is or will be room for it. */
static bool has_claim_to(const struct lane *first, const struct lane *room_of)
{
    return first != room_of && are_rivals(first->kind, room_of->kind) && lane_kind_before(first, room_of) &&
           room(first) > 0;
}

/* A rival with a claim on its way has more that comes first: the room is kept for its next claim, a commit from now.
 * The same of one that gathers. */
static bool must_wait(const struct dispatch *d, const struct lane *lane)
{
    LIST_EACH (l, &d->on_way) {
        const struct lane *other = dispatch_lane_on_way(l);
        if (!other->gone && has_claim_to(other, lane)) return true;
    }
    for (size_t i = 0; i < d->kinds.n && d->delays; i++)
        if (gathers(d, d->kinds.all[i]) && has_claim_to(lane_kind_first(d->kinds.all[i]), lane)) return true;
    return false;
}

static bool is_better(const struct dispatch *d, struct lane *lane, const struct lane *than)
{
    return lane && !lane->in_claim && !(than && !lane_kind_before(lane, than)) && room(lane) > 0 && !must_wait(d, lane);
}

struct lane *pick_lane(const struct dispatch *d)
{
    struct lane *best = NULL;
    for (size_t i = 0; i < d->kinds.n; i++) {
        const struct lane_kind *k = d->kinds.all[i];
        struct lane *first = lane_kind_first(k);
        if (is_better(d, first, best) && !gathers(d, k)) best = first;
        LIST_EACH (l, &k->moving)
            if (is_better(d, lane_kind_moving(l), best)) best = lane_kind_moving(l);
    }
    return best;
}

static void note_rank(int64_t *rank, const struct lane *rival)
{
    if (rival && room(rival) > 0 && (*rank == 0 || rival->head_rank < *rank)) *rank = rival->head_rank;
}

int64_t pick_rival_rank(const struct dispatch *d, const struct lane *lane)
{
    int64_t rank = 0;
    for (size_t i = 0; i < d->kinds.n; i++) {
        const struct lane_kind *k = d->kinds.all[i];
        if (!are_rivals(k, lane->kind)) continue;
        note_rank(&rank, lane_kind_first(k));
        LIST_EACH (l, &k->moving) note_rank(&rank, lane_kind_moving(l));
    }
    return rank;
}

int64_t pick_gathers_ms(const struct dispatch *d)
{
    int64_t now_ms = turn_mono_ms(d->turn), first_ms = -1;
    for (size_t i = 0; i < d->kinds.n && d->delays; i++) {
        if (!gathers(d, d->kinds.all[i])) continue;
        struct lane *lane = lane_kind_first(d->kinds.all[i]);
        int64_t left_ms = lane_gathers_ms(lane, now_ms);
        if (!lane->gathers_since_ms) lane->gathers_since_ms = now_ms;
        if (first_ms < 0 || left_ms < first_ms) first_ms = left_ms;
    }
    return first_ms;
}
