/* SPDX-License-Identifier: Apache-2.0
 *
 * Fair queues: one task of each limit_key after the other, whoever came with how many; set, declared, put back.
 */
#include "task/order.h"
#include "test/contract/contract.h"

static struct task_body made(struct contract *c, const char *key, int32_t priority)
{
    struct task_body b = contract_body(c, "q", "t");
    if (*key) b.limit_key = str_of(key);
    b.subject = str_of(key);
    b.rules.priority = priority;
    return b;
}

static struct id put(struct contract *c, const char *key, int32_t priority)
{
    struct task_body b = made(c, key, priority);
    (void)contract_add(c, &b);
    return b.id;
}

static void put_n(struct contract *c, const char *key, int n)
{
    for (int i = 0; i < n; i++) (void)put(c, key, 0);
}

static void set(struct contract *c, int32_t fair)
{
    struct store_queue r = {.queue = STR("q"), .parts = STORE_QUEUE_FAIR, .set.fair = fair};
    ASK(c, queue, &r);
    CHECK_INT(r.req.err, 0);
    store_release(&r.req);
}

static void declare(struct contract *c, bool fair)
{
    struct store_declared item = {.queue = STR("q"), .fair = fair};
    struct store_declare r = {.items = &item, .n = 1};
    ASK(c, declare, &r);
    CHECK_INT(r.req.err, 0);
    store_release(&r.req);
}

static void reopen(struct contract *c)
{
    if (c->engine->survives) contract_reopen(c);
    (void)contract_count(c, "q"); /* what stands has been told then */
}

static void tick(struct contract *c)
{
    struct store_tick r = contract_tick(c, 16);
    store_release(&r.req);
}

/* Claims one, whose key is said by its letter; `-` has none. */
static char turn_of(struct contract *c, struct store_claim_item *ret)
{
    struct store_claim r;
    contract_claim(c, &r, contract_lane(c, "q", "t"), 1);
    char key = r.n == 0 ? '.' : r.items[0].body.limit_key.p ? r.items[0].body.limit_key.p[0] : '-';
    if (r.n && ret) *ret = r.items[0];
    store_release(&r.req);
    return key;
}

static void check_turns(struct contract *c, const char *wanted)
{
    for (const char *w = wanted; *w; w++) {
        char key = turn_of(c, NULL);
        if (key != *w) fprintf(stderr, "turn %d of %s is that of %c\n", (int)(w - wanted), wanted, key);
        CHECK(key == *w);
    }
}

CASE(keys_take_turns_and_those_without_one_are_one_key)
{
    set(c, 1);
    put_n(c, "a", 4);
    c->clock.wall_ms += 5000;
    put_n(c, "b", 2);
    put_n(c, "", 2);
    check_turns(c, "ab-ab-aa.");
}

CASE(by_age_it_is_the_one_that_came_first)
{
    put_n(c, "a", 3);
    c->clock.wall_ms += 5000;
    put_n(c, "b", 2);
    check_turns(c, "aaabb.");
}

CASE(a_key_that_comes_new_is_next_however_much_another_has_had)
{
    set(c, 1);
    put_n(c, "a", 50);
    for (int i = 0; i < 40; i++) check_turns(c, "a");
    put_n(c, "b", 2);
    check_turns(c, "baba");
}

CASE(turns_are_within_a_priority)
{
    set(c, 1);
    put_n(c, "a", 2);
    for (int i = 0; i < 3; i++) (void)put(c, "b", 5);
    (void)put(c, "a", 5);
    put_n(c, "b", 2);
    check_turns(c, "babb" "abab.");
}

/* It always has one that waits, as two clients have that each submit the next when theirs has run. */
CASE(a_key_with_one_task_at_a_time_does_not_hold_back_one_with_many)
{
    int of_a = 0;
    set(c, 1);
    put_n(c, "b", 40);
    put_n(c, "a", 2);
    for (int i = 0; i < 40; i++)
        if (turn_of(c, NULL) == 'a') {
            of_a++;
            put_n(c, "a", 1);
        }
    CHECK(of_a >= 19 && of_a <= 21);
}

CASE(keys_that_are_always_others_hold_no_key_back_for_ever)
{
    int until = 0;
    char name[16];
    set(c, 1);
    put_n(c, "b", 2);
    put_n(c, "x", 1);
    check_turns(c, "b");
    for (char key = 'x'; key == 'x' && until < 100; until++) {
        snprintf(name, sizeof name, "x%d", until);
        put_n(c, name, 1);
        key = turn_of(c, NULL);
    }
    CHECK(until <= ORDER_FAIR_TASK + 2);
}

CASE(what_is_given_back_keeps_its_turn_and_what_is_tried_again_takes_a_new_one)
{
    struct store_claim_item got;
    set(c, 1);
    put_n(c, "a", 3);
    put_n(c, "b", 2);
    CHECK(turn_of(c, &got) == 'a');
    (void)contract_end(c, &got.body.id, &got.life, LIFE_RELEASED);
    struct id first = got.body.id;
    CHECK(turn_of(c, &got) == 'a' && id_cmp(&got.body.id, &first) == 0);
    (void)contract_end(c, &got.body.id, &got.life, LIFE_FAILED);
    c->clock.wall_ms += 1000;
    tick(c);
    check_turns(c, "babaa.");
}

