/* SPDX-License-Identifier: Apache-2.0
 *
 * Checkpoints: whose they are, to whom they are given, when they go.
 */
#include "test/contract/contract.h"

static int save(struct contract *c, const struct id *id, const struct life *life, const char *data)
{
    struct store_save_item item = {
        .id = *id, .fence = life->fence, .save = {.attempt = life->attempt, .at_ms = c->clock.wall_ms, .data = str_of(data)}};
    struct store_save r = {.items = &item, .n = 1};
    ASK(c, save, &r);
    CHECK_INT(r.req.err, 0);
    store_release(&r.req);
    return item.err;
}

/* Claims the one task that is ready; what it goes on from must be this. */
static struct life claim(struct contract *c, const char *resume, int32_t from)
{
    struct store_tick tick = contract_tick(c, 10); /* whose time has come is ready; after a reopen, all hints are there */
    store_release(&tick.req);
    struct store_claim r = {.n = 0};
    contract_claim(c, &r, contract_lane(c, "q", "t"), 1);
    CHECK_INT(r.n, 1);
    CHECK(str_eq(r.items[0].resume, str_of(resume)));
    CHECK_INT(r.items[0].resumed_from, from);
    struct life life = r.items[0].life;
    store_release(&r.req);
    return life;
}

static struct store_history history(struct contract *c, const struct id *id)
{
    struct store_history h = {.id = *id, .limit = 10};
    ASK(c, history, &h);
    CHECK(h.req.err == 0 && h.found == 0);
    return h;
}

CASE(the_last_checkpoint_is_given_to_the_next_attempts_of_its_run)
{
    struct id id = contract_put(c, "q", "t");
    struct life life = claim(c, "", 0);
    CHECK_INT(save(c, &id, &life, "{\"at\":1}"), 0);
    CHECK_INT(save(c, &id, &life, " [2] "), 0);
    CHECK_INT(contract_end(c, &id, &life, LIFE_RELEASED).err, 0);
    life = claim(c, " [2] ", 1);
    CHECK_INT(contract_end(c, &id, &life, LIFE_CRASHED).err, 0); /* one that saved nothing takes nothing away */
    c->clock.wall_ms += 1000;
    life = claim(c, " [2] ", 1);
    CHECK_INT(save(c, &id, &life, "3"), 0);
    if (c->engine->survives) contract_reopen(c);
    else CHECK_INT(contract_end(c, &id, &life, LIFE_LOST).err, 0);
    life = claim(c, "3", 3);
    CHECK_INT(contract_end(c, &id, &life, LIFE_UNSTARTED).err, 0); /* its number is used again */
    (void)claim(c, "3", 3);
}

CASE(what_is_saved_with_a_verdict_counts_if_the_run_goes_on)
{
    struct id id = contract_put(c, "q", "t");
    struct life life = claim(c, "", 0);
    CHECK_INT(save(c, &id, &life, "1"), 0);
    struct store_settle_item s = contract_verdict(c, &life, &id, LIFE_RELEASED);
    s.save = (struct task_save){.attempt = 1, .at_ms = c->clock.wall_ms, .data = STR("2")};
    CHECK_INT(contract_settle(c, &s).err, 0);
    life = claim(c, "2", 1);
    s = contract_verdict(c, &life, &id, LIFE_DONE);
    s.save = (struct task_save){.attempt = 2, .at_ms = c->clock.wall_ms, .data = STR("3")};
    CHECK(contract_settle(c, &s).outcome.ended);
    (void)contract_control(c, &id, STORE_RETRY);
    (void)claim(c, "", 0);
}

CASE(only_the_current_attempt_may_save)
{
    struct id id = contract_put(c, "q", "t"), nobody = id_make(&c->ids);
    struct life waiting = {.fence = 7, .attempt = 1}, first, second;
    CHECK_INT(save(c, &id, &waiting, "0"), ERR_STALE);
    CHECK_INT(save(c, &nobody, &waiting, "0"), ERR_NOT_FOUND);
    first = claim(c, "", 0);
    CHECK_INT(contract_end(c, &id, &first, LIFE_RELEASED).err, 0);
    CHECK_INT(save(c, &id, &first, "1"), ERR_STALE);
    second = claim(c, "", 0);
    CHECK_INT(save(c, &id, &first, "1"), ERR_STALE);
    CHECK_INT(save(c, &id, &second, "2"), 0);
    CHECK_INT(contract_end(c, &id, &second, LIFE_DONE).err, 0);
    CHECK_INT(save(c, &id, &second, "3"), ERR_STALE);
    (void)contract_control(c, &id, STORE_RETRY);
    CHECK_INT(save(c, &id, &second, "4"), ERR_STALE);
    (void)claim(c, "", 0);
}

