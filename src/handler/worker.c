/* SPDX-License-Identifier: Apache-2.0
 *
 * The machine of one worker. Callbacks record facts in struct worker and call worker_step(); next_state() is the only place
 * that decides where to go, moves[] is the only list of where it may go, enter() the only place where a new state
 * acts. What a process says is read in worker_read.c, its attempts are handled in worker_slot.c.
 *
 *   off ──want──▶ starting ──ready──▶ idle ⇄ busy ──SIGTERM sent, junk──┐
 *    ▲              │ no ready         │ keep_alive, drain, a wish       ▼
 *    │              └──────────────────┴─────────────────────────────▶ stopping ──dead──▶ off (asked for)
 *    └── backoff, broken ◀── dead by itself, or stopping for a failure
 */
#include "handler/worker.h"
#include "base/mem.h"
#include "base/text.h"
#include "handler/attempt.h"
#include "handler/verdict.h"
#include "handler/worker_env.h"
#include "handler/worker_read.h"
#include "handler/worker_slot.h"
#include "handler/worker_warmup.h"
#include "handler/worker_watch.h"
#include <assert.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#define NICENESS 5
#define STOP_TERM_MS 5000  /* an idle process that was told to stop */
#define STOP_KILL_MS 10000
#define READY_TIMEOUT_MS (2 * 60 * 1000)
#define BACKOFF_FIRST_MS 1000
#define BACKOFF_CAP_MS (5 * 60 * 1000)
#define BREAKER 5          /* failures in a row */
#define QUIET_MS (10 * 60 * 1000)

#define TO(state) (1u << WORKER_##state)
static const unsigned moves[WORKER_STATES] = {
    [WORKER_OFF] = TO(STARTING),
    [WORKER_STARTING] = TO(IDLE) | TO(STOPPING) | TO(BACKOFF) | TO(BROKEN) | TO(OFF),
    [WORKER_IDLE] = TO(BUSY) | TO(STOPPING) | TO(BACKOFF) | TO(BROKEN),
    [WORKER_BUSY] = TO(IDLE) | TO(STOPPING) | TO(BACKOFF) | TO(BROKEN) | TO(OFF),
    [WORKER_STOPPING] = TO(OFF) | TO(BACKOFF) | TO(BROKEN),
    [WORKER_BACKOFF] = TO(OFF),
    [WORKER_BROKEN] = TO(OFF),
};

static enum worker_state after_death(const struct worker *w)
{
    if (w->draining || w->ending == ENDING_PLANNED || w->ending == ENDING_LADDER) return WORKER_OFF;
    return w->in_a_row >= BREAKER ? WORKER_BROKEN : WORKER_BACKOFF;
}

static enum worker_state next_state(const struct worker *w)
{
    switch (w->state) {
    case WORKER_OFF: return w->wanted && !w->draining ? WORKER_STARTING : WORKER_OFF;
    case WORKER_STARTING:
    case WORKER_IDLE:
    case WORKER_BUSY:
        if (w->dead) return after_death(w);
        if (w->ending == ENDING_PLANNED && w->n_open > 0) return WORKER_BUSY;
        if (w->ending != ENDING_NOT) return WORKER_STOPPING;
        if (!w->ready) return WORKER_STARTING;
        return w->n_open > 0 ? WORKER_BUSY : WORKER_IDLE;
    case WORKER_STOPPING: return w->dead ? after_death(w) : WORKER_STOPPING;
    case WORKER_BACKOFF:
    case WORKER_BROKEN: return w->rested || w->draining ? WORKER_OFF : w->state;
    case WORKER_STATES: break;
    }
    abort();
}

static void say(struct worker *w, enum log_level level, const char *format, ...) __attribute__((format(printf, 3, 4)));
static void say(struct worker *w, enum log_level level, const char *format, ...)
{
    char what[1024];
    int at = snprintf(what, sizeof what, "%s ", w->id);
    va_list args;
    va_start(args, format);
    vsnprintf(what + at, sizeof what - (size_t)at, format, args);
    va_end(args);
    w->events->on_event(w, level, what);
}

static struct str owned(struct str *old, struct str s)
{
    free((char *)old->p);
    return *old = s.len ? mem_str(s) : STR_NONE;
}

