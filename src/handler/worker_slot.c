/* SPDX-License-Identifier: Apache-2.0
 *
 * The order in finish() matters: the attempt is out and the machine has moved before the run hears the verdict, because
 * the run may give the next attempts from inside on_verdict.
 */
#include "handler/worker_slot.h"
#include "base/mem.h"
#include "handler/attempt.h"
#include "handler/dir.h"
#include "handler/verdict.h"
#include "handler/worker_watch.h"
#include <stdlib.h>

#define AHEAD_TASKS 256 /* that many tasks, however short they are and however many a batch has */

static struct worker_slot *slot_of(const struct attempt *a) { return a->inside; }

bool worker_slot_stopping(const struct worker *w)
{
    for (size_t i = 0; i < w->n_open; i++)
        if (slot_of(w->open[i])->stopping) return true;
    return false;
}

/* One of which an attempt is being stopped may have to die for it: it is given nothing more. */
static bool takes_more(const struct worker *w)
{
    if (w->n_open > 0 && w->open[0]->alone) return false;
    if (w->gives_way) return false;
    return (w->state == WORKER_IDLE || w->state == WORKER_BUSY) && w->ending == ENDING_NOT && !worker_slot_stopping(w);
}

int worker_slot_room(const struct worker *w)
{
    int open = (int)w->n_open;
    if (!takes_more(w)) return 0;
    if (w->concurrency > 1) return w->concurrency > open ? w->concurrency - open : 0;
    return open == 0 ? w->max_batch : 0;
}

/* What it has should be over in a moment; when it is not by then, it is a long one. */
static bool is_nearly_done(const struct worker *w)
{
    int64_t took_ms = turn_mono_ms(w->turn) - w->given_at_ms, next_ms = pace_next_ms(&w->pace);
    return next_ms >= 0 && took_ms >= next_ms && took_ms < next_ms + HANDLER_AHEAD_MS;
}

int worker_slot_ahead(const struct worker *w)
{
    if (!takes_more(w) || (w->state == WORKER_BUSY && !is_nearly_done(w))) return 0;
    int n = pace_ahead(&w->pace), most = AHEAD_TASKS / w->max_batch;
    if (w->concurrency > 1) n *= w->concurrency;
    else if (n == 0) n = w->state == WORKER_BUSY;
    return n < most ? n : most;
}

static void on_nearly(struct timer *t)
{
    struct worker *w = CONTAINER_OF(t, struct worker, nearly);
    w->events->on_nearly(w);
}

/* For one that has several open there is no such moment. */
static void look_when_nearly_done(struct worker *w)
{
    int64_t next_ms = pace_next_ms(&w->pace);
    if (w->concurrency == 1 && next_ms > 0) turn_timer(w->turn, &w->nearly, next_ms, on_nearly);
}

/* ---- handing over ---- */

static int write_payloads(const struct worker *w, struct attempt *const *a, size_t n, struct err *e)
{
    const struct attempt *const *all = (const struct attempt *const *)a;
    for (size_t i = 0; i < n; i++) {
        int rc = 0;
        if (frame_input_is_file(all, n, i)) rc = dir_write(a[i]->dir, FRAME_INPUT_FILE, a[i]->task->input, e);
        if (rc == 0 && frame_resume_is_file(all, n, i)) rc = dir_write(a[i]->dir, FRAME_RESUME_FILE, a[i]->resume, e);
        if (rc == 0) rc = sandbox_give_dir(&w->conf->sandbox, a[i]->dir, frame_files, e); /* with these in it */
        if (rc != 0) return rc;
    }
    return 0;
}

static int send_run(struct worker *w, struct attempt *const *a, size_t n, struct err *e)
{
    struct buf frame;
    buf_init(&frame, LIMIT_FRAME);
    frame_write_run(&frame, (const struct attempt *const *)a, n);
    int rc = buf_err(&frame);
    if (rc != 0) {
        buf_release(&frame);
        return err_set(e, rc, "the run frame for a worker is longer than %d bytes", LIMIT_FRAME);
    }
    rc = child_send(&w->child, buf_str(&frame));
    buf_release(&frame);
    if (rc == 0) return 0;
    worker_fail(w, "does not take tasks: %s", err_text(rc));
    if (rc == ERR_IO) return err_set(e, ERR_AWAY, "%s reads no tasks any more", w->id); /* it has ended, or closed its descriptor 3 */
    return err_set(e, ERR_AGAIN, "%s does not take tasks: %s", w->id, err_text(rc));
}

