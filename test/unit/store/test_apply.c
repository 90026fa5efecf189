/* SPDX-License-Identifier: Apache-2.0
 *
 * A shelf that fails: one scripted batch that uses every operation is applied again and again, each time with the next
 * call of the shelf failing. After each failure the index must be what it was before the batch and every request must
 * answer the error; the run in which nothing fails must change it.
 */
#include "apply_rig.h"

#define TASKS 12

static struct id id_of(int n)
{
    struct id id = {{0}};
    id.b[6] = 0x70;
    id.b[15] = (uint8_t)n;
    id.b[9] = (uint8_t)(n * 37);
    return id;
}

static struct task_body body_of(int n)
{
    return (struct task_body){.id = id_of(n),
                              .type = n % 2 ? STR("t") : STR("u"),
                              .queue = STR("q"),
                              .rules = {.max_attempts = 2, .retry = {RETRY_FIXED, RETRY_JITTER_NONE, 100, 1000}},
                              .run_at_ms = n == 10 ? T0 + 50 : 0,
                              .timeout_ms = 1,
                              .grace_ms = 1,
                              .input = STR("{}")};
}

/* Twelve tasks: 0..3 pending, 4 and 5 running (5 with a checkpoint), 6 cancelled, 7 pending and late, 10 scheduled, the rest pending.
 * 1 and 4 hold a key. The result of 11 is to be kept. */
static void stage_init(struct stage *s)
{
    stage_open(s);
    struct store_add_item items[TASKS] = {{0}};
    struct task_body bodies[TASKS];
    for (int i = 0; i < TASKS; i++) {
        bodies[i] = body_of(i);
        if (i == 4 || i == 5) bodies[i].rules.priority = 9;
        if (i == 7) bodies[i].rules.start_by_ms = T0 + 10;
        if (i == 1 || i == 4) bodies[i].key = STR("k"); /* of two types */
        if (i == 11) bodies[i].cache.ttl_ms = 1000;
        items[i].body = &bodies[i];
    }
    struct store_add first = {.items = items, .n = TASKS};
    send(s, &first.req, STORE_ADD, T0);
    run(s);
    CHECK_INT(first.req.err, 0);
    struct store_control_item cancel = {.id = id_of(6), .verb = STORE_CANCEL};
    struct store_control control = {.items = &cancel, .n = 1};
    send(s, &control.req, STORE_CONTROL, T0);
    uint32_t lanes[2] = {0, 1};
    uint64_t fences[2] = {104, 105};
    struct store_claim claims[2];
    for (int i = 0; i < 2; i++) {
        claims[i] = (struct store_claim){.lanes = &lanes[i], .n_lanes = 1, .fences = &fences[i], .max = 1};
        send(s, &claims[i].req, STORE_CLAIM, T0);
    }
    run(s);
    for (int i = 0; i < 2; i++) {
        CHECK_INT(claims[i].n, 1);
        CHECK(claims[i].items[0].body.id.b[15] == 4 + i);
        arena_release(&claims[i].req.arena);
    }
    struct store_save_item item = {.id = id_of(5), .fence = 105, .save = {.attempt = 1, .at_ms = T0, .data = STR("1")}};
    struct store_save save = {.items = &item, .n = 1};
    send(s, &save.req, STORE_SAVE, T0);
    run(s);
    CHECK(save.req.err == 0 && item.err == 0);
    stage_begin(s);
}

/* Everything the index answers, as text. */
static struct str picture(const struct ready *r, struct arena *a)
{
    struct str text = STR("");
    for (int i = 0; i < 2 * TASKS; i++) {
        struct id id = id_of(i);
        const struct ready_entry *e = ready_get(r, &id);
        if (!e) continue;
        text = arena_format(a, "%.*s%d:%d,%u,%d,%d,%d,%d,%d,%d,%d%d%d,%lld,%lld,%llu ", STR_ARG(text), i, (int)e->life.state, e->lane,
                            e->life.run, e->life.attempt, e->life.failures, e->life.deaths, e->life.cancel_requested, e->life.saved, e->life.keyed,
                            e->life.replaced, e->life.cached,
                            (long long)e->life.rank, (long long)e->life.due_at_ms, (unsigned long long)e->life.fence);
    }
    for (uint32_t i = 0; i < r->n_lanes; i++) {
        const struct ready_entry *e = ready_head(r, i);
        text = arena_format(a, "%.*sL%u:%u,%d ", STR_ARG(text), i, ready_waiting(r, i), e ? e->id.b[15] : -1);
    }
    for (int i = 0; i < TASK_STATES; i++)
        text = arena_format(a, "%.*sn%lld ", STR_ARG(text), (long long)r->queues[0].n[i]);
    const struct ready_entry *due = ready_due(r);
    return arena_format(a, "%.*sr%lld p%d d%d", STR_ARG(text), (long long)r->queues[0].retrying, r->queues[0].set.paused,
                        due ? due->id.b[15] : -1);
}

