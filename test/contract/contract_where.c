/* SPDX-License-Identifier: Apache-2.0
 *
 * The place of a task in the line of its queue: over all lanes of it, in the one order, of those that could run now.
 */
#include "test/contract/contract.h"

static int64_t where(struct contract *c, const struct id *id)
{
    struct store_where r = {.id = *id, .position = -1};
    ASK(c, where, &r);
    CHECK_INT(r.req.err, 0);
    store_release(&r.req);
    return r.position;
}

static struct id put(struct contract *c, const char *type, const char *batch_key, int32_t priority)
{
    struct task_body b = contract_body(c, "q", type);
    if (*batch_key) b.batch_key = str_of(batch_key);
    b.rules.priority = priority;
    (void)contract_add(c, &b);
    return b.id;
}

CASE(the_line_of_a_queue_goes_across_its_types_and_batch_keys_and_no_other_queue)
{
    struct id a = put(c, "a", "", 0), b = put(c, "b", "", 0), keyed = put(c, "b", "k", 0),
              other = contract_put(c, "p", "a");
    struct id first = put(c, "c", "", 1), last = put(c, "a", "", -1), near = put(c, "a", "", 0);
    CHECK_INT(where(c, &first), 1);
    CHECK_INT(where(c, &a), 2);
    CHECK_INT(where(c, &b), 3);
    CHECK_INT(where(c, &keyed), 4);
    CHECK_INT(where(c, &near), 5);
    CHECK_INT(where(c, &last), 6);
    CHECK_INT(where(c, &other), 1);
    struct store_patch best = {.has_priority = true, .priority = 9};
    CHECK_INT(contract_act(c, &(struct store_control_item){.id = last, .verb = STORE_PATCH, .patch = &best}).err, 0);
    CHECK_INT(where(c, &last), 1);
    CHECK_INT(where(c, &first), 2);
    CHECK_INT(where(c, &near), 6);
    if (c->engine->survives) contract_reopen(c);
    CHECK_INT(where(c, &near), 6);
}

CASE(who_does_not_wait_to_run_has_no_place_and_takes_none)
{
    struct task_body later = contract_body(c, "q", "a");
    later.run_at_ms = T0 + 500;
    (void)contract_add(c, &later);
    struct id runs = put(c, "a", "", 3), over = put(c, "a", "", 2), waits = put(c, "a", "", 0);
    struct store_claim_item got = contract_claim_one(c, "q", "a");
    (void)contract_control(c, &over, STORE_CANCEL);
    struct id absent = id_make(&c->ids);
    CHECK_INT(where(c, &runs), 0);
    CHECK_INT(where(c, &over), 0);
    CHECK_INT(where(c, &later.id), 0);
    CHECK_INT(where(c, &absent), 0);
    CHECK_INT(where(c, &waits), 1);
    CHECK_INT(contract_end(c, &runs, &got.life, LIFE_UNSTARTED).err, 0); /* back in its old place */
    CHECK_INT(where(c, &runs), 1);
    CHECK_INT(where(c, &waits), 2);
    c->clock.wall_ms += 1000;
    struct store_tick t = contract_tick(c, 9);
    store_release(&t.req);
    CHECK_INT(where(c, &later.id), 3);
}

CASE(who_is_held_by_its_key_has_no_place_and_takes_none)
{
    struct store_declared item = {.queue = STR("q"), .key_concurrency = 2};
    struct store_declare r = {.items = &item, .n = 1};
    ASK(c, declare, &r);
    store_release(&r.req);
    struct id ids[5];
    for (int i = 0; i < 5; i++) {
        struct task_body b = contract_body(c, "q", "a");
        if (i < 4) b.limit_key = STR("ann");
        (void)contract_add(c, &b);
        ids[i] = b.id;
    }
    static const int64_t wanted[5] = {1, 2, 0, 0, 3};
    for (int i = 0; i < 5; i++) CHECK_INT(where(c, &ids[i]), wanted[i]);
    (void)contract_control(c, &ids[0], STORE_CANCEL);
    CHECK_INT(where(c, &ids[1]), 1);
    CHECK_INT(where(c, &ids[2]), 2); /* the place that came free is its */
    CHECK_INT(where(c, &ids[3]), 0);
    CHECK_INT(where(c, &ids[4]), 3);
}

CASE(of_lanes_that_are_named_each_tells_how_many_come_before)
{
    (void)put(c, "a", "", 0);
    (void)contract_put(c, "p", "a");
    (void)put(c, "b", "", 1);
    struct task_body later = contract_body(c, "q", "a");
    later.run_at_ms = T0 + 500;
    (void)contract_add(c, &later);
    struct id mine = put(c, "a", "", 0), behind = put(c, "b", "", -1), running = put(c, "c", "", 9);
    (void)contract_claim_one(c, "q", "c");
    uint32_t own = contract_lane(c, "q", "a"), lanes[] = {own, contract_lane(c, "q", "b"), contract_lane(c, "p", "a"), own + LIMIT_LANES};
    static const uint32_t before_mine[] = {1, 1, 1, 0}, before_later[] = {2, 1, 1, 0};
    struct store_where r = {.id = mine, .lanes = lanes, .n_lanes = 4};
    ASK(c, where, &r);
    CHECK(r.comes && r.lane == own && r.position == 3);
    for (int i = 0; i < 4; i++) CHECK_INT(r.ahead[i], before_mine[i]);
    store_release(&r.req);
    r = (struct store_where){.id = later.id, .lanes = lanes, .n_lanes = 4};
    ASK(c, where, &r); /* as if the line stood still until its time */
    CHECK(r.comes && r.lane == own && r.position == 0);
    for (int i = 0; i < 4; i++) CHECK_INT(r.ahead[i], before_later[i]);
    store_release(&r.req);
    r = (struct store_where){.id = running, .lanes = lanes, .n_lanes = 4, .comes = true};
    ASK(c, where, &r);
    CHECK(!r.comes && r.position == 0);
    store_release(&r.req);
    CHECK_INT(where(c, &behind), 4);
}

#define MANY 300

/* Against counting one by one, while tasks come and go. */
CASE(every_place_is_as_counted_one_by_one)
{
    static const char *const types[] = {"a", "b", "c"};
    static const char *const keys[] = {"", "k", "l"};
    struct {
        struct id id;
        int64_t rank;
        bool waits;
    } all[MANY];
    for (int i = 0; i < MANY; i++) {
        struct task_body b = contract_body(c, "q", types[rng_below(&c->rng.rng, 3)]);
        const char *key = keys[rng_below(&c->rng.rng, 3)];
        if (*key) b.batch_key = str_of(key);
        b.rules.priority = (int32_t)rng_below(&c->rng.rng, 5) - 2;
        all[i].rank = contract_add(c, &b).rank;
        all[i].id = b.id;
        all[i].waits = true;
        int gone = (int)rng_below(&c->rng.rng, (uint64_t)i + 3);
        if (gone <= i) all[gone].waits = false;
        if (gone <= i) (void)contract_control(c, &all[gone].id, STORE_CANCEL);
        c->clock.wall_ms += (int64_t)rng_below(&c->rng.rng, 2);
    }
    for (int i = 0; i < MANY; i++) {
        int64_t before = 0;
        for (int k = 0; k < MANY; k++)
            before += all[k].waits &&
                      (all[k].rank != all[i].rank ? all[k].rank < all[i].rank : id_cmp(&all[k].id, &all[i].id) < 0);
        CHECK_INT(where(c, &all[i].id), all[i].waits ? before + 1 : 0);
    }
}

int contract_where(int argc, char **argv) { return test_main(argc, argv); }
