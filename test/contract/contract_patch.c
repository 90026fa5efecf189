/* SPDX-License-Identifier: Apache-2.0
 *
 * What people may change of a task that waits, and how one that has ended is taken away.
 */
#include "task/order.h"
#include "test/contract/contract.h"

static const struct task_tag old_tags[] = {{STR("lang"), STR("de")}, {STR("customer"), STR("c-1")}};
static const struct task_tag new_tags[] = {
    {STR("lang"), STR("en")}, {STR("customer"), STR("c-1")}, {STR("new"), STR("")}};

static struct store_control_item patch_if(struct contract *c, const struct id *id, struct store_patch p,
                                          const struct task *expect)
{
    return contract_act(c, &(struct store_control_item){.id = *id, .verb = STORE_PATCH, .patch = &p, .expect = expect});
}

static struct store_control_item patch(struct contract *c, const struct id *id, struct store_patch p)
{
    return patch_if(c, id, p, NULL);
}

static struct store_patch to_priority(int32_t priority)
{
    return (struct store_patch){.has_priority = true, .priority = priority};
}

static void tick(struct contract *c)
{
    struct store_tick r = contract_tick(c, 100);
    store_release(&r.req);
}

static void check_claimed(struct contract *c, const struct id *wanted)
{
    struct store_claim_item got = contract_claim_one(c, "q", "t");
    CHECK(id_cmp(&got.body.id, wanted) == 0);
}

static size_t n_with(struct contract *c, const struct task_tag *tag)
{
    struct store_filter f = {.tags = {*tag}, .n_tags = 1};
    return contract_listed(c, &f);
}

static void check_tags(struct contract *c, const struct id *id, const struct task_tag *wanted, size_t n)
{
    struct arena keep;
    struct task t = contract_get(c, id, &keep);
    CHECK_INT(t.body.n_tags, n);
    for (size_t i = 0; i < n; i++) {
        CHECK(str_eq(t.body.tags[i].key, wanted[i].key));
        CHECK(str_eq(t.body.tags[i].value, wanted[i].value));
        CHECK_INT(n_with(c, &wanted[i]), 1);
    }
    arena_release(&keep);
}

CASE(claims_follow_a_new_priority_and_the_age_counts_on)
{
    struct id a = contract_put(c, "q", "t"), b = contract_put(c, "q", "t"), d = contract_put(c, "q", "t");
    c->clock.wall_ms += 50;
    struct store_control_item r = patch(c, &d, to_priority(5));
    CHECK(r.err == 0 && r.changed && !r.ended);
    CHECK_INT(r.life.rank, order_rank(5, T0));
    CHECK_INT(r.life.state, TASK_PENDING);
    uint32_t lane = contract_lane(c, "q", "t");
    CHECK(id_cmp(&c->lanes[lane].head, &d) == 0);
    CHECK_INT(c->lanes[lane].head_rank, order_rank(5, T0));
    CHECK_INT(patch(c, &a, to_priority(-1)).err, 0);
    struct arena keep;
    struct task t = contract_get(c, &a, &keep);
    CHECK_INT(t.body.rules.priority, -1);
    CHECK_INT(t.life.rank, order_rank(-1, T0));
    CHECK_INT(t.body.rules.max_attempts, contract_rules.max_attempts);
    CHECK_STR(t.body.input, "{}");
    arena_release(&keep);
    CHECK_INT(contract_count(c, "q").n[TASK_PENDING], 3);
    check_claimed(c, &d);
    check_claimed(c, &b);
    check_claimed(c, &a);
}

