/* SPDX-License-Identifier: Apache-2.0
 *
 * The machine of exec_poll.h. Callbacks record facts and call step(); next_state() is the only place that decides where
 * to go, moves[] the only list of where it may go, enter() the only place where a new state acts.
 *
 * The verdict is prepared as soon as it is known, in the attempt's arena, and given when the machine is over.
 */
#include "handler/exec_poll.h"
#include "base/limits.h"
#include "base/mem.h"
#include "handler/attempt.h"
#include "handler/dir.h"
#include "handler/exec_answer.h"
#include "handler/exec_call.h"
#include "handler/exec_verdict.h"
#include "handler/remote_job.h"
#include "handler/template.h"
#include "handler/utf8.h"
#include "handler/verdict.h"
#include <assert.h>
#include <stdlib.h>

enum poll_state { POLL_SUBMITTING, POLL_WAITING, POLL_ASKING, POLL_FETCHING, POLL_CANCELLING, POLL_OVER, POLL_STATES };

#define TO(state) (1u << POLL_##state)
static const unsigned moves[POLL_STATES] = {
    [POLL_SUBMITTING] = TO(WAITING) | TO(CANCELLING) | TO(OVER),
    [POLL_WAITING] = TO(ASKING) | TO(FETCHING) | TO(CANCELLING) | TO(OVER),
    [POLL_ASKING] = TO(WAITING) | TO(FETCHING) | TO(CANCELLING) | TO(OVER),
    [POLL_FETCHING] = TO(WAITING) | TO(CANCELLING) | TO(OVER),
    [POLL_CANCELLING] = TO(OVER),
};

struct poll {
    struct single_item item;
    const struct exec_conf *conf; /* borrowed, as is turn */
    struct turn *turn;
    struct arena arena;           /* the id of the job, the verdict */
    struct exec_call call;        /* the one that runs, or the last one */
    struct timer timer;           /* waiting: the next call */
    struct later over;
    enum poll_state state;
    struct remote_job job;        /* what the other side has, once it has an id */
    bool saved;                   /* the next attempt could ask for it */
    bool due;                     /* waiting: the time has come */
    bool done;                    /* the other side says so: `result` is asked next */
    bool decided;                 /* `verdict` is what came of it */
    struct verdict verdict;
    int32_t unusable;             /* answers in a row */
    enum stop_reason why;         /* of item.stopping */
    int64_t stop_at_ms;           /* mono; when it was stopped */
};

static struct poll *poll_of(struct single_item *i) { return CONTAINER_OF(i, struct poll, item); }

/* The server ends, and the next one asks on. */
static bool leaves_it(const struct poll *p) { return p->item.stopping && p->why == STOP_SHUTDOWN && p->saved && !p->decided; }

static enum poll_state after_stop(const struct poll *p)
{
    return p->job.id.len && p->conf->poll.cancel && !leaves_it(p) ? POLL_CANCELLING : POLL_OVER;
}

static struct remote_side side_of(const struct exec_conf *conf)
{
    return (struct remote_side){.kind = "exec", .key = "exec", .address = conf->command, .polls = true, .needs_id = true};
}

static enum poll_state next_state(const struct poll *p)
{
    if (p->state == POLL_OVER || p->call.running) return p->state;
    if (p->state == POLL_CANCELLING) return POLL_OVER;
    if (p->item.stopping) return after_stop(p);
    if (p->decided) return POLL_OVER;
    switch (p->state) {
    case POLL_WAITING: return !p->due ? POLL_WAITING : p->done ? POLL_FETCHING : POLL_ASKING;
    case POLL_ASKING: return p->done ? POLL_FETCHING : POLL_WAITING;
    case POLL_SUBMITTING:
    case POLL_FETCHING: return POLL_WAITING;
    case POLL_CANCELLING:
    case POLL_OVER:
    case POLL_STATES: break;
    }
    abort();
}

/* ---- what came of it ---- */

static void release(struct poll *p)
{
    turn_timer_stop(p->turn, &p->timer);
    turn_later_cancel(&p->over);
    exec_call_release(&p->call);
    arena_release(&p->arena);
    free(p);
}