/* 0 completed by its attempt, 1 cancelled while it waits, 2 settled from outside, 3 too many deaths */
static void end_somehow(struct contract *c, const struct id *id, struct life *life, int how)
{
    if (how == 0) {
        CHECK(contract_end(c, id, life, LIFE_DONE).outcome.ended);
    } else if (how < 3) {
        CHECK_INT(contract_end(c, id, life, LIFE_RELEASED).err, 0);
        CHECK(contract_control(c, id, how == 1 ? STORE_CANCEL : STORE_COMPLETE).ended);
    } else {
        for (int deaths = 1; !contract_end(c, id, life, LIFE_CRASHED).outcome.ended; deaths++) {
            c->clock.wall_ms += 10000;
            *life = claim(c, "\"of run 1\"", 1);
            CHECK(deaths < 3);
        }
    }
}

CASE(an_ending_takes_the_checkpoint_with_it_and_another_run_begins_without)
{
    for (int how = 0; how < 4; how++) {
        struct id id = contract_put(c, "q", "t");
        struct life life = claim(c, "", 0);
        CHECK_INT(save(c, &id, &life, "\"of run 1\""), 0);
        end_somehow(c, &id, &life, how);
        struct store_history h = history(c, &id);
        CHECK_INT(h.save.attempt, 0);
        store_release(&h.req);
        if (c->engine->survives) contract_reopen(c);
        (void)contract_control(c, &id, STORE_RETRY);
        life = claim(c, "", 0);
        CHECK_INT(life.run, 2);
        CHECK_INT(save(c, &id, &life, "\"of run 2\""), 0);
        CHECK_INT(contract_end(c, &id, &life, LIFE_RELEASED).err, 0);
        life = claim(c, "\"of run 2\"", 1);
        CHECK_INT(contract_end(c, &id, &life, LIFE_DONE).err, 0);
    }
}

CASE(one_that_wants_none_kept_leaves_none_to_the_next)
{
    struct id id = contract_put(c, "q", "t");
    struct life life = claim(c, "", 0);
    CHECK_INT(save(c, &id, &life, "1"), 0);
    CHECK_INT(save(c, &id, &life, ""), 0);
    CHECK_INT(contract_end(c, &id, &life, LIFE_RELEASED).err, 0);
    life = claim(c, "", 0);
    CHECK_INT(save(c, &id, &life, "2"), 0);
    CHECK_INT(contract_end(c, &id, &life, LIFE_RELEASED).err, 0);
    (void)claim(c, "2", 2);
}

CASE(checkpoints_of_several_tasks_do_not_mix_whatever_their_size)
{
    enum { N = 5 };
    char *large = malloc(LIMIT_SAVE + 1);
    memset(large, ' ', LIMIT_SAVE);
    large[LIMIT_SAVE] = '\0';
    large[LIMIT_SAVE - 1] = '7';
    struct id ids[N];
    struct store_save_item items[N];
    char texts[N][16];
    for (int i = 0; i < N; i++) ids[i] = contract_put(c, "q", "t");
    struct store_claim got = {.n = 0};
    contract_claim(c, &got, contract_lane(c, "q", "t"), N);
    for (int i = 0; i < N; i++) {
        snprintf(texts[i], sizeof texts[i], "%d", i);
        items[i] = (struct store_save_item){.id = ids[i], .fence = got.items[i].life.fence};
        items[i].save = (struct task_save){.attempt = 1, .at_ms = T0, .data = str_of(i == 3 ? large : texts[i])};
    }
    struct store_save r = {.items = items, .n = N};
    ASK(c, save, &r);
    for (int i = 0; i < N; i++) CHECK(r.req.err == 0 && items[i].err == 0);
    store_release(&r.req);
    for (int i = 0; i < N; i++) CHECK_INT(contract_end(c, &ids[i], &got.items[i].life, LIFE_RELEASED).err, 0);
    store_release(&got.req);
    if (c->engine->survives) contract_reopen(c);
    for (int i = 0; i < N; i++) (void)claim(c, i == 3 ? large : texts[i], 1);
    free(large);
}

