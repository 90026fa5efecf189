/* SPDX-License-Identifier: Apache-2.0
 *
 * An attempt that no run has made: number 0, an id of its own, and no events, for its frames are read here.
 */
#include "handler/worker_warmup.h"
#include "base/mem.h"
#include "handler/utf8.h"
#include "handler/verdict.h"
#include "handler/worker_slot.h"
#include <stdlib.h>

#define SAID 400 /* bytes of its message in the reason, which is one line */

struct worker_warmup {
    struct task_body task;
    struct attempt attempt;
    char *dir; /* owned */
};

static int open_warmup(struct worker *w, struct err *e)
{
    const struct worker_warmup_conf *c = &w->conf->warmup;
    struct worker_warmup *u = mem_new(sizeof *u);
    struct id_maker ids;
    int64_t left_ms = w->timer.due_at_ms - turn_mono_ms(w->turn);
    w->warmup = u;
    id_maker_init(&ids, w->turn->clock, w->turn->rng);
    u->task = (struct task_body){.id = id_make(&ids), .type = str_of(c->type), .timeout_ms = left_ms > 0 ? left_ms : 1,
                                 .input = c->input ? str_of(c->input) : STR_NONE};
    int rc = c->dirs->make(c->dirs, &u->dir, e);
    if (rc != 0) return rc;
    u->attempt = (struct attempt){.task = &u->task, .fence = id_fence(w->turn->rng), .run = 1, .number = 0, .dir = u->dir};
    return worker_slot_hand_over(w, &(struct attempt *){&u->attempt}, 1, e);
}

static void begin(struct worker *w)
{
    struct err e = {0};
    if (open_warmup(w, &e) != 0) worker_fail(w, "could not be warmed up: %s", e.text); /* unless it has failed already */
}

/* The configuration's 0: as the process says. */
static int within(int64_t said, int configured)
{
    if (said < 1) said = 1;
    if (said > LIMIT_OPEN) said = LIMIT_OPEN;
    return configured > 0 && configured < said ? configured : (int)said;
}

void worker_warmup_ready(struct worker *w, const struct frame *f)
{
    w->max_batch = within(f->max_batch < LIMIT_BATCH ? f->max_batch : LIMIT_BATCH, w->conf->batch.max);
    w->concurrency = within(f->concurrency, w->conf->concurrency);
    w->pings = f->ping;
    if (w->conf->warmup.type) begin(w);
    else worker_loaded(w);
}

void worker_warmup_end(struct worker *w)
{
    struct worker_warmup *u = w->warmup;
    if (!u) return;
    w->warmup = NULL;
    if (u->dir) w->conf->warmup.dirs->discard(w->conf->warmup.dirs, u->dir);
    free(u->dir);
    free(u);
}

/* ---- what the process says ---- */

static bool is_about(const struct worker_warmup *u, const struct frame *f)
{
    struct id id;
    if (id_parse(&id, f->id) != 0 || id_cmp(&id, &u->task.id) != 0) return false;
    return !f->has_fence || f->fence == u->attempt.fence;
}

/* A line more of what it said before it was loaded. */
static void keep_line(struct worker *w, struct str level, struct str line)
{
    struct buf text;
    struct str piece;
    buf_init(&text, LIMIT_FRAME);
    buf_add_format(&text, "%.*s%s%.*s\n", STR_ARG(level), level.len ? ": " : "", STR_ARG(line));
    struct str all = buf_str(&text);
    while (capture_next(&w->err, &all, &piece)) continue; /* its tail is what is wanted */
    buf_release(&text);
}

static void failed(struct worker *w, const struct frame *f)
{
    struct verdict v;
    struct arena arena = {0};
    verdict_fail(&v, &arena, f);
    struct str message = v.failure.message, line = utf8_head(str_cut(&message, '\n'), SAID);
    child_catch_up(&w->child);
    if (v.failure.detail.len) keep_line(w, STR_NONE, v.failure.detail);
    worker_fail(w, "failed its warm-up: %.*s: %.*s", STR_ARG(v.failure.code), STR_ARG(line));
    arena_release(&arena);
}

static void done(struct worker *w)
{
    child_catch_up(&w->child); /* what it printed meanwhile is no task's log */
    worker_warmup_end(w);
    worker_loaded(w);
}

bool worker_warmup_read(struct worker *w, const struct frame *f)
{
    if (!w->warmup || !is_about(w->warmup, f)) return false;
    bool counts = w->state == WORKER_STARTING && w->ending == ENDING_NOT;
    switch (f->op) {
    case FRAME_DONE:
        if (counts) done(w);
        break;
    case FRAME_FAIL:
        if (counts) failed(w, f);
        break;
    case FRAME_CANCELLED:
        if (counts) worker_fail(w, "gave up its warm-up without being asked");
        break;
    case FRAME_LOG: keep_line(w, f->level, f->text); break;
    case FRAME_PROGRESS:
    case FRAME_OUTPUT:
    case FRAME_SAVE:
    case FRAME_OTHER:
    case FRAME_PONG:
    case FRAME_READY: break;
    }
    return true;
}
