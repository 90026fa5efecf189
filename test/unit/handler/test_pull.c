/* SPDX-License-Identifier: Apache-2.0
 *
 * The desk: who waits for what, whose place is promised, who is given the attempt; and what people see of it.
 */
#include "pull_rig.h"

#include "handler/pull_pattern.h"

static struct asker other;
static struct heard second;

static void finish(struct heard *one)
{
    struct waiter w = {.wait.on_over = waiter_over};
    struct pull_held *its = pull_held_find(&desk, &one->body.id, one->attempt.fence);
    CHECK(its);
    list_init(&w.wait.link);
    CHECK_INT(pull_held_verdict(its, &(struct verdict){.event = LIFE_DONE}, &w.wait), 0);
    pull_over(one, 0);
    CHECK_INT(w.overs, 1);
    heard_release(one);
}

/* Asker waits, and one place of its is kept for h, which is on its way. */
static void open_promised(int max, int64_t wait_ms)
{
    pull_open("transcribe");
    heard_init(&h, pull, 1, "{}");
    ASK(asker, "transcribe", max, wait_ms);
    pull->typed->keep(pull, STR("transcribe"), 1);
}

TEST(patterns_mean_names_or_what_begins_so)
{
    CHECK(pull_pattern_fits(STR("a"), STR("a")));
    CHECK(!pull_pattern_fits(STR("a"), STR("ab")));
    CHECK(pull_pattern_fits(STR("a*"), STR("a")));
    CHECK(pull_pattern_fits(STR("a*"), STR("ab")));
    CHECK(!pull_pattern_fits(STR("a*"), STR("b")));
    CHECK(pull_pattern_fits(STR("*"), STR("b")));
    CHECK(pull_pattern_meets(STR("a.b*"), STR("a.*")));
    CHECK(pull_pattern_meets(STR("a.*"), STR("a.b*")));
    CHECK(!pull_pattern_meets(STR("a.b*"), STR("a.c*")));
    CHECK(pull_pattern_meets(STR("a.b"), STR("a.*")));
    CHECK(pull_pattern_meets(STR("a.*"), STR("a.b")));
    CHECK(!pull_pattern_meets(STR("a.b"), STR("a.c")));
}

TEST(nobody_asks_and_there_is_no_room)
{
    pull_open("transcribe");
    struct err e = {0};
    CHECK_INT(pull_room("transcribe"), 0);
    CHECK(!pull->typed->has_place(pull, STR("transcribe")));
    CHECK_INT(pull->typed->waiting(pull, STR("transcribe")), HANDLER_ABSENT);
    CHECK_INT(pull->ops->waiting(pull, &e), HANDLER_ABSENT);
    heard_init(&h, pull, 1, "{}");
    CHECK_INT(pull_start(&h), ERR_AGAIN);
    CHECK(!h.attempt.on_over);
    pull_close_held();
}

TEST(who_waits_has_as_many_places_as_he_asks_for)
{
    pull_open("remote.*");
    ASK(asker, "remote.a", 3, 60000);
    CHECK_INT(fake.rooms, 1);
    CHECK_INT(pull_room("remote.a"), 3);
    CHECK_INT(pull_room("remote.b"), 0);
    ASK(other, "remote.* remote.a", 2, 60000);
    CHECK_INT(pull_room("remote.a"), 5); /* not seven: it is one puller by two names */
    CHECK_INT(pull_room("remote.b"), 2);
    pull_desk_cancel(&asker.claim);
    CHECK_INT(pull_room("remote.a"), 2);
    pull_desk_cancel(&other.claim);
    CHECK_INT(pull_room("remote.a"), 0);
    fake_pass(&fake, 60000);
    CHECK_INT(asker.answers + other.answers, 0);
    pull_close();
}

TEST(a_place_that_is_kept_is_nobody_elses_whatever_the_type)
{
    pull_open("remote.*");
    ASK(asker, "remote.a remote.b", 1, 60000);
    pull->typed->keep(pull, STR("remote.a"), 1);
    CHECK_INT(pull_room("remote.a"), 0);
    CHECK_INT(pull_room("remote.b"), 0);
    CHECK(pull->typed->has_place(pull, STR("remote.a")));
    CHECK(!pull->typed->has_place(pull, STR("remote.b")));
    pull->typed->let_go(pull, STR("remote.a"), 1);
    CHECK_INT(pull_room("remote.b"), 1);
    fake_run(&fake);
    CHECK_INT(asker.answers, 0);
    pull_desk_cancel(&asker.claim);
    pull_close();
}

