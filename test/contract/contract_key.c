/* SPDX-License-Identifier: Apache-2.0
 *
 * Limits per key: of a queue's tasks with one limit_key never more run than it allows, the best of those that wait are let
 * in, and a key that holds some back is told of.
 */
#include "test/contract/contract.h"

static struct id put(struct contract *c, const char *queue, const char *key, int32_t priority)
{
    struct task_body b = contract_body(c, queue, "t");
    if (*key) b.limit_key = str_of(key);
    b.rules.priority = priority;
    (void)contract_add(c, &b);
    return b.id;
}

static void declare(struct contract *c, const char *queue, int32_t n)
{
    struct store_declared item = {.queue = str_of(queue), .key_concurrency = n};
    struct store_declare r = {.items = &item, .n = 1};
    ASK(c, declare, &r);
    CHECK_INT(r.req.err, 0);
    store_release(&r.req);
}

static void set(struct contract *c, const char *queue, int32_t n)
{
    struct store_queue r = {.queue = str_of(queue), .parts = STORE_QUEUE_KEYS, .set.key_concurrency = n};
    ASK(c, queue, &r);
    CHECK_INT(r.req.err, 0);
    store_release(&r.req);
}

static void reopen(struct contract *c)
{
    if (c->engine->survives) contract_reopen(c);
    (void)contract_count(c, "q"); /* what stands has been told then */
}

static uint32_t ready(const struct contract *c, const char *queue)
{
    uint32_t lane = contract_lane(c, queue, "t");
    return lane == NO_LANE ? 0 : c->lanes[lane].ready;
}

/* As last told; zeroes when it holds nothing. */
static struct store_key told(const struct contract *c, const char *queue, const char *key)
{
    for (int i = 0; i < 16; i++)
        if (c->keys[i].told.held && !strcmp(c->keys[i].queue, queue) && !strcmp(c->keys[i].key, key)) return c->keys[i].told;
    return (struct store_key){.held = 0};
}

static bool is_last(const struct contract *c, const char *key, const struct id *id)
{
    struct store_key k = told(c, "q", key);
    return k.ready > 0 && id_cmp(&k.last, id) == 0;
}

CASE(only_so_many_of_a_key_can_be_claimed_and_the_best_that_waits_is_let_in)
{
    declare(c, "q", 2);
    struct id ids[6];
    for (int i = 0; i < 6; i++) ids[i] = put(c, "q", i == 5 ? "bob" : "ann", i == 4 ? 1 : 0); /* the fifth comes first */
    CHECK_INT(ready(c, "q"), 3);
    struct store_key k = told(c, "q", "ann");
    CHECK(k.limit == 2 && k.running == 0 && k.ready == 2 && k.held == 3 && is_last(c, "ann", &ids[0]));
    CHECK_INT(told(c, "q", "bob").held, 0);
    struct store_claim r;
    contract_claim(c, &r, contract_lane(c, "q", "t"), 6);
    CHECK_INT(r.n, 3);
    CHECK(id_cmp(&r.items[0].body.id, &ids[4]) == 0 && id_cmp(&r.items[1].body.id, &ids[0]) == 0);
    struct life first = r.items[0].life;
    CHECK_INT(ready(c, "q"), 0);
    k = told(c, "q", "ann");
    CHECK(k.running == 2 && k.ready == 0 && k.held == 3);
    store_release(&r.req);
    CHECK_INT(contract_count(c, "q").n[TASK_PENDING], 3); /* who is held waits as any other */
    (void)contract_end(c, &ids[4], &first, LIFE_DONE);
    CHECK_INT(ready(c, "q"), 1);
    struct store_claim_item next = contract_claim_one(c, "q", "t");
    CHECK(id_cmp(&next.body.id, &ids[1]) == 0);
    CHECK_INT(told(c, "q", "ann").held, 2);
}