int worker_slot_hand_over(struct worker *w, struct attempt *const *a, size_t n, struct err *e)
{
    int rc = write_payloads(w, a, n, e);
    return rc == 0 ? send_run(w, a, n, e) : rc;
}

static void open_slot(struct worker *w, struct attempt *a)
{
    struct worker_slot *s = mem_new(sizeof *s);
    *s = (struct worker_slot){.worker = w, .fence_needed = given_again(&w->given, &a->task->id), .given_at_ms = w->given_at_ms,
                              .heard_at_ms = w->given_at_ms};
    a->inside = s;
    if (w->n_open == w->cap_open) {
        w->cap_open = w->cap_open ? 2 * w->cap_open : 4;
        w->open = mem_grow(w->open, w->cap_open * sizeof *w->open);
    }
    w->open[w->n_open++] = a;
}

int worker_slot_give(struct worker *w, struct attempt *const *a, size_t n, struct err *e)
{
    if (worker_slot_room(w) < (int)n || w->max_batch < (int)n)
        return err_set(e, ERR_AGAIN, "%s has no room for %zu", w->id, n);
    int rc = worker_slot_hand_over(w, a, n, e);
    if (rc != 0) return rc;
    if (w->n_open == 0) {
        capture_forget(&w->out);
        capture_forget(&w->err);
    }
    w->given_at_ms = turn_mono_ms(w->turn);
    for (size_t i = 0; i < n; i++) open_slot(w, a[i]);
    look_when_nearly_done(w);
    worker_watch_given(w);
    worker_step(w);
    return 0;
}

/* ---- stopping ---- */

/* The process has as long as the first of the stopped ones whose grace ends. */
static void aim_ladder(struct worker *w)
{
    const struct worker_slot *first = NULL;
    int64_t now_ms = turn_mono_ms(w->turn);
    if (w->ladder.rung == LADDER_KILLED || w->ending == ENDING_FAILED) return;
    for (size_t i = 0; i < w->n_open; i++) {
        const struct worker_slot *s = slot_of(w->open[i]);
        if (s->stopping && (!first || s->kill_at_ms < first->kill_at_ms)) first = s;
    }
    bool termed = w->ladder.rung == LADDER_TERMED; /* it will end: at most, sooner */
    if (!first && !termed) ladder_stop(&w->ladder);
    if (!first) return;
    int64_t term_in_ms = first->term_at_ms - now_ms, kill_in_ms = first->kill_at_ms - now_ms;
    if (kill_in_ms < 0) kill_in_ms = 0;
    if (termed) {
        ladder_hurry(&w->ladder, kill_in_ms);
        return;
    }
    ladder_start(&w->ladder, term_in_ms > 0 ? term_in_ms : 0, kill_in_ms);
    if (w->ladder.rung > LADDER_ASKED) w->ladder.on_rung(&w->ladder); /* a grace too short for a question */
}

void worker_slot_stop(struct attempt *a, enum stop_reason why)
{
    struct worker_slot *s = slot_of(a);
    struct worker *w = s->worker;
    int64_t now_ms = turn_mono_ms(w->turn);
    struct buf frame;
    if (s->stopping || w->ending == ENDING_FAILED) return;
    s->stopping = true;
    s->why = why;
    s->term_at_ms = now_ms + a->task->grace_ms / 2;
    s->kill_at_ms = now_ms + a->task->grace_ms;
    buf_init(&frame, 512);
    frame_write_cancel(&frame, a, why);
    (void)child_send(&w->child, buf_str(&frame)); /* one that cannot be asked is ended by the ladder */
    buf_release(&frame);
    aim_ladder(w);
}

/* ---- what the process says ---- */

static struct attempt *find(const struct worker *w, const struct id *id)
{
    for (size_t i = 0; i < w->n_open; i++)
        if (id_cmp(&w->open[i]->task->id, id) == 0) return w->open[i];
    return NULL;
}

struct attempt *worker_slot_of(struct worker *w, const struct frame *f)
{
    struct id id;
    struct attempt *a = id_parse(&id, f->id) == 0 ? find(w, &id) : NULL;
    if (!a || (f->has_fence && f->fence != a->fence)) {
        w->dropped++;
        return NULL;
    }
    if (!f->has_fence && slot_of(a)->fence_needed) {
        w->dropped++;
        if (!slot_of(a)->refused)
            attempt_note(a, "bide: a frame without a fence was dropped: this process has had this task before");
        slot_of(a)->refused = true;
        return NULL;
    }
    slot_of(a)->heard_at_ms = turn_mono_ms(w->turn);
    return a;
}

