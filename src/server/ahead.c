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

static struct run *take(struct post *post)
{
    struct run *r = post->ahead;
    ahead_leave(r);
    return r;
}

void ahead_leave(struct run *r)
{
    struct post *post = r->lane->post;
    struct run **at = &post->ahead;
    while (*at != r) at = &(*at)->next_ahead;
    *at = r->next_ahead;
    post->n_ahead--;
    turn_timer_stop(r->server->turn, &r->timeout);
}

void ahead_go(struct post *post)
{
    while (post->ahead && post->handler->ops->room(post->handler) > 0) run_start(take(post));
}

static void on_too_long(struct timer *t)
{
    struct run *r = CONTAINER_OF(t, struct run, timeout);
    ahead_leave(r);
    run_give_back(r);
}

void ahead_wait(struct run *r)
{
    struct post *post = r->lane->post;
    const struct handler_ops *ops = post->handler->ops;
    struct run **at = &post->ahead;
    assert(r->state == RUN_CLAIMED);
    r->in_stream = ops->ahead(post->handler) > 0 && (post->ahead || r->lane->ready > 0 || ops->room(post->handler) == 0);
    while (*at && comes_first(*at, r)) at = &(*at)->next_ahead;
    r->next_ahead = *at;
    *at = r;
    post->n_ahead++;
    ahead_go(post);
    if (r->state == RUN_CLAIMED) turn_timer(r->server->turn, &r->timeout, r->server->draining ? 0 : AHEAD_MOST_MS, on_too_long);
}

void ahead_give_back(struct roster *r)
{
    for (size_t i = 0; i < r->n; i++)
        while (r->posts[i].ahead) run_give_back(take(&r->posts[i]));
}