CASE(whatever_ends_the_wait_or_the_run_of_one_lets_the_next_in)
{
    declare(c, "q", 1);
    struct id ids[8];
    for (int i = 0; i < 8; i++) ids[i] = put(c, "q", "ann", 0);
    (void)contract_control(c, &ids[0], STORE_CANCEL);
    CHECK_INT(ready(c, "q"), 1);
    struct store_patch later = {.run_at_ms = c->clock.wall_ms + 5000};
    CHECK_INT(contract_act(c, &(struct store_control_item){.id = ids[1], .verb = STORE_PATCH, .patch = &later}).err, 0);
    (void)contract_act(c, &(struct store_control_item){.id = ids[2], .verb = STORE_COMPLETE, .result = STR("1")});
    CHECK_INT(ready(c, "q"), 1);
    static const enum life_event ways[] = {LIFE_DONE, LIFE_FAILED, LIFE_CRASHED, LIFE_TIMEOUT};
    for (int i = 0; i < 4; i++) { /* those that are tried again wait for their time meanwhile */
        struct store_claim_item got = contract_claim_one(c, "q", "t");
        CHECK(id_cmp(&got.body.id, &ids[3 + i]) == 0);
        CHECK_INT(ready(c, "q"), 0);
        (void)contract_end(c, &ids[3 + i], &got.life, ways[i]);
        CHECK_INT(ready(c, "q"), 1);
    }
    struct store_claim_item last = contract_claim_one(c, "q", "t");
    c->clock.wall_ms += 10000;
    struct store_tick t = contract_tick(c, 100); /* three whose backoff is over, one whose time has come */
    store_release(&t.req);
    CHECK_INT(ready(c, "q"), 0);
    CHECK_INT(told(c, "q", "ann").held, 4);
    (void)contract_end(c, &ids[7], &last.life, LIFE_DONE);
    CHECK_INT(ready(c, "q"), 1);
}

CASE(who_comes_first_takes_the_place_of_one_that_has_not_been_claimed)
{
    declare(c, "q", 1);
    struct id low = put(c, "q", "ann", 0), high = put(c, "q", "ann", 5);
    CHECK_INT(ready(c, "q"), 1);
    CHECK(id_cmp(&c->lanes[contract_lane(c, "q", "t")].head, &high) == 0);
    struct store_claim_item got = contract_claim_one(c, "q", "t");
    struct id higher = put(c, "q", "ann", 9);
    CHECK_INT(ready(c, "q"), 0); /* what runs, runs */
    (void)contract_end(c, &high, &got.life, LIFE_RELEASED);
    got = contract_claim_one(c, "q", "t"); /* given back: to its old place, which is behind it now */
    CHECK(id_cmp(&got.body.id, &higher) == 0);
    (void)contract_end(c, &higher, &got.life, LIFE_DONE);
    got = contract_claim_one(c, "q", "t");
    CHECK(id_cmp(&got.body.id, &high) == 0);
    (void)contract_end(c, &high, &got.life, LIFE_DONE);
    got = contract_claim_one(c, "q", "t");
    CHECK(id_cmp(&got.body.id, &low) == 0);
}

CASE(a_key_of_one_queue_has_nothing_to_do_with_the_same_in_another)
{
    declare(c, "q", 1);
    for (int i = 0; i < 4; i++) (void)put(c, i < 2 ? "q" : "r", "ann", 0);
    CHECK(ready(c, "q") == 1 && ready(c, "r") == 2);
    (void)put(c, "q", "", 0);
    (void)put(c, "q", "", 0);
    CHECK_INT(ready(c, "q"), 3); /* who has no key is not limited */
}

