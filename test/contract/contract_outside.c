/* SPDX-License-Identifier: Apache-2.0
 *
 * Tasks settled from outside, and the history of attempts and runs.
 */
#include "test/contract/contract.h"

/* ---- settled from outside ---- */

static struct store_control_item complete(struct contract *c, const struct id *id)
{
    return contract_act(
        c, &(struct store_control_item){.id = *id, .verb = STORE_COMPLETE, .result = STR("[\"by hand\"]")});
}

static struct store_control_item fail(struct contract *c, const struct id *id)
{
    struct failure f = {.code = STR("refused"),
                        .message = STR("no such customer"),
                        .detail = STR("c-1"),
                        .type = STR("Gone"),
                        .attempt = 7,
                        .at_ms = T0 + 1};
    return contract_act(c, &(struct store_control_item){.id = *id, .verb = STORE_FAIL, .failure = f});
}

/* 0 pending, 1 scheduled, 2 retrying, 3 running; ret_life as last claimed */
static struct id waiting_as(struct contract *c, int how, struct life *ret_life)
{
    struct task_body b = contract_body(c, "q", "t");
    if (how == 1) b.run_at_ms = c->clock.wall_ms + 1000;
    *ret_life = contract_add(c, &b);
    if (how >= 2) *ret_life = contract_claim_one(c, "q", "t").life;
    if (how == 2) CHECK_INT(contract_end(c, &b.id, ret_life, LIFE_FAILED).err, 0);
    return b.id;
}

CASE(work_done_elsewhere_completes_a_task_and_a_verdict_that_comes_later_is_stale)
{
    for (int how = 0; how < 3; how++) {
        struct life life;
        struct id id = waiting_as(c, how, &life);
        c->clock.wall_ms += 10;
        struct store_control_item r = complete(c, &id);
        CHECK(r.err == 0 && r.changed && r.ended);
        CHECK(r.life.state == TASK_COMPLETED && r.life.fence == 0 && r.life.due_at_ms == 0);
        CHECK_INT(r.life.attempt, how < 2 ? 0 : 1);
        CHECK_INT(contract_end(c, &id, &life, LIFE_DONE).err, ERR_STALE);
        CHECK_INT(contract_end(c, &id, &life, LIFE_FAILED).err, ERR_STALE);
        struct arena keep;
        struct task t = contract_get(c, &id, &keep);
        contract_same_life(&t.life, &r.life);
        CHECK_STR(t.ending.result, "[\"by hand\"]");
        CHECK_INT(t.ending.finished_at_ms, c->clock.wall_ms);
        CHECK_INT(t.ending.failure.code.len, 0);
        arena_release(&keep);
        struct store_count n = contract_count(c, "q");
        CHECK_INT(n.n[TASK_COMPLETED], how + 1);
        CHECK_INT(n.n[TASK_PENDING] + n.n[TASK_SCHEDULED] + n.n[TASK_RUNNING] + n.retrying, 0);
        CHECK_INT(c->next_due_ms, INT64_MAX);
    }
}

CASE(what_failed_elsewhere_fails_at_once_with_the_error_that_was_given)
{
    for (int how = 0; how < 3; how++) {
        struct life life;
        struct id id = waiting_as(c, how, &life);
        struct store_control_item r = fail(c, &id);
        CHECK(r.err == 0 && r.changed && r.ended && r.life.state == TASK_FAILED);
        CHECK_INT(contract_end(c, &id, &life, LIFE_DONE).err, ERR_STALE);
        struct arena keep;
        struct task t = contract_get(c, &id, &keep);
        CHECK_STR(t.ending.failure.code, "refused");
        CHECK_STR(t.ending.failure.message, "no such customer");
        CHECK_STR(t.ending.failure.detail, "c-1");
        CHECK_STR(t.ending.failure.type, "Gone");
        CHECK(t.ending.failure.attempt == 7 && t.ending.failure.at_ms == T0 + 1);
        CHECK_INT(t.result_bytes, 0);
        arena_release(&keep);
        CHECK_INT(contract_count(c, "q").n[TASK_FAILED], how + 1);
    }
}

CASE(a_task_that_runs_here_is_not_settled_from_outside_whether_asked_to_stop_or_not)
{
    for (int i = 0; i < 2; i++) {
        struct life life;
        struct id id = waiting_as(c, 3, &life);
        if (i) CHECK_INT(contract_control(c, &id, STORE_CANCEL).err, 0);
        struct store_control_item r = complete(c, &id);
        CHECK(r.err == ERR_CONFLICT && !r.changed && !r.ended);
        r = fail(c, &id);
        CHECK(r.err == ERR_CONFLICT && !r.changed && !r.ended);
        CHECK_INT(contract_count(c, "q").n[TASK_RUNNING], 1);
        CHECK_INT(contract_end(c, &id, &life, LIFE_DONE).err, 0); /* its own verdict is the one that counts */
        struct arena keep;
        struct task t = contract_get(c, &id, &keep);
        CHECK_STR(t.ending.result, "{\"ok\":true}");
        arena_release(&keep);
    }
}