CASE(the_history_says_who_saved_when_and_how_much_and_who_went_on_from_where)
{
    struct id id = contract_put(c, "q", "t");
    struct life life = claim(c, "", 0);
    c->clock.wall_ms += 5;
    CHECK_INT(save(c, &id, &life, "[1,2]"), 0);
    struct store_history h = history(c, &id);
    CHECK(h.n_attempts == 0 && h.save.attempt == 1 && h.save.at_ms == c->clock.wall_ms && h.save.bytes == 5 && h.save.data.len == 0);
    store_release(&h.req);
    struct store_settle_item s = contract_verdict(c, &life, &id, LIFE_RELEASED);
    s.attempt.saved_at_ms = c->clock.wall_ms;
    s.attempt.saved_bytes = 5;
    CHECK_INT(contract_settle(c, &s).err, 0);
    life = claim(c, "[1,2]", 1);
    s = contract_verdict(c, &life, &id, LIFE_DONE);
    s.attempt.resumed_from = 1;
    CHECK_INT(contract_settle(c, &s).err, 0);
    h = history(c, &id);
    CHECK_INT(h.n_attempts, 2);
    CHECK(h.attempts[0].attempt.resumed_from == 1 && h.attempts[0].attempt.saved_at_ms == 0);
    CHECK(h.attempts[1].attempt.resumed_from == 0 && h.attempts[1].attempt.saved_at_ms == T0 + 5);
    CHECK_INT(h.attempts[1].attempt.saved_bytes, 5);
    store_release(&h.req);
}

CASE(a_first_success_that_saved_has_a_row_in_the_history)
{
    struct id id = contract_put(c, "q", "t");
    struct life life = claim(c, "", 0);
    struct store_settle_item s = contract_verdict(c, &life, &id, LIFE_DONE);
    s.attempt.saved_at_ms = T0 + 1;
    CHECK_INT(contract_settle(c, &s).err, 0);
    struct store_history h = history(c, &id);
    CHECK(h.n_attempts == 1 && h.attempts[0].attempt.saved_at_ms == T0 + 1 && h.attempts[0].attempt.saved_bytes == 0);
    store_release(&h.req);
}

/* Nobody can ask the process any more: the row of what it saved tells. */
CASE(an_attempt_that_a_reopen_ended_is_told_with_what_it_saved_and_resumed)
{
    if (!c->engine->survives) return;
    struct id id = contract_put(c, "q", "t");
    struct life life = claim(c, "", 0);
    CHECK_INT(save(c, &id, &life, "1"), 0);
    contract_reopen(c);
    life = claim(c, "1", 1);
    contract_reopen(c); /* attempt 2 saved nothing */
    life = claim(c, "1", 1);
    struct store_save_item item = {.id = id, .fence = life.fence};
    item.save = (struct task_save){.attempt = 3, .resumed_from = 1, .at_ms = T0 + 9, .data = STR("333")};
    struct store_save r = {.items = &item, .n = 1};
    ASK(c, save, &r);
    CHECK(r.req.err == 0 && item.err == 0);
    store_release(&r.req);
    contract_reopen(c);
    struct store_history h = history(c, &id);
    CHECK_INT(h.n_attempts, 3);
    static const int32_t resumed[] = {1, 1, 0};
    static const size_t bytes[] = {3, 0, 1};
    for (int i = 0; i < 3; i++) {
        CHECK_INT(h.attempts[i].attempt.resumed_from, resumed[i]);
        CHECK_INT(h.attempts[i].attempt.saved_bytes, bytes[i]);
    }
    CHECK(h.attempts[0].attempt.saved_at_ms == T0 + 9 && h.attempts[1].attempt.saved_at_ms == 0);
    CHECK(h.save.attempt == 3 && h.save.resumed_from == 1);
    store_release(&h.req);
}

int contract_save(int argc, char **argv) { return test_main(argc, argv); }
