/* SPDX-License-Identifier: Apache-2.0
 *
 * Two lines are looked at: that of the queue, and that of the handler. In each the task's own are those of both; rivals
 * in the queue's are of other handlers, rivals in the handler's of other queues.
 */
#include "server/eta_at.h"

#include "base/limits.h"

#define PLACES_MANY 1000000 /* as good as no limit: what an exec type has */
#define RIVALS 32                      /* looked at one by one; more may take every place */

struct rivals {
    const void *who[RIVALS];
    size_t n;
};

struct look {
    struct server *server;
    const struct task *task;
    struct queue *queue;
    struct post *post;
    struct eta_guess own, busy;      /* of its type */
    double again;
    double rest_ms;                  /* of the steps of its chain that come after this one */
    struct eta_line in_queue, at_post;
    struct rivals posts, queues;
};

static bool guess_busy(const struct look *l, struct str type, struct eta_guess *ret)
{
    const struct eta_type *t = eta_type_of(&l->server->eta, server_type_label(l->server, type));
    return t && (eta_guess_of(&t->busy, ret) || eta_guess_of(&t->done, ret));
}

/* What is not known of another type is taken from this one. */
static struct eta_guess busy_of(const struct look *l, struct str type)
{
    struct eta_guess g = l->busy;
    (void)guess_busy(l, type, &g);
    return g;
}

static struct str works_of(const struct server *s, const struct task *t)
{
    char lane[TASK_LANE];
    return config_works(s->conf.config, task_lane(&t->body, lane));
}

/* Of a chain the steps behind the one it is at, as if all were done and none had to wait. False: one is not known. */
static bool guess_rest(struct look *l, const struct task *t)
{
    const struct config_type *chain = config_type_find(l->server->conf.config, t->body.type);
    bool behind = false;
    for (size_t i = 0; chain && t->body.step.p && i < chain->n_steps; i++) {
        struct eta_guess g;
        if (behind && !guess_busy(l, str_of(chain->steps[i].type), &g)) return false;
        if (behind) l->rest_ms += eta_usual_ms(&g, 1);
        behind = behind || str_eq(str_of(chain->steps[i].name), t->body.step);
    }
    return true;
}

static bool is_known(struct look *l, struct server *s, const struct task *t)
{
    struct str works = works_of(s, t);
    const struct eta_type *type = works.p ? eta_type_of(&s->eta, server_type_label(s, works)) : NULL;
    *l = (struct look){.server = s, .task = t};
    if (!type || !guess_busy(l, works, &l->busy) || !guess_rest(l, t)) return false;
    if (!eta_guess_of(&type->done, &l->own)) l->own = l->busy;
    l->again = type->again;
    return true;
}

/* From now; those attempts that will follow the next one with it. */
static int64_t told(const struct look *l, double left_ms, double size)
{
    const struct task *t = l->task;
    left_ms += l->rest_ms;
    int more = eta_more_attempts(l->again, t->body.rules.max_attempts - t->life.failures - 1);
    for (int i = 1; i <= more; i++)
        left_ms += (double)retry_delay_ms(&t->body.rules.retry, t->life.failures + i, UINT64_MAX / 2) + eta_usual_ms(&l->own, size);
    int64_t now_ms = turn_wall_ms(l->server->turn), at_ms = eta_round_ms(now_ms, left_ms);
    eta_told(&l->server->eta, &t->body.id, at_ms, now_ms);
    return at_ms;
}

static double gone_ms(const struct server *s, const struct run_batch *b) { return (double)(turn_mono_ms(s->turn) - b->started_ms); }

int64_t eta_at_running(struct server *s, const struct task *t)
{
    struct look l;
    const struct run *r = server_run(s, &t->body.id);
    if (!r || r->life.cancel_requested || !is_known(&l, s, t)) return 0;
    double size = r->batch ? r->batch->size : 1;
    return told(&l, eta_left_ms(&l.own, size, r->batch ? gone_ms(s, r->batch) : 0), size);
}

/* ---- places ---- */

struct cold { /* a pool of which no process is ready */
    int64_t places, ready_in_ms, now_ms;
};

