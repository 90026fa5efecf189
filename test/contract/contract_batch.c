/* SPDX-License-Identifier: Apache-2.0
 *
 * What may run together: lanes by batch key, what stops a claim that takes several, tasks that must run alone, and
 * attempts that outlive the process because a puller holds them.
 */
#include "task/order.h"
#include "test/contract/contract.h"

static struct id put(struct contract *c, const char *batch_key, double cost, int32_t priority)
{
    struct task_body b = contract_body(c, "q", "t");
    if (*batch_key) b.batch_key = str_of(batch_key);
    b.cost = cost;
    b.rules.priority = priority;
    (void)contract_add(c, &b);
    return b.id;
}

/* Where that is possible; what stands has been told then. */
static void reopen(struct contract *c)
{
    if (c->engine->survives) contract_reopen(c);
    (void)contract_count(c, "q");
}

/* A claim of up to 8 from the lane of that batch key. */
static void claim(struct contract *c, struct store_claim *r, const char *batch_key)
{
    static uint64_t fences[8];
    uint32_t lane = contract_lane_of(c, "q", "t", batch_key);
    for (int i = 0; i < 8; i++) fences[i] = id_fence(&c->rng.rng);
    r->lanes = &lane;
    r->n_lanes = 1;
    r->fences = fences;
    r->max = 8;
    ASK(c, claim, r);
    CHECK_INT(r->req.err, 0);
}

CASE(each_batch_key_has_a_lane_of_its_own_and_none_is_one_too)
{
    static const char *const keys[] = {"", "de", "en"};
    for (int i = 0; i < 6; i++) (void)put(c, keys[i % 3], 1, 0);
    for (int again = 0; again < 1 + c->engine->survives; again++) {
        for (int i = 0; i < 3; i++) {
            uint32_t lane = contract_lane_of(c, "q", "t", keys[i]);
            CHECK(lane != NO_LANE);
            CHECK_INT(c->lanes[lane].ready, 2);
        }
        reopen(c);
    }
    for (int i = 0; i < 3; i++) {
        struct store_claim r = {.max = 0};
        claim(c, &r, keys[i]);
        CHECK_INT(r.n, 2);
        for (size_t k = 0; k < r.n; k++) CHECK(str_eq(r.items[k].body.batch_key, str_of(keys[i])));
        store_release(&r.req);
    }
    CHECK_INT(contract_count(c, "q").n[TASK_RUNNING], 6); /* the queue is one */
}

CASE(a_retried_run_goes_to_the_lane_of_its_batch_key)
{
    struct id id = put(c, "de", 1, 0);
    (void)contract_control(c, &id, STORE_CANCEL);
    CHECK_INT(contract_control(c, &id, STORE_RETRY).err, 0);
    CHECK_INT(c->lanes[contract_lane_of(c, "q", "t", "de")].ready, 1);
    if (!c->engine->survives) return;
    reopen(c);
    CHECK_INT(c->lanes[contract_lane_of(c, "q", "t", "de")].ready, 1);
    CHECK_INT(contract_lane(c, "q", "t"), NO_LANE);
}

CASE(a_claim_fills_its_batch_before_it_looks_at_the_rank_of_others)
{
    for (int32_t i = 0; i < 6; i++) (void)put(c, "", 1, -i);
    struct store_claim r = {.until_rank = order_rank(0, c->clock.wall_ms), .fill = 3};
    claim(c, &r, "");
    CHECK_INT(r.n, 3);
    store_release(&r.req);
    static const size_t fills[] = {0, 1};
    for (int i = 0; i < 2; i++) { /* at least one, however many come first elsewhere */
        r = (struct store_claim){.until_rank = 1, .fill = fills[i]};
        claim(c, &r, "");
        CHECK_INT(r.n, 1);
        store_release(&r.req);
    }
}

CASE(a_claim_stays_within_its_cost_but_takes_the_first_whatever_it_costs)
{
    static const double costs[] = {500, 0.1, 0.1, 0.1, 0.1, 7};
    static const struct {
        double ceiling;
        size_t n;
    } claims[] = {{10, 1}, {0.3, 3}, {7, 1}, {0, 1}}; /* a tenth three times is no more than 0.3 */
    for (int i = 0; i < 6; i++) (void)put(c, "", costs[i], 0);
    for (int i = 0; i < 4; i++) {
        struct store_claim r = {.cost = claims[i].ceiling, .fill = 8};
        claim(c, &r, "");
        CHECK_INT(r.n, claims[i].n);
        store_release(&r.req);
    }
    CHECK_INT(contract_count(c, "q").n[TASK_PENDING], 0);
}

