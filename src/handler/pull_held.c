/* SPDX-License-Identifier: Apache-2.0
 *
 * See pull_held.h. end() is the one door to settling.
 */
#include "handler/pull_held.h"

#include "base/mem.h"
#include "base/text.h"
#include "handler/verdict.h"

#include <assert.h>
#include <stdlib.h>

bool pull_held_is_settled(const struct pull_desk *d, const struct id *id, uint64_t fence, enum life_event verdict)
{
    for (size_t i = 0; i < PULL_RECENT && i < d->n_recent; i++) {
        const struct pull_recent *r = &d->recent[i];
        if (r->fence == fence && r->verdict == verdict && id_cmp(&r->id, id) == 0) return true;
    }
    return false;
}

static void leave(struct pull_held *h)
{
    turn_timer_stop(h->desk->turn, &h->lease);
    turn_timer_stop(h->desk->turn, &h->grace);
    if (map_get(&h->desk->held, id_key(&h->id)) == h) (void)map_remove(&h->desk->held, id_key(&h->id));
    list_remove(&h->link);
    puller_took(h->puller);
}

static void on_over(struct attempt *a, int err)
{
    struct pull_held *h = a->inside;
    struct pull *post = h->post;
    leave(h);
    if (!err) h->desk->recent[h->desk->n_recent++ % PULL_RECENT] = (struct pull_recent){h->id, a->fence, h->verdict};
    for (struct list *l; (l = list_shift(&h->waits));) {
        struct pull_wait *w = CONTAINER_OF(l, struct pull_wait, link);
        w->on_over(w, err ? ERR_STALE : 0);
    }
    free(h);
    pull_one_over(post);
}

struct pull_held *pull_held_new(struct pull_desk *d, struct pull *post, struct attempt *a, struct puller *p)
{
    struct pull_held *h = mem_new(sizeof *h);
    *h = (struct pull_held){.post = post, .desk = d, .attempt = a, .puller = p, .id = a->task->id};
    list_init(&h->waits);
    list_push(&post->held, &h->link);
    (void)map_put(&d->held, id_key(&h->id), h);
    a->inside = h;
    a->on_over = on_over;
    puller_takes(p);
    return h;
}

void pull_held_forget(struct pull_held *h)
{
    assert(h->state == PULL_HELD);
    struct pull *post = h->post;
    leave(h);
    h->attempt->inside = NULL;
    free(h);
    pull_one_over(post);
}

struct pull_held *pull_held_find(const struct pull_desk *d, const struct id *id, uint64_t fence)
{
    struct pull_held *h = map_get(&d->held, id_key(id));
    return h && h->attempt->fence == fence ? h : NULL;
}

/* `given`: as its puller, or this side, sees it: one that was stopped and says `failed` is stored as stopped. */
static void end(struct pull_held *h, const struct verdict *v, enum life_event given)
{
    assert(h->state != PULL_SETTLING);
    h->state = PULL_SETTLING;
    h->verdict = given;
    turn_timer_stop(h->desk->turn, &h->lease);
    turn_timer_stop(h->desk->turn, &h->grace);
    h->attempt->events->on_verdict(h->attempt, v);
}

/* ---- the lease ---- */

static void renew(struct pull_held *h);

static void lose(struct pull_held *h)
{
    struct verdict v;
    struct arena arena = {0};
    struct buf lease;
    buf_init(&lease, 64);
    text_add_duration(&lease, h->post->conf->lease_ms);
    if (h->stopping) {
        verdict_stopped(&v, &arena, h->attempt, h->why);
    } else {
        verdict_failed(&v, &arena, FAILURE_LOST, "the puller %.*s was not heard of for %.*s", STR_ARG(h->puller->name),
                       STR_ARG(buf_str(&lease)));
        v.event = LIFE_LOST;
        h->desk->lost++;
    }
    buf_release(&lease);
    end(h, &v, LIFE_LOST);
    arena_release(&arena);
}

static void on_lease(struct timer *t)
{
    struct pull_held *h = CONTAINER_OF(t, struct pull_held, lease);
    if (turn_mono_ms(h->desk->turn) - t->due_at_ms > PULL_LATE_MS) renew(h);
    else lose(h);
}

static void renew(struct pull_held *h) { turn_timer(h->desk->turn, &h->lease, h->post->conf->lease_ms, on_lease); }

void pull_held_told(struct pull_held *h)
{
    if (h->state != PULL_GIVEN) return; /* it ended in the same turn */
    h->state = PULL_HELD;
    renew(h);
}

void pull_held_take_back(struct pull_held *h)
{
    if (h->state == PULL_GIVEN) end(h, &(struct verdict){.event = LIFE_UNSTARTED}, LIFE_UNSTARTED);
}

void pull_held_resume(struct pull_desk *d, struct pull *post, struct attempt *a)
{
    pull_held_told(pull_held_new(d, post, a, puller_unknown(&d->pullers)));
}

int pull_held_beat(struct pull_held *h, struct pull_beat *ret)
{
    if (h->state == PULL_SETTLING) return ERR_STALE;
    int64_t lease_ms = h->post->conf->lease_ms, beat_ms = lease_ms / 3, half = h->attempt->task->grace_ms / 2;
    if (half < beat_ms) beat_ms = half;
    if (beat_ms > PULL_BEAT_MOST_MS) beat_ms = PULL_BEAT_MOST_MS;
    if (beat_ms < PULL_BEAT_LEAST_MS) beat_ms = PULL_BEAT_LEAST_MS;
    *ret = (struct pull_beat){.lease_ms = lease_ms, .beat_ms = beat_ms, .cancel = h->stopping ? frame_stop_word(h->why) : NULL};
    puller_heard(h->puller);
    if (h->state == PULL_HELD) renew(h);
    return 0;
}

/* ---- stopping ---- */

static void on_grace(struct timer *t)
{
    struct pull_held *h = CONTAINER_OF(t, struct pull_held, grace);
    struct verdict v;
    struct arena arena = {0};
    verdict_stopped(&v, &arena, h->attempt, h->why);
    end(h, &v, LIFE_LOST); /* no verdict of its puller's is this one */
    arena_release(&arena);
}

void pull_held_stop(struct pull_held *h, enum stop_reason why)
{
    if (h->state == PULL_SETTLING || h->stopping) return;
    h->stopping = true;
    h->why = why;
    turn_timer(h->desk->turn, &h->grace, h->attempt->task->grace_ms, on_grace);
}

/* ---- verdicts ---- */

int pull_held_verdict(struct pull_held *h, const struct verdict *v, struct pull_wait *w)
{
    struct verdict stopped;
    struct arena arena = {0};
    enum life_event given = v->event;
    if (h->state == PULL_SETTLING && h->verdict != given) return ERR_STALE;
    list_push(&h->waits, &w->link);
    puller_heard(h->puller);
    if (h->state == PULL_SETTLING) return 0;
    if (h->stopping && given != LIFE_DONE) { /* what is done is done, also when nobody wanted it any more */
        verdict_stopped(&stopped, &arena, h->attempt, h->why);
        v = &stopped;
    }
    h->puller->tasks++;
    end(h, v, given);
    arena_release(&arena);
    return 0;
}

void pull_held_leave(struct pull_wait *w) { list_remove(&w->link); }