CASE(a_new_time_schedules_a_task_and_one_that_has_passed_starts_it)
{
    struct id id = contract_put(c, "q", "t");
    struct store_control_item r = patch(c, &id, (struct store_patch){.run_at_ms = T0 + 100});
    CHECK(r.err == 0 && r.changed && r.life.state == TASK_SCHEDULED);
    CHECK_INT(r.life.due_at_ms, T0 + 100);
    CHECK_INT(c->next_due_ms, T0 + 100);
    CHECK_INT(c->lanes[contract_lane(c, "q", "t")].ready, 0);
    CHECK_INT(contract_count(c, "q").n[TASK_SCHEDULED], 1);
    r = patch(c, &id, (struct store_patch){.run_at_ms = T0 + 60, .has_priority = true, .priority = 2});
    CHECK_INT(r.life.rank, order_rank(2, T0 + 60));
    CHECK_INT(c->next_due_ms, T0 + 60);
    r = patch(c, &id, to_priority(3)); /* its time stays */
    CHECK_INT(r.life.due_at_ms, T0 + 60);
    CHECK_INT(r.life.rank, order_rank(3, T0 + 60));
    c->clock.wall_ms = T0 + 10;
    r = patch(c, &id, (struct store_patch){.run_at_ms = T0 - 5});
    CHECK(r.err == 0 && r.life.state == TASK_PENDING && r.life.due_at_ms == 0);
    CHECK_INT(r.life.rank, order_rank(3, T0 + 10));
    CHECK_INT(c->next_due_ms, INT64_MAX);
    struct arena keep;
    struct task t = contract_get(c, &id, &keep);
    contract_same_life(&t.life, &r.life);
    CHECK_INT(t.body.run_at_ms, T0 - 5);
    arena_release(&keep);
    check_claimed(c, &id);
}

CASE(one_that_waits_for_its_next_attempt_can_be_changed_and_keeps_what_it_has_behind_it)
{
    struct id id = contract_put(c, "q", "t");
    struct store_claim_item got = contract_claim_one(c, "q", "t");
    (void)contract_end(c, &id, &got.life, LIFE_FAILED);
    struct store_control_item r = patch(c, &id, to_priority(4));
    CHECK(r.err == 0 && r.life.due_at_ms == T0 + 1000);
    CHECK_INT(r.life.rank, order_rank(4, T0 + 1000));
    r = patch(c, &id, (struct store_patch){.run_at_ms = T0 + 300});
    CHECK(r.err == 0 && r.life.due_at_ms == T0 + 300 && r.life.attempt == 1 && r.life.failures == 1);
    struct store_filter f = {.word = "retrying"};
    CHECK_INT(contract_listed(c, &f), 1);
    CHECK_INT(contract_count(c, "q").retrying, 1);
    c->clock.wall_ms = T0 + 300;
    tick(c);
    got = contract_claim_one(c, "q", "t");
    CHECK_INT(got.life.attempt, 2);
    CHECK_INT(got.body.rules.priority, 4);
    struct store_settle_item s = contract_verdict(c, &got.life, &id, LIFE_FAILED);
    s.rules = &got.body.rules;
    CHECK_INT(contract_settle(c, &s).life.rank, order_rank(4, T0 + 1300));
    CHECK_INT(contract_control(c, &id, STORE_CANCEL).err, 0);
    CHECK_INT(contract_control(c, &id, STORE_RETRY).life.rank, order_rank(4, T0 + 300)); /* of every later run, too */
}

CASE(lists_follow_new_tags)
{
    struct task_body b = contract_body(c, "q", "t");
    b.tags = old_tags;
    b.n_tags = 2;
    struct life life = contract_add(c, &b);
    struct store_control_item r =
        patch(c, &b.id, (struct store_patch){.has_tags = true, .tags = new_tags, .n_tags = 3});
    CHECK(r.err == 0 && r.changed);
    contract_same_life(&r.life, &life);
    check_tags(c, &b.id, new_tags, 3);
    CHECK_INT(n_with(c, &old_tags[0]), 0);
    (void)patch(c, &b.id, to_priority(1)); /* says nothing of tags: they stay */
    check_tags(c, &b.id, new_tags, 3);
    (void)patch(c, &b.id, (struct store_patch){.has_tags = true});
    check_tags(c, &b.id, NULL, 0);
    for (int i = 0; i < 3; i++) CHECK_INT(n_with(c, &new_tags[i]), 0);
    (void)patch(c, &b.id, (struct store_patch){.has_tags = true, .tags = old_tags, .n_tags = 2});
    check_tags(c, &b.id, old_tags, 2);
}