static void look_cold(void *user, const struct worker_view *w)
{
    struct cold *c = user;
    int64_t gone = w->started_at_ms ? c->now_ms - w->started_at_ms : 0, left = w->ready_ms > gone ? w->ready_ms - gone : 0;
    if (c->places == 0 || left < c->ready_in_ms) c->ready_in_ms = left;
    c->places += w->concurrency > w->max_batch && w->max_batch > 0 ? (w->concurrency + w->max_batch - 1) / w->max_batch : 1;
}

/* Batches, of whichever queue. */
static int64_t running_at(const struct look *l, const struct post *post)
{
    struct server *s = l->server;
    int64_t n = 0;
    s->eta.looks++;
    LIST_EACH(k, &s->runs)
    {
        const struct run *r = CONTAINER_OF(k, struct run, link);
        if (!r->batch || r->batch->seen == s->eta.looks || r->lane->kind->post != post) continue;
        r->batch->seen = s->eta.looks;
        n++;
    }
    return n;
}

/* Those that run, and the room beside them; of a pool that is not up, what its processes will have. */
static int64_t places_of(const struct look *l, const struct post *post, struct str type, int64_t *ret_ready_in_ms)
{
    struct handler *h = post->handler;
    int64_t n = h->typed ? h->typed->room(h, type) : h->ops->room(h);
    if (n < PLACES_MANY) n += running_at(l, post);
    if (n > 0 || h->typed) return n < PLACES_MANY ? n : PLACES_MANY;
    struct cold c = {.now_ms = turn_wall_ms(l->server->turn)};
    h->ops->each(h, look_cold, &c);
    *ret_ready_in_ms = c.ready_in_ms;
    return c.places;
}

/* False: it was met before, or there are too many to tell: those may have every place. */
static bool is_new(struct rivals *r, struct eta_line *line, const void *who)
{
    for (size_t i = 0; i < r->n; i++)
        if (r->who[i] == who) return false;
    if (r->n < RIVALS) r->who[r->n++] = who;
    else line->rival_places = line->places;
    return r->n < RIVALS;
}

static void meet(struct look *l, const struct lane_kind *k)
{
    int64_t unused;
    if (k->post && k->post != l->post && is_new(&l->posts, &l->in_queue, k->post))
        l->in_queue.rival_places += places_of(l, k->post, k->works, &unused);
    if (k->queue != l->queue && is_new(&l->queues, &l->at_post, k->queue)) l->at_post.rival_places += k->queue->concurrency;
}

/* ---- what runs, and what is in front ---- */

static void look_at_running(struct look *l, struct arena *a)
{
    struct server *s = l->server;
    size_t n = 0;
    LIST_EACH(k, &s->runs) n++;
    l->in_queue.running = arena_alloc(a, (n + 1) * sizeof *l->in_queue.running);
    l->at_post.running = arena_alloc(a, (n + 1) * sizeof *l->at_post.running);
    s->eta.looks++;
    LIST_EACH(k, &s->runs)
    {
        const struct run *r = CONTAINER_OF(k, struct run, link);
        struct run_batch *b = r->batch;
        bool here = r->lane->kind->queue == l->queue, there = r->lane->kind->post == l->post;
        if (!b || b->seen == s->eta.looks || !(here || there)) continue;
        b->seen = s->eta.looks;
        struct eta_guess g = busy_of(l, r->body.type);
        struct eta_running running = {eta_left_ms(&g, b->size, gone_ms(s, b)), !(here && there)};
        if (here) l->in_queue.running[l->in_queue.n_running++] = running;
        if (there) l->at_post.running[l->at_post.n_running++] = running;
    }
    LIST_EACH(k, &s->runs)
    {
        const struct run *r = CONTAINER_OF(k, struct run, link);
        if (r->batch && (r->lane->kind->queue == l->queue) != (r->lane->kind->post == l->post)) meet(l, r->lane->kind);
    }
}

static const struct lane *lane_at(const struct server *s, uint32_t number)
{
    const struct lane *lane = number % LIMIT_LANES < s->dispatch.n_lanes ? s->dispatch.lanes[number % LIMIT_LANES] : NULL;
    return lane && lane->number == number ? lane : NULL;
}