CASE(only_one_ending_counts_and_what_has_ended_can_run_again)
{
    struct life life;
    struct id id = waiting_as(c, 0, &life), nobody = id_make(&c->ids);
    struct store_control_item items[3] = {
        {.id = id, .verb = STORE_COMPLETE}, {.id = id, .verb = STORE_COMPLETE}, {.id = id, .verb = STORE_FAIL}};
    struct store_control r = {.items = items, .n = 3};
    ASK(c, control, &r);
    CHECK(items[0].err == 0 && items[1].err == ERR_CONFLICT && items[2].err == ERR_CONFLICT);
    CHECK(!items[1].changed && !items[1].ended && items[2].life.state == TASK_COMPLETED);
    store_release(&r.req);
    CHECK(complete(c, &nobody).err == ERR_NOT_FOUND && fail(c, &nobody).err == ERR_NOT_FOUND);
    CHECK_INT(contract_control(c, &id, STORE_RETRY).life.run, 2);
    CHECK_INT(fail(c, &id).err, 0);
    CHECK_INT(complete(c, &id).err, ERR_CONFLICT);
    if (c->engine->survives) contract_reopen(c);
    CHECK_INT(contract_count(c, "q").n[TASK_FAILED], 1);
    CHECK_INT(contract_count(c, "q").n[TASK_COMPLETED], 0);
    CHECK_INT(fail(c, &id).err, ERR_CONFLICT);
}

static char named[64]; /* what an answer named, as queue/type */

static void on_named(struct store_req *r)
{
    const struct store_control_item *it = ((struct store_control *)r)->items;
    snprintf(named, sizeof named, "%.*s/%.*s", STR_ARG(it->queue), STR_ARG(it->type));
    contract_on_done(r);
}

CASE(every_change_names_the_queue_and_the_type_of_its_task)
{
    static const enum store_verb verbs[] = {STORE_PATCH, STORE_CANCEL, STORE_RETRY, STORE_COMPLETE,
                                            STORE_RETRY, STORE_FAIL,   STORE_DELETE};
    struct id id = contract_put(c, "queue", "type");
    struct store_patch p = {.has_priority = true, .priority = 1};
    for (int i = 0; i < 7; i++) {
        struct store_control_item item = {.id = id, .verb = verbs[i], .patch = &p};
        struct store_control r = {.items = &item, .n = 1};
        c->pending++;
        store_control(c->store, &r, on_named, c);
        contract_wait(c);
        CHECK(item.err == 0 && item.changed);
        CHECK_STR(str_of(named), "queue/type");
        store_release(&r.req);
    }
}

/* ---- history ---- */

static struct store_history history(struct contract *c, const struct id *id, size_t limit)
{
    struct store_history h = {.id = *id, .limit = limit};
    ASK(c, history, &h);
    CHECK_INT(h.req.err, 0);
    return h;
}

static struct life attempt(struct contract *c, const struct id *id, enum life_event verdict, const char *log)
{
    struct store_claim_item got = contract_claim_one(c, "q", "t");
    struct store_settle_item s = contract_verdict(c, &got.life, id, verdict);
    s.attempt.finished_at_ms = c->clock.wall_ms += 5;
    s.attempt.failure.at_ms = s.attempt.failure.code.len ? s.attempt.finished_at_ms : 0;
    s.attempt.log = str_of(log);
    s = contract_settle(c, &s);
    CHECK_INT(s.err, 0);
    c->clock.wall_ms += 1000;
    struct store_tick tick = contract_tick(c, 10);
    store_release(&tick.req);
    return got.life;
}

