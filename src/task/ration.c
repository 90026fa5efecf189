/* SPDX-License-Identifier: Apache-2.0
 *
 * See ration.h for the rules; the numbers in front of functions are theirs.
 */
#include "task/ration.h"

#include "base/text.h"

#define WORTH_LEAST_MS 1000

int64_t ration_earned_at_ms(int64_t ready_at_ms, int64_t ready_ms, int64_t worth)
{
    int64_t worth_ms = worth * ready_ms;
    if (worth == 0) return ready_at_ms;
    return ready_at_ms + (worth_ms > WORTH_LEAST_MS ? worth_ms : WORTH_LEAST_MS);
}

void ration_add_text(struct buf *b, const struct ration_amount *like, int64_t amount)
{
    if (amount < 0) amount = 0;
    if (like->is_size) text_add_size(b, amount);
    else buf_add_format(b, "%lld", (long long)amount);
}

static void add(struct ration_amounts *to, const struct ration_amounts *more, int sign)
{
    for (int i = 0; i < LIMIT_RESOURCES; i++) to->of[i] += sign * more->of[i];
}

struct ration_amounts ration_free(const struct ration *r)
{
    struct ration_amounts free = r->whole;
    for (size_t i = 0; i < r->n_holders; i++) add(&free, &r->holders[i].holds, -1);
    return free;
}

static bool overlap(const struct ration_amounts *a, const struct ration_amounts *b)
{
    for (int i = 0; i < LIMIT_RESOURCES; i++)
        if (a->of[i] > 0 && b->of[i] > 0) return true;
    return false;
}

static bool covers(const struct ration_amounts *a, const struct ration_amounts *lacking)
{
    for (int i = 0; i < LIMIT_RESOURCES; i++)
        if (lacking->of[i] > 0 && a->of[i] < lacking->of[i]) return false;
    return true;
}

static bool is_any(const struct ration_amounts *a) { return overlap(a, a); }

/* What is missing for `needs` (NULL: for less than nothing to be free) when those that are ending are over; only what is
 * above 0 counts. */
static struct ration_amounts lacking(const struct ration *r, const struct ration_amounts *needs, const struct ration_amounts *free)
{
    struct ration_amounts lack = {0};
    for (int i = 0; i < LIMIT_RESOURCES; i++) {
        if (needs && needs->of[i] > 0) lack.of[i] = needs->of[i] - free->of[i];
        if (!needs) lack.of[i] = -free->of[i];
    }
    for (size_t i = 0; i < r->n_holders; i++) {
        const struct ration_holder *h = &r->holders[i];
        if (h->state == RATION_ENDING || h->ends) add(&lack, &h->holds, -1);
    }
    return lack;
}

/* (4) For an asker, or NULL: for nobody's sake. */
static int64_t spared_until_ms(const struct ration_holder *h, const struct ration_asker *a)
{
    if (!a || h->spared_until_ms == 0 || a->priority == h->priority) return h->spared_until_ms;
    if (a->priority > h->priority) return h->owed_until_ms;
    int64_t aged_ms = a->since_ms + (h->priority - a->priority) * (int64_t)RATION_STEP_MS;
    return aged_ms > h->spared_until_ms ? aged_ms : h->spared_until_ms;
}

static bool may_end(const struct ration_holder *h, int64_t now_ms)
{
    return h->state == RATION_IDLE && !h->ends && !h->own && h->until_ms <= now_ms;
}

static bool may_give_way(const struct ration_holder *h, int64_t now_ms)
{
    return h->state != RATION_ENDING && !h->ends && !h->own && h->until_ms <= now_ms;
}

static struct ration_amounts held_by(const struct ration *r, bool (*which)(const struct ration_holder *h, int64_t now_ms),
                                     int64_t now_ms)
{
    struct ration_amounts sum = {0};
    for (size_t i = 0; i < r->n_holders; i++)
        if (which(&r->holders[i], now_ms)) add(&sum, &r->holders[i].holds, 1);
    return sum;
}

/* (3) Of the idle ones that are of use, the one that was used least recently. */
static struct ration_holder *next_idle(const struct ration *r, const struct ration_amounts *lack, int64_t now_ms)
{
    struct ration_holder *oldest = NULL;
    for (size_t i = 0; i < r->n_holders; i++) {
        struct ration_holder *h = &r->holders[i];
        if (may_end(h, now_ms) && overlap(&h->holds, lack) && (!oldest || h->used_at_ms < oldest->used_at_ms)) oldest = h;
    }
    return oldest;
}

/* Of those that were chosen, the one that was used most recently: it is chosen no more. */
static struct ration_holder *last_chosen(const struct ration *r)
{
    struct ration_holder *newest = NULL;
    for (size_t i = 0; i < r->n_holders; i++) {
        struct ration_holder *h = &r->holders[i];
        if (h->chosen && (!newest || h->used_at_ms > newest->used_at_ms)) newest = h;
    }
    if (newest) newest->chosen = false;
    return newest;
}

/* (3) Ends idle ones until nothing is lacking, or none is left that is of use. Those that were chosen before a larger one
 * came may not be needed then: the most recently used is spared first. */