struct script {
    struct task_body bodies[6];
    struct store_add_item adds[6];
    struct store_add add;
    uint32_t lanes[2];
    uint64_t fences[4];
    struct store_claim claim;
    struct life_rules rules;
    struct store_save_item saves[2];
    struct store_save save;
    struct store_settle_item verdicts[2];
    struct store_settle settle;
    struct store_control_item controls[8];
    struct store_control control;
    struct store_patch patch;
    struct task_body answered;
    struct store_add_item answer;
    struct store_add late;
    struct store_purge_item gone[2];
    struct store_purge purge;
    struct store_tick tick;
    struct store_queue queue;
    struct store_counts counts;
    struct store_where where;
};

/* What 11 has completed with answers it. */
static void script_late(struct script *p)
{
    p->answered = body_of(TASKS + 8);
    p->answered.cache.ttl_ms = 1000;
    p->answer.body = &p->answered;
    p->late = (struct store_add){.items = &p->answer, .n = 1};
}

static void script_send(struct script *p, struct stage *s)
{
    int64_t now_ms = T0 + 60; /* 7 is too late by now, 10 is due */
    *p = (struct script){.lanes = {0, 1}, .fences = {1, 2, 3, 4}, .rules = {.max_attempts = 2}};
    for (int i = 0; i < 6; i++) { /* 2: a resend of one that has ended; 3 and 4 have one key;
                                    * 0 replaces one that runs, which the settle ends, 1 one that waits */
        p->bodies[i] = body_of(i == 2 ? 6 : i == 5 ? TASKS + 6 : TASKS + i);
        p->adds[i].body = &p->bodies[i];
        if (i == 3 || i == 4) p->adds[i].key = STR("key");
        if (i < 2) p->bodies[i].key = STR("k"), p->bodies[i].on_conflict = TASK_REPLACE;
    }
    p->add = (struct store_add){.items = p->adds, .n = 6};
    p->claim = (struct store_claim){.lanes = p->lanes, .n_lanes = 2, .fences = p->fences, .max = 4};
    for (int i = 0; i < 2; i++)
        p->verdicts[i] = (struct store_settle_item){.attempt = {.id = id_of(4 + i),
                                                                .run = 1,
                                                                .number = 1,
                                                                .fence = 104 + (uint64_t)i,
                                                                .verdict = i ? LIFE_FAILED : LIFE_DONE,
                                                                .log = STR("log")},
                                                    .rules = &p->rules,
                                                    .retryable = true,
                                                    .retry_after_ms = 5};
    p->verdicts[1].save = (struct task_save){.attempt = 1, .at_ms = T0 + 2, .data = STR("2")};
    p->settle = (struct store_settle){.items = p->verdicts, .n = 2};
    for (int i = 0; i < 2; i++) /* the second one has a fence of nobody */
        p->saves[i] = (struct store_save_item){
            .id = id_of(4), .fence = 104 + (uint64_t)i, .save = {.attempt = 1, .at_ms = T0 + 1, .data = STR("3")}};
    p->save = (struct store_save){.items = p->saves, .n = 2};
    p->controls[0] = (struct store_control_item){.id = id_of(9), .verb = STORE_CANCEL};
    p->controls[1] = (struct store_control_item){.id = id_of(6), .verb = STORE_RETRY};
    p->controls[2] = (struct store_control_item){.id = id_of(6), .verb = STORE_CANCEL};
    p->controls[3] = (struct store_control_item){.id = id_of(4), .verb = STORE_DELETE};
    p->controls[4] = (struct store_control_item){.id = id_of(3), .verb = STORE_PATCH, .patch = &p->patch};
    p->controls[5] = (struct store_control_item){.id = id_of(9), .verb = STORE_PATCH, .patch = &p->patch}; /* it has ended */
    p->controls[6] = (struct store_control_item){.id = id_of(5), .verb = STORE_FAIL, .failure.code = STR("refused")};
    p->controls[7] = (struct store_control_item){.id = id_of(11), .verb = STORE_COMPLETE, .result = STR("1")};
    p->patch = (struct store_patch){.has_priority = true, .priority = 3, .run_at_ms = now_ms + 500};
    p->control = (struct store_control){.items = p->controls, .n = 8};
    p->gone[0] = (struct store_purge_item){.id = id_of(6), .run = 2, .parts = RETAIN_RESULT};
    p->gone[1] = (struct store_purge_item){.id = id_of(5), .run = 1, .parts = RETAIN_RECORD};
    p->purge = (struct store_purge){.items = p->gone, .n = 2, .keys_before_ms = now_ms + 1, .keys_max = 9, .results_max = 9};
    script_late(p);
    p->tick.max = 10;
    p->queue = (struct store_queue){.queue = STR("q"), .parts = STORE_QUEUE_PAUSED, .set.paused = true};
    send(s, &p->counts.req, STORE_COUNTS, now_ms);
    p->where = (struct store_where){.id = id_of(3), .position = -1};
    send(s, &p->where.req, STORE_WHERE, now_ms);
    send(s, &p->add.req, STORE_ADD, now_ms);
    send(s, &p->claim.req, STORE_CLAIM, T0 + 5);
    send(s, &p->save.req, STORE_SAVE, now_ms);
    send(s, &p->settle.req, STORE_SETTLE, now_ms);
    send(s, &p->tick.req, STORE_TICK, now_ms);
    send(s, &p->control.req, STORE_CONTROL, now_ms);
    send(s, &p->late.req, STORE_ADD, now_ms);
    send(s, &p->queue.req, STORE_QUEUE, now_ms);
    send(s, &p->purge.req, STORE_PURGE, now_ms);
    run(s);
}