static void put_ahead(struct eta_ahead *to, int64_t batches, double ms)
{
    to->batches += batches;
    to->ms += ms;
}

/* Of its own lane the last batch in front may be the one that it goes with. */
static void look_at_lane(struct look *l, const struct lane *lane, int64_t tasks, bool own)
{
    int64_t width = lane_width(lane), batches = own ? tasks / width : (tasks + width - 1) / width;
    bool here = lane->kind->queue == l->queue, there = lane->kind->post == l->post;
    if (batches == 0) return;
    struct eta_guess g = busy_of(l, lane->kind->works);
    double size = (double)(own ? batches * width : tasks) / (double)batches, ms = (double)batches * eta_mean_ms(&g, size);
    if (here) put_ahead(there ? &l->in_queue.own : &l->in_queue.rival, batches, ms);
    if (there) put_ahead(here ? &l->at_post.own : &l->at_post.rival, batches, ms);
    if (!(here && there)) meet(l, lane->kind);
}

static bool may_move(const struct lane_kind *k) { return !k->queue->paused && k->post; }

size_t eta_at_lanes(const struct server *s, const struct task *t, uint32_t *ret_lanes)
{
    const struct queue *queue = queue_find(&s->queues, t->body.queue);
    const struct post *post = roster_post(&s->roster, works_of(s, t));
    size_t n = 0;
    for (size_t i = 0; i < s->dispatch.kinds.n && queue && post; i++) {
        const struct lane_kind *k = s->dispatch.kinds.all[i];
        if (!may_move(k) || (k->queue != queue && k->post != post)) continue;
        for (size_t j = 0; j < k->resting.n; j++) ret_lanes[n++] = lane_kind_resting(k->resting.slots[j])->number;
        LIST_EACH(l, &k->moving)
            ret_lanes[n++] = lane_kind_moving(l)->number;
    }
    return n;
}

static bool is_stuck(const struct look *l)
{
    struct err e = {0};
    if (!l->queue || l->queue->paused || !l->post || roster_is_held(l->post)) return true;
    return l->post->handler->ops->waiting(l->post->handler, &e) == HANDLER_BROKEN;
}

int64_t eta_at_waiting(struct server *s, const struct task *t, struct store_where *w)
{
    struct look l;
    int64_t ready_in_ms = 0;
    if (!w->comes || !is_known(&l, s, t)) return 0;
    l.queue = queue_find(&s->queues, t->body.queue);
    l.post = roster_post(&s->roster, works_of(s, t));
    const struct lane *own = lane_at(s, w->lane);
    if (is_stuck(&l)) return 0;
    l.in_queue.places = l.queue->concurrency;
    l.at_post.places = places_of(&l, l.post, works_of(s, t), &ready_in_ms);
    if (l.at_post.places == 0) return 0; /* nobody is there who would do it */
    look_at_running(&l, &w->req.arena);
    int64_t front = 0;
    for (size_t i = 0; i < w->n_lanes; i++) {
        const struct lane *lane = lane_at(s, w->lanes[i]);
        if (!lane || !may_move(lane->kind)) continue;
        int64_t tasks = (int64_t)w->ahead[i] + lane->waiting;
        if (lane == own) front = tasks;
        look_at_lane(&l, lane, tasks, lane == own);
    }
    int64_t width = own ? lane_width(own) : 1, with = own ? (int64_t)own->ready + own->waiting - front / width * width : 1;
    double size = with < 1 ? 1 : with < width ? (double)with : (double)width;
    double start_ms = eta_line_ms(&l.in_queue), at_post_ms = eta_line_ms(&l.at_post);
    if (at_post_ms > start_ms) start_ms = at_post_ms;
    if (start_ms < (double)ready_in_ms) start_ms = (double)ready_in_ms;
    double token_ms = (double)queue_rate_after_ms(l.queue, w->position ? w->position : 1, turn_mono_ms(s->turn));
    if (start_ms < token_ms) start_ms = token_ms;
    double due_ms = (double)(t->life.due_at_ms - turn_wall_ms(s->turn));
    if (t->life.state == TASK_SCHEDULED && start_ms < due_ms) start_ms = due_ms;
    return told(&l, start_ms + eta_usual_ms(&l.own, size), size);
}
