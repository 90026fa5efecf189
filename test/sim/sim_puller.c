/* SPDX-License-Identifier: Apache-2.0
 *
 * See sim_puller.h. What HTTP would carry is a call here.
 */
#include "test/sim/sim_puller.h"

#include "base/mem.h"
#include "handler/pull_held.h"
#include "test/sim/sim_client.h"
#include "test/sim/sim_plan.h"

#include <stdio.h>
#include <stdlib.h>

#define REST_MS 500   /* between two claims, at most */
#define AGAIN_MS 1000 /* before something is said again to a server that is not there yet */

struct pull_work {
    struct list link;
    struct sim_puller *puller;
    struct id id;
    uint64_t fence;
    int64_t process; /* its number in the history: of this attempt alone */
    int number;
    enum life_event verdict; /* LIFE_CLAIM: none, it waits to be stopped */
    bool retryable, late;    /* late: done, though it was asked to stop */
    struct timer beat, end;
};

struct told { /* a verdict that was given, until it is stored */
    struct pull_wait wait;
};

static struct turn *turn_of(const struct sim_puller *p) { return p->all->server->turn; }

/* When its time began to count: a puller that is given several hears of all when the last is there. 0: it is being stopped. */
static int64_t given_ms(const struct pull_work *w)
{
    const struct run *r = server_run(w->puller->all->server, &w->id);
    return timer_is_set(&r->timeout) ? r->timeout.due_at_ms - r->body.timeout_ms : 0;
}

static void note(const struct pull_work *w, enum fact_kind kind)
{
    struct sim_pullers *all = w->puller->all;
    const struct sim_task *t = sim_task_of(all->client, &w->id);
    if (!t) return;
    sim_history_add(all->history, (struct fact){.kind = kind,
                                                .task = t->number,
                                                .process = w->process,
                                                .attempt = w->number,
                                                .since_ms = kind == FACT_BEGAN ? given_ms(w) : 0,
                                                .fence = (int64_t)w->fence});
}

/* ---- asking ---- */

static void on_again(struct timer *t);

static void rest(struct sim_puller *p)
{
    turn_timer(turn_of(p), &p->again, 1 + (int64_t)rng_below(p->all->rng, REST_MS), on_again);
}

static void leave(struct pull_work *w)
{
    struct sim_puller *p = w->puller;
    turn_timer_stop(turn_of(p), &w->beat);
    turn_timer_stop(turn_of(p), &w->end);
    note(w, FACT_LEFT);
    list_remove(&w->link);
    free(w);
    if (list_empty(&p->works) && !p->asking) rest(p);
}

/* ---- working ---- */

/* The server has it for this one; NULL: not now (*ret_later), or not any more, or it has been left to a server that this
 * history will not see. */
static struct pull_held *held_of(const struct pull_work *w, bool *ret_later)
{
    struct server *s = w->puller->all->server;
    struct pull_held *h = pull_held_find(&s->roster.desk, &w->id, w->fence);
    *ret_later = !h && !s->draining && !s->serving;
    return h;
}

static void on_over(struct pull_wait *wait, int err)
{
    (void)err; /* refused or not: it is not this puller's any more */
    free(CONTAINER_OF(wait, struct told, wait));
}

static void say(struct pull_work *w, enum life_event event)
{
    bool later;
    struct pull_held *h = held_of(w, &later);
    struct verdict v = {.event = event, .retryable = w->retryable};
    if (event == LIFE_DONE) v.result = STR("{}");
    if (event == LIFE_FAILED) v.failure.code = STR("quota"), v.failure.message = STR("not now");
    struct sim_pullers *all = w->puller->all;
    leave(w);
    if (!h) {
        all->lost++;
        return;
    }
    struct told *told = mem_new(sizeof *told);
    told->wait.on_over = on_over;
    list_init(&told->wait.link);
    all->done += event == LIFE_DONE;
    if (pull_held_verdict(h, &v, &told->wait)) free(told);
}

static void on_end(struct timer *t)
{
    struct pull_work *w = CONTAINER_OF(t, struct pull_work, end);
    bool later;
    (void)held_of(w, &later);
    if (later) turn_timer(turn_of(w->puller), t, AGAIN_MS, on_end);
    else if (w->verdict != LIFE_CLAIM) say(w, w->verdict);
}

static void on_beat(struct timer *t)
{
    struct pull_work *w = CONTAINER_OF(t, struct pull_work, beat);
    struct pull_beat now = {0};
    bool later;
    struct pull_held *h = held_of(w, &later);
    if (later) {
        turn_timer(turn_of(w->puller), t, AGAIN_MS, on_beat);
    } else if (!h || pull_held_beat(h, &now)) {
        w->puller->all->lost++;
        leave(w);
    } else if (now.cancel) {
        say(w, w->late ? LIFE_DONE : LIFE_STOPPED);
    } else {
        turn_timer(turn_of(w->puller), t, now.beat_ms, on_beat);
    }
}