static void script_release(struct script *p)
{
    arena_release(&p->claim.req.arena);
    arena_release(&p->settle.req.arena);
    arena_release(&p->tick.req.arena);
    arena_release(&p->control.req.arena);
    arena_release(&p->counts.req.arena);
    arena_release(&p->where.req.arena);
    arena_release(&p->purge.req.arena);
}

static void check_answers(const struct script *p, int err)
{
    CHECK_INT(p->add.req.err, err);
    CHECK_INT(p->claim.req.err, err);
    CHECK_INT(p->save.req.err, err);
    CHECK_INT(p->settle.req.err, err);
    CHECK_INT(p->tick.req.err, err);
    CHECK_INT(p->control.req.err, err);
    CHECK_INT(p->late.req.err, err);
    CHECK_INT(p->queue.req.err, err);
    CHECK_INT(p->purge.req.err, err);
    CHECK_INT(p->counts.req.err, 0); /* counting needs no shelf */
    CHECK_INT(p->counts.n, 1);
    CHECK_INT(p->where.req.err, 0);
}

/* With call number `fail_at` failing. Returns whether it came to that call. */
static bool check_once(int fail_at, int err)
{
    struct stage s;
    struct script p;
    struct arena a = {0};
    stage_init(&s);
    s.shelf.fail_at = fail_at;
    s.shelf.err = err;
    struct str before = picture(&s.ready, &a);
    script_send(&p, &s);
    struct str after = picture(&s.ready, &a);
    bool failed = s.shelf.calls >= fail_at;
    if (failed && !str_eq(before, after))
        fprintf(stderr, "call %d: before %.*s\nafter %.*s\n", fail_at, STR_ARG(before), STR_ARG(after));
    CHECK(str_eq(before, after) == failed);
    check_answers(&p, failed ? err : 0);
    CHECK(failed || s.shelf.committed == 1);
    CHECK_INT(s.shelf.rolled_back, s.shelf.begun - s.shelf.committed);
    CHECK_INT(s.ready.n_journal, 0);
    CHECK((p.where.position > 0) == failed); /* as it stands in the end: later, or where it was */
    CHECK_INT(p.counts.items[0].n[TASK_CANCELLED], failed ? 1 : 3); /* one of them replaced */
    CHECK(!p.counts.items[0].set.paused); /* asked before it was paused */
    script_release(&p);
    arena_release(&a);
    stage_close(&s);
    return failed;
}

TEST(whatever_call_of_the_shelf_fails_the_index_is_as_before_and_all_answer_the_error)
{
    int calls = 1;
    while (check_once(calls, calls % 2 ? ERR_STORE : ERR_FULL)) calls++;
    CHECK(calls > 50);
}

