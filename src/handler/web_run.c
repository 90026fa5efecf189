/* SPDX-License-Identifier: Apache-2.0
 *
 * The machine of web_run.h. Callbacks record facts and call step(); next_state() is the only place that decides where to go,
 * moves[] the only list of where it may go, enter() the only place where a new state acts.
 *
 * The verdict is prepared as soon as it is known, in the attempt's arena, and given when the machine is over.
 */
#include "handler/web_run.h"
#include "base/arena.h"
#include "base/limits.h"
#include "base/mem.h"
#include "handler/attempt.h"
#include "handler/verdict.h"
#include "handler/web_desk.h"
#include "handler/remote_job.h"
#include "handler/web_report.h"
#include "handler/web_verdict.h"
#include <assert.h>
#include <stdlib.h>

enum web_state { WEB_SENDING, WEB_WAITING, WEB_ASKING, WEB_FETCHING, WEB_CANCELLING, WEB_OVER, WEB_STATES };

#define TO(state) (1u << WEB_##state)
static const unsigned moves[WEB_STATES] = {
    [WEB_SENDING] = TO(WAITING) | TO(CANCELLING) | TO(OVER),
    [WEB_WAITING] = TO(ASKING) | TO(FETCHING) | TO(CANCELLING) | TO(OVER),
    [WEB_ASKING] = TO(WAITING) | TO(FETCHING) | TO(CANCELLING) | TO(OVER),
    [WEB_FETCHING] = TO(WAITING) | TO(CANCELLING) | TO(OVER),
    [WEB_CANCELLING] = TO(OVER),
};

struct web_run {
    struct single_item item;
    const struct web_conf *conf; /* borrowed, as are turn and desk */
    struct turn *turn;
    struct web_desk *desk;
    struct arena arena;          /* the id of the job, the callback's URL, the verdict */
    struct web_call call;        /* the one that runs, or the last one */
    struct timer timer;          /* waiting: the next call; sending, stopped: how long the id is waited for */
    struct later over;
    enum web_state state;
    struct web_place place;      /* of its callback, when there is one */
    struct web_caller *caller;   /* borrowed: whose word the verdict is; NULL: nobody's who waits for its answer */
    struct remote_job job;          /* what the other side has, once it has taken it */
    bool saved;                  /* the next attempt could ask for it */
    struct str callback_url;     /* empty: nobody was given one */
    bool due;                    /* waiting: the time has come */
    bool done;                   /* the other side says so: the result is fetched next */
    bool decided;                /* `verdict` is what came of it */
    struct verdict verdict;
    int32_t unusable;            /* answers in a row */
    int64_t not_before_ms;       /* mono: the last answer asked not to be asked sooner */
    enum stop_reason why;        /* of item.stopping */
    int64_t stop_at_ms;          /* mono; when it was stopped */
};

static struct web_run *run_of(struct single_item *i) { return CONTAINER_OF(i, struct web_run, item); }

static bool polls(const struct web_run *r) { return r->conf->poll.status != NULL; }
static bool takes_callback(const struct web_run *r) { return r->conf->callback.base != NULL; }

static bool can_tell(const struct web_run *r)
{
    return r->conf->cancel && (r->job.id.len || !web_fill_names(r->conf->cancel, "remote.id"));
}

static bool needs_id(const struct web_conf *conf)
{
    return web_fill_names(conf->poll.status, "remote.id") || web_fill_names(conf->poll.result, "remote.id");
}

static struct remote_side side_of(const struct web_conf *conf, const char *address[2])
{
    address[0] = conf->url;
    address[1] = NULL;
    return (struct remote_side){"http", "url", address, conf->poll.status != NULL, needs_id(conf)};
}

/* The server ends, and the next one asks on. */
static bool leaves_it(const struct web_run *r) { return r->item.stopping && r->why == STOP_SHUTDOWN && r->saved && !r->decided; }

static enum web_state next_state(const struct web_run *r)
{
    if (r->state == WEB_OVER || r->call.running) return r->state;
    if (r->state == WEB_CANCELLING || r->decided) return WEB_OVER;
    if (r->item.stopping) return can_tell(r) && !leaves_it(r) ? WEB_CANCELLING : WEB_OVER;
    switch (r->state) {
    case WEB_WAITING: return !r->due ? WEB_WAITING : r->done ? WEB_FETCHING : WEB_ASKING;
    case WEB_ASKING: return r->done ? WEB_FETCHING : WEB_WAITING;
    case WEB_SENDING:
    case WEB_FETCHING: return WEB_WAITING;
    case WEB_CANCELLING:
    case WEB_OVER:
    case WEB_STATES: break;
    }
    abort();
}

