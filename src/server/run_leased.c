/* SPDX-License-Identifier: Apache-2.0
 *
 * Attempts that pullers have: they outlive a server, and the next one takes them up.
 */
#include "server/run.h"

#include "base/mem.h"
#include "server/server.h"

#include <assert.h>

static void lose(struct run *r, struct str why)
{
    struct verdict v = {.event = LIFE_LOST};
    v.failure.code = failure_word(FAILURE_LOST);
    v.failure.message = why;
    run_finish(r, &v);
}

void run_resume(struct server *s, const struct task *t, struct arena *arena)
{
    struct run *r = mem_new(sizeof *r);
    r->server = s;
    r->arena = *arena;
    arena_init(arena);
    r->body = t->body;
    r->type = t->body.type;
    r->life = t->life;
    r->state = RUN_RUNNING;
    char lane[TASK_LANE];
    r->lane = dispatch_adopt(&s->dispatch, r->body.queue, task_lane(&r->body, lane));
    r->batch = mem_new(sizeof *r->batch);
    int64_t now_ms = turn_wall_ms(s->turn), gone_ms = now_ms > r->life.started_at_ms ? now_ms - r->life.started_at_ms : 0;
    *r->batch = (struct run_batch){.size = 1, .open = 1, .started_ms = turn_mono_ms(s->turn) - gone_ms};
    struct post *post = r->lane->kind->post;
    run_begin_attempt(r, post ? post->handler : NULL);
    attempt_dir_path(r->place.path, s->conf.config->data_dir, &r->body.id, r->attempt.run, r->attempt.number);
    struct err e = {.text = "a puller had it, and its type is not pulled any more"};
    bool pulled = post && post->handler->typed;
    if (!pulled || (chain_is(s, &r->body) && chain_begin(r, t->steps, t->n_steps, &e))) {
        lose(r, str_of(e.text));
        return;
    }
    post->handler->typed->resume(post->handler, &r->attempt);
    int64_t left_ms = r->life.started_at_ms + r->body.timeout_ms - now_ms;
    turn_timer(s->turn, &r->timeout, left_ms > 0 ? left_ms : 0, run_on_timeout);
    if (r->life.cancel_requested) run_stop(r, STOP_CANCEL);
}

bool run_is_leased(const struct run *r)
{
    return r->life.leased && (r->state == RUN_RUNNING || r->state == RUN_STOPPING);
}

void run_leave(struct run *r)
{
    struct server *s = r->server;
    assert(run_is_leased(r));
    turn_timer_stop(s->turn, &r->timeout);
    r->attempt.handler->typed->leave(r->attempt.handler, &r->attempt);
    run_leave_batch(r);
    server_run_forget(s, r);
}