/* A task in the queue `queue` that ended so: every way an ending comes about. */
static struct id ended_as(struct contract *c, const char *queue, enum task_state state)
{
    struct task_body b = contract_body(c, queue, "t");
    b.subject = STR("ann");
    b.tags = old_tags;
    b.n_tags = 2;
    b.rules.max_attempts = 1;
    if (state == TASK_EXPIRED) b.rules.start_by_ms = c->clock.wall_ms;
    (void)contract_add(c, &b);
    c->clock.wall_ms++;
    if (state == TASK_EXPIRED) tick(c);
    else if (state == TASK_CANCELLED) (void)contract_control(c, &b.id, STORE_CANCEL);
    else {
        struct store_claim_item got = contract_claim_one(c, queue, "t");
        struct store_settle_item s =
            contract_verdict(c, &got.life, &b.id, state == TASK_COMPLETED ? LIFE_DONE : LIFE_FAILED);
        s.rules = &b.rules;
        s.attempt.log = STR("some output\n");
        CHECK_INT(contract_settle(c, &s).life.state, state);
    }
    return b.id;
}

static const enum task_state endings[] = {TASK_COMPLETED, TASK_FAILED, TASK_CANCELLED, TASK_EXPIRED};

CASE(what_runs_or_has_ended_is_not_changed_and_what_is_not_there_is_not_found)
{
    struct store_patch all = {true, true, 9, T0 + 500, new_tags, 3};
    struct id running = contract_put(c, "q", "t");
    struct store_claim_item got = contract_claim_one(c, "q", "t");
    CHECK_INT(patch(c, &running, all).err, ERR_CONFLICT);
    struct arena keep;
    struct task t = contract_get(c, &running, &keep);
    contract_same_life(&t.life, &got.life);
    CHECK(t.body.rules.priority == 0 && t.body.run_at_ms == 0 && t.body.n_tags == 0);
    arena_release(&keep);
    for (int i = 0; i < 4; i++) {
        struct id id = ended_as(c, "r", endings[i]);
        struct store_control_item r = patch(c, &id, all);
        CHECK(r.err == ERR_CONFLICT && !r.changed);
        t = contract_get(c, &id, &keep);
        CHECK(t.life.state == endings[i] && t.body.rules.priority == 0 && t.body.n_tags == 2);
        arena_release(&keep);
    }
    struct id nobody = id_make(&c->ids);
    CHECK_INT(patch(c, &nobody, all).err, ERR_NOT_FOUND);
}

CASE(a_change_is_refused_when_any_part_is_not_as_expected)
{
    struct task_body b = contract_body(c, "q", "t");
    b.tags = old_tags;
    b.n_tags = 2;
    b.run_at_ms = T0 + 1000;
    (void)contract_add(c, &b);
    struct arena keep;
    struct task seen = contract_get(c, &b.id, &keep);
    struct task_tag other_key[] = {{STR("lang2"), STR("de")}, old_tags[1]},
                    other_value[] = {old_tags[0], {STR("customer"), STR("c-2")}};
    struct task not [11];
    for (int i = 0; i < 11; i++) not [i] = seen;
    not [0].life.state = TASK_PENDING;
    not [1].life.run++;
    not [2].life.attempt++;
    not [3].life.rank++;
    not [4].life.due_at_ms++;
    not [5].life.cancel_requested = true;
    not [6].body.rules.priority++;
    not [7].body.run_at_ms++;
    not [8].body.n_tags--;
    not [9].body.tags = other_key;
    not [10].body.tags = other_value;
    for (int i = 0; i < 11; i++) {
        struct store_control_item r = patch_if(c, &b.id, to_priority(7), &not [i]);
        CHECK(r.err == ERR_CHANGED && !r.changed);
    }
    CHECK_INT(patch_if(c, &b.id, (struct store_patch){.has_tags = true, .tags = new_tags, .n_tags = 3}, &seen).err, 0);
    CHECK_INT(patch_if(c, &b.id, to_priority(7), &seen).err, ERR_CHANGED); /* somebody was quicker */
    arena_release(&keep);
    seen = contract_get(c, &b.id, &keep);
    CHECK_INT(seen.body.rules.priority, 0);
    CHECK_INT(patch_if(c, &b.id, to_priority(7), &seen).err, 0);
    CHECK_INT(patch_if(c, &b.id, to_priority(7), &seen).err, ERR_CHANGED);
    arena_release(&keep);
}