CASE(a_limit_is_declared_or_set_and_both_can_change_at_any_time)
{
    for (int i = 0; i < 9; i++) (void)put(c, "q", "ann", 0);
    CHECK_INT(ready(c, "q"), 9);
    declare(c, "q", 3);
    CHECK_INT(ready(c, "q"), 3);
    set(c, "q", 5);
    CHECK_INT(ready(c, "q"), 5);
    declare(c, "q", 1);
    CHECK_INT(ready(c, "q"), 5); /* what was set counts more */
    set(c, "q", 0);
    CHECK_INT(ready(c, "q"), 9);
    CHECK_INT(told(c, "q", "ann").held, 0);
    set(c, "q", -1);
    CHECK_INT(ready(c, "q"), 1);
    declare(c, "q", 4);
    struct store_claim r;
    contract_claim(c, &r, contract_lane(c, "q", "t"), 9);
    CHECK_INT(r.n, 4);
    store_release(&r.req);
    set(c, "q", 2);
    CHECK(ready(c, "q") == 0 && told(c, "q", "ann").running == 4 && told(c, "q", "ann").limit == 2); /* what runs, runs */
    declare(c, "other", 1);
    set(c, "q", -1);
    CHECK_INT(ready(c, "q"), 5); /* not declared any more */
}

CASE(what_was_set_is_known_after_a_reopen_and_what_is_declared_is_declared_again)
{
    if (!c->engine->survives) return;
    for (int i = 0; i < 8; i++) (void)put(c, i % 2 ? "q" : "r", "ann", 0);
    set(c, "q", 2);
    declare(c, "r", 1);
    CHECK(ready(c, "q") == 2 && ready(c, "r") == 1);
    struct store_claim_item got = contract_claim_one(c, "q", "t");
    CHECK(got.life.state == TASK_RUNNING);
    reopen(c); /* what ran is lost and first in line again */
    CHECK(ready(c, "q") == 2 && ready(c, "r") == 4);
    struct store_key k = told(c, "q", "ann");
    CHECK(k.limit == 2 && k.held == 2 && k.running == 0);
    CHECK(id_cmp(&c->lanes[contract_lane(c, "q", "t")].head, &got.body.id) == 0);
    declare(c, "r", 1);
    CHECK_INT(ready(c, "r"), 1);
}

CASE(what_a_puller_holds_over_a_reopen_keeps_its_place)
{
    if (!c->engine->survives) return;
    set(c, "q", 1);
    struct id id = put(c, "q", "ann", 0);
    (void)put(c, "q", "ann", 0);
    struct life life = contract_lease(c, "q", "t", 7);
    reopen(c);
    CHECK(ready(c, "q") == 0 && told(c, "q", "ann").running == 1);
    (void)contract_end(c, &id, &life, LIFE_DONE);
    CHECK_INT(ready(c, "q"), 1);
}

CASE(a_run_anew_waits_for_its_key_like_any_other)
{
    declare(c, "q", 1);
    struct id first = put(c, "q", "ann", 0);
    (void)contract_control(c, &first, STORE_CANCEL);
    c->clock.wall_ms++;
    struct id second = put(c, "q", "ann", 0);
    c->clock.wall_ms++;
    CHECK_INT(contract_control(c, &first, STORE_RETRY).err, 0);
    CHECK(ready(c, "q") == 1 && is_last(c, "ann", &second));
}

CASE(one_that_is_held_expires_in_its_time)
{
    declare(c, "q", 1);
    (void)put(c, "q", "ann", 9);
    struct task_body b = contract_body(c, "q", "t");
    b.limit_key = STR("ann");
    b.rules.start_by_ms = c->clock.wall_ms + 100;
    (void)contract_add(c, &b);
    CHECK_INT(told(c, "q", "ann").held, 1);
    c->clock.wall_ms += 101;
    struct store_tick t = contract_tick(c, 10);
    CHECK(t.n_ended == 1 && id_cmp(&t.ended[0].id, &b.id) == 0);
    store_release(&t.req);
    CHECK(told(c, "q", "ann").held == 0 && ready(c, "q") == 1);
}

int contract_key(int argc, char **argv) { return test_main(argc, argv); }
