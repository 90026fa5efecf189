/* SPDX-License-Identifier: Apache-2.0
 *
 * One list for each post, linked through its runs.
 */
#include "server/ahead.h"

#include "server/server.h"

#include <assert.h>

static bool comes_first(const struct run *a, const struct run *b)
{
    return a->life.rank != b->life.rank ? a->life.rank < b->life.rank : id_cmp(&a->body.id, &b->body.id) < 0;
}

static void give_up(struct run *r)
{
    ahead_leave(r);
    run_give_back(r);
}

static void on_too_long(struct timer *t) { give_up(CONTAINER_OF(t, struct run, timeout)); }

void ahead_leave(struct run *r)
{
    struct post *post = r->lane->kind->post;
    struct run **at = &post->ahead;
    while (*at != r) at = &(*at)->next_ahead;
    *at = r->next_ahead;
    post->n_ahead--;
    if (post->blocker == r) post->blocker = NULL; /* until ahead_go has looked */
    turn_timer_stop(r->server->turn, &r->timeout);
}

static bool goes_with(const struct run *r, const struct run *head, double cost)
{
    double most = (double)head->lane->kind->post->batch.cost;
    return r->lane == head->lane && !r->life.alone && !head->life.alone && (most <= 0 || cost + r->body.cost <= most);
}

/* The best that waits, and what goes with it. */
static size_t take_batch(struct post *post, struct run *head, struct run *ret[LIMIT_BATCH])
{
    size_t n = 0, most = (size_t)post->handler->ops->batch(post->handler);
    double cost = head->body.cost;
    for (struct run *r = head, *next; r && n < most; r = next) {
        next = r->next_ahead;
        if (r != head && !goes_with(r, head, cost)) continue;
        if (r != head) cost += r->body.cost;
        ahead_leave(r);
        ret[n++] = r;
    }
    return n;
}

/* Its handler may have room for one type and not for another. */
static struct run *best_with_a_place(struct post *post)
{
    struct handler *h = post->handler;
    struct run *r = h->typed || h->ops->room(h) > 0 ? post->ahead : NULL;
    while (r && !(r->lane->planned > 0 && roster_has_room(post, r->body.type))) r = r->next_ahead;
    return r;
}

/* There is room beside others, and the best must be alone. So that it does not wait in vain for a process that is always
 * given something else, nothing goes before it, and it is not given back. */
static bool is_blocked(const struct post *post, const struct run *head)
{
    return head->life.alone && !post->handler->ops->empty(post->handler);
}

void ahead_go(struct post *post)
{
    struct run *head, *batch[LIMIT_BATCH];
    while ((head = best_with_a_place(post)) && !is_blocked(post, head))
        run_start_batch(batch, take_batch(post, head, batch));
    post->blocker = head;
    if (post->blocker) turn_timer_stop(head->server->turn, &head->timeout);
    for (struct run *r = post->ahead, *next; r; r = next) {
        next = r->next_ahead;
        if (r->lane->planned == 0) give_up(r);
        else if (!timer_is_set(&r->timeout) && r != post->blocker)
            turn_timer(r->server->turn, &r->timeout, r->server->draining ? 0 : AHEAD_MOST_MS, on_too_long);
    }
}

void ahead_wait(struct run *r)
{
    struct post *post = r->lane->kind->post;
    const struct handler_ops *ops = post->handler->ops;
    struct run **at = &post->ahead;
    assert(r->state == RUN_CLAIMED);
    r->in_stream = ops->ahead(post->handler) > 0 && (post->ahead || r->lane->ready > 0 || ops->room(post->handler) == 0);
    while (*at && comes_first(*at, r)) at = &(*at)->next_ahead;
    r->next_ahead = *at;
    *at = r;
    post->n_ahead++;
}

void ahead_give_back(struct roster *r)
{
    for (size_t i = 0; i < r->n; i++)
        while (r->posts[i].ahead) give_up(r->posts[i].ahead);
}
