/* SPDX-License-Identifier: Apache-2.0
 *
 * Rates per key: of a queue's tasks with one limit_key no more are started in any span of time than its burst and what its rate
 * gives in that span; a key that holds some back is told of, and so is when it will not.
 */
#include "test/contract/contract.h"

#define MINUTE 60000
static const struct rate hourly = {1, 1, 60 * MINUTE}, hourly_by_three = {1, 3, 60 * MINUTE};

static struct id put(struct contract *c, const char *queue, const char *key)
{
    struct task_body b = contract_body(c, queue, "t");
    if (*key) b.limit_key = str_of(key);
    (void)contract_add(c, &b);
    return b.id;
}

static void declare(struct contract *c, const struct rate *rate, int32_t n)
{
    struct store_declared item = {.queue = STR("q"), .key_rate = *rate, .key_concurrency = n};
    struct store_declare r = {.items = &item, .n = 1};
    ASK(c, declare, &r);
    CHECK_INT(r.req.err, 0);
    store_release(&r.req);
}

static void set(struct contract *c, struct rate rate)
{
    struct store_queue r = {.queue = STR("q"), .parts = STORE_QUEUE_KEY_RATE, .set.key_rate = rate};
    ASK(c, queue, &r);
    CHECK_INT(r.req.err, 0);
    store_release(&r.req);
}

static uint32_t ready(const struct contract *c, const char *queue)
{
    uint32_t lane = contract_lane(c, queue, "t");
    return lane == NO_LANE ? 0 : c->lanes[lane].ready;
}

static struct store_key told(const struct contract *c, const char *key)
{
    for (int i = 0; i < 16; i++)
        if (c->keys[i].told.held && !strcmp(c->keys[i].queue, "q") && !strcmp(c->keys[i].key, key)) return c->keys[i].told;
    return (struct store_key){.held = 0};
}

static void pass(struct contract *c, int64_t ms)
{
    c->clock.mono_ms += ms;
    c->clock.wall_ms += ms;
}

static void tick(struct contract *c)
{
    struct store_tick t = contract_tick(c, 100);
    CHECK_INT(t.n_ended, 0);
    store_release(&t.req);
}

/* As many as there are. */
static size_t start(struct contract *c)
{
    struct store_claim r;
    contract_claim(c, &r, contract_lane(c, "q", "t"), 20);
    size_t n = r.n;
    store_release(&r.req);
    return n;
}

CASE(a_key_starts_one_and_then_one_as_each_token_comes_and_nobody_else_waits_for_it)
{
    declare(c, &hourly, 0);
    for (int i = 0; i < 4; i++) (void)put(c, "q", "ann");
    (void)put(c, "q", "bob");
    (void)put(c, "q", "");
    (void)put(c, "r", "ann");
    CHECK_INT(ready(c, "q"), 3);
    CHECK_INT(ready(c, "r"), 1);
    struct store_key k = told(c, "ann");
    CHECK(k.rated && k.ready == 1 && k.held == 3 && told(c, "bob").held == 0);
    CHECK_INT(start(c), 3);
    k = told(c, "ann");
    CHECK(k.rated && k.ready == 0 && k.held == 3 && k.running == 1);
    int64_t due_ms = c->next_due_ms;
    CHECK(due_ms > c->clock.wall_ms + 59 * MINUTE && due_ms <= c->clock.wall_ms + 60 * MINUTE);
    pass(c, 50 * MINUTE); /* a clock that is the system's may run on by itself: not to the last moment */
    tick(c);
    CHECK_INT(ready(c, "q"), 0);
    CHECK(c->next_due_ms <= due_ms + 1 && c->next_due_ms > c->clock.wall_ms);
    pass(c, 10 * MINUTE);
    tick(c);
    CHECK_INT(ready(c, "q"), 1);
    CHECK_INT(told(c, "ann").held, 2);
    CHECK_INT(start(c), 1);
    CHECK_INT(start(c), 0);
}

CASE(tokens_are_kept_up_to_the_burst_also_for_a_key_without_tasks)
{
    declare(c, &hourly_by_three, 0);
    struct id id = put(c, "q", "ann");
    struct store_claim_item got = contract_claim_one(c, "q", "t");
    (void)contract_end(c, &id, &got.life, LIFE_DONE);
    (void)put(c, "q", "ann"); /* another one, right behind it: its key has no token whatever was left of it meanwhile */
    CHECK_INT(ready(c, "q"), 0);
    pass(c, 60 * MINUTE);
    tick(c);
    CHECK_INT(start(c), 1);
    pass(c, 9000 * MINUTE);
    for (int i = 0; i < 5; i++) (void)put(c, "q", "ann");
    for (int i = 0; i < 5; i++) (void)put(c, "q", "bob"); /* of whom nobody has heard before */
    CHECK_INT(start(c), 6);
    CHECK(told(c, "ann").held == 2 && told(c, "bob").held == 2);
    CHECK_INT(c->next_due_ms != INT64_MAX, true);
}

CASE(a_start_has_taken_its_token_however_it_ends)
{
    declare(c, &hourly_by_three, 0);
    pass(c, 120 * MINUTE);
    (void)put(c, "q", "ann");
    static const enum life_event ways[] = {LIFE_UNSTARTED, LIFE_RELEASED, LIFE_LOST};
    for (int i = 0; i < 3; i++) {
        struct store_claim_item got = contract_claim_one(c, "q", "t");
        (void)contract_end(c, &got.body.id, &got.life, ways[i]);
        CHECK_INT(ready(c, "q"), i < 2);
    }
    CHECK(told(c, "ann").rated && told(c, "ann").held == 1);
}

