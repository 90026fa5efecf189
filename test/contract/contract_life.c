/* SPDX-License-Identifier: Apache-2.0
 *
 * What adds, claims, verdicts, ticks and controls do to a task.
 */
#include "base/mem.h"
#include "task/order.h"
#include "test/contract/contract.h"

CASE(an_added_task_is_pending_and_can_be_read)
{
    struct task_body body = contract_body(c, "q", "t");
    struct life life = contract_add(c, &body);
    CHECK_INT(life.state, TASK_PENDING);
    CHECK_INT(life.run, 1);
    CHECK_INT(life.rank, order_rank(0, T0));
    struct arena keep;
    struct task t = contract_get(c, &body.id, &keep);
    contract_same_life(&t.life, &life);
    CHECK_STR(t.body.input, "{}");
    arena_release(&keep);
}

CASE(adding_an_id_again_changes_nothing_whether_it_lives_or_has_ended)
{
    struct task_body body = contract_body(c, "q", "t");
    (void)contract_add(c, &body);
    struct task_body again = body;
    again.input = STR("{\"other\":1}");
    again.queue = STR("elsewhere");
    struct store_add_item items[2] = {{.body = &again}, {.body = &again, .capacity = 1}};
    struct store_add r = {.items = items, .n = 2};
    ASK(c, add, &r);
    for (int i = 0; i < 2; i++) CHECK(items[i].existed && items[i].err == 0 && items[i].life.state == TASK_PENDING);
    struct store_claim_item got = contract_claim_one(c, "q", "t");
    (void)contract_end(c, &body.id, &got.life, LIFE_DONE);
    ASK(c, add, &r);
    CHECK_INT(r.req.err, 0);
    for (int i = 0; i < 2; i++) CHECK(items[i].existed && items[i].err == 0 && items[i].life.state == TASK_COMPLETED);
    struct arena keep;
    CHECK_STR(contract_get(c, &body.id, &keep).body.input, "{}");
    arena_release(&keep);
    CHECK_INT(contract_count(c, "q").n[TASK_COMPLETED], 1);
    CHECK_INT(contract_count(c, "q").n[TASK_PENDING], 0);
}

CASE(the_same_id_twice_in_one_request_is_one_task)
{
    struct task_body body = contract_body(c, "q", "t");
    struct store_add_item items[2] = {{.body = &body}, {.body = &body}};
    struct store_add r = {.items = items, .n = 2};
    ASK(c, add, &r);
    CHECK(!items[0].existed);
    CHECK(items[1].existed);
    CHECK_INT(contract_count(c, "q").n[TASK_PENDING], 1);
}

CASE(capacity_counts_what_waits_and_refuses_only_what_is_over_it)
{
    struct task_body bodies[5];
    struct store_add_item items[5];
    for (int i = 0; i < 5; i++) {
        bodies[i] = contract_body(c, "q", i % 2 ? "t" : "u");
        if (i == 0) bodies[i].run_at_ms = T0 + 1000; /* scheduled counts, too */
        items[i] = (struct store_add_item){.body = &bodies[i], .capacity = 3};
    }
    struct store_add r = {.items = items, .n = 5};
    ASK(c, add, &r);
    CHECK_INT(r.req.err, 0);
    for (int i = 0; i < 5; i++) CHECK_INT(items[i].err, i < 3 ? 0 : ERR_QUEUE_FULL);
    (void)contract_claim_one(c, "q", "t"); /* what runs does not wait */
    r.n = 1;
    items[0] = (struct store_add_item){.body = &bodies[4], .capacity = 3};
    ASK(c, add, &r);
    CHECK_INT(items[0].err, 0);
    items[0] = (struct store_add_item){.body = &bodies[3], .capacity = 3};
    ASK(c, add, &r);
    CHECK_INT(items[0].err, ERR_QUEUE_FULL);
    struct store_get g = {.id = bodies[3].id};
    ASK(c, get, &g);
    CHECK_INT(g.found, ERR_NOT_FOUND);
    store_release(&g.req);
}

