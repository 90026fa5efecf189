/* SPDX-License-Identifier: Apache-2.0
 *
 * The table of allowed moves and what each does. Every cell has an answer: a verdict that finds no running attempt is
 * stale, an event without meaning in a state is a conflict, the rest is one small function.
 */
#include "task/life.h"

#include "task/order.h"

#include <assert.h>

struct step {
    struct life *life;
    const struct life_rules *rules;
    const struct life_input *in;
    struct life_outcome *out;
};

static void become(struct step *s, enum task_state state)
{
    s->life->state = state;
    s->out->changed = true;
    s->out->ended = state_is_ending(state);
    if (s->out->ended) s->life->alone = s->life->saved = s->life->keyed = s->life->cached = s->life->replaced = s->life->sequel = false;
    if (state != TASK_RUNNING) s->life->fence = 0, s->life->leased = false;
    s->life->follows = s->life->woken = false; /* nothing becomes blocked */
    if (state != TASK_SCHEDULED) s->life->due_at_ms = 0;
}

static void place(struct life *l, int32_t priority, int64_t at_ms)
{
    l->rank = order_rank(priority, at_ms);
    l->eligible_at_ms = order_eligible_ms(l->rank);
}

static void end(struct step *s, enum task_state state, enum failure_code failure)
{
    become(s, state);
    s->out->failure = failure;
}

/* Eligible again at `at_ms`: now, or by way of scheduled. */
static void wait_until(struct step *s, int64_t at_ms)
{
    become(s, at_ms > s->in->now_ms ? TASK_SCHEDULED : TASK_PENDING);
    place(s->life, s->rules->priority, at_ms > s->in->now_ms ? at_ms : s->in->now_ms);
    if (s->life->state == TASK_SCHEDULED) s->life->due_at_ms = at_ms;
}

static int64_t delayed(const struct step *s, int count)
{
    return s->in->now_ms + retry_delay_ms(&s->rules->retry, count, s->in->chance);
}

static int stale(struct step *s)
{
    (void)s;
    return ERR_STALE;
}

static int conflict(struct step *s)
{
    (void)s;
    return ERR_CONFLICT;
}

static int nothing(struct step *s)
{
    (void)s;
    return 0;
}

static int complete(struct step *s)
{
    end(s, TASK_COMPLETED, FAILURE_NONE);
    return 0;
}

/* The attempt is over without a result and somebody has asked for the task's end: that is what it gets. */
static bool cancelled_meanwhile(struct step *s)
{
    if (!s->life->cancel_requested) return false;
    end(s, TASK_CANCELLED, s->life->replaced ? FAILURE_REPLACED : FAILURE_CANCELLED);
    return true;
}

static int fail(struct step *s)
{
    s->life->alone = false;
    s->life->failures++;
    if (cancelled_meanwhile(s)) return 0;
    bool retryable = s->in->event == LIFE_TIMEOUT || s->in->retryable;
    if (!retryable || s->life->failures >= s->rules->max_attempts) end(s, TASK_FAILED, FAILURE_NONE);
    else
        wait_until(s,
                   s->in->retry_after_ms > 0 ? s->in->now_ms + s->in->retry_after_ms : delayed(s, s->life->failures));
    return 0;
}

/* Back to its old place: rank stays. */
static int give_back(struct step *s)
{
    if (!cancelled_meanwhile(s)) become(s, TASK_PENDING);
    return 0;
}

/* Shared: one of several open attempts ended the worker, the others are innocent. So none is counted, and each goes on
 * alone from its old place: the one to blame will show. */
static int crash(struct step *s)
{
    s->life->alone = s->in->shared;
    if (s->in->shared) return give_back(s);
    s->life->deaths++;
    if (cancelled_meanwhile(s)) return 0;
    if (s->life->deaths >= LIFE_DEATHS_MAX) end(s, TASK_FAILED, FAILURE_POISON);
    else wait_until(s, delayed(s, s->life->deaths));
    return 0;
}

/* Its failures were those of the step; its place is that of the task, so chains end in the order they came. */
static int go_on(struct step *s)
{
    if (cancelled_meanwhile(s)) return 0;
    become(s, TASK_PENDING);
    s->life->failures = s->life->deaths = 0;
    s->life->alone = s->life->saved = false;
    return 0;
}

static int undo_start(struct step *s)
{
    s->life->attempt--;
    return give_back(s);
}

static int start(struct step *s)
{
    if (s->life->start_by_ms && s->life->attempt == 0 && s->in->now_ms > s->life->start_by_ms) return ERR_CONFLICT;
    become(s, TASK_RUNNING);
    s->life->attempt++;
    s->life->fence = s->in->fence;
    s->life->leased = s->in->leased;
    s->life->started_at_ms = s->in->now_ms;
    return 0;
}

