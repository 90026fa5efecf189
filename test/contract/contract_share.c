/* SPDX-License-Identifier: Apache-2.0
 *
 * Identical tasks in flight share one run: what becomes of those that follow. Who follows whom: contract_follow.c.
 */
#include "base/mem.h"
#include "test/contract/share.h"

#include <stdlib.h>

CASE(one_runs_and_all_have_its_result)
{
    struct id first = share_put(c, false), others[5];
    for (int i = 0; i < 5; i++) others[i] = share_put(c, true);
    CHECK_INT(contract_count(c, "q").n[TASK_BLOCKED], 5);
    CHECK_INT(contract_lane(c, "q", "t") == NO_LANE ? 0 : c->lanes[contract_lane(c, "q", "t")].ready, 1);
    share_follows(c, &others[0], &first);
    share_settles(c, 0, 0);
    share_done(c, &first, "{\"n\":1}", NULL);
    CHECK(c->next_due_ms <= c->clock.wall_ms); /* the store asks for the tick itself */
    share_settles(c, 5, 0);
    for (int i = 0; i < 5; i++) share_answered(c, &others[i], &first, "{\"n\":1}");
    CHECK_INT(contract_count(c, "q").n[TASK_COMPLETED], 6);
    CHECK_INT(c->next_due_ms, INT64_MAX);
    struct share later;
    share_make(c, &later, 1);
    share_ask(c, &later);
    CHECK(later.item.cached && id_cmp(&later.item.cached_from, &first) == 0);
}

CASE(they_follow_one_that_runs_or_is_tried_again_also_after_a_restart)
{
    struct id first = share_put(c, false);
    struct life life = contract_lease(c, "q", "t", 77);
    struct id second = share_put(c, true);
    share_reopen(c);
    share_settles(c, 0, 0);
    CHECK_INT(contract_end(c, &first, &life, LIFE_FAILED).err, 0); /* it waits for another attempt */
    struct id third = share_put(c, true);
    share_settles(c, 0, 0);
    c->clock.wall_ms += 1000;
    share_settles(c, 0, 0);
    share_done(c, &first, "3", NULL);
    share_reopen(c);
    share_settles(c, 2, 0);
    share_reopen(c);
    share_answered(c, &second, &first, "3");
    share_answered(c, &third, &first, "3");
}

CASE(when_the_one_that_runs_comes_to_nothing_the_oldest_runs_and_the_others_follow_it)
{
    static const enum store_verb ways[] = {STORE_CANCEL, STORE_FAIL};
    for (int i = 0; i < 2; i++) {
        struct id first = share_put(c, false), second = share_put(c, true), third = share_put(c, true);
        CHECK(contract_control(c, &first, ways[i]).ended);
        share_reopen(c);
        share_settles(c, 0, 1);
        share_reopen(c);
        share_settles(c, 0, 0);
        share_state(c, &second, TASK_PENDING);
        share_follows(c, &third, &second);
        struct id fourth = share_put(c, true);
        share_done(c, &second, "2", NULL);
        share_settles(c, 2, 0);
        share_answered(c, &third, &second, "2");
        share_answered(c, &fourth, &second, "2");
        CHECK_INT(contract_control(c, &second, STORE_DELETE).err, 0); /* nothing is kept any more */
    }
}

CASE(one_that_runs_after_all_has_the_place_it_had_from_the_beginning)
{
    struct id first = share_put(c, false), second = share_put(c, true);
    c->clock.wall_ms += 5000;
    struct id between = contract_put(c, "q", "t");
    CHECK(contract_control(c, &first, STORE_CANCEL).ended);
    share_settles(c, 0, 1);
    struct store_claim_item got = contract_claim_one(c, "q", "t");
    CHECK(id_cmp(&got.body.id, &second) == 0 && got.life.attempt == 1);
    got = contract_claim_one(c, "q", "t");
    CHECK(id_cmp(&got.body.id, &between) == 0);
}