/* Three deaths of one task are one failure: it must not break the place for the tasks beside it. */
static bool counts(const struct worker *w)
{
    for (size_t i = 0; i < w->n_open; i++)
        if (w->open[i]->deaths == 0) return true;
    return w->n_open == 0;
}

/* One more failure in a row, and why, for people: the reason as one line with the last that the process said. */
static void note_failure(struct worker *w, struct str reason)
{
    struct arena arena = {0};
    struct str tail = capture_tail(w->err.tail_len ? &w->err : &w->out), last = capture_last_line(tail);
    int64_t now_ms = turn_mono_ms(w->turn);
    if (w->ready && now_ms - w->ready_at_ms > QUIET_MS) w->in_a_row = 0;
    w->in_a_row += counts(w);
    w->failed_at_ms = now_ms;
    owned(&w->problem, tail.len ? arena_format(&arena, "%.*s\n%.*s", STR_ARG(reason), STR_ARG(tail)) : reason);
    owned(&w->reason, last.len ? arena_format(&arena, "%.*s: %.*s", STR_ARG(reason), STR_ARG(last)) : reason);
    arena_release(&arena);
}

/* How long to wait before the next start. */
static int64_t backoff_ms(const struct worker *w)
{
    int64_t ms = w->conf->backoff_first_ms > 0 ? w->conf->backoff_first_ms : BACKOFF_FIRST_MS;
    int64_t cap_ms = w->conf->backoff_cap_ms > 0 ? w->conf->backoff_cap_ms : BACKOFF_CAP_MS;
    if (w->in_a_row >= BREAKER) return cap_ms;
    for (int i = 1; i < w->in_a_row && ms < cap_ms; i++) ms *= 2;
    return ms < cap_ms ? ms : cap_ms;
}

static int64_t ready_timeout_ms(const struct worker *w)
{
    return w->conf->ready_timeout_ms > 0 ? w->conf->ready_timeout_ms : READY_TIMEOUT_MS;
}

static void on_due(struct timer *t);

static void enter_starting(struct worker *w)
{
    int64_t now_ms = turn_mono_ms(w->turn);
    struct child_spec spec = {.argv = w->conf->command, .env = w->env, .secret_env = w->conf->secret_env,
                              .cwd = w->conf->cwd, .frames = true, .nice = NICENESS, .sandbox = &w->conf->sandbox};
    struct err e = {0};
    worker_read_reset(w);
    owned(&w->fault, STR_NONE);
    w->wanted = w->ready = w->dead = w->rested = w->told = w->gives_way = false;
    w->room_at_ms = 0;
    w->ending = ENDING_NOT;
    w->given = (struct given){0};
    w->pace = (struct pace){0};
    w->pings = false;
    worker_watch_begin(w);
    w->tasks = w->ready_ms = 0;
    w->started_at_ms = now_ms;
    w->started_wall_ms = turn_wall_ms(w->turn);
    if (w->failed_at_ms != INT64_MIN && now_ms - w->failed_at_ms > QUIET_MS) w->in_a_row = 0;
    w->child.pid = 0;
    int err = child_start(w->spawner, &w->child, &spec, &e);
    if (err) {
        note_failure(w, str_of(e.text));
        bool lacking = err == ERR_AGAIN || err == ERR_NOMEM; /* not the program's doing: it does not break the place */
        if (lacking && w->in_a_row >= BREAKER) w->in_a_row = BREAKER - 1;
        w->restarts++;
        w->dead = true;
        return;
    }
    turn_timer(w->turn, &w->timer, ready_timeout_ms(w), on_due);
    say(w, LOG_LEVEL_INFO, "started");
}

static void enter_idle(struct worker *w)
{
    w->idle_at_ms = turn_mono_ms(w->turn);
    if (w->conf->keep_alive_ms >= 0) turn_timer(w->turn, &w->timer, w->conf->keep_alive_ms, on_due);
}