CASE(the_order_is_priority_then_age_then_id_across_lanes)
{
    static const int priority[] = {0, 5, 0, -3, 5, 0, 0, 9};
    struct task_body bodies[8];
    for (int i = 0; i < 8; i++) {
        bodies[i] = contract_body(c, "q", i % 2 ? "t" : "u");
        bodies[i].rules.priority = priority[i];
        (void)contract_add(c, &bodies[i]);
        if (i != 5) c->clock.wall_ms += 10; /* 5 and 6 are of the same moment: then the id says */
    }
    static const int wanted[] = {7, 1, 4, 0, 2, 5, 6, 3};
    uint32_t lanes[2] = {contract_lane(c, "q", "t"), contract_lane(c, "q", "u")};
    for (int i = 0; i < 8; i++) {
        uint64_t fence = 100 + (uint64_t)i;
        struct store_claim r = {.lanes = lanes, .n_lanes = 2, .fences = &fence, .max = 1};
        ASK(c, claim, &r);
        CHECK_INT(r.n, 1);
        CHECK(id_cmp(&r.items[0].body.id, &bodies[wanted[i]].id) == 0);
        CHECK_INT(r.lane, lanes[wanted[i] % 2 ? 0 : 1]);
        CHECK_STR(r.items[0].body.queue, "q");
        CHECK_INT(r.items[0].body.rules.priority, priority[wanted[i]]);
        CHECK_INT(r.items[0].life.fence, fence);
        store_release(&r.req);
    }
}

CASE(a_claim_takes_a_batch_from_the_lane_with_the_best_head_and_no_other)
{
    for (int i = 0; i < 6; i++) {
        c->clock.wall_ms++;
        (void)contract_put(c, i == 0 ? "b" : "a", "t");
        (void)contract_put(c, "b", "t");
    }
    uint32_t lanes[3] = {contract_lane(c, "a", "t"), contract_lane(c, "b", "t"), 4711};
    uint64_t fences[20];
    for (uint64_t i = 0; i < 20; i++) fences[i] = i + 1;
    struct store_claim r = {.lanes = lanes, .n_lanes = 3, .fences = fences, .max = 20};
    ASK(c, claim, &r);
    CHECK_INT(r.lane, lanes[1]);
    CHECK_INT(r.n, 7); /* more were asked for than wait there */
    for (size_t i = 1; i < r.n; i++) CHECK(id_cmp(&r.items[i - 1].body.id, &r.items[i].body.id) < 0);
    store_release(&r.req);
    r = (struct store_claim){.lanes = lanes, .n_lanes = 3, .fences = fences, .max = 2};
    ASK(c, claim, &r);
    CHECK_INT(r.lane, lanes[0]);
    CHECK_INT(r.n, 2);
    store_release(&r.req);
}

CASE(a_claim_of_nothing_is_no_error)
{
    (void)contract_put(c, "q", "t");
    uint32_t lane = contract_lane(c, "q", "t"), unknown = 4711;
    uint64_t fence = 1;
    struct store_claim r = {.lanes = &unknown, .n_lanes = 1, .fences = &fence, .max = 1};
    ASK(c, claim, &r);
    CHECK(r.req.err == 0 && r.n == 0);
    store_release(&r.req);
    r = (struct store_claim){.lanes = &lane, .n_lanes = 1, .fences = &fence, .max = 0};
    ASK(c, claim, &r);
    CHECK(r.req.err == 0 && r.n == 0);
    store_release(&r.req);
    r = (struct store_claim){.lanes = &lane, .n_lanes = 0, .fences = &fence, .max = 1};
    ASK(c, claim, &r);
    CHECK(r.req.err == 0 && r.n == 0);
    store_release(&r.req);
}