/* ---- what came of it ---- */

static void on_settled(struct attempt *a, int err)
{
    struct web_run *r = run_of(a->inside);
    struct web_caller *caller = r->caller;
    a->inside = NULL;
    single_settled(&r->item);
    web_call_release(&r->call);
    arena_release(&r->arena);
    free(r);
    if (caller) caller->on_told(caller, err);
}

static void on_over_later(struct later *l)
{
    struct web_run *r = CONTAINER_OF(l, struct web_run, over);
    struct attempt *a = r->item.attempt;
    if (r->item.stopping && !r->decided) verdict_stopped(&r->verdict, &r->arena, a, r->why);
    if (!leaves_it(r) && r->verdict.event != LIFE_DONE) remote_job_forget(r->saved, a);
    single_decided(&r->item, &r->verdict);
}

static void fail(struct web_run *r, enum failure_code code, bool retryable, const char *why)
{
    verdict_failed(&r->verdict, &r->arena, code, "%s", why);
    r->verdict.retryable = retryable;
    r->decided = true;
}

/* An answer that says nothing. After so many of them in a row the attempt has failed. */
static void unusable(struct web_run *r, struct str why)
{
    if (web_call_is_shortage(&r->call)) return; /* nothing was asked */
    int32_t tries = r->conf->poll.tries;
    int64_t wait_ms = web_verdict_retry_after_ms(&r->call);
    r->not_before_ms = wait_ms ? turn_mono_ms(r->turn) + wait_ms : 0;
    attempt_note(r->item.attempt, "bide: %.*s, answer %d of %d that is of no use: %.*s", STR_ARG(buf_str(&r->call.place)),
                 (int)++r->unusable, (int)tries, STR_ARG(why));
    if (r->unusable < tries) return;
    verdict_failed(&r->verdict, &r->arena, FAILURE_BAD_RESULT, "%.*s, %d times in a row: %.*s", STR_ARG(buf_str(&r->call.place)),
                   (int)tries, STR_ARG(why));
    r->decided = true;
}

/* The other side has taken it. */
static void taken(struct web_run *r)
{
    struct arena words = {0};
    struct str id = web_report_text(buf_str(&r->call.answer), r->conf->id, &words);
    if (remote_job_is_id(id)) {
        r->job.id = arena_str(&r->arena, id);
        attempt_note(r->item.attempt, "bide: %.*s: the remote id is %.*s", STR_ARG(buf_str(&r->call.place)), STR_ARG(id));
    } else if (needs_id(r->conf)) { /* something was begun and cannot be followed: another attempt would do it twice */
        verdict_failed(&r->verdict, &r->arena, FAILURE_BAD_RESULT, "%.*s: no id at \"%s\" of the answer", STR_ARG(buf_str(&r->call.place)),
                       r->conf->id);
        verdict_detail(&r->verdict, &r->arena, buf_str(&r->call.answer));
        r->verdict.retryable = false;
        r->decided = true;
    }
    arena_release(&words);
    if (!polls(r) || r->decided) return;
    const char *address[2];
    struct remote_side side = side_of(r->conf, address);
    remote_job_save(&r->job, &side, r->item.attempt);
    r->saved = true;
}

static void sent(struct web_run *r)
{
    bool good = web_call_is_good(&r->call);
    if (good && (polls(r) || takes_callback(r))) {
        taken(r);
        return;
    }
    if (web_call_is_shortage(&r->call)) verdict_shortage(&r->verdict, &r->arena, false, str_of(r->call.fetch.err.text));
    else web_verdict_answer(&r->verdict, &r->arena, &r->call);
    r->decided = true;
}

static void finished(struct web_run *r)
{
    web_verdict_result(&r->verdict, &r->arena, r->conf->result, buf_str(&r->call.answer));
    r->decided = true;
}