/* It comes first, because the records behind know no rollback. */
TEST(a_row_that_cannot_be_read_fails_its_own_request_alone)
{
    struct stage s;
    struct task_body bodies[3];
    struct store_add_item items[3] = {{0}};
    struct store_add adds[3];
    struct store_control_item retry = {.id = id_of(6), .verb = STORE_RETRY};
    struct store_control control = {.items = &retry, .n = 1};
    stage_init(&s);
    s.shelf.broken = 6;
    send(&s, &control.req, STORE_CONTROL, T0);
    for (int i = 0; i < 3; i++) {
        bodies[i] = body_of(TASKS + i);
        items[i].body = &bodies[i];
        adds[i] = (struct store_add){.items = &items[i], .n = 1};
        send(&s, &adds[i].req, STORE_ADD, T0);
    }
    run(&s);
    CHECK_INT(control.req.err, ERR_STORE);
    for (int i = 0; i < 3; i++) {
        CHECK_INT(adds[i].req.err, 0);
        CHECK_INT(items[i].err, 0);
        CHECK(ready_get(&s.ready, &bodies[i].id) != NULL);
    }
    arena_release(&control.req.arena);
    stage_close(&s);
}

TEST(what_is_declared_stands_though_what_shares_the_batch_with_it_fails)
{
    for (int first = 0; first < 2; first++) {
        struct stage s;
        stage_init(&s);
        struct task_body body = body_of(TASKS);
        struct store_add_item item = {.body = &body};
        struct store_add add = {.items = &item, .n = 1};
        struct store_declared declared = {.queue = STR("q"), .key_concurrency = 3};
        struct store_declare declare = {.items = &declared, .n = 1};
        s.shelf.fail_at = 1;
        s.shelf.err = ERR_FULL;
        if (first) send(&s, &declare.req, STORE_DECLARE, T0);
        send(&s, &add.req, STORE_ADD, T0);
        if (!first) send(&s, &declare.req, STORE_DECLARE, T0);
        run(&s);
        CHECK(add.req.err == ERR_FULL && declare.req.err == 0);
        CHECK_INT(s.ready.queues[0].key_limit, 3);
        stage_close(&s);
    }
}

TEST(the_script_does_what_it_says_when_nothing_fails)
{
    struct stage s;
    struct script p;
    stage_init(&s);
    script_send(&p, &s);
    CHECK(p.adds[2].existed && p.adds[2].life.state == TASK_CANCELLED);
    CHECK(!p.adds[3].replayed && p.adds[4].replayed && p.adds[4].first.b[15] == TASKS + 3);
    CHECK(p.adds[0].replaced && p.adds[0].holder.b[15] == 4 && p.adds[0].life.state == TASK_BLOCKED);
    CHECK(p.adds[1].replaced && p.adds[1].holder.b[15] == 1 && p.adds[1].holder_life.state == TASK_CANCELLED);
    CHECK_INT(ready_get(&s.ready, &p.bodies[0].id)->life.state, TASK_PENDING);
    CHECK_INT(p.claim.n, 4);
    CHECK(p.saves[0].err == 0 && p.saves[1].err == ERR_STALE);
    CHECK(!p.verdicts[0].life.saved && p.verdicts[1].life.saved);
    CHECK_INT(p.verdicts[0].life.state, TASK_COMPLETED);
    CHECK_INT(p.verdicts[1].life.state, TASK_SCHEDULED);
    CHECK(p.controls[0].ended && p.controls[1].changed && p.controls[2].ended);
    CHECK(p.controls[3].changed && p.controls[4].life.due_at_ms == T0 + 560 && p.controls[5].err == ERR_CONFLICT);
    CHECK(p.controls[6].life.state == TASK_FAILED && p.controls[7].life.state == TASK_COMPLETED);
    CHECK(p.answer.cached && p.answer.cached_from.b[15] == 11 && p.answer.life.state == TASK_COMPLETED);
    CHECK(ready_get(&s.ready, &p.answered.id) == NULL && p.purge.n_results == 0);
    CHECK_INT(p.tick.n_ended, 1);
    CHECK(p.gone[0].purged && p.gone[1].purged && p.purge.n_keys == 1);
    CHECK(s.ready.queues[0].set.paused);
    script_release(&p);
    stage_close(&s);
}

TEST(recovery_that_fails_leaves_every_attempt_running)
{
    for (int fail_at = 1;; fail_at++) {
        struct stage s;
        struct arena a = {0};
        stage_init(&s);
        s.shelf.fail_at = fail_at;
        s.shelf.err = ERR_STORE;
        struct str before = picture(&s.ready, &a);
        int err = apply_recover(&s.apply, T0 + 100);
        bool failed = s.shelf.calls >= fail_at;
        CHECK_INT(err, failed ? ERR_STORE : 0);
        CHECK(str_eq(before, picture(&s.ready, &a)) == failed);
        CHECK_INT(s.ready.queues[0].n[TASK_RUNNING], failed ? 2 : 0);
        arena_release(&a);
        free(s.apply.lost);
        stage_close(&s);
        if (!failed) break;
    }
}

TEST_MAIN