static int come_due(struct step *s)
{
    if (s->life->due_at_ms <= s->in->now_ms) become(s, TASK_PENDING);
    return 0;
}

static int cancel(struct step *s)
{
    s->life->cancel_requested = true;
    end(s, TASK_CANCELLED, FAILURE_CANCELLED);
    return 0;
}

static int ask_to_stop(struct step *s)
{
    s->out->changed = !s->life->cancel_requested;
    s->life->cancel_requested = true;
    return 0;
}

static int give_way(struct step *s)
{
    s->life->cancel_requested = true;
    end(s, TASK_CANCELLED, FAILURE_REPLACED);
    return 0;
}

/* Who was asked to stop before is not replaced: that is not why it ends. */
static int ask_to_give_way(struct step *s)
{
    if (!s->life->cancel_requested) s->life->replaced = true;
    return ask_to_stop(s);
}

static int unblock(struct step *s)
{
    bool keeps_place = s->life->follows && s->in->run_at_ms <= s->in->now_ms;
    if (keeps_place) become(s, TASK_PENDING);
    else wait_until(s, s->in->run_at_ms);
    return 0;
}

static int expire(struct step *s)
{
    bool late = s->life->start_by_ms && s->life->attempt == 0 && s->in->now_ms > s->life->start_by_ms;
    if (late) end(s, TASK_EXPIRED, FAILURE_EXPIRED);
    return 0;
}

static int begin_again(struct step *s)
{
    *s->life = life_begin(s->rules, s->life->run + 1, 0, s->in->now_ms);
    s->out->changed = true;
    return 0;
}

/* Its place in the order anew, if it is another: by the new priority, and from the time it was eligible or will be. */
static int replan(struct step *s)
{
    struct life was = *s->life;
    int64_t at_ms = s->in->run_at_ms ? s->in->run_at_ms : was.eligible_at_ms;
    bool later = s->in->run_at_ms ? at_ms > s->in->now_ms : was.state == TASK_SCHEDULED;
    if (s->in->run_at_ms && !later) at_ms = s->in->now_ms;
    if (was.state != TASK_BLOCKED) become(s, later ? TASK_SCHEDULED : TASK_PENDING);
    if (later && was.state != TASK_BLOCKED) s->life->due_at_ms = s->in->run_at_ms ? at_ms : was.due_at_ms;
    if (s->in->run_at_ms || order_priority(was.rank) != s->rules->priority) place(s->life, s->rules->priority, at_ms);
    s->out->changed = s->life->state != was.state || s->life->rank != was.rank || s->life->due_at_ms != was.due_at_ms;
    return 0;
}

static int keep_save(struct step *s)
{
    s->out->changed = !s->life->saved;
    s->life->saved = true;
    return 0;
}

static int fail_for_good(struct step *s)
{
    end(s, TASK_FAILED, FAILURE_NONE);
    return 0;
}

typedef int (*move)(struct step *s);

#define STALE_VERDICTS                                                                                                 \
    [LIFE_DONE] = stale, [LIFE_FAILED] = stale, [LIFE_TIMEOUT] = stale, [LIFE_CRASHED] = stale, [LIFE_LOST] = stale,   \
    [LIFE_STOPPED] = stale, [LIFE_RELEASED] = stale, [LIFE_UNSTARTED] = stale, [LIFE_STEP] = stale,    \
    [LIFE_SAVE] = stale
#define ENDING                                                                                                         \
    {                                                                                                                  \
        STALE_VERDICTS, [LIFE_CLAIM] = conflict, [LIFE_DUE] = nothing, [LIFE_CANCEL] = nothing,                        \
                        [LIFE_EXPIRE] = nothing, [LIFE_RETRY] = begin_again, [LIFE_REPLAN] = conflict,                 \
                        [LIFE_COMPLETE] = conflict, [LIFE_FAIL] = conflict, [LIFE_REPLACE] = nothing,                  \
                        [LIFE_UNBLOCK] = conflict                                                                      \
    }

#define SETTLED                                                                                                        \
    [LIFE_REPLAN] = replan, [LIFE_COMPLETE] = complete, [LIFE_FAIL] = fail_for_good, [LIFE_REPLACE] = give_way

