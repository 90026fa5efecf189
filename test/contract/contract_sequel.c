/* SPDX-License-Identifier: Apache-2.0
 *
 * What is to follow the ending of a task is owed from that commit on, and made once.
 */
#include "test/contract/contract.h"

#define WANTS "{\"on_success\":[]}"

static struct id put(struct contract *c)
{
    struct task_body body = contract_body(c, "q", "t");
    body.sequel = STR(WANTS);
    body.input = STR("[1]");
    (void)contract_add(c, &body);
    return body.id;
}

static void reopen(struct contract *c)
{
    if (c->engine->survives) contract_reopen(c);
    (void)contract_count(c, "q");
}

/* The oldest that is owed is of this task and run, and ended so. */
static void owed(struct contract *c, const struct id *id, int32_t run, enum task_state state, const char *sequel, const char *next)
{
    struct store_owed r = {.found = false};
    ASK(c, owed, &r);
    CHECK(r.req.err == 0 && r.found && id_cmp(&r.task.body.id, id) == 0);
    CHECK_INT(r.task.life.run, run);
    CHECK_INT(r.task.life.state, state);
    CHECK(str_eq(r.sequel, str_of(sequel)) && str_eq(r.next, str_of(next)));
    store_release(&r.req);
}

static bool is_owed(struct contract *c)
{
    struct store_owed r = {.found = false};
    ASK(c, owed, &r);
    CHECK_INT(r.req.err, 0);
    store_release(&r.req);
    return r.found;
}

/* One follower, of type u. */
static bool pay(struct contract *c, const struct id *id, int32_t run)
{
    struct task_body body = contract_body(c, "q", "u");
    struct store_add_item item = {.body = &body};
    struct store_add r = {.items = &item, .n = 1, .pays = true, .paid = *id, .paid_run = run};
    ASK(c, add, &r);
    CHECK_INT(r.req.err, 0);
    store_release(&r.req);
    return !r.unowed;
}

static struct id done(struct contract *c, const char *next)
{
    struct store_claim_item got = contract_claim_one(c, "q", "t");
    struct store_settle_item v = contract_verdict(c, &got.life, &got.body.id, LIFE_DONE);
    v.result = STR("{\"a\":1}");
    v.next = str_of(next);
    CHECK(contract_settle(c, &v).outcome.ended);
    return got.body.id;
}

static size_t followers(struct contract *c) { return contract_listed(c, &(struct store_filter){.type = STR("u")}); }

CASE(an_ending_owes_it_until_it_is_made_and_that_once)
{
    struct id id = put(c);
    CHECK(!is_owed(c));
    (void)done(c, "");
    CHECK_INT(c->n_owed, 1);
    reopen(c);
    owed(c, &id, 1, TASK_COMPLETED, WANTS, "");
    struct store_owed r = {.found = false};
    ASK(c, owed, &r);
    CHECK_STR(r.task.body.input, "[1]");
    CHECK_STR(r.task.ending.result, "{\"a\":1}");
    store_release(&r.req);
    CHECK(pay(c, &id, 1));
    CHECK(!is_owed(c));
    CHECK(!pay(c, &id, 1)); /* a resend after a lost answer */
    reopen(c);
    CHECK(!is_owed(c));
    CHECK_INT(followers(c), 1);
}

CASE(every_way_to_end_owes_it)
{
    struct id id = put(c);
    CHECK(contract_control(c, &id, STORE_CANCEL).ended);
    owed(c, &id, 1, TASK_CANCELLED, WANTS, "");
    CHECK(pay(c, &id, 1));
    struct task_body late = contract_body(c, "q", "t");
    late.sequel = STR(WANTS);
    late.rules.start_by_ms = c->clock.wall_ms + 10;
    (void)contract_add(c, &late);
    c->clock.wall_ms += 20;
    struct store_tick tick = contract_tick(c, 10);
    store_release(&tick.req);
    owed(c, &late.id, 1, TASK_EXPIRED, WANTS, "");
    CHECK(pay(c, &late.id, 1));
    id = put(c);
    struct store_control_item item = {.id = id, .verb = STORE_FAIL, .failure = {.code = STR("x")}};
    CHECK(contract_act(c, &item).ended);
    owed(c, &id, 1, TASK_FAILED, WANTS, "");
    CHECK(pay(c, &id, 1));
    CHECK_INT(followers(c), 3);
}

CASE(a_verdict_may_want_something_by_itself)
{
    (void)contract_put(c, "q", "t");
    struct id id = done(c, "[{\"type\":\"u\"}]");
    owed(c, &id, 1, TASK_COMPLETED, "", "[{\"type\":\"u\"}]");
    CHECK(pay(c, &id, 1));
    (void)contract_put(c, "q", "t");
    (void)done(c, "");
    CHECK(!is_owed(c));
}

CASE(an_attempt_that_is_tried_again_owes_nothing)
{
    struct id id = put(c);
    struct store_claim_item got = contract_claim_one(c, "q", "t");
    CHECK_INT(contract_end(c, &id, &got.life, LIFE_TIMEOUT).life.state, TASK_SCHEDULED);
    CHECK(!is_owed(c));
    reopen(c);
    CHECK(contract_control(c, &id, STORE_CANCEL).ended);
    owed(c, &id, 1, TASK_CANCELLED, WANTS, "");
}

CASE(another_run_owes_it_again_and_the_first_stays_as_it_ended)
{
    struct id id = put(c);
    CHECK(contract_control(c, &id, STORE_CANCEL).ended);
    CHECK(contract_control(c, &id, STORE_RETRY).changed);
    reopen(c);
    owed(c, &id, 1, TASK_CANCELLED, WANTS, "");
    (void)done(c, "");
    owed(c, &id, 1, TASK_CANCELLED, WANTS, "");
    CHECK(pay(c, &id, 1));
    owed(c, &id, 2, TASK_COMPLETED, WANTS, "");
    CHECK(pay(c, &id, 2));
    CHECK(!is_owed(c));
}

CASE(its_record_stays_until_then)
{
    struct id id = put(c);
    CHECK(contract_control(c, &id, STORE_CANCEL).ended);
    CHECK_INT(contract_control(c, &id, STORE_DELETE).err, ERR_CONFLICT);
    struct store_purge_item item = {.id = id, .run = 1, .parts = RETAIN_RECORD};
    struct store_purge purge = {.items = &item, .n = 1};
    ASK(c, purge, &purge);
    CHECK(purge.req.err == 0 && !item.purged);
    store_release(&purge.req);
    CHECK(pay(c, &id, 1));
    CHECK_INT(contract_control(c, &id, STORE_DELETE).err, 0);
    CHECK(!is_owed(c));
}

CASE(one_that_is_answered_from_what_is_kept_owes_it_too)
{
    struct task_body body = contract_body(c, "q", "t");
    body.cache = (struct task_cache){.ttl_ms = 60000, .print = {1}};
    (void)contract_add(c, &body);
    (void)done(c, "");
    struct task_body again = contract_body(c, "q", "t");
    again.cache = body.cache;
    again.sequel = STR(WANTS);
    (void)contract_add(c, &again);
    owed(c, &again.id, 1, TASK_COMPLETED, WANTS, "");
}

int contract_sequel(int argc, char **argv) { return test_main(argc, argv); }