CASE(attempts_are_told_newest_first_whole_and_at_most_as_many_as_asked_for)
{
    struct id id = contract_put(c, "q", "t"), nobody = id_make(&c->ids);
    struct store_history h = history(c, &id, 10);
    CHECK(h.found == 0 && h.n_attempts == 0 && h.n_runs == 0 && h.life.state == TASK_PENDING);
    store_release(&h.req);
    h = history(c, &nobody, 10);
    CHECK_INT(h.found, ERR_NOT_FOUND);
    store_release(&h.req);
    static const enum life_event verdicts[] = {LIFE_FAILED, LIFE_CRASHED, LIFE_RELEASED, LIFE_DONE};
    static const char *const logs[] = {"one", "", "thr\0", "four"};
    struct life lives[4];
    for (int i = 0; i < 4; i++) {
        lives[i] = attempt(c, &id, verdicts[i], logs[i]);
        if (i == 2) {
            struct store_claim_item got = contract_claim_one(c, "q", "t"); /* one that could not be started was none */
            CHECK_INT(contract_end(c, &id, &got.life, LIFE_UNSTARTED).err, 0);
        }
    }
    for (size_t limit = 1; limit <= 5; limit++) {
        h = history(c, &id, limit);
        CHECK_INT(h.n_attempts, limit < 4 ? limit : 4);
        for (size_t i = 0; i < h.n_attempts; i++) {
            const struct task_attempt *a = &h.attempts[i].attempt;
            size_t was = 3 - i;
            CHECK(id_cmp(&a->id, &id) == 0);
            CHECK(a->run == 1 && a->number == (int)was + 1 && a->verdict == verdicts[was]);
            CHECK(a->fence == lives[was].fence && a->started_at_ms == lives[was].started_at_ms);
            CHECK_INT(a->finished_at_ms, a->started_at_ms + 5);
            CHECK(str_eq(a->failure.code, str_of(was == 3 ? "" : "worker_error")));
            CHECK(str_eq(a->failure.message, str_of(was == 3 ? "" : "it broke")));
            CHECK(str_eq(a->failure.detail, str_of(was == 3 ? "" : "line 1\nline 2")));
            CHECK(str_eq(a->failure.type, str_of(was == 3 ? "" : "ValueError")));
            CHECK_INT(a->failure.attempt, was == 3 ? 0 : was + 1);
            CHECK_INT(a->failure.at_ms, was == 3 ? 0 : a->finished_at_ms);
            CHECK_INT(h.attempts[i].log_bytes, strlen(logs[was]));
            CHECK_INT(a->log.len, 0);
        }
        CHECK(h.n_runs == 1 && h.runs[0].life.attempt == 4 && h.runs[0].life.deaths == 1);
        store_release(&h.req);
    }
}

CASE(runs_are_told_newest_first_and_the_one_that_lives_is_not_among_them)
{
    struct id id = contract_put(c, "q", "t");
    (void)attempt(c, &id, LIFE_DONE, ""); /* a plain first success: a run without an attempt */
    (void)contract_control(c, &id, STORE_RETRY);
    (void)fail(c, &id);
    (void)contract_control(c, &id, STORE_RETRY);
    (void)attempt(c, &id, LIFE_FAILED, "x");
    struct store_history h = history(c, &id, 10);
    CHECK(h.found == 0 && h.life.run == 3 && h.life.failures == 1);
    CHECK_STR(str_of(life_word(&h.life, c->clock.wall_ms)), "pending");
    CHECK_INT(h.n_runs, 2);
    CHECK(h.runs[0].life.run == 2 && h.runs[0].life.state == TASK_FAILED);
    CHECK_STR(h.runs[0].failure.code, "refused");
    CHECK(h.runs[1].life.run == 1 && h.runs[1].life.state == TASK_COMPLETED);
    CHECK_INT(h.runs[1].finished_at_ms, h.runs[1].life.started_at_ms + 5);
    CHECK_INT(h.n_attempts, 1);
    CHECK_INT(h.attempts[0].attempt.run, 3);
    store_release(&h.req);
    (void)complete(c, &id);
    if (c->engine->survives) contract_reopen(c);
    for (size_t limit = 1; limit <= 4; limit++) {
        h = history(c, &id, limit);
        CHECK_INT(h.life.state, TASK_COMPLETED);
        CHECK_INT(h.n_runs, limit < 3 ? limit : 3);
        for (size_t i = 0; i < h.n_runs; i++) CHECK(h.runs[i].life.run == 3 - (int)i && h.runs[i].result.len == 0);
        store_release(&h.req);
    }
}

CASE(an_attempt_that_a_reopen_ended_is_in_the_history_as_lost)
{
    if (!c->engine->survives) return;
    struct id id = contract_put(c, "q", "t");
    struct store_claim_item got = contract_claim_one(c, "q", "t");
    struct store_history h = history(c, &id, 10);
    CHECK(h.life.state == TASK_RUNNING && h.n_attempts == 0); /* it is not over */
    store_release(&h.req);
    contract_reopen(c);
    h = history(c, &id, 10);
    CHECK(h.n_attempts == 1 && h.attempts[0].attempt.verdict == LIFE_LOST &&
          h.attempts[0].attempt.fence == got.life.fence);
    CHECK_STR(h.attempts[0].attempt.failure.code, "lost");
    CHECK(h.life.state == TASK_PENDING && h.n_runs == 0);
    store_release(&h.req);
}

int contract_outside(int argc, char **argv) { return test_main(argc, argv); }