static const move moves[TASK_STATES][LIFE_EVENTS] = {
    [TASK_BLOCKED] = {STALE_VERDICTS, [LIFE_CLAIM] = conflict, [LIFE_DUE] = nothing, [LIFE_CANCEL] = cancel,
                      [LIFE_EXPIRE] = expire, [LIFE_RETRY] = conflict, SETTLED, [LIFE_UNBLOCK] = unblock},
    [TASK_SCHEDULED] = {STALE_VERDICTS, [LIFE_CLAIM] = conflict, [LIFE_DUE] = come_due, [LIFE_CANCEL] = cancel,
                        [LIFE_EXPIRE] = expire, [LIFE_RETRY] = conflict, SETTLED, [LIFE_UNBLOCK] = conflict},
    [TASK_PENDING] = {STALE_VERDICTS, [LIFE_CLAIM] = start, [LIFE_DUE] = nothing, [LIFE_CANCEL] = cancel,
                      [LIFE_EXPIRE] = expire, [LIFE_RETRY] = conflict, SETTLED, [LIFE_UNBLOCK] = conflict},
    [TASK_RUNNING] = {[LIFE_DONE] = complete,
                      [LIFE_FAILED] = fail,
                      [LIFE_TIMEOUT] = fail,
                      [LIFE_CRASHED] = crash,
                      [LIFE_LOST] = give_back,
                      [LIFE_STOPPED] = give_back,
                      [LIFE_RELEASED] = give_back,
                      [LIFE_UNSTARTED] = undo_start,
                      [LIFE_CLAIM] = conflict,
                      [LIFE_DUE] = nothing,
                      [LIFE_CANCEL] = ask_to_stop,
                      [LIFE_EXPIRE] = nothing,
                      [LIFE_RETRY] = conflict,
                      [LIFE_REPLAN] = conflict,
                      [LIFE_COMPLETE] = conflict,
                      [LIFE_FAIL] = conflict,
                      [LIFE_SAVE] = keep_save,
                      [LIFE_REPLACE] = ask_to_give_way,
                      [LIFE_STEP] = go_on,
                      [LIFE_UNBLOCK] = conflict},
    [TASK_COMPLETED] = ENDING,
    [TASK_FAILED] = ENDING,
    [TASK_CANCELLED] = ENDING,
    [TASK_EXPIRED] = ENDING,
};

struct life life_begin(const struct life_rules *rules, int32_t run, int64_t run_at_ms, int64_t now_ms)
{
    bool later = run_at_ms > now_ms;
    struct life l = {
        .state = later ? TASK_SCHEDULED : TASK_PENDING,
        .run = run,
        .due_at_ms = later ? run_at_ms : 0,
        .start_by_ms = run == 1 ? rules->start_by_ms : 0,
    };
    place(&l, rules->priority, later ? run_at_ms : now_ms);
    return l;
}

struct life life_begin_blocked(const struct life_rules *rules, int32_t run, int64_t now_ms)
{
    struct life l = life_begin(rules, run, 0, now_ms);
    l.state = TASK_BLOCKED;
    return l;
}

int life_step(struct life *life, const struct life_rules *rules, const struct life_input *in, struct life_outcome *ret)
{
    struct life next = *life;
    struct life_outcome out = {.failure = FAILURE_NONE};
    struct step s = {&next, rules, in, &out};
    bool has_fence = in->event < LIFE_CLAIM || in->event == LIFE_STEP || in->event == LIFE_SAVE;
    if (has_fence && life->state == TASK_RUNNING && in->fence != life->fence) return ERR_STALE;
    move m = moves[life->state][in->event];
    assert(m);
    int err = m(&s);
    if (err) return err;
    *life = next;
    *ret = out;
    return 0;
}

const char *life_word(const struct life *life, int64_t now_ms)
{
    if (life->state != TASK_SCHEDULED) return state_word(life->state);
    if (life->due_at_ms <= now_ms) return state_word(TASK_PENDING);
    return life->attempt > 0 ? "retrying" : state_word(TASK_SCHEDULED);
}

int64_t life_next_ms(const struct life *life)
{
    int64_t next = INT64_MAX;
    bool waits = life->state == TASK_BLOCKED || life->state == TASK_SCHEDULED || life->state == TASK_PENDING;
    if (life->state == TASK_SCHEDULED) next = life->due_at_ms;
    if (life->woken) next = 1; /* long ago */
    /* start_by itself is still in time: it is too late one millisecond after */
    if (waits && life->attempt == 0 && life->start_by_ms && life->start_by_ms + 1 < next) next = life->start_by_ms + 1;
    return next;
}

const char *life_verdict_word(enum life_event verdict)
{
    static const char *const words[] = {
        [LIFE_DONE] = "done", [LIFE_FAILED] = "failed",     [LIFE_TIMEOUT] = "timeout",   [LIFE_CRASHED] = "lost",
        [LIFE_LOST] = "lost", [LIFE_STOPPED] = "cancelled", [LIFE_RELEASED] = "released", [LIFE_UNSTARTED] = "released",
    };
    assert(verdict < LIFE_CLAIM);
    return words[verdict];
}