static void read_plan(struct pull_work *w, struct str input)
{
    struct json j;
    struct err e;
    json_init(&j);
    if (json_parse(&j, input, &e)) abort();
    struct sim_plan plan = sim_plan_read(&j, json_root(&j), w->number, false);
    json_release(&j);
    switch (plan.deed) {
    case SIM_DONE: w->verdict = LIFE_DONE; break;
    case SIM_LATE:
    case SIM_HEEDLESS: w->verdict = plan.deed == SIM_LATE ? LIFE_CLAIM : LIFE_DONE, w->late = true; break;
    case SIM_FAIL:
    case SIM_CRASH:
    case SIM_JUNK: w->verdict = LIFE_FAILED, w->retryable = true; break;
    case SIM_FATAL: w->verdict = LIFE_FAILED; break;
    case SIM_HANG:
    case SIM_DEAF:
    case SIM_STUBBORN: w->verdict = LIFE_CLAIM; break;
    }
    turn_timer(turn_of(w->puller), &w->end, plan.ms, on_end);
}

static void take(struct sim_puller *p, struct pull_held *h)
{
    struct pull_beat now;
    if (pull_held_beat(h, &now)) return; /* it ended while it was being given */
    struct pull_work *w = mem_new(sizeof *w);
    *w = (struct pull_work){.puller = p,
                            .id = h->id,
                            .fence = h->attempt->fence,
                            .number = h->attempt->number,
                            .process = ++*p->all->started};
    list_push(&p->works, &w->link);
    note(w, FACT_BEGAN);
    read_plan(w, h->attempt->task->input);
    turn_timer(turn_of(p), &w->beat, now.beat_ms, on_beat);
}

static void on_answer(struct pull_claim *c)
{
    struct sim_puller *p = c->user;
    p->asking = false;
    for (int i = 0; i < c->n_given; i++) take(p, c->given[i]);
    if (list_empty(&p->works)) rest(p);
}

static void ask(struct sim_puller *p)
{
    struct sim_pullers *all = p->all;
    p->claim = (struct pull_claim){.types = p->types, .user = p, .on_answer = on_answer, .worker = str_of(p->name)};
    p->claim.n_types = 1 + (size_t)rng_below(all->rng, 2);
    p->claim.max = 1 + (int)rng_below(all->rng, 3);
    bool second = rng_below(all->rng, 2) != 0;
    p->types[0] = str_of(all->types[second]);
    p->types[1] = str_of(all->types[!second]);
    p->asking = pull_desk_claim(&all->server->roster.desk, &p->claim, 1000 + (int64_t)rng_below(all->rng, 59000)) == 0;
    if (!p->asking) rest(p); /* it drains */
}

static void on_again(struct timer *t) { ask(CONTAINER_OF(t, struct sim_puller, again)); }

/* ---- from outside ---- */

static void name(struct sim_puller *p) { snprintf(p->name, sizeof p->name, "box-%lld", (long long)++*p->all->started); }

void sim_puller_open(struct sim_pullers *all, struct server *server, struct sim_history *history, struct sim_client *client,
                     struct rng *rng, int64_t *started)
{
    *all = (struct sim_pullers){.server = server, .history = history, .client = client, .rng = rng, .started = started};
    for (int i = 0; i < SIM_PULLERS; i++) {
        all->each[i].all = all;
        list_init(&all->each[i].works);
    }
}

void sim_puller_go(struct sim_pullers *all, const char *const *types)
{
    all->types = types;
    for (int i = 0; i < SIM_PULLERS; i++) {
        name(&all->each[i]);
        rest(&all->each[i]);
    }
}

static void vanish(struct sim_puller *p)
{
    if (p->asking) pull_desk_cancel(&p->claim);
    p->asking = true; /* so that nothing is asked while its works go */
    while (!list_empty(&p->works)) leave(CONTAINER_OF(p->works.next, struct pull_work, link));
    p->asking = false;
    turn_timer_stop(turn_of(p), &p->again);
}

void sim_puller_kill(struct sim_pullers *all, int which)
{
    struct sim_puller *p = &all->each[which];
    if (!all->types) return;
    vanish(p);
    all->kills++;
    name(p);
    rest(p);
}

void sim_puller_leave(struct sim_pullers *all)
{
    for (int i = 0; all->types && i < SIM_PULLERS; i++) vanish(&all->each[i]);
    all->types = NULL;
}

/* The timers went with the turn of before. */
static void again(struct turn *t, struct timer *timer, void (*on_due)(struct timer *t))
{
    int64_t left_ms = timer->due_at_ms - turn_mono_ms(t);
    *timer = (struct timer){0};
    turn_timer(t, timer, left_ms > 0 ? left_ms : 0, on_due);
}

void sim_puller_crashed(struct sim_pullers *all)
{
    for (int i = 0; all->types && i < SIM_PULLERS; i++) {
        struct sim_puller *p = &all->each[i];
        p->asking = false;
        p->again = (struct timer){0};
        LIST_EACH(l, &p->works)
        {
            struct pull_work *w = CONTAINER_OF(l, struct pull_work, link);
            again(turn_of(p), &w->beat, on_beat);
            again(turn_of(p), &w->end, on_end);
        }
        if (list_empty(&p->works)) rest(p);
    }
}

int sim_puller_busy(const struct sim_pullers *all)
{
    int n = 0;
    for (int i = 0; i < SIM_PULLERS; i++)
        LIST_EACH(l, &all->each[i].works) n++;
    return n;
}