static void on_over_later(struct later *l)
{
    struct poll *p = CONTAINER_OF(l, struct poll, over);
    struct attempt *a = p->item.attempt;
    if (p->item.stopping) verdict_stopped(&p->verdict, &p->arena, a, p->why);
    if (!leaves_it(p) && p->verdict.event != LIFE_DONE) remote_job_forget(p->saved, a);
    a->inside = NULL;
    single_decided(&p->item, &p->verdict);
    single_settled(&p->item);
    release(p);
}

/* An answer that says nothing. After so many of them in a row the attempt has failed. */
static void unusable(struct poll *p, const char *command, struct str why)
{
    int32_t tries = p->conf->poll.tries;
    attempt_note(p->item.attempt, "bide: %s, answer %d of %d that is of no use: %.*s", command, (int)++p->unusable, (int)tries,
                 STR_ARG(utf8_head(why, LIMIT_NAME)));
    if (p->unusable < tries) return;
    verdict_failed(&p->verdict, &p->arena, FAILURE_BAD_RESULT, "%s, %d times in a row: %.*s", command, (int)tries, STR_ARG(why));
    verdict_detail(&p->verdict, &p->arena, capture_tail(&p->call.err));
    p->decided = true;
}

static bool is_one_of(const char *const *words, struct str word)
{
    for (; words && *words; words++)
        if (str_eq(word, str_of(*words))) return true;
    return false;
}

static void submitted(struct poll *p)
{
    struct exec_answer answer;
    struct verdict *v = &p->verdict;
    if (!exec_call_is_good(&p->call)) {
        p->decided = true;
        if (p->call.too_large || p->call.too_long)
            verdict_failed(v, &p->arena, p->call.too_large ? FAILURE_OUTPUT_TOO_LARGE : FAILURE_WORKER_ERROR, "%.*s: %.*s",
                           STR_ARG(str_of(p->conf->command[0])), STR_ARG(exec_call_why(&p->call, &p->arena, p->conf->command[0])));
        else
            exec_verdict_exit(v, &p->arena, p->conf->command[0], &p->call.err, &p->call.how);
        return;
    }
    exec_answer_init(&answer, buf_str(&p->call.out));
    struct str id = exec_answer_text(&answer, p->conf->poll.id, &p->arena);
    if (remote_job_is_id(id)) {
        struct remote_side side = side_of(p->conf);
        p->job.id = arena_str(&p->arena, id);
        remote_job_save(&p->job, &side, p->item.attempt);
        p->saved = true;
        attempt_note(p->item.attempt, "bide: submitted, the remote id is %.*s", STR_ARG(id));
    } else { /* something was submitted and cannot be followed: another attempt would do it twice */
        verdict_failed(v, &p->arena, FAILURE_BAD_RESULT, "no id at \"%s\" of what the command said: \"%.*s\"",
                       p->conf->poll.id, STR_ARG(utf8_head(answer.text, LIMIT_NAME)));
        v->retryable = false;
        p->decided = true;
    }
    exec_answer_release(&answer);
}

static void finished(struct poll *p, struct str result)
{
    exec_verdict_stdout(&p->verdict, &p->arena, p->conf->result, result);
    if (p->verdict.event == LIFE_DONE) exec_verdict_files(&p->verdict, &p->arena, p->item.attempt, STR_NONE);
    p->decided = true;
}

static void remote_failed(struct poll *p, const struct exec_answer *answer, struct str state)
{
    struct str why = exec_answer_text(answer, p->conf->poll.error, &p->arena);
    if (why.len)
        verdict_failed(&p->verdict, &p->arena, FAILURE_WORKER_ERROR, "%.*s", STR_ARG(why));
    else
        verdict_failed(&p->verdict, &p->arena, FAILURE_WORKER_ERROR, "the remote task is %.*s", STR_ARG(state));
    verdict_detail(&p->verdict, &p->arena, answer->text);
    p->decided = true;
}

