/* SPDX-License-Identifier: Apache-2.0
 *
 * What the store remembers beside tasks: what was set for queues, idempotency keys.
 */
#include "test/contract/contract.h"

/* ---- what was set for queues ---- */

static void check_set(struct contract *c, const char *queue, bool paused, bool draining, int32_t concurrency,
                      int64_t capacity)
{
    struct store_queue_set set = contract_count(c, queue).set;
    CHECK_INT(set.paused, paused);
    CHECK_INT(set.draining, draining);
    CHECK_INT(set.concurrency, concurrency);
    CHECK_INT(set.capacity, capacity);
}

static void set(struct contract *c, const char *queue, unsigned parts, struct store_queue_set to)
{
    struct store_queue r = {.queue = str_of(queue), .parts = parts, .set = to};
    ASK(c, queue, &r);
    CHECK_INT(r.req.err, 0);
    store_release(&r.req);
}

CASE(each_part_set_for_a_queue_leaves_the_others_also_in_one_batch)
{
    static const struct store_queue_set all = {true, true, 7, 70, 17, {7, 3, 60000}, 1, {9, 2, 1000}};
    static const unsigned parts[] = {STORE_QUEUE_PAUSED, STORE_QUEUE_DRAINING, STORE_QUEUE_CONCURRENCY,
                                     STORE_QUEUE_CAPACITY, STORE_QUEUE_KEYS, STORE_QUEUE_RATE, STORE_QUEUE_FAIR,
                                     STORE_QUEUE_KEY_RATE};
    (void)contract_put(c, "q", "t");
    check_set(c, "q", false, false, 0, -1);
    set(c, "q", STORE_QUEUE_CONCURRENCY,
        (struct store_queue_set){.concurrency = 3, .paused = true, .draining = true, .capacity = 9});
    check_set(c, "q", false, false, 3, -1);
    CHECK(!contract_count(c, "q").pause_known);
    struct store_queue r[16];
    for (int i = 0; i < 16; i++) { /* those of two queues by turns */
        r[i] = (struct store_queue){.queue = i % 2 ? STR("q") : STR("r"), .parts = parts[i / 2], .set = all};
        SUBMIT(c, queue, &r[i]);
    }
    contract_wait(c);
    for (int i = 0; i < 16; i++) CHECK_INT(r[i].req.err, 0);
    check_set(c, "q", true, true, 7, 70);
    check_set(c, "r", true, true, 7, 70);
    CHECK(contract_count(c, "q").pause_known);
    set(c, "q", STORE_QUEUE_PAUSED | STORE_QUEUE_CAPACITY, (struct store_queue_set){.capacity = 0});
    for (int i = 0; i < 2; i++) { /* what is remembered was put together in the same way */
        check_set(c, "q", false, true, 7, 0);
        check_set(c, "r", true, true, 7, 70);
        CHECK_INT(contract_count(c, "q").set.key_concurrency, 17);
        struct rate kept = contract_count(c, "q").set.rate;
        CHECK(rate_same(&kept, &all.rate));
        kept = contract_count(c, "q").set.key_rate;
        CHECK(rate_same(&kept, &all.key_rate));
        CHECK_INT(contract_count(c, "q").set.fair, 1);
        if (i == 0 && c->engine->survives) contract_reopen(c);
    }
}

CASE(what_was_set_for_queues_survives_a_reopen_and_can_be_put_back_to_what_is_configured)
{
    set(c, "one", STORE_QUEUE_CONCURRENCY | STORE_QUEUE_CAPACITY,
        (struct store_queue_set){.concurrency = 4, .capacity = 40});
    set(c, "two", STORE_QUEUE_DRAINING, (struct store_queue_set){.draining = true});
    set(c, "three", STORE_QUEUE_PAUSED, (struct store_queue_set){.paused = false});
    for (int i = 0; i < 2; i++) {
        check_set(c, "one", false, false, 4, 40);
        check_set(c, "two", false, true, 0, -1);
        check_set(c, "three", false, false, 0, -1);
        CHECK(!contract_count(c, "one").pause_known && !contract_count(c, "two").pause_known);
        CHECK(contract_count(c, "three").pause_known);
        if (i == 0 && c->engine->survives) contract_reopen(c);
    }
    set(c, "one", STORE_QUEUE_CAPACITY, STORE_QUEUE_AS_CONFIGURED);
    check_set(c, "one", false, false, 4, -1);
    set(c, "one", STORE_QUEUE_CONCURRENCY, STORE_QUEUE_AS_CONFIGURED);
    set(c, "two", STORE_QUEUE_DRAINING, STORE_QUEUE_AS_CONFIGURED);
    if (c->engine->survives) contract_reopen(c);
    check_set(c, "one", false, false, 0, -1);
    check_set(c, "two", false, false, 0, -1);
}