TEST(the_attempt_goes_to_who_can_do_the_fewest_others_and_of_those_to_the_oldest)
{
    struct asker third;
    pull_open("transcribe");
    heard_init(&h, pull, 1, "{}");
    ASK(asker, "transcribe translate", 1, 60000);
    ASK(other, "transcribe", 1, 60000);
    ASK(third, "transcribe", 1, 60000);
    pull_give(&h);
    CHECK_INT(asker.answers + third.answers, 0);
    CHECK_INT(other.answers, 1);
    finish(&h);
    pull_desk_cancel(&asker.claim);
    pull_desk_cancel(&third.claim);
    pull_close();
}

TEST(attempts_that_come_in_one_turn_are_one_answer)
{
    pull_open("transcribe");
    heard_init(&h, pull, 1, "{}");
    heard_init(&second, pull, 2, "{}");
    ASK(asker, "transcribe", 5, 60000);
    pull->typed->keep(pull, STR("transcribe"), 3);
    fake_run(&fake);
    CHECK_INT(pull_start(&h), 0);
    CHECK_INT(pull_start(&second), 0);
    CHECK_INT(asker.answers, 0);
    pull->typed->let_go(pull, STR("transcribe"), 3); /* one of them was not there any more */
    CHECK_INT(asker.answers, 0);
    fake_run(&fake);
    CHECK_INT(asker.answers, 1);
    CHECK_INT(asker.claim.n_given, 2);
    finish(&h);
    finish(&second);
    pull_close();
}

TEST(a_claim_whose_time_is_up_is_answered_with_nothing)
{
    pull_open("transcribe");
    ASK(asker, "transcribe", 1, 1000);
    fake_pass(&fake, 999);
    CHECK_INT(asker.answers, 0);
    fake_pass(&fake, 1);
    CHECK_INT(asker.answers, 1);
    CHECK_INT(asker.claim.n_given, 0);
    CHECK_INT(pull_room("transcribe"), 0);
    pull_close();
}

TEST(a_claim_whose_time_is_up_waits_for_what_was_promised_to_it)
{
    open_promised(2, 1000);
    fake_pass(&fake, 5000);
    CHECK_INT(asker.answers, 0);
    CHECK_INT(pull_room("transcribe"), 0); /* and takes nothing more */
    CHECK_INT(pull_start(&h), 0);
    pull->typed->let_go(pull, STR("transcribe"), 1);
    fake_run(&fake);
    CHECK_INT(asker.answers, 1);
    CHECK_INT(asker.claim.n_given, 1);
    finish(&h);
    ASK(asker, "transcribe", 2, 1000);
    pull->typed->keep(pull, STR("transcribe"), 1);
    fake_pass(&fake, 5000);
    pull->typed->let_go(pull, STR("transcribe"), 1); /* it was not there any more */
    fake_run(&fake);
    CHECK_INT(asker.answers, 1);
    CHECK_INT(asker.claim.n_given, 0);
    pull_close();
}

TEST(who_goes_while_an_attempt_is_on_its_way_to_him_leaves_it_to_another)
{
    open_promised(1, 60000);
    pull_desk_cancel(&asker.claim);
    CHECK(!pull->typed->has_place(pull, STR("transcribe")));
    ASK(other, "transcribe", 1, 60000);
    CHECK(pull->typed->has_place(pull, STR("transcribe")));
    CHECK_INT(pull_start(&h), 0);
    pull->typed->let_go(pull, STR("transcribe"), 1);
    fake_run(&fake);
    CHECK_INT(other.answers, 1);
    finish(&h);
    pull_close();
}

TEST(who_goes_before_he_is_told_gives_it_back_as_if_never_started)
{
    pull_open("transcribe");
    heard_init(&h, pull, 1, "{}");
    ASK(asker, "transcribe", 1, 60000);
    CHECK_INT(pull_start(&h), 0);
    pull_desk_cancel(&asker.claim);
    CHECK_INT(h.n_verdicts, 1);
    CHECK_INT(h.event, LIFE_UNSTARTED);
    fake_run(&fake);
    CHECK_INT(asker.answers, 0);
    pull_over(&h, 0);
    pull_close_held();
}

TEST(a_desk_that_drains_answers_all_and_takes_nobody)
{
    pull_open("transcribe");
    ASK(asker, "transcribe", 1, 60000);
    ASK(other, "transcribe translate*", 3, 60000);
    pull_desk_drain(&desk);
    CHECK_INT(asker.answers, 0);
    fake_run(&fake);
    CHECK_INT(asker.answers, 1);
    CHECK_INT(other.answers, 1);
    CHECK_INT(ask_for(&asker, "transcribe", 1, 0), ERR_DRAINING);
    CHECK_INT(pull_room("transcribe"), 0);
    pull_close();
}

