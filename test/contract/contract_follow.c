/* SPDX-License-Identifier: Apache-2.0
 *
 * Identical tasks in flight share one run: who follows whom, and for how long.
 */
#include "test/contract/share.h"

CASE(nobody_follows_what_comes_after_it_or_elsewhere)
{
    struct share first, a;
    share_make(c, &first, 1);
    first.body.rules.priority = 5;
    share_ask(c, &first);
    share_make(c, &a, 2); /* another input */
    share_ask(c, &a);
    CHECK(!a.item.follows);
    share_make(c, &a, 1);
    a.body.queue = STR("r");
    share_ask(c, &a);
    CHECK(!a.item.follows);
    share_make(c, &a, 1);
    a.body.rules.priority = 6;
    share_ask(c, &a);
    CHECK(!a.item.follows);
    share_make(c, &a, 1);
    a.body.cache.bypass = true;
    share_ask(c, &a);
    CHECK(!a.item.follows);
    share_make(c, &a, 1);
    a.body.run_at_ms = c->clock.wall_ms + 1000;
    share_ask(c, &a);
    CHECK(!a.item.follows && a.item.life.state == TASK_SCHEDULED);
    share_make(c, &a, 1);
    a.body.cache.ttl_ms = 0;
    share_ask(c, &a);
    CHECK(!a.item.follows);
    share_make(c, &a, 1);
    a.body.rules.priority = 5;
    share_ask(c, &a);
    CHECK(a.item.follows);
}

CASE(nobody_follows_what_waits_for_a_time_or_is_asked_to_stop)
{
    struct share first;
    share_make(c, &first, 1);
    first.body.run_at_ms = c->clock.wall_ms + 1000;
    share_ask(c, &first);
    struct id second = share_put(c, false);
    (void)contract_claim_one(c, "q", "t");
    CHECK(contract_control(c, &second, STORE_CANCEL).changed);
    (void)share_put(c, false);
}

CASE(those_that_follow_one_that_is_put_off_do_not_wait_for_it)
{
    struct id first = share_put(c, false), second = share_put(c, true), third = share_put(c, true);
    struct store_patch later = {.run_at_ms = c->clock.wall_ms + 3600000};
    CHECK(contract_act(c, &(struct store_control_item){.id = first, .verb = STORE_PATCH, .patch = &later}).changed);
    share_settles(c, 0, 1);
    share_state(c, &second, TASK_PENDING);
    share_state(c, &third, TASK_BLOCKED);
    struct store_patch low = {.has_priority = true, .priority = -5};
    CHECK(contract_act(c, &(struct store_control_item){.id = second, .verb = STORE_PATCH, .patch = &low}).changed);
    share_settles(c, 0, 1);
    share_state(c, &third, TASK_PENDING);
}

CASE(one_that_follows_and_is_changed_waits_for_its_own_time_or_turn)
{
    struct id first = share_put(c, false), second = share_put(c, true), third = share_put(c, true);
    struct store_patch high = {.has_priority = true, .priority = 5}, later = {.run_at_ms = c->clock.wall_ms + 3600000};
    CHECK(contract_act(c, &(struct store_control_item){.id = third, .verb = STORE_PATCH, .patch = &high}).changed);
    share_reopen(c);
    share_settles(c, 0, 1);
    share_state(c, &third, TASK_PENDING);
    CHECK(contract_act(c, &(struct store_control_item){.id = second, .verb = STORE_PATCH, .patch = &later}).changed);
    share_settles(c, 0, 1);
    struct arena keep;
    struct task t = contract_get(c, &second, &keep);
    CHECK(t.life.state == TASK_SCHEDULED && t.life.due_at_ms == later.run_at_ms);
    arena_release(&keep);
    share_done(c, &third, "3", NULL);
    share_done(c, &first, "1", NULL);
    share_state(c, &second, TASK_SCHEDULED);
}

