/* SPDX-License-Identifier: Apache-2.0
 *
 * Attempts of a worker. The order in finish() matters: the slot is empty and the machine has moved before the run
 * hears the verdict, because the run may give the next attempt from inside on_verdict.
 */
#include "handler/worker_slot.h"
#include "handler/attempt.h"
#include "handler/dir.h"
#include "handler/verdict.h"

int worker_slot_ahead(const struct worker *w)
{
    if (w->ending != ENDING_NOT || w->slot.stopping) return 0;
    if (w->state == WORKER_BUSY && turn_mono_ms(w->turn) - w->slot.given_at_ms >= HANDLER_AHEAD_MS) return 0; /* a long one */
    return w->state == WORKER_BUSY || w->state == WORKER_IDLE ? pace_ahead(&w->pace) : 0;
}

int worker_slot_give(struct worker *w, struct attempt *a, struct err *e)
{
    if (!worker_has_room(w)) return err_set(e, ERR_AGAIN, "%s has no room", w->id);
    struct str input = a->task->input;
    if (input.len > LIMIT_FRAME_PAYLOAD) {
        int rc = dir_write(a->dir, FRAME_INPUT_FILE, input, e);
        if (rc != 0) return rc;
    }
    struct buf frame;
    buf_init(&frame, LIMIT_FRAME);
    frame_write_run(&frame, (const struct attempt *const[]){a}, 1);
    int rc = buf_err(&frame);
    if (rc != 0) {
        buf_release(&frame);
        return err_set(e, rc, "the run frame for a worker is longer than %d bytes", LIMIT_FRAME);
    }
    rc = child_send(&w->child, buf_str(&frame));
    buf_release(&frame);
    if (rc != 0) {
        worker_fail(w, "does not take tasks: %s", err_text(rc));
        return err_set(e, ERR_AGAIN, "%s does not take tasks: %s", w->id, err_text(rc));
    }
    w->slot = (struct worker_slot){
        .attempt = a, .fence_needed = given_again(&w->given, &a->task->id), .given_at_ms = turn_mono_ms(w->turn)};
    capture_forget(&w->out);
    capture_forget(&w->err);
    a->inside = w;
    worker_step(w);
    return 0;
}

void worker_slot_stop(struct worker *w, const struct attempt *a, enum stop_reason why)
{
    if (w->slot.attempt != a || w->slot.stopping || w->ending == ENDING_FAILED) return;
    int64_t grace_ms = a->task->grace_ms;
    struct buf frame;
    w->slot.stopping = true;
    w->slot.why = why;
    buf_init(&frame, 512);
    frame_write_cancel(&frame, a, why);
    (void)child_send(&w->child, buf_str(&frame)); /* one that cannot be asked is ended by the ladder */
    buf_release(&frame);
    ladder_start(&w->ladder, grace_ms / 2, grace_ms);
    if (w->ladder.rung > LADDER_ASKED) w->ladder.on_rung(&w->ladder); /* a grace too short for a question */
}

struct attempt *worker_slot_of(struct worker *w, const struct frame *f)
{
    struct id id;
    struct attempt *a = w->slot.attempt;
    if (!a || id_parse(&id, f->id) != 0 || id_cmp(&id, &a->task->id) != 0 || (f->has_fence && f->fence != a->fence)) {
        w->dropped++;
        return NULL;
    }
    if (!f->has_fence && w->slot.fence_needed) {
        w->dropped++;
        if (!w->slot.refused)
            attempt_note(a, "bide: a frame without a fence was dropped: this process has had this task before");
        w->slot.refused = true;
        return NULL;
    }
    return a;
}

static void finish(struct worker *w, const struct verdict *v)
{
    struct attempt *a = w->slot.attempt;
    if (!w->dead) child_catch_up(&w->child); /* what it printed before it said so is this attempt's log */
    pace_add(&w->pace, turn_mono_ms(w->turn) - w->slot.given_at_ms);
    w->slot = (struct worker_slot){0};
    if (!w->dead) {
        w->tasks++;
        if (w->ladder.rung < LADDER_TERMED) ladder_stop(&w->ladder);
    }
    if (v->event == LIFE_DONE) w->in_a_row = 0;
    a->inside = NULL;
    worker_step(w);
    a->events->on_verdict(a, v);
}

void worker_slot_done(struct worker *w, const struct frame *f)
{
    struct verdict v;
    struct arena arena = {0};
    verdict_done(&v, &arena, w->slot.attempt, f);
    finish(w, &v);
    arena_release(&arena);
}

void worker_slot_failed(struct worker *w, const struct frame *f)
{
    struct verdict v;
    struct arena arena = {0};
    if (w->slot.stopping)
        verdict_stopped(&v, &arena, w->slot.attempt, w->slot.why);
    else
        verdict_fail(&v, &arena, f);
    if (f->recycle && w->ending == ENDING_NOT) w->ending = ENDING_PLANNED;
    finish(w, &v);
    arena_release(&arena);
}

void worker_slot_cancelled(struct worker *w)
{
    struct verdict v;
    struct arena arena = {0};
    if (w->slot.stopping)
        verdict_stopped(&v, &arena, w->slot.attempt, w->slot.why);
    else
        verdict_failed(&v, &arena, FAILURE_WORKER_ERROR, "the worker gave up the task without being asked");
    finish(w, &v);
    arena_release(&arena);
}

void worker_slot_died(struct worker *w, struct str how)
{
    struct verdict v;
    struct arena arena = {0};
    if (w->slot.stopping) {
        verdict_stopped(&v, &arena, w->slot.attempt, w->slot.why);
    } else {
        verdict_failed(&v, &arena, FAILURE_WORKER_CRASHED, "%s%.*s", w->fault.len ? "the worker " : "", STR_ARG(how));
        v.event = LIFE_CRASHED;
        verdict_detail(&v, &arena, arena_str(&arena, capture_tail(&w->err)));
    }
    finish(w, &v);
    arena_release(&arena);
}