CASE(only_the_current_fence_may_speak_and_only_once)
{
    struct id id = contract_put(c, "q", "t");
    struct store_claim_item got = contract_claim_one(c, "q", "t");
    struct life old = got.life;
    old.fence ^= 1;
    CHECK_INT(contract_end(c, &id, &old, LIFE_DONE).err, ERR_STALE);
    CHECK_INT(contract_end(c, &id, &got.life, LIFE_RELEASED).err, 0);
    CHECK_INT(contract_end(c, &id, &got.life, LIFE_DONE).err, ERR_STALE);
    struct store_claim_item next = contract_claim_one(c, "q", "t");
    CHECK_INT(contract_end(c, &id, &got.life, LIFE_DONE).err, ERR_STALE);
    struct store_settle_item done = contract_end(c, &id, &next.life, LIFE_DONE);
    CHECK_INT(done.err, 0);
    CHECK(done.outcome.ended && done.life.state == TASK_COMPLETED);
    CHECK_INT(contract_end(c, &id, &next.life, LIFE_DONE).err, ERR_STALE);
    CHECK_INT(contract_end(c, &id, &next.life, LIFE_FAILED).err, ERR_STALE);
    struct id nobody = id_make(&c->ids);
    CHECK_INT(contract_end(c, &nobody, &next.life, LIFE_DONE).err, ERR_NOT_FOUND);
    CHECK_INT(contract_count(c, "q").n[TASK_COMPLETED], 1);
}

CASE(two_verdicts_for_one_attempt_in_one_request_are_one_ending)
{
    struct id id = contract_put(c, "q", "t");
    struct store_claim_item got = contract_claim_one(c, "q", "t");
    struct store_settle_item items[2] = {contract_verdict(c, &got.life, &id, LIFE_DONE),
                                         contract_verdict(c, &got.life, &id, LIFE_FAILED)};
    struct store_settle r = {.items = items, .n = 2};
    ASK(c, settle, &r);
    CHECK_INT(items[0].err, 0);
    CHECK_INT(items[1].err, ERR_STALE);
    struct store_count n = contract_count(c, "q");
    CHECK_INT(n.n[TASK_COMPLETED] + n.n[TASK_FAILED], 1);
}

CASE(a_failure_waits_for_its_backoff_is_promoted_by_a_tick_and_the_last_one_ends)
{
    struct id id = contract_put(c, "q", "t");
    for (int n = 1; n <= 3; n++) {
        struct store_claim_item got = contract_claim_one(c, "q", "t");
        CHECK_INT(got.life.attempt, n);
        struct store_settle_item s = contract_end(c, &id, &got.life, LIFE_FAILED);
        CHECK_INT(s.err, 0);
        struct arena keep;
        struct task t = contract_get(c, &id, &keep);
        if (n == 3) {
            CHECK_INT(t.life.state, TASK_FAILED);
            CHECK_STR(t.ending.failure.code, "worker_error");
            CHECK_STR(t.ending.failure.message, "it broke");
            CHECK_STR(t.ending.failure.detail, "line 1\nline 2");
            CHECK_STR(t.ending.failure.type, "ValueError");
            CHECK_INT(t.ending.failure.attempt, 3);
            CHECK_INT(t.ending.finished_at_ms, c->clock.wall_ms);
            arena_release(&keep);
            break;
        }
        CHECK_STR(str_of(life_word(&t.life, c->clock.wall_ms)), "retrying");
        CHECK_STR(t.last.message, "it broke");
        arena_release(&keep);
        CHECK_INT(contract_count(c, "q").retrying, 1);
        CHECK_INT(c->next_due_ms, c->clock.wall_ms + 1000);
        c->clock.wall_ms += 999;
        struct store_tick tick = contract_tick(c, 10);
        CHECK(tick.n_ended == 0 && !tick.more);
        store_release(&tick.req);
        CHECK_INT(contract_count(c, "q").n[TASK_PENDING], 0);
        c->clock.wall_ms += 1;
        tick = contract_tick(c, 10);
        store_release(&tick.req);
        CHECK_INT(contract_count(c, "q").n[TASK_PENDING], 1);
        CHECK_INT(contract_count(c, "q").retrying, 0);
    }
    CHECK_INT(contract_count(c, "q").n[TASK_FAILED], 1);
    CHECK_INT(c->next_due_ms, INT64_MAX);
}