static void end_idle(struct ration *r, struct ration_amounts lack, int64_t now_ms)
{
    struct ration_holder *h;
    while (is_any(&lack) && (h = next_idle(r, &lack, now_ms))) {
        h->ends = h->chosen = true;
        add(&lack, &h->holds, -1);
    }
    while ((h = last_chosen(r))) {
        struct ration_amounts without = lack;
        add(&without, &h->holds, 1);
        if (is_any(&without)) continue;
        h->ends = false;
        lack = without;
    }
}

static void give_way(struct ration *r, const struct ration_amounts *lack, int64_t now_ms)
{
    for (size_t i = 0; i < r->n_holders; i++) {
        struct ration_holder *h = &r->holders[i];
        if (may_give_way(h, now_ms) && overlap(&h->holds, lack)) h->gives_way = true;
    }
}

/* (4) The first of those that are in the way and have not earned their start has done so then. */
static int64_t next_earned_ms(const struct ration *r, const struct ration_amounts *lack, int64_t now_ms)
{
    int64_t first_ms = INT64_MAX;
    for (size_t i = 0; i < r->n_holders; i++) {
        const struct ration_holder *h = &r->holders[i];
        if (h->state == RATION_ENDING || h->own || h->until_ms <= now_ms || !overlap(&h->holds, lack)) continue;
        if (h->until_ms < first_ms) first_ms = h->until_ms;
    }
    return first_ms;
}

/* (3, 4) For one that waits. */
static int64_t make_room(struct ration *r, const struct ration_amounts *needs, const struct ration_amounts *free, int64_t now_ms)
{
    struct ration_amounts lack = lacking(r, needs, free);
    if (!is_any(&lack)) return INT64_MAX; /* it comes */
    struct ration_amounts idle = held_by(r, may_end, now_ms), both = held_by(r, may_give_way, now_ms);
    if (covers(&idle, &lack)) {
        end_idle(r, lack, now_ms);
        return INT64_MAX;
    }
    if (covers(&both, &lack)) give_way(r, &lack, now_ms);
    return next_earned_ms(r, &lack, now_ms);
}

/* Smaller is before: it stays as it is while one waits, so that a line once drawn needs no clock. */
static int64_t place_ms(const struct ration_asker *a) { return a->since_ms - a->priority * (int64_t)RATION_STEP_MS; }

/* (2, 5) */
bool ration_before(const struct ration_asker *a, const struct ration_asker *b)
{
    if (a->unasked != b->unasked) return b->unasked;
    return place_ms(a) != place_ms(b) ? place_ms(a) < place_ms(b) : a->ticket < b->ticket;
}

static struct ration_asker *next_asker(struct ration *r, const struct ration_asker *after)
{
    struct ration_asker *next = NULL;
    for (size_t i = 0; i < r->n_askers; i++) {
        struct ration_asker *a = &r->askers[i];
        if ((!after || ration_before(after, a)) && (!next || ration_before(a, next))) next = a;
    }
    return next;
}

static bool fits(const struct ration_amounts *needs, const struct ration_amounts *free)
{
    for (int i = 0; i < LIMIT_RESOURCES; i++)
        if (needs->of[i] > 0 && needs->of[i] > free->of[i]) return false;
    return true;
}

/* (6) What its own pool holds is looked past. */
static void look_for(struct ration *r, struct ration_asker *a)
{
    struct ration_amounts others = r->whole;
    for (size_t i = 0; i < r->n_holders; i++) {
        struct ration_holder *h = &r->holders[i];
        h->own = h->pool == a->pool;
        h->until_ms = spared_until_ms(h, a);
        if (h->own && h->state != RATION_ENDING && !h->ends) add(&others, &h->holds, -1);
    }
    a->barred = !fits(&a->needs, &others);
}

/* (1) The whole was made smaller: idle ones end as far as that helps, and the others follow in their time. */
static int64_t shrink(struct ration *r, const struct ration_amounts *free, int64_t now_ms)
{
    struct ration_amounts lack = lacking(r, NULL, free);
    if (!is_any(&lack)) return INT64_MAX;
    end_idle(r, lack, now_ms);
    lack = lacking(r, NULL, free);
    if (!is_any(&lack)) return INT64_MAX;
    give_way(r, &lack, now_ms);
    return next_earned_ms(r, &lack, now_ms);
}

int64_t ration_decide(struct ration *r, int64_t now_ms)
{
    struct ration_amounts free = ration_free(r), spoken_for = {0};
    for (size_t i = 0; i < r->n_holders; i++) {
        struct ration_holder *h = &r->holders[i];
        h->ends = h->gives_way = h->chosen = h->own = false;
        h->until_ms = spared_until_ms(h, NULL);
    }
    int64_t again_ms = shrink(r, &free, now_ms);
    for (struct ration_asker *a = NULL; (a = next_asker(r, a));) {
        look_for(r, a);
        bool behind = overlap(&a->needs, &spoken_for);
        a->starts = !behind && fits(&a->needs, &free);
        if (a->starts) add(&free, &a->needs, -1);
        if (a->starts || a->unasked || a->barred) continue;
        int64_t at_ms = behind ? INT64_MAX : make_room(r, &a->needs, &free, now_ms);
        if (at_ms < again_ms) again_ms = at_ms;
        add(&spoken_for, &a->needs, 1);
    }
    return again_ms == INT64_MAX ? -1 : again_ms - now_ms;
}