CASE(a_rate_that_was_set_survives_a_reopen_as_no_limit_does_and_can_be_put_back)
{
    static const struct rate rates[] = {{10, 10, 1000}, {1000000, 1000000, 86400000}, {1, 5, 3600000}, {0, 0, 0}, {-1, 0, 0}};
    size_t n = sizeof rates / sizeof *rates;
    for (size_t i = 0; i < 2 * n; i++) { /* of the queue, then of its keys; the other one stays */
        const struct rate *to = &rates[i % n];
        bool of_key = i >= n;
        set(c, "q", of_key ? STORE_QUEUE_KEY_RATE : STORE_QUEUE_RATE,
            (struct store_queue_set){.rate = *to, .key_rate = *to, .concurrency = 9, .capacity = 9});
        if (c->engine->survives) contract_reopen(c);
        struct store_queue_set now = contract_count(c, "q").set;
        const struct rate *is = of_key ? &now.key_rate : &now.rate, *other = of_key ? &now.rate : &now.key_rate;
        CHECK(rate_same(is, to) && is->per_ms == to->per_ms && other->n == -1);
        check_set(c, "q", false, false, 0, -1);
        CHECK_INT(now.key_concurrency, -1);
    }
}

/* ---- idempotency keys ---- */

struct keyed { /* an add of one task with a key */
    struct task_body body;
    struct store_add_item item;
    struct store_add add;
};

static void make_keyed(struct contract *c, struct keyed *k, const char *key, uint8_t print)
{
    *k = (struct keyed){.body = contract_body(c, "q", "t")};
    k->item = (struct store_add_item){.body = &k->body, .key = str_of(key)};
    for (int i = 0; i < STORE_PRINT; i++) k->item.print[i] = (uint8_t)(i + print);
    k->add = (struct store_add){.items = &k->item, .n = 1};
}

static struct keyed add(struct contract *c, const char *key, uint8_t print)
{
    struct keyed k;
    make_keyed(c, &k, key, print);
    ASK(c, add, &k.add);
    CHECK_INT(k.add.req.err, 0);
    return k;
}

static void check_replayed(const struct keyed *k, const struct id *first)
{
    CHECK(k->item.err == 0 && k->item.replayed && !k->item.existed);
    CHECK(id_cmp(&k->item.first, first) == 0);
}

static int64_t n_pending(struct contract *c) { return contract_count(c, "q").n[TASK_PENDING]; }

CASE(a_key_adds_once_and_then_says_which_task_was_added)
{
    struct keyed first = add(c, "k", 1), again = add(c, "k", 1);
    CHECK(first.item.err == 0 && !first.item.replayed && first.item.life.state == TASK_PENDING);
    check_replayed(&again, &first.body.id);
    CHECK_INT(n_pending(c), 1);
    struct store_get g = {.id = again.body.id};
    ASK(c, get, &g);
    CHECK_INT(g.found, ERR_NOT_FOUND);
    store_release(&g.req);
    CHECK(!add(c, "k2", 1).item.replayed); /* another key; no key */
    CHECK(!add(c, NULL, 1).item.replayed);
    CHECK(!add(c, NULL, 1).item.replayed);
    CHECK_INT(n_pending(c), 4);
    if (c->engine->survives) contract_reopen(c);
    again = add(c, "k", 1);
    check_replayed(&again, &first.body.id);
    CHECK_INT(n_pending(c), 4);
}

CASE(a_key_used_for_something_else_is_refused)
{
    struct keyed first = add(c, "k", 1);
    for (int i = 0; i < 2; i++) {
        struct keyed other = add(c, "k", 2);
        CHECK(other.item.err == ERR_KEY_REUSED && !other.item.replayed);
        CHECK_INT(n_pending(c), 1);
        if (c->engine->survives) contract_reopen(c);
    }
    struct keyed again = add(c, "k", 1);
    check_replayed(&again, &first.body.id);
}