CASE(the_third_death_is_poison_and_says_what_killed_the_worker)
{
    struct id id = contract_put(c, "q", "t");
    for (int n = 1; n <= 3; n++) {
        struct store_claim_item got = contract_claim_one(c, "q", "t");
        struct store_settle_item s = contract_end(c, &id, &got.life, LIFE_CRASHED);
        CHECK_INT(s.outcome.ended, n == 3);
        c->clock.wall_ms += 1000;
        struct store_tick tick = contract_tick(c, 10);
        store_release(&tick.req);
    }
    struct arena keep;
    struct task t = contract_get(c, &id, &keep);
    CHECK_INT(t.life.state, TASK_FAILED);
    CHECK_STR(t.ending.failure.code, "poison");
    CHECK_STR(t.ending.failure.detail, "line 1\nline 2");
    arena_release(&keep);
}

CASE(a_tick_ends_what_is_too_late_and_names_it_a_few_at_a_time)
{
    struct id ids[5];
    for (int i = 0; i < 5; i++) {
        struct task_body body = contract_body(c, "q", "t");
        body.rules.start_by_ms = T0 + 10 + i;
        (void)contract_add(c, &body);
        ids[i] = body.id;
    }
    CHECK_INT(c->next_due_ms, T0 + 11);
    c->clock.wall_ms = T0 + 14; /* the last is still in time */
    struct store_tick r = contract_tick(c, 3);
    CHECK_INT(r.n_ended, 3);
    CHECK(r.more);
    for (int i = 0; i < 3; i++) CHECK(id_cmp(&r.ended[i].id, &ids[i]) == 0 && r.ended[i].life.state == TASK_EXPIRED);
    store_release(&r.req);
    r = contract_tick(c, 3);
    CHECK_INT(r.n_ended, 1);
    CHECK(!r.more);
    store_release(&r.req);
    CHECK_INT(contract_count(c, "q").n[TASK_EXPIRED], 4);
    CHECK_INT(contract_count(c, "q").n[TASK_PENDING], 1);
    struct arena keep;
    struct task t = contract_get(c, &ids[0], &keep);
    CHECK_STR(t.ending.failure.code, "expired");
    arena_release(&keep);
}

CASE(a_claim_passes_over_what_is_too_late_to_start)
{
    struct task_body late = contract_body(c, "q", "t");
    late.rules.start_by_ms = T0;
    (void)contract_add(c, &late);
    struct id good = contract_put(c, "q", "t");
    c->clock.wall_ms++;
    struct store_claim_item got = contract_claim_one(c, "q", "t");
    CHECK(id_cmp(&got.body.id, &good) == 0);
    CHECK_INT(contract_count(c, "q").n[TASK_EXPIRED], 1);
}

CASE(cancel_ends_what_has_not_started_and_asks_what_runs)
{
    struct id pending = contract_put(c, "q", "t");
    struct task_body later = contract_body(c, "q", "t");
    later.run_at_ms = T0 + 5000;
    (void)contract_add(c, &later);
    struct store_control_item r = contract_control(c, &pending, STORE_CANCEL);
    CHECK(r.err == 0 && r.changed && r.ended && r.life.state == TASK_CANCELLED);
    r = contract_control(c, &pending, STORE_CANCEL);
    CHECK(r.err == 0 && !r.changed && !r.ended && r.life.state == TASK_CANCELLED);
    r = contract_control(c, &later.id, STORE_CANCEL);
    CHECK(r.err == 0 && r.changed && r.ended);
    CHECK_INT(c->next_due_ms, INT64_MAX);
    struct id nobody = id_make(&c->ids);
    CHECK_INT(contract_control(c, &nobody, STORE_CANCEL).err, ERR_NOT_FOUND);
    struct id running = contract_put(c, "q", "t");
    struct store_claim_item got = contract_claim_one(c, "q", "t");
    r = contract_control(c, &running, STORE_CANCEL);
    CHECK(r.err == 0 && r.changed && !r.ended && r.life.state == TASK_RUNNING && r.life.cancel_requested);
    r = contract_control(c, &running, STORE_CANCEL);
    CHECK(r.err == 0 && !r.changed && !r.ended);
    struct store_settle_item s = contract_end(c, &running, &got.life, LIFE_STOPPED);
    CHECK(s.err == 0 && s.outcome.ended && s.life.state == TASK_CANCELLED);
    struct arena keep;
    CHECK_STR(contract_get(c, &running, &keep).ending.failure.code, "cancelled");
    arena_release(&keep);
    CHECK_INT(contract_count(c, "q").n[TASK_CANCELLED], 3);
}