static void enter_stopping(struct worker *w, enum worker_state from)
{
    switch (w->ending) {
    case ENDING_NOT: abort();
    case ENDING_LADDER: break; /* on its way */
    case ENDING_FAILED: ladder_start(&w->ladder, 0, 0); break;
    case ENDING_PLANNED:
        if (from != WORKER_STARTING) {
            struct buf frame;
            buf_init(&frame, 64);
            frame_write_stop(&frame);
            (void)child_send(&w->child, buf_str(&frame)); /* end of file says the same, and the ladder stands behind it */
            buf_release(&frame);
        }
        child_close_input(&w->child);
        /* One that still loads has nothing to finish and may not read yet. */
        ladder_start(&w->ladder, from == WORKER_STARTING ? 0 : STOP_TERM_MS, from == WORKER_STARTING ? STOP_TERM_MS : STOP_KILL_MS);
        break;
    }
}

static void enter_backoff(struct worker *w)
{
    struct buf in;
    int64_t wait_ms = backoff_ms(w);
    buf_init(&in, 64);
    text_add_duration(&in, wait_ms);
    w->rested = false;
    turn_timer(w->turn, &w->timer, wait_ms, on_due);
    say(w, w->state == WORKER_BROKEN ? LOG_LEVEL_ERROR : LOG_LEVEL_WARN, "failed %d times in a row, tried again in %.*s: %.*s",
        w->in_a_row, STR_ARG(buf_str(&in)), STR_ARG(w->reason));
    buf_release(&in);
}

static void enter(struct worker *w, enum worker_state from)
{
    turn_timer_stop(w->turn, &w->timer);
    switch (w->state) {
    case WORKER_STARTING: enter_starting(w); break;
    case WORKER_IDLE: enter_idle(w); break;
    case WORKER_STOPPING: enter_stopping(w, from); break;
    case WORKER_BACKOFF:
    case WORKER_BROKEN: enter_backoff(w); break;
    case WORKER_OFF:
    case WORKER_BUSY:
    case WORKER_STATES: break;
    }
}

void worker_step(struct worker *w)
{
    for (enum worker_state to; (to = next_state(w)) != w->state;) {
        enum worker_state from = w->state;
        assert(from < WORKER_STATES && moves[from] & (1u << to));
        w->state = to;
        w->state_since_ms = turn_wall_ms(w->turn);
        enter(w, from);
    }
    w->events->on_change(w);
}

static void on_due(struct timer *t)
{
    struct worker *w = CONTAINER_OF(t, struct worker, timer);
    struct buf limit;
    switch (w->state) {
    case WORKER_STARTING:
        buf_init(&limit, 64);
        text_add_duration(&limit, ready_timeout_ms(w));
        worker_fail(w, w->warmup ? "was not through its warm-up within %.*s of its start" : "did not say ready within %.*s",
                    STR_ARG(buf_str(&limit)));
        buf_release(&limit);
        return;
    case WORKER_BACKOFF:
    case WORKER_BROKEN:
        w->rested = true;
        break;
    case WORKER_IDLE: /* the pool asks worker_is_rested */
    case WORKER_OFF:
    case WORKER_BUSY:
    case WORKER_STOPPING:
    case WORKER_STATES: break;
    }
    worker_step(w);
}

void worker_fail(struct worker *w, const char *format, ...)
{
    char reason[512];
    va_list args;
    va_start(args, format);
    vsnprintf(reason, sizeof reason, format, args);
    va_end(args);
    w->deaf = true;
    if (w->dead || w->ending == ENDING_FAILED) return;
    for (size_t i = 0; i < w->n_open; i++) attempt_note(w->open[i], "bide: the worker %s", reason);
    owned(&w->fault, str_of(reason));
    if (w->ending == ENDING_LADDER || w->state == WORKER_STOPPING) return; /* it is being ended as it is */
    w->ending = ENDING_FAILED;
    worker_step(w);
}

void worker_loaded(struct worker *w)
{
    w->ready = true;
    w->ready_at_ms = turn_mono_ms(w->turn);
    w->ready_ms = w->ready_at_ms - w->started_at_ms;
    w->loads++;
    owned(&w->reason, STR_NONE);
    owned(&w->problem, STR_NONE);
    say(w, LOG_LEVEL_INFO, "ready after %lld ms", (long long)w->ready_ms);
    worker_step(w);
}