TEST(what_was_promised_still_comes_while_the_desk_drains)
{
    open_promised(1, 60000);
    pull_desk_drain(&desk);
    fake_run(&fake);
    CHECK_INT(asker.answers, 0);
    CHECK_INT(pull_start(&h), 0);
    pull->typed->let_go(pull, STR("transcribe"), 1);
    fake_run(&fake);
    CHECK_INT(asker.answers, 1);
    finish(&h);
    pull_close();
}

static struct worker_view seen;
static char seen_id[256];
static int views;
static void see(void *user, const struct worker_view *w)
{
    (void)user;
    views++;
    seen = *w;
    str_copy(seen_id, sizeof seen_id, w->id);
    seen.open = NULL;
}

static const struct worker_view *view(int wanted)
{
    views = 0;
    pull->ops->each(pull, see, NULL);
    CHECK_INT(views, wanted);
    return &seen;
}

TEST(who_pulls_is_seen_until_two_minutes_after_he_was_last_there)
{
    struct err e = {0};
    pull_open("remote.*");
    view(0);
    heard_init(&h, pull, 1, "{}");
    h.body.type = STR("remote.a");
    ASK(asker, "remote.a", 1, 60000);
    CHECK_STR(str_of(view(1)->state), "idle");
    CHECK_STR(str_of(seen_id), "remote.*/box-1");
    CHECK_STR(seen.host, "box");
    CHECK_INT(seen.pid, 0);
    CHECK_INT(pull->typed->waiting(pull, STR("remote.a")), HANDLER_READY);
    pull_give(&h);
    CHECK_STR(str_of(view(1)->state), "busy");
    CHECK_INT(seen.n_open, 1);
    CHECK_INT(pull->typed->waiting(pull, STR("remote.a")), HANDLER_BUSY);
    CHECK_INT(pull->typed->waiting(pull, STR("remote.b")), HANDLER_ABSENT);
    CHECK_INT(pull->ops->control(pull, STR("remote.*/box-1"), HANDLER_STOP, &e), ERR_CONFLICT);
    CHECK_INT(pull->ops->control(pull, STR("remote.*/box-2"), HANDLER_STOP, &e), ERR_NOT_FOUND);
    fake_pass(&fake, 10000);
    finish(&h);
    CHECK_STR(str_of(view(1)->state), "away");
    CHECK_INT(seen.tasks, 1);
    CHECK_INT(seen.seen_at_ms, 86400000 + fake.now_ms);
    CHECK_INT(pull->typed->waiting(pull, STR("remote.a")), HANDLER_ABSENT);
    fake_pass(&fake, PULLER_FORGET_MS - 1);
    view(1);
    fake_pass(&fake, 1);
    view(0);
    pull_close();
}

TEST(a_puller_that_asks_for_others_types_is_not_this_handlers)
{
    pull_open("transcribe");
    ASK(asker, "translate", 1, 1000);
    view(0);
    CHECK_INT(pull_room("transcribe"), 0);
    fake_pass(&fake, 1000);
    pull_close();
}

TEST(there_are_only_so_many_pullers)
{
    static struct asker askers[LIMIT_PULLERS + 1];
    static char names[LIMIT_PULLERS + 1][16];
    pull_open("transcribe");
    for (int i = 0; i <= LIMIT_PULLERS; i++) {
        struct asker *a = &askers[i];
        snprintf(names[i], sizeof names[i], "box-%d", i);
        *a = (struct asker){.types = {STR("transcribe")}, .claim = {.max = 1, .worker = str_of(names[i]), .on_answer = asker_answered}};
        a->claim.types = a->types;
        a->claim.n_types = 1;
        a->claim.user = a;
        CHECK_INT(pull_desk_claim(&desk, &a->claim, 1000), i < LIMIT_PULLERS ? 0 : ERR_AGAIN);
    }
    fake_pass(&fake, 1000);
    CHECK_INT(askers[LIMIT_PULLERS - 1].answers, 1);
    CHECK_INT(askers[LIMIT_PULLERS].answers, 0);
    fake_pass(&fake, PULLER_FORGET_MS);
    ASK(asker, "transcribe", 1, 1000);
    pull_desk_cancel(&asker.claim);
    pull_close();
}

TEST_MAIN