void worker_slot_log(struct worker *w, struct str text)
{
    for (size_t i = 0; i < w->n_open; i++) {
        struct attempt *a = w->open[i];
        if (w->n_open > 1 && !slot_of(a)->sharing) {
            attempt_note(a, "bide: the worker has several tasks: what it prints is in the log of each (shared)");
            slot_of(a)->sharing = true;
        }
        a->events->on_log(a, text);
    }
}

/* ---- verdicts ---- */

static void take_out(struct worker *w, const struct attempt *a)
{
    size_t at = 0;
    while (w->open[at] != a) at++;
    memmove(&w->open[at], &w->open[at + 1], (w->n_open - 1 - at) * sizeof *w->open);
    if (--w->n_open == 0) turn_timer_stop(w->turn, &w->nearly);
}

static void finish(struct attempt *a, const struct verdict *v)
{
    struct worker_slot *s = slot_of(a);
    struct worker *w = s->worker;
    if (!w->dead) child_catch_up(&w->child); /* what it printed before it said so is this attempt's log */
    take_out(w, a);
    pace_add(&w->pace, turn_mono_ms(w->turn) - s->given_at_ms);
    bool stopping = s->stopping;
    free(s);
    a->inside = NULL;
    if (!w->dead) {
        w->tasks++;
        if (stopping || w->n_open == 0) aim_ladder(w);
        if (w->ending == ENDING_NOT && worker_watch_is_spent(w)) w->ending = ENDING_PLANNED;
    }
    if (v->event == LIFE_DONE) w->in_a_row = 0;
    worker_step(w);
    a->events->on_verdict(a, v);
}

void worker_slot_done(struct attempt *a, const struct frame *f)
{
    struct verdict v;
    struct arena arena = {0};
    verdict_done(&v, &arena, a, f);
    finish(a, &v);
    arena_release(&arena);
}

void worker_slot_failed(struct attempt *a, const struct frame *f)
{
    struct verdict v;
    struct arena arena = {0};
    struct worker *w = slot_of(a)->worker;
    if (slot_of(a)->stopping)
        verdict_stopped(&v, &arena, a, slot_of(a)->why);
    else
        verdict_fail(&v, &arena, f);
    if (f->recycle && w->ending == ENDING_NOT) w->ending = ENDING_PLANNED;
    finish(a, &v);
    arena_release(&arena);
}

void worker_slot_cancelled(struct attempt *a)
{
    struct verdict v;
    struct arena arena = {0};
    if (slot_of(a)->stopping)
        verdict_stopped(&v, &arena, a, slot_of(a)->why);
    else
        verdict_failed(&v, &arena, FAILURE_WORKER_ERROR, "the worker gave up the task without being asked");
    finish(a, &v);
    arena_release(&arena);
}

/* What the death of its process comes to for one of `n` that it had. */
static void verdict_of_death(struct verdict *v, struct arena *arena, struct worker *w, struct attempt *a, struct str how, size_t n)
{
    const struct worker_slot *s = slot_of(a);
    if (s->stopping) {
        verdict_stopped(v, arena, a, s->why);
        return;
    }
    if (w->ending == ENDING_LADDER) {
        attempt_note(a, "bide: the worker was ended with another of its tasks: this one goes back to its queue");
        *v = (struct verdict){.event = LIFE_RELEASED};
        return;
    }
    verdict_failed(v, arena, FAILURE_WORKER_CRASHED, "%s%.*s", w->fault.len ? "the worker " : "", STR_ARG(how));
    v->event = LIFE_CRASHED;
    v->shared = n > 1;
    if (v->shared) attempt_note(a, "bide: the worker had %zu tasks when it ended: each of them is tried again, alone", n);
    verdict_detail(v, arena, arena_str(arena, capture_tail(&w->err)));
}

void worker_slot_died(struct worker *w, struct str how)
{
    size_t n = w->n_open;
    while (w->n_open > 0) { /* a dead one is given nothing more meanwhile */
        struct verdict v;
        struct arena arena = {0};
        verdict_of_death(&v, &arena, w, w->open[0], how, n);
        finish(w->open[0], &v);
        arena_release(&arena);
    }
}