CASE(a_task_gets_its_turn_when_its_time_has_come)
{
    struct task_body later = made(c, "a", 0);
    later.run_at_ms = c->clock.wall_ms + 100;
    set(c, 1);
    (void)contract_add(c, &later);
    put_n(c, "a", 2);
    put_n(c, "b", 3);
    c->clock.wall_ms += 100;
    tick(c);
    struct store_where r = {.id = later.id};
    ASK(c, where, &r);
    CHECK_INT(r.position, 5);
    store_release(&r.req);
    check_turns(c, "abab");
    struct store_claim_item got;
    CHECK(turn_of(c, &got) == 'a' && id_cmp(&got.body.id, &later.id) == 0);
}

CASE(a_queue_that_becomes_fair_gives_turns_to_those_that_wait_and_one_that_ceases_to_be_goes_by_age)
{
    put_n(c, "a", 4);
    c->clock.wall_ms += 60000;
    put_n(c, "b", 2);
    put_n(c, "", 1);
    set(c, 1);
    check_turns(c, "ab-");
    put_n(c, "b", 1);
    set(c, 0);
    check_turns(c, "aaabb.");
}

CASE(turns_come_out_the_same_after_a_reopen)
{
    put_n(c, "a", 4); /* before it was fair: their rows say their age */
    c->clock.wall_ms += 60000;
    set(c, 1);
    put_n(c, "b", 3);
    put_n(c, "a", 1);
    reopen(c);
    check_turns(c, "aba"); /* what was claimed is lost by this and first again */
    reopen(c);
    put_n(c, "c", 1);
    if (c->engine->survives) check_turns(c, "abacaba");
    else check_turns(c, "bcabaa");
    CHECK_INT(contract_count(c, "q").set.fair, 1);
}

CASE(what_is_configured_counts_unless_it_is_set)
{
    put_n(c, "a", 3);
    put_n(c, "b", 3);
    declare(c, true);
    check_turns(c, "ab");
    set(c, 0);
    declare(c, true);
    check_turns(c, "aab");
    set(c, -1);
    put_n(c, "c", 1);
    check_turns(c, "cb."); /* b has one at work that was its turn */
    put_n(c, "a", 2);
    put_n(c, "b", 1);
    declare(c, false);
    check_turns(c, "aab.");
}

CASE(rows_of_a_fair_queue_that_is_none_any_more_go_by_age)
{
    set(c, 1);
    put_n(c, "a", 3);
    c->clock.wall_ms++;
    put_n(c, "b", 2);
    set(c, -1);
    reopen(c);
    declare(c, false);
    check_turns(c, "aaabb.");
}

CASE(a_change_finds_a_task_as_it_was_seen_though_its_turn_was_given_meanwhile)
{
    struct task_body later = made(c, "a", 0);
    later.run_at_ms = c->clock.wall_ms + 100;
    (void)contract_add(c, &later);
    struct id early = put(c, "b", 0);
    set(c, 1);
    c->clock.wall_ms += 100;
    tick(c);
    struct id ids[] = {later.id, early};
    for (int i = 0; i < 2; i++) {
        struct arena keep;
        struct task seen = contract_get(c, &ids[i], &keep);
        struct store_patch p = {.has_priority = true, .priority = 3};
        struct store_control_item it = {.id = ids[i], .verb = STORE_PATCH, .patch = &p, .expect = &seen};
        CHECK_INT(contract_act(c, &it).err, 0);
        CHECK_INT(contract_act(c, &it).err, ERR_CHANGED);
        arena_release(&keep);
    }
}

CASE(another_priority_is_a_turn_there_and_its_age_stays)
{
    set(c, 1);
    put_n(c, "a", 3);
    int64_t since_ms = c->clock.wall_ms;
    struct id id = put(c, "b", 0);
    (void)put(c, "a", 5);
    (void)put(c, "b", 5);
    c->clock.wall_ms += 1000;
    struct store_patch p = {.has_priority = true, .priority = 5};
    struct store_control_item it = {.id = id, .verb = STORE_PATCH, .patch = &p};
    CHECK_INT(contract_act(c, &it).life.eligible_at_ms, since_ms);
    reopen(c);
    CHECK_INT(contract_count(c, "q").oldest_ready_ms, since_ms);
    check_turns(c, "abb");
}

CASE(the_oldest_that_waits_is_told_though_another_is_next)
{
    set(c, 1);
    int64_t since_ms = c->clock.wall_ms;
    put_n(c, "a", 3);
    check_turns(c, "a");
    c->clock.wall_ms += 5000;
    put_n(c, "b", 1);
    CHECK_INT(contract_count(c, "q").oldest_ready_ms, since_ms);
    check_turns(c, "ba");
}

CASE(a_limit_of_keys_does_not_concern_those_without_one)
{
    struct store_queue r = {.queue = STR("q"), .parts = STORE_QUEUE_FAIR | STORE_QUEUE_KEYS, .set = {.fair = 1, .key_concurrency = 1}};
    ASK(c, queue, &r);
    store_release(&r.req);
    put_n(c, "a", 3);
    put_n(c, "", 3);
    check_turns(c, "a---.");
}

int contract_fair(int argc, char **argv) { return test_main(argc, argv); }