CASE(of_two_to_follow_one_is_enough_and_whoever_may_not_follow_the_next_runs)
{
    struct share first, low, high, bypass;
    share_make(c, &first, 1);
    first.body.rules.priority = 9;
    share_ask(c, &first);
    share_make(c, &bypass, 1);
    bypass.body.cache.bypass = true;
    bypass.body.rules.priority = 9;
    share_ask(c, &bypass);
    share_make(c, &low, 1);
    share_ask(c, &low);
    share_make(c, &high, 1);
    high.body.rules.priority = 9;
    share_ask(c, &high);
    CHECK(low.item.follows && high.item.follows);
    CHECK(contract_control(c, &first.body.id, STORE_CANCEL).ended);
    share_settles(c, 0, 0);
    share_follows(c, &high.body.id, &bypass.body.id);
    CHECK(contract_control(c, &bypass.body.id, STORE_CANCEL).ended);
    share_settles(c, 0, 2); /* the oldest, which comes after the other one */
    share_state(c, &low.body.id, TASK_PENDING);
    share_state(c, &high.body.id, TASK_PENDING);
}

CASE(one_held_by_its_key_is_followed_by_those_of_that_key_only)
{
    struct store_declared keys = {.queue = STR("q"), .key_concurrency = 1};
    struct store_declare d = {.items = &keys, .n = 1};
    ASK(c, declare, &d);
    store_release(&d.req);
    struct share busy, first, a;
    share_make(c, &busy, 9);
    busy.body.limit_key = STR("k");
    share_ask(c, &busy);
    share_make(c, &first, 1);
    first.body.limit_key = STR("k");
    share_ask(c, &first);
    CHECK(!first.item.follows);
    share_make(c, &a, 1);
    a.body.limit_key = STR("k");
    share_ask(c, &a);
    CHECK(a.item.follows);
    share_make(c, &a, 1);
    a.body.limit_key = STR("other");
    share_ask(c, &a);
    CHECK(!a.item.follows);
}

CASE(one_that_follows_holds_its_key_and_one_that_waits_for_a_key_follows_nobody)
{
    struct id first = share_put(c, false);
    struct share a, b;
    share_make(c, &a, 1);
    a.body.key = STR("k");
    share_ask(c, &a);
    CHECK(a.item.follows);
    share_make(c, &b, 1);
    b.body.key = STR("k");
    ASK(c, add, &b.add);
    CHECK(b.item.err == ERR_KEY_HELD && id_cmp(&b.item.holder, &a.body.id) == 0);
    share_make(c, &b, 2);
    b.body.key = STR("k");
    b.body.on_conflict = TASK_REPLACE;
    share_ask(c, &b);
    CHECK(b.item.replaced && b.item.holder_life.state == TASK_CANCELLED && b.item.life.state == TASK_PENDING);
    CHECK(contract_control(c, &first, STORE_CANCEL).ended);
    (void)contract_claim_one(c, "q", "t");
    first = share_put(c, false);
    share_make(c, &a, 1); /* blocked on the key: not on the first, too */
    a.body.key = STR("k");
    a.body.on_conflict = TASK_REPLACE;
    share_ask(c, &a);
    CHECK(a.item.life.state == TASK_BLOCKED && !a.item.follows);
    share_settles(c, 0, 0);
    struct share same; /* it replaces the one that it could follow */
    share_make(c, &same, 1);
    same.body.key = STR("k");
    same.body.on_conflict = TASK_REPLACE;
    share_ask(c, &same);
    CHECK(same.item.replaced && !same.item.follows);
}

CASE(a_resend_of_one_that_follows_is_that_one)
{
    (void)share_put(c, false);
    struct share a;
    share_make(c, &a, 1);
    share_ask(c, &a);
    CHECK(a.item.follows);
    share_ask(c, &a);
    CHECK(a.item.existed && a.item.life.state == TASK_BLOCKED && a.item.err == 0);
    CHECK_INT(contract_count(c, "q").n[TASK_BLOCKED], 1);
}

int contract_follow(int argc, char **argv) { return test_main(argc, argv); }