static void asked(struct web_run *r)
{
    const struct web_poll_conf *p = &r->conf->poll;
    const struct web_report_conf where = {p->state, p->error, p->progress, p->message, p->done, p->failed};
    struct arena words = {0};
    struct str why = STR_NONE;
    if (!web_call_is_good(&r->call)) {
        unusable(r, web_call_why(&r->call, &words));
        arena_release(&words);
        return;
    }
    r->not_before_ms = 0;
    switch (web_report_read(&where, buf_str(&r->call.answer), r->item.attempt, &r->arena, &r->verdict, &why)) {
    case WEB_REPORT_NOTHING: unusable(r, why); break;
    case WEB_REPORT_RUNNING: r->unusable = 0; break;
    case WEB_REPORT_FAILED: r->decided = true; break;
    case WEB_REPORT_DONE:
        r->unusable = 0;
        if (p->result) r->done = true;
        else finished(r);
        break;
    }
    arena_release(&words);
}

static void fetched(struct web_run *r)
{
    struct arena words = {0};
    if (web_call_is_good(&r->call)) finished(r);
    else if (!r->call.too_large) unusable(r, web_call_why(&r->call, &words));
    else {
        web_verdict_failed(&r->verdict, &r->arena, &r->call);
        r->decided = true;
    }
    arena_release(&words);
}

static void step(struct web_run *r);

static void on_call_over(struct web_call *c)
{
    struct web_run *r = CONTAINER_OF(c, struct web_run, call);
    struct arena words = {0};
    switch (r->state) {
    case WEB_SENDING: sent(r); break;
    case WEB_ASKING: asked(r); break;
    case WEB_FETCHING: fetched(r); break;
    case WEB_CANCELLING:
        if (web_call_is_good(c)) attempt_note(r->item.attempt, "bide: %.*s: the other side was told", STR_ARG(buf_str(&c->place)));
        else
            attempt_note(r->item.attempt, "bide: %.*s: %.*s", STR_ARG(buf_str(&c->place)), STR_ARG(web_call_why(c, &words)));
        break;
    case WEB_WAITING:
    case WEB_OVER:
    case WEB_STATES: abort();
    }
    arena_release(&words);
    step(r);
}

/* ---- going on ---- */

static void on_due(struct timer *t)
{
    struct web_run *r = CONTAINER_OF(t, struct web_run, timer);
    r->due = true;
    if (r->item.stopping) web_call_stop(&r->call);
    step(r);
}

/* ERR_*: nothing was sent, since its templates cannot be filled in. */
static int send(struct web_run *r, const struct web_ask *ask, struct err *e)
{
    struct attempt *a = r->item.attempt;
    struct json input;
    json_init(&input);
    int rc = json_parse(&input, a->task->input.len ? a->task->input : STR("{}"), e);
    const struct web_words words = {a, &r->job, &input, r->callback_url};
    if (rc == 0) rc = web_call_start(&r->call, ask, &words, e);
    json_release(&input);
    return rc;
}

static void call(struct web_run *r, enum web_method method, const char *url, int64_t timeout_ms)
{
    struct err e = {0};
    if (send(r, &(struct web_ask){.method = method, .url = url, .timeout_ms = timeout_ms}, &e) == 0) return;
    if (r->state == WEB_CANCELLING) attempt_note(r->item.attempt, "bide: the other side could not be told: %s", e.text);
    else fail(r, FAILURE_INVALID_INPUT, false, e.text);
}

static int64_t grace_left_ms(const struct web_run *r)
{
    int64_t left_ms = r->stop_at_ms + r->item.attempt->task->grace_ms - turn_mono_ms(r->turn);
    return left_ms > 0 ? left_ms : 1;
}

static void wait(struct web_run *r)
{
    int64_t left_ms = r->not_before_ms - turn_mono_ms(r->turn);
    if (polls(r)) turn_timer(r->turn, &r->timer, left_ms > r->conf->poll.every_ms ? left_ms : r->conf->poll.every_ms, on_due);
}

static void enter(struct web_run *r)
{
    const struct web_poll_conf *p = &r->conf->poll;
    turn_timer_stop(r->turn, &r->timer);
    r->due = false;
    switch (r->state) {
    case WEB_WAITING: wait(r); break;
    case WEB_ASKING: call(r, WEB_GET, p->status, p->call_timeout_ms); break;
    case WEB_FETCHING: call(r, WEB_GET, p->result, p->call_timeout_ms); break;
    case WEB_CANCELLING: call(r, r->conf->cancel_method, r->conf->cancel, grace_left_ms(r)); break;
    case WEB_OVER:
        if (r->callback_url.len) web_desk_remove(r->desk, &r->place);
        turn_later(r->turn, &r->over, on_over_later);
        break;
    case WEB_SENDING:
    case WEB_STATES: abort();
    }
}