CASE(the_limit_and_the_rate_of_a_key_hold_together_and_it_is_told_which_one_holds)
{
    declare(c, &hourly_by_three, 1);
    pass(c, 300 * MINUTE);
    for (int i = 0; i < 6; i++) (void)put(c, "q", "ann");
    for (int i = 0; i < 3; i++) {
        struct store_claim_item got = contract_claim_one(c, "q", "t");
        CHECK_INT(ready(c, "q"), 0);
        CHECK(!told(c, "ann").rated && told(c, "ann").limit == 1);
        (void)contract_end(c, &got.body.id, &got.life, LIFE_DONE);
        CHECK(ready(c, "q") == (i < 2) && told(c, "ann").rated == (i == 2));
    }
    CHECK_INT(told(c, "ann").held, 3);
}

CASE(a_key_rate_can_change_at_any_time_and_keeps_the_tokens_there_are)
{
    for (int i = 0; i < 9; i++) (void)put(c, "q", "ann");
    CHECK_INT(ready(c, "q"), 9);
    declare(c, &hourly, 0);
    CHECK_INT(ready(c, "q"), 1);
    set(c, hourly_by_three);
    CHECK_INT(ready(c, "q"), 1);
    pass(c, 60 * MINUTE);
    tick(c);
    CHECK_INT(ready(c, "q"), 2);
    set(c, (struct rate){2, 2, MINUTE}); /* two tokens are two tokens */
    CHECK_INT(ready(c, "q"), 2);
    CHECK_INT(start(c), 2);
    set(c, hourly);
    CHECK_INT(start(c), 0);
    set(c, (struct rate){.n = 0});
    CHECK_INT(ready(c, "q"), 7);
    CHECK(told(c, "ann").held == 0 && c->next_due_ms == INT64_MAX);
    set(c, (struct rate){.n = -1});
    CHECK_INT(ready(c, "q"), 1); /* as declared, from new */
    declare(c, &(struct rate){.n = 0}, 0);
    CHECK_INT(ready(c, "q"), 7);
}

CASE(a_wall_clock_that_is_set_brings_no_token_and_delays_none)
{
    declare(c, &hourly, 0);
    for (int i = 0; i < 4; i++) (void)put(c, "q", "ann");
    CHECK_INT(start(c), 1);
    static const int64_t jumps[] = {300 * MINUTE, -600 * MINUTE, 900 * MINUTE, -600 * MINUTE};
    for (int i = 0; i < 4; i++) {
        c->clock.wall_ms += jumps[i];
        tick(c);
        CHECK_INT(ready(c, "q"), 0);
        int64_t in_ms = c->next_due_ms - c->clock.wall_ms;
        CHECK(in_ms > 59 * MINUTE && in_ms <= 60 * MINUTE);
    }
    c->clock.mono_ms += 60 * MINUTE;
    tick(c);
    CHECK_INT(start(c), 1);
}

CASE(what_was_set_is_known_after_a_reopen_and_each_key_begins_with_one_token)
{
    set(c, hourly_by_three);
    for (int i = 0; i < 5; i++) (void)put(c, "q", "ann");
    pass(c, 9000 * MINUTE);
    if (c->engine->survives) contract_reopen(c);
    struct rate kept = contract_count(c, "q").set.key_rate;
    CHECK(rate_same(&kept, &hourly_by_three));
    if (!c->engine->survives) return;
    CHECK_INT(ready(c, "q"), 1);
    CHECK(told(c, "ann").rated && told(c, "ann").held == 4);
    CHECK_INT(start(c), 1);
    pass(c, 60 * MINUTE);
    tick(c);
    CHECK_INT(start(c), 1);
}

CASE(in_a_fair_queue_the_tasks_without_a_key_have_no_rate)
{
    struct store_declared item = {.queue = STR("q"), .key_rate = hourly, .fair = true};
    struct store_declare r = {.items = &item, .n = 1};
    ASK(c, declare, &r);
    store_release(&r.req);
    for (int i = 0; i < 3; i++) (void)put(c, "q", "");
    for (int i = 0; i < 3; i++) (void)put(c, "q", "ann");
    CHECK_INT(start(c), 4);
    CHECK(told(c, "ann").rated && told(c, "ann").held == 2 && told(c, "").held == 0);
}

CASE(in_a_fair_queue_turns_go_on_among_the_keys_that_have_tokens)
{
    struct store_declared item = {.queue = STR("q"), .key_rate = hourly_by_three, .fair = true};
    struct store_declare r = {.items = &item, .n = 1};
    ASK(c, declare, &r);
    store_release(&r.req);
    for (int i = 0; i < 4; i++) (void)put(c, "q", "ann");
    CHECK_INT(start(c), 1);
    pass(c, 120 * MINUTE);
    tick(c);
    for (int i = 0; i < 4; i++) (void)put(c, "q", "bob");
    static const char *const order[] = {"bob", "ann", "bob", "ann", "bob"}; /* three tokens, and two: ann had a turn */
    for (int i = 0; i < 5; i++) {
        struct store_claim one;
        contract_claim(c, &one, contract_lane(c, "q", "t"), 1);
        CHECK_INT(one.n, 1);
        CHECK_STR(one.items[0].body.limit_key, order[i]);
        store_release(&one.req);
    }
    CHECK(ready(c, "q") == 0 && told(c, "ann").held == 1 && told(c, "bob").held == 1);
}

int contract_key_rate(int argc, char **argv) { return test_main(argc, argv); }