CASE(what_its_worker_died_under_with_others_goes_on_alone_and_counts_nothing)
{
    struct store_claim r = {.max = 0};
    for (int i = 0; i < 4; i++) (void)put(c, "", 1, i == 3 ? -1 : 0);
    claim(c, &r, "");
    CHECK_INT(r.n, 4);
    struct store_settle_item items[4];
    for (int i = 0; i < 4; i++) {
        items[i] = contract_verdict(c, &r.items[i].life, &r.items[i].body.id, i < 2 ? LIFE_CRASHED : LIFE_RELEASED);
        items[i].shared = true;
    }
    store_release(&r.req);
    for (int i = 0; i < 4; i++) {
        struct life l = contract_settle(c, &items[i]).life;
        CHECK(l.state == TASK_PENDING && l.deaths + l.failures == 0 && l.alone == (i < 2));
    }
    reopen(c);
    for (int i = 0; i < 3; i++) { /* two alone, then the others together */
        r = (struct store_claim){.fill = 8};
        claim(c, &r, "");
        CHECK_INT(r.n, i < 2 ? 1 : 2);
        CHECK(r.items[0].life.alone == (i < 2));
        CHECK(id_cmp(&r.items[0].body.id, &items[i].attempt.id) == 0); /* in its old place */
        struct store_settle_item end = contract_verdict(c, &r.items[0].life, &r.items[0].body.id, LIFE_CRASHED);
        store_release(&r.req);
        CHECK(contract_settle(c, &end).life.deaths == 1);
    }
}

CASE(a_claim_stops_before_one_that_must_run_alone)
{
    (void)put(c, "", 1, 0);
    struct store_claim_item got = contract_claim_one(c, "q", "t");
    struct store_settle_item s = contract_verdict(c, &got.life, &got.body.id, LIFE_CRASHED);
    s.shared = true;
    CHECK(contract_settle(c, &s).life.alone);
    (void)put(c, "", 1, 1);
    (void)put(c, "", 1, -1);
    for (int i = 0; i < 3; i++) {
        struct store_claim r = {.fill = 8};
        claim(c, &r, "");
        CHECK_INT(r.n, 1);
        CHECK_INT(r.items[0].life.alone, i == 1);
        store_release(&r.req);
    }
}

CASE(what_a_puller_holds_outlives_the_process_under_its_fence)
{
    struct id held = put(c, "de", 1, 0), lost = put(c, "", 1, 0);
    struct store_claim r = {.leased = true};
    c->clock.wall_ms += 7;
    claim(c, &r, "de");
    CHECK(r.n == 1 && r.items[0].life.leased);
    struct life life = r.items[0].life;
    store_release(&r.req);
    CHECK(!contract_claim_one(c, "q", "t").life.leased);
    if (c->engine->survives) {
        c->clock.wall_ms += 1000;
        reopen(c);
        CHECK(c->n_lost == 1 && id_cmp(&c->lost[0].id, &lost) == 0);
        CHECK_INT(c->n_leased, 1);
        const struct store_leased *told = &c->leased[0];
        CHECK(id_cmp(&told->id, &held) == 0 && told->run == 1 && told->number == 1);
        CHECK(told->fence == life.fence && told->started_at_ms == life.started_at_ms);
    }
    struct arena keep;
    struct task t = contract_get(c, &held, &keep);
    contract_same_life(&t.life, &life);
    arena_release(&keep);
    CHECK_INT(contract_count(c, "q").n[TASK_RUNNING], c->engine->survives ? 1 : 2);
    CHECK_INT(contract_end(c, &held, &life, LIFE_DONE).life.state, TASK_COMPLETED);
    if (!c->engine->survives) return;
    reopen(c);
    CHECK(c->n_lost == 0 && c->n_leased == 0);
}

CASE(what_a_puller_gave_back_is_lost_like_any_other_when_a_worker_has_it_next)
{
    if (!c->engine->survives) return;
    struct id id = put(c, "", 1, 0);
    struct store_claim r = {.leased = true};
    claim(c, &r, "");
    struct life life = r.items[0].life;
    store_release(&r.req);
    CHECK(!contract_end(c, &id, &life, LIFE_LOST).life.leased);
    CHECK(!contract_claim_one(c, "q", "t").life.leased);
    reopen(c);
    CHECK(c->n_lost == 1 && c->n_leased == 0);
}

CASE(an_ending_remembers_how_many_were_in_its_batch)
{
    struct id id = put(c, "", 1, 0);
    struct store_claim_item got = contract_claim_one(c, "q", "t");
    struct store_settle_item s = contract_verdict(c, &got.life, &id, LIFE_DONE);
    s.batch_size = 7;
    CHECK_INT(contract_settle(c, &s).life.state, TASK_COMPLETED);
    if (c->engine->survives) reopen(c);
    struct arena keep;
    struct task t = contract_get(c, &id, &keep);
    CHECK_INT(t.ending.batch_size, 7);
    arena_release(&keep);
}

int contract_batch(int argc, char **argv) { return test_main(argc, argv); }