static void step(struct web_run *r)
{
    for (enum web_state to; (to = next_state(r)) != r->state;) {
        assert(moves[r->state] & (1u << to));
        r->state = to;
        enter(r);
    }
}

/* ---- a callback ---- */

static int on_callback(struct web_place *place, struct str body, struct web_caller *who, struct err *e)
{
    struct web_run *r = CONTAINER_OF(place, struct web_run, place);
    const struct web_callback_conf *c = &r->conf->callback;
    const struct web_report_conf where = {c->state, c->error, c->progress, c->message, c->done, c->failed};
    struct str why = STR_NONE;
    if (r->item.stopping || r->decided) return err_set(e, ERR_STALE, "the attempt is over, or about to be; this changes nothing");
    if (body.len > LIMIT_RESULT) return err_set(e, ERR_TOO_BIG, "a result is at most %d bytes", LIMIT_RESULT);
    enum web_report said = c->state ? web_report_read(&where, body, r->item.attempt, &r->arena, &r->verdict, &why) : WEB_REPORT_DONE;
    if (said == WEB_REPORT_NOTHING) return err_set(e, ERR_INVALID, "%.*s", STR_ARG(why));
    if (said == WEB_REPORT_RUNNING) return 0;
    if (said == WEB_REPORT_DONE) web_verdict_result(&r->verdict, &r->arena, c->result, arena_str(&r->arena, body));
    r->decided = true;
    r->caller = who;
    web_call_stop(&r->call);
    step(r);
    return 1;
}

/* ---- start and stop ---- */

static void stop(struct single_item *i, enum stop_reason why)
{
    struct web_run *r = run_of(i);
    if (i->stopping || r->state == WEB_OVER) return;
    i->stopping = true;
    r->why = why;
    r->stop_at_ms = turn_mono_ms(r->turn);
    bool id_comes = r->state == WEB_SENDING && ((r->conf->cancel && !can_tell(r)) || (why == STOP_SHUTDOWN && polls(r)));
    if (id_comes) turn_timer(r->turn, &r->timer, i->attempt->task->grace_ms / 2, on_due);
    else web_call_stop(&r->call);
    step(r);
}

static void submit(struct web_run *r)
{
    struct err e = {0};
    const struct web_ask ask = {.method = r->conf->method, .url = r->conf->url, .has_body = true, .streams = r->conf->stream.piece,
                                .timeout_ms = polls(r) ? r->conf->poll.call_timeout_ms : r->conf->call_timeout_ms};
    if (send(r, &ask, &e) == 0) return;
    fail(r, FAILURE_INVALID_INPUT, false, e.text);
    step(r);
}

static void open_place(struct web_run *r)
{
    struct str base = str_of(r->conf->callback.base);
    while (str_ends(base, STR("/"))) base.len--;
    r->place.on_call = on_callback;
    web_desk_put(r->desk, r->turn->rng, &r->place);
    r->callback_url = arena_format(&r->arena, "%.*s/v1/callbacks/%s", STR_ARG(base), r->place.token);
}

struct single_item *web_run_start(struct attempt *a, const struct web_conf *conf, struct turn *turn, struct fetcher *fetcher,
                                  struct web_desk *desk)
{
    struct web_run *r = mem_new(sizeof *r);
    single_item_init(&r->item, a, turn, stop);
    r->conf = conf;
    r->turn = turn;
    r->desk = desk;
    r->job = (struct remote_job){.attempt = a->number, .fence = a->fence};
    list_init(&r->over.link);
    arena_init(&r->arena);
    web_call_init(&r->call, conf, turn, fetcher, a, on_call_over);
    a->on_over = on_settled;
    const char *address[2];
    struct remote_side side = side_of(conf, address);
    r->saved = remote_job_take_over(&r->job, &side, a, &r->arena);
    if (r->saved) {
        r->state = WEB_WAITING;
        r->due = true;
        step(r);
    } else {
        if (takes_callback(r)) open_place(r);
        submit(r);
    }
    return &r->item;
}