static void report(struct poll *p, const struct exec_answer *answer, struct arena *words)
{
    double percent = exec_answer_number(answer, p->conf->poll.progress);
    struct str message = exec_answer_text(answer, p->conf->poll.message, words);
    if (percent < 0 && message.len == 0) return;
    struct progress said = {.percent = percent > 100 ? 100 : percent, .message = utf8_head(message, LIMIT_MESSAGE)};
    p->item.attempt->events->on_progress(p->item.attempt, &said);
}

static void asked(struct poll *p)
{
    struct exec_answer answer;
    struct arena words = {0};
    if (!exec_call_is_good(&p->call)) {
        if (!verdict_is_shortage(&p->call.how)) unusable(p, "status", exec_call_why(&p->call, &words, p->conf->poll.status[0]));
        arena_release(&words);
        return;
    }
    exec_answer_init(&answer, buf_str(&p->call.out));
    struct str state = exec_answer_text(&answer, p->conf->poll.state, &words);
    if (state.len == 0) {
        unusable(p, "status", answer.is_json ? arena_format(&words, "nothing at \"%s\"", p->conf->poll.state)
                                             : arena_format(&words, "not JSON: %s", answer.err.text));
    } else {
        p->unusable = 0;
        report(p, &answer, &words);
        p->done = is_one_of(p->conf->poll.done, state);
        if (p->done && !p->conf->poll.result) finished(p, buf_str(&p->call.out));
        else if (is_one_of(p->conf->poll.failed, state)) remote_failed(p, &answer, state);
    }
    exec_answer_release(&answer);
    arena_release(&words);
}

static void fetched(struct poll *p)
{
    struct arena words = {0};
    if (exec_call_is_good(&p->call) || p->call.too_large) {
        finished(p, buf_str(&p->call.out));
        if (p->call.too_large)
            verdict_failed(&p->verdict, &p->arena, FAILURE_OUTPUT_TOO_LARGE, "result: stdout is longer than %d bytes", LIMIT_RESULT);
    } else if (!verdict_is_shortage(&p->call.how)) {
        unusable(p, "result", exec_call_why(&p->call, &words, p->conf->poll.result[0]));
    }
    arena_release(&words);
}

static void step(struct poll *p);

static void on_call_over(struct exec_call *c)
{
    struct poll *p = CONTAINER_OF(c, struct poll, call);
    struct arena words = {0};
    switch (p->state) {
    case POLL_SUBMITTING: submitted(p); break;
    case POLL_ASKING:
        if (!p->item.stopping) asked(p);
        break;
    case POLL_FETCHING:
        if (!p->item.stopping) fetched(p);
        break;
    case POLL_CANCELLING:
        if (!exec_call_is_good(c))
            attempt_note(p->item.attempt, "bide: cancel: %.*s", STR_ARG(exec_call_why(c, &words, p->conf->poll.cancel[0])));
        break;
    case POLL_WAITING:
    case POLL_OVER:
    case POLL_STATES: abort();
    }
    arena_release(&words);
    step(p);
}

/* ---- going on ---- */

static void on_due(struct timer *t)
{
    struct poll *p = CONTAINER_OF(t, struct poll, timer);
    p->due = true;
    step(p);
}

/* A call that cannot be started is an answer of no use, unless it is the machine that is short of something. */
static void call(struct poll *p, const char *const *command, int64_t limit_ms)
{
    struct arena arena = {0};
    struct err e = {0};
    const char *const *argv;
    struct attempt whose = *p->item.attempt; /* the one that submitted it; the directory is this one's */
    whose.number = p->job.attempt;
    whose.fence = p->job.fence;
    int rc = template_fill_command(command, &whose, p->job.id, &arena, &argv, &e);
    if (rc == 0) rc = exec_call_start(&p->call, argv, STR_NONE, limit_ms, &e);
    if (rc != 0 && rc != ERR_AGAIN && p->state != POLL_CANCELLING) unusable(p, command[0], str_of(e.text));
    else if (rc != 0) attempt_note(p->item.attempt, "bide: %s could not be run: %s", command[0], e.text);
    arena_release(&arena);
}