CASE(a_result_with_files_is_nobody_elses)
{
    struct id first = share_put(c, false), second = share_put(c, true), third = share_put(c, true);
    share_done(c, &first, "1", "[\"out.srt\"]");
    share_settles(c, 0, 1);
    share_done(c, &second, "1", "[\"out.srt\"]");
    share_settles(c, 0, 1);
    share_state(c, &third, TASK_PENDING);
}

CASE(a_result_that_is_gone_when_its_turn_comes_answers_nobody)
{
    struct id first = share_put(c, false), second = share_put(c, true), third = share_put(c, true);
    share_done(c, &first, "1", NULL);
    CHECK_INT(contract_control(c, &first, STORE_DELETE).err, 0);
    share_settles(c, 0, 1);
    share_done(c, &second, "2", NULL);
    share_settles(c, 1, 0);
    share_answered(c, &third, &second, "2");
}

CASE(a_result_too_old_to_answer_is_not_taken_for_that_of_the_one_in_flight)
{
    struct id old = share_put(c, false);
    share_done(c, &old, "\"old\"", NULL);
    c->clock.wall_ms += TTL;
    struct id first = share_put(c, false), second = share_put(c, true);
    CHECK(contract_control(c, &first, STORE_CANCEL).ended);
    share_settles(c, 0, 1);
    share_state(c, &second, TASK_PENDING);
}

CASE(one_that_follows_ends_as_any_other_that_waits_and_the_next_is_not_forgotten)
{
    struct id first = share_put(c, false), second = share_put(c, true);
    struct share late;
    share_make(c, &late, 1);
    late.body.rules.start_by_ms = c->clock.wall_ms + 10;
    share_ask(c, &late);
    CHECK(late.item.follows && id_cmp(&late.item.leader, &first) == 0);
    struct id third = share_put(c, true);
    share_done(c, &first, "1", NULL); /* wakes the second */
    CHECK(contract_control(c, &second, STORE_CANCEL).ended);
    c->clock.wall_ms += 11;
    share_settles(c, 2, 0);
    share_state(c, &second, TASK_CANCELLED);
    share_state(c, &late.body.id, TASK_EXPIRED);
    share_answered(c, &third, &first, "1");
}

CASE(one_that_followed_and_ran_may_be_retried_as_any_other)
{
    struct id first = share_put(c, false), second = share_put(c, true);
    share_done(c, &first, "1", NULL);
    share_settles(c, 1, 0);
    share_answered(c, &second, &first, "1");
    CHECK(contract_control(c, &second, STORE_RETRY).changed);
    share_done(c, &second, "2", NULL);
    share_state(c, &second, TASK_COMPLETED);
    struct share next;
    share_make(c, &next, 1);
    share_ask(c, &next);
    CHECK(next.item.cached && id_cmp(&next.item.cached_from, &first) == 0);
}

CASE(many_follow_in_ticks_of_bounded_size)
{
    enum { N = 200, KIB = 256 };
    char *result = mem_new(KIB * 1024 + 1);
    memset(result, '7', KIB * 1024);
    result[KIB * 1024] = 0;
    struct id first = share_put(c, false);
    for (int i = 0; i < N; i++) (void)share_put(c, true);
    share_done(c, &first, result, NULL);
    struct store_tick t = contract_tick(c, 1000);
    CHECK(t.more && t.n_ended >= STORE_TICK_BYTES / (KIB * 1024) / 2 && t.n_ended <= STORE_TICK_BYTES / (KIB * 1024) + 1);
    size_t ended = t.n_ended, leads;
    store_release(&t.req);
    size_t rest;
    share_settle_down(c, &rest, &leads);
    CHECK(ended + rest == N && leads == 0);
    CHECK_INT(contract_count(c, "q").n[TASK_COMPLETED], N + 1);
    free(result);
}

int contract_share(int argc, char **argv) { return test_main(argc, argv); }