CASE(a_key_that_comes_twice_in_one_request_or_one_turn_adds_once)
{
    struct keyed k[4];
    for (int i = 0; i < 4; i++) make_keyed(c, &k[i], "same", i == 2);
    struct store_add_item items[4] = {k[0].item, k[1].item, k[2].item, k[3].item};
    struct store_add r = {.items = items, .n = 4};
    ASK(c, add, &r);
    CHECK(r.req.err == 0 && items[0].err == 0 && !items[0].replayed);
    CHECK(items[1].replayed && items[3].replayed && id_cmp(&items[3].first, &k[0].body.id) == 0);
    CHECK_INT(items[2].err, ERR_KEY_REUSED);
    CHECK_INT(n_pending(c), 1);
    for (int i = 0; i < 4; i++) {
        make_keyed(c, &k[i], "turn", 0);
        SUBMIT(c, add, &k[i].add);
    }
    contract_wait(c);
    CHECK_INT(n_pending(c), 2);
    int added = 0, replayed = 0;
    for (int i = 0; i < 4; i++) { /* whichever came first: all name it */
        const struct keyed *first = &k[0];
        for (int f = 0; f < 4; f++)
            if (!k[f].item.replayed) first = &k[f];
        CHECK_INT(k[i].add.req.err, 0);
        added += !k[i].item.replayed;
        replayed += k[i].item.replayed && id_cmp(&k[i].item.first, &first->body.id) == 0;
    }
    CHECK(added == 1 && replayed == 3);
}

CASE(an_add_that_is_refused_does_not_use_up_its_key)
{
    struct id id = contract_put(c, "q", "t");
    struct keyed k;
    make_keyed(c, &k, "k", 1);
    k.item.capacity = 1;
    ASK(c, add, &k.add);
    CHECK(k.item.err == ERR_QUEUE_FULL && !k.item.replayed);
    CHECK_INT(contract_control(c, &id, STORE_CANCEL).err, 0);
    ASK(c, add, &k.add);
    CHECK(k.item.err == 0 && !k.item.replayed && !k.item.existed);
    CHECK_INT(n_pending(c), 1);
    struct keyed again;
    make_keyed(c, &again, "k", 1);
    again.item.capacity = 1; /* full or not: it was added */
    ASK(c, add, &again.add);
    check_replayed(&again, &k.body.id);
}

CASE(a_resend_of_a_task_that_is_there_does_not_use_up_a_key)
{
    struct id id = contract_put(c, "q", "t");
    struct keyed k;
    for (int i = 0; i < 2; i++) {
        make_keyed(c, &k, "k", 1);
        k.body.id = id;
        ASK(c, add, &k.add);
        CHECK(k.item.err == 0 && k.item.existed && !k.item.replayed);
        if (i == 0) CHECK_INT(contract_control(c, &id, STORE_CANCEL).err, 0);
    }
    struct keyed other = add(c, "k", 1);
    CHECK(other.item.err == 0 && !other.item.replayed);
    ASK(c, add, &k.add); /* the same item once more: nothing is left of the answer before */
    check_replayed(&k, &other.body.id);
}

CASE(a_key_outlives_the_task_it_added)
{
    struct keyed first = add(c, "k", 1);
    CHECK_INT(contract_control(c, &first.body.id, STORE_CANCEL).err, 0);
    struct keyed again = add(c, "k", 1);
    check_replayed(&again, &first.body.id);
    CHECK_INT(contract_control(c, &first.body.id, STORE_DELETE).err, 0);
    for (int i = 0; i < 2; i++) {
        again = add(c, "k", 1);
        check_replayed(&again, &first.body.id);
        CHECK_INT(add(c, "k", 2).item.err, ERR_KEY_REUSED);
        CHECK_INT(n_pending(c), 0);
        if (c->engine->survives) contract_reopen(c);
    }
}

CASE(keys_of_two_tenants_have_nothing_to_do_with_each_other)
{
    struct keyed first = add(c, "k", 1), other;
    make_keyed(c, &other, "k", 2);
    other.body.tenant = 1;
    ASK(c, add, &other.add);
    CHECK(other.item.err == 0 && !other.item.replayed);
    struct keyed again = add(c, "k", 1);
    check_replayed(&again, &first.body.id);
}

int contract_set(int argc, char **argv) { return test_main(argc, argv); }