static int64_t grace_left_ms(const struct poll *p)
{
    int64_t left_ms = p->stop_at_ms + p->item.attempt->task->grace_ms - turn_mono_ms(p->turn);
    return left_ms > 0 ? left_ms : 0;
}

static void enter(struct poll *p)
{
    const struct exec_poll_conf *conf = &p->conf->poll;
    turn_timer_stop(p->turn, &p->timer);
    p->due = false;
    switch (p->state) {
    case POLL_WAITING: turn_timer(p->turn, &p->timer, conf->every_ms, on_due); break;
    case POLL_ASKING: call(p, conf->status, conf->call_timeout_ms); break;
    case POLL_FETCHING: call(p, conf->result, conf->call_timeout_ms); break;
    case POLL_CANCELLING:
        call(p, conf->cancel, 0);
        exec_call_stop(&p->call, grace_left_ms(p) * 3 / 4, grace_left_ms(p));
        break;
    case POLL_OVER: turn_later(p->turn, &p->over, on_over_later); break;
    case POLL_SUBMITTING:
    case POLL_STATES: abort();
    }
}

static void step(struct poll *p)
{
    for (enum poll_state to; (to = next_state(p)) != p->state;) {
        assert(moves[p->state] & (1u << to));
        p->state = to;
        enter(p);
    }
}

/* ---- start and stop ---- */

/* A submit may be just about to have an id, so it is asked to end; a question is not missed. Half of the grace is left
 * for the cancel command. */
static void stop(struct single_item *i, enum stop_reason why)
{
    struct poll *p = poll_of(i);
    if (i->stopping || p->state == POLL_OVER) return;
    i->stopping = true;
    p->why = why;
    p->stop_at_ms = turn_mono_ms(p->turn);
    exec_call_stop(&p->call, 0, p->state == POLL_SUBMITTING ? i->attempt->task->grace_ms / 2 : 0);
    step(p);
}

/* The commands find the input in the directory, also those of an attempt that submits nothing. */
static int give_input(struct poll *p, struct err *e)
{
    struct attempt *a = p->item.attempt;
    int rc = dir_write(a->dir, FRAME_INPUT_FILE, a->task->input, e);
    return rc ? rc : sandbox_give_dir(&p->conf->sandbox, a->dir, frame_files, e);
}

static int submit(struct poll *p, struct err *e)
{
    struct arena arena = {0};
    struct err wrong = {0};
    const char *const *argv;
    struct attempt *a = p->item.attempt;
    bool fits = template_fill_command(p->conf->command, a, STR_NONE, &arena, &argv, &wrong) == 0;
    int rc = fits ? exec_call_start(&p->call, argv, a->task->input, p->conf->poll.call_timeout_ms, e) : 0;
    if (!fits || rc == ERR_TOO_BIG) {
        verdict_failed(&p->verdict, &p->arena, FAILURE_INVALID_INPUT, "%s",
                       fits ? "the arguments are together longer than a program can be given" : wrong.text);
        p->decided = true;
        rc = 0;
    }
    arena_release(&arena);
    return rc;
}

int exec_poll_start(struct single_item **ret, struct attempt *a, const struct exec_conf *conf, struct turn *turn,
                    struct spawner *spawner, struct err *e)
{
    struct poll *p = mem_new(sizeof *p);
    single_item_init(&p->item, a, turn, stop);
    p->item.child = &p->call.child;
    p->conf = conf;
    p->turn = turn;
    p->job = (struct remote_job){.attempt = a->number, .fence = a->fence};
    list_init(&p->over.link);
    arena_init(&p->arena);
    exec_call_init(&p->call, conf, turn, spawner, a, on_call_over);
    struct remote_side side = side_of(conf);
    int rc = give_input(p, e);
    if (rc == 0) p->saved = remote_job_take_over(&p->job, &side, a, &p->arena);
    if (rc == 0 && !p->saved) rc = submit(p, e);
    if (rc != 0) {
        release(p);
        return rc;
    }
    if (p->saved) {
        p->state = POLL_WAITING;
        p->due = true;
    }
    if (p->saved || p->decided) step(p);
    *ret = &p->item;
    return 0;
}