/* Whether the death was somebody's wish, and if not, what it means for the next start. */
static void note_death(struct worker *w, struct str how)
{
    switch (w->ending) {
    case ENDING_PLANNED: say(w, LOG_LEVEL_INFO, "stopped"); return;
    case ENDING_LADDER:
        w->restarts += !w->told;
        say(w, LOG_LEVEL_INFO, "was ended with its task: %.*s", STR_ARG(how));
        return;
    case ENDING_NOT:
    case ENDING_FAILED:
        w->restarts++;
        note_failure(w, how);
        return;
    }
}

static void on_data(struct child *c, enum child_stream from, struct str bytes) { worker_read(c->user, from, bytes); }

static void on_frames_end(struct child *c) { worker_read_hung_up(c->user); }

static void on_exit_of(struct child *c, const struct child_exit *how)
{
    struct worker *w = c->user;
    struct arena arena = {0};
    struct str words = verdict_death(&arena, w->fault.len ? "it" : "the worker", w->conf->command[0], how);
    if (w->fault.len && how->signal != SIGKILL) /* its own end, not our answer to the fault */
        words = arena_format(&arena, "%.*s; %.*s", STR_ARG(w->fault), STR_ARG(words));
    else if (w->fault.len)
        words = arena_str(&arena, w->fault);
    else if (w->warmup)
        words = arena_format(&arena, "%.*s, in its warm-up", STR_ARG(words));
    ladder_stop(&w->ladder);
    worker_watch_end(w);
    worker_read_end(w);
    worker_warmup_end(w);
    if (w->ending == ENDING_NOT && worker_slot_stopping(w)) w->ending = ENDING_LADDER;
    note_death(w, words);
    w->dead = true;
    w->child.pid = 0;
    worker_slot_died(w, words);
    worker_step(w);
    arena_release(&arena);
}

/* SIGTERM may be acted on any moment now: such a process is not given another task. */
static void on_rung(struct ladder *l)
{
    struct worker *w = CONTAINER_OF(l, struct worker, ladder);
    if (w->n_open == 0 || w->ending == ENDING_FAILED) return;
    w->ending = ENDING_LADDER;
    worker_step(w);
}

void worker_init(struct worker *w, const struct worker_pool_conf *conf, int number, struct turn *turn,
                 struct spawner *spawner, const struct worker_events *events, void *user)
{
    *w = (struct worker){.conf = conf, .turn = turn, .spawner = spawner, .events = events, .user = user};
    snprintf(w->id, sizeof w->id, "%.*s-%d", LIMIT_NAME, conf->name, number);
    w->env = worker_env_of(conf->env, number - 1, &w->arena);
    w->failed_at_ms = INT64_MIN;
    w->state_since_ms = turn_wall_ms(turn);
    w->held = conf->load_at_boot;
    w->max_batch = w->concurrency = 1;
    w->child = (struct child){.user = w, .on_data = on_data, .on_frames_end = on_frames_end, .on_exit = on_exit_of};
    ladder_init(&w->ladder, turn, &w->child, on_rung);
    lines_init(&w->lines);
    frame_parser_init(&w->parser);
    capture_init(&w->out);
    capture_init(&w->err);
}

void worker_release(struct worker *w)
{
    assert(w->state == WORKER_OFF);
    turn_timer_stop(w->turn, &w->timer);
    turn_timer_stop(w->turn, &w->hung_up);
    assert(w->n_open == 0);
    free(w->open);
    arena_release(&w->arena);
    lines_release(&w->lines);
    frame_parser_release(&w->parser);
    capture_release(&w->out);
    capture_release(&w->err);
    owned(&w->reason, STR_NONE);
    owned(&w->problem, STR_NONE);
    owned(&w->fault, STR_NONE);
}

void worker_start(struct worker *w)
{
    if (w->state != WORKER_OFF) return;
    w->wanted = true;
    worker_step(w);
}

bool worker_is_rested(const struct worker *w)
{
    if (w->state != WORKER_IDLE || w->conf->keep_alive_ms < 0 || (w->held && w->tasks == 0)) return false;
    return turn_mono_ms(w->turn) - w->idle_at_ms >= w->conf->keep_alive_ms;
}

void worker_end(struct worker *w)
{
    if (w->ending == ENDING_NOT) w->ending = ENDING_PLANNED;
    worker_step(w);
}

void worker_drain(struct worker *w)
{
    w->draining = true;
    worker_end(w);
}