CASE(a_result_read_before_the_stop_wins_over_the_cancel)
{
    struct id id = contract_put(c, "q", "t");
    struct store_claim_item got = contract_claim_one(c, "q", "t");
    (void)contract_control(c, &id, STORE_CANCEL);
    CHECK_INT(contract_end(c, &id, &got.life, LIFE_DONE).life.state, TASK_COMPLETED);
    struct store_control_item r = contract_control(c, &id, STORE_CANCEL);
    CHECK(r.err == 0 && !r.changed && !r.ended && r.life.state == TASK_COMPLETED);
}

CASE(retry_of_an_ended_task_is_a_second_run_and_keeps_the_counts_right)
{
    struct id id = contract_put(c, "q", "t");
    CHECK_INT(contract_control(c, &id, STORE_RETRY).err, ERR_CONFLICT);
    (void)contract_control(c, &id, STORE_CANCEL);
    CHECK_INT(contract_count(c, "q").n[TASK_CANCELLED], 1);
    c->clock.wall_ms += 50;
    struct store_control_item r = contract_control(c, &id, STORE_RETRY);
    CHECK(r.err == 0 && r.changed && r.life.state == TASK_PENDING);
    CHECK_INT(r.life.run, 2);
    CHECK_INT(r.life.rank, order_rank(0, T0 + 50));
    CHECK_INT(contract_count(c, "q").n[TASK_CANCELLED], 0);
    CHECK_INT(contract_count(c, "q").n[TASK_PENDING], 1);
    CHECK_INT(contract_control(c, &id, STORE_RETRY).err, ERR_CONFLICT);
    struct store_claim_item got = contract_claim_one(c, "q", "t");
    CHECK_INT(got.life.run, 2);
    CHECK_INT(got.life.attempt, 1);
    (void)contract_end(c, &id, &got.life, LIFE_DONE);
    CHECK_INT(contract_control(c, &id, STORE_RETRY).life.run, 3);
    struct id nobody = id_make(&c->ids);
    CHECK_INT(contract_control(c, &nobody, STORE_RETRY).err, ERR_NOT_FOUND);
}

CASE(retry_respects_the_capacity_of_the_queue)
{
    struct id id = contract_put(c, "q", "t");
    (void)contract_control(c, &id, STORE_CANCEL);
    (void)contract_put(c, "q", "u");
    struct store_control_item item = {.id = id, .verb = STORE_RETRY, .capacity = 1};
    struct store_control r = {.items = &item, .n = 1};
    ASK(c, control, &r);
    CHECK_INT(item.err, ERR_QUEUE_FULL);
    item.capacity = 2;
    ASK(c, control, &r);
    CHECK_INT(item.err, 0);
    store_release(&r.req);
}

CASE(items_of_one_control_have_answers_of_their_own)
{
    struct id live = contract_put(c, "q", "t"), ended = contract_put(c, "q", "t"), nobody = id_make(&c->ids);
    (void)contract_control(c, &ended, STORE_CANCEL);
    struct store_control_item items[4] = {{.id = nobody, .verb = STORE_CANCEL},
                                          {.id = live, .verb = STORE_CANCEL},
                                          {.id = ended, .verb = STORE_RETRY},
                                          {.id = ended, .verb = STORE_RETRY}};
    struct store_control r = {.items = items, .n = 4};
    ASK(c, control, &r);
    CHECK_INT(r.req.err, 0);
    CHECK_INT(items[0].err, ERR_NOT_FOUND);
    CHECK(items[1].err == 0 && items[1].ended);
    CHECK(items[2].err == 0 && items[2].changed);
    CHECK_INT(items[3].err, ERR_CONFLICT);
    store_release(&r.req);
}

int contract_life(int argc, char **argv)
{
    return test_main(argc, argv);
}