/* That its time has come is nobody's change: a row says the same before and after. */
CASE(a_task_that_has_come_due_is_as_expected)
{
    for (int ticked = 0; ticked < 2; ticked++) {
        struct task_body b = contract_body(c, "q", "t");
        b.run_at_ms = c->clock.wall_ms + 100;
        (void)contract_add(c, &b);
        struct arena keep;
        struct task before = contract_get(c, &b.id, &keep);
        c->clock.wall_ms += 100;
        if (ticked) tick(c);
        CHECK_INT(patch_if(c, &b.id, to_priority(1), &before).err, 0);
        arena_release(&keep);
        struct task after = contract_get(c, &b.id, &keep);
        CHECK_INT(patch_if(c, &b.id, to_priority(2), &after).err, 0);
        arena_release(&keep);
        CHECK_INT(contract_control(c, &b.id, STORE_CANCEL).err, 0);
    }
}

CASE(changes_survive_a_reopen)
{
    if (!c->engine->survives) return;
    struct id first = contract_put(c, "q", "t"), second = contract_put(c, "q", "t"), third = contract_put(c, "q", "t");
    struct store_patch now = {
        .run_at_ms = T0, .has_priority = true, .priority = 9, .has_tags = true, .tags = new_tags, .n_tags = 3};
    CHECK_INT(patch(c, &third, now).err, 0);
    CHECK_INT(patch(c, &first, (struct store_patch){.run_at_ms = T0 + 70}).err, 0);
    contract_reopen(c);
    check_tags(c, &third, new_tags, 3);
    CHECK_INT(c->next_due_ms, T0 + 70);
    check_claimed(c, &third);
    check_claimed(c, &second);
    c->clock.wall_ms = T0 + 70;
    tick(c);
    check_claimed(c, &first);
}

static struct store_control_item erase(struct contract *c, const struct id *id)
{
    return contract_control(c, id, STORE_DELETE);
}

static void check_gone(struct contract *c, const struct id *id)
{
    struct store_get get = {.id = *id};
    struct store_log log = {.id = *id};
    struct store_history history = {.id = *id, .limit = 10};
    ASK(c, get, &get);
    ASK(c, log, &log);
    ASK(c, history, &history);
    CHECK_INT(get.found, ERR_NOT_FOUND);
    CHECK_INT(log.found, ERR_NOT_FOUND);
    CHECK(history.found == ERR_NOT_FOUND && history.n_runs == 0 && history.n_attempts == 0);
    store_release(&get.req), store_release(&log.req), store_release(&history.req);
    for (int verb = STORE_CANCEL; verb <= STORE_FAIL; verb++) {
        struct store_patch p = to_priority(1);
        struct store_control_item it = {.id = *id, .verb = (enum store_verb)verb, .patch = &p};
        CHECK_INT(contract_act(c, &it).err, ERR_NOT_FOUND);
    }
}

CASE(a_deleted_task_is_gone_whatever_its_ending_and_however_many_runs_it_had)
{
    for (int i = 0; i < 4; i++) {
        struct id id = ended_as(c, "q", endings[i]), other = ended_as(c, "q", endings[i]);
        if (i == 0) { /* an earlier run, and a second one of two attempts */
            (void)contract_control(c, &id, STORE_RETRY);
            struct store_claim_item got = contract_claim_one(c, "q", "t");
            CHECK_INT(contract_end(c, &id, &got.life, LIFE_RELEASED).err, 0);
            got = contract_claim_one(c, "q", "t");
            CHECK_INT(contract_end(c, &id, &got.life, LIFE_DONE).err, 0);
        }
        CHECK_INT(contract_count(c, "q").n[endings[i]], 2);
        struct store_control_item r = erase(c, &id);
        CHECK(r.err == 0 && r.changed && !r.ended && r.life.state == endings[i]);
        check_gone(c, &id);
        CHECK_INT(contract_count(c, "q").n[endings[i]], 1);
        CHECK_INT(n_with(c, &old_tags[1]), 1);
        CHECK_INT(erase(c, &other).err, 0);
        struct store_filter all = {.n_tags = 0}, ann = {.subject = STR("ann")};
        CHECK_INT(contract_listed(c, &all) + contract_listed(c, &ann) + n_with(c, &old_tags[1]), 0);
        CHECK_INT(contract_count(c, "q").n[endings[i]], 0);
        if (c->engine->survives) contract_reopen(c);
        CHECK_INT(contract_count(c, "q").n[endings[i]], 0);
        check_gone(c, &id);
    }
}

CASE(what_lives_is_not_deleted)
{
    struct id id = contract_put(c, "q", "t");
    CHECK_INT(erase(c, &id).err, ERR_CONFLICT);
    struct store_claim_item got = contract_claim_one(c, "q", "t");
    CHECK_INT(erase(c, &id).err, ERR_CONFLICT);
    CHECK_INT(contract_end(c, &id, &got.life, LIFE_FAILED).err, 0);
    struct store_control_item r = erase(c, &id); /* retrying */
    CHECK(r.err == ERR_CONFLICT && !r.changed);
    CHECK_INT(contract_control(c, &id, STORE_CANCEL).err, 0);
    CHECK_INT(contract_control(c, &id, STORE_RETRY).err, 0);
    CHECK_INT(erase(c, &id).err, ERR_CONFLICT); /* its next run */
    CHECK_INT(contract_count(c, "q").n[TASK_PENDING], 1);
}

CASE(a_delete_is_refused_when_the_task_is_not_as_expected)
{
    struct id id = ended_as(c, "q", TASK_COMPLETED);
    struct arena keep;
    struct task seen = contract_get(c, &id, &keep);
    CHECK_INT(contract_control(c, &id, STORE_RETRY).err, 0);
    CHECK_INT(contract_control(c, &id, STORE_CANCEL).err, 0);
    struct store_control_item it = {.id = id, .verb = STORE_DELETE, .expect = &seen};
    struct store_control_item r = contract_act(c, &it);
    CHECK(r.err == ERR_CHANGED && !r.changed);
    arena_release(&keep);
    seen = contract_get(c, &id, &keep);
    CHECK_INT(contract_act(c, &it).err, 0);
    arena_release(&keep);
    check_gone(c, &id);
}

CASE(a_deleted_id_can_be_used_again_and_is_a_new_task)
{
    struct id id = ended_as(c, "q", TASK_FAILED);
    CHECK_INT(contract_control(c, &id, STORE_RETRY).err, 0);
    CHECK_INT(contract_control(c, &id, STORE_CANCEL).err, 0);
    CHECK_INT(erase(c, &id).err, 0);
    struct task_body again = contract_body(c, "r", "u");
    again.id = id;
    CHECK_INT(contract_add(c, &again).run, 1);
    struct store_history h = {.id = id, .limit = 10};
    struct store_log log = {.id = id, .run = 1};
    ASK(c, history, &h);
    ASK(c, log, &log);
    CHECK(h.found == 0 && h.n_runs == 0 && h.n_attempts == 0 && h.life.state == TASK_PENDING);
    CHECK(log.found == 0 && log.log.len == 0);
    store_release(&h.req), store_release(&log.req);
    check_tags(c, &id, NULL, 0);
    CHECK_INT(n_with(c, &old_tags[0]), 0);
    CHECK_INT(contract_count(c, "q").n[TASK_CANCELLED], 0);
    CHECK_INT(contract_count(c, "r").n[TASK_PENDING], 1);
}

int contract_patch(int argc, char **argv) { return test_main(argc, argv); }
