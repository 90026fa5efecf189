/* SPDX-License-Identifier: Apache-2.0
 *
 * Chains: a task that goes from step to step.
 */
#include "test/contract/contract.h"

/* One of type t at its first step, in queue q */
static struct id put_chain(struct contract *c, const char *step)
{
    struct task_body body = contract_body(c, "q", "t");
    body.step = str_of(step);
    (void)contract_add(c, &body);
    return body.id;
}

static struct life claim(struct contract *c, const char *lane, const struct id *id)
{
    struct store_tick tick = contract_tick(c, 10); /* whose time has come is ready; after a reopen, all hints are there */
    store_release(&tick.req);
    struct store_claim_item got = contract_claim_one(c, "q", lane);
    CHECK(id_cmp(&got.body.id, id) == 0);
    return got.life;
}

/* The attempt under way did step `n`, and `next` (NULL: nothing) comes after it. */
static struct store_settle_item do_step(struct contract *c, const struct id *id, const struct life *life, int32_t n, const char *name,
                                        const char *result, const char *next)
{
    struct store_settle_item v = contract_verdict(c, life, id, LIFE_DONE);
    v.step = (struct task_step){.n = n, .run = life->run, .attempt = life->attempt, .name = str_of(name), .started_at_ms = life->started_at_ms,
                                .finished_at_ms = c->clock.wall_ms, .result = str_of(result)};
    v.next_step = next ? str_of(next) : STR_NONE;
    if (!next) v.result = str_of(result), v.step.result = STR_NONE;
    return contract_settle(c, &v);
}

static void reopen(struct contract *c)
{
    if (c->engine->survives) contract_reopen(c);
    (void)contract_count(c, "q");
}

static size_t of_type(struct contract *c, const char *type, const char *word)
{
    return contract_listed(c, &(struct store_filter){.type = str_of(type), .word = word});
}

CASE(a_chain_goes_from_step_to_step_and_ends_with_its_last)
{
    struct id id = put_chain(c, "fetch");
    struct life life = claim(c, "t>fetch", &id);
    struct store_settle_item done = do_step(c, &id, &life, 0, "fetch", "{\"path\":\"a\"}", "read");
    CHECK(!done.outcome.ended);
    CHECK_INT(done.life.state, TASK_PENDING);
    reopen(c);
    CHECK_INT(contract_count(c, "q").n[TASK_PENDING], 1);
    struct store_claim r = {.n = 0};
    contract_claim(c, &r, contract_lane(c, "q", "t>read"), 1);
    CHECK_INT(r.n, 1);
    CHECK_STR(r.items[0].body.type, "t");
    CHECK_STR(r.items[0].body.step, "read");
    CHECK_INT(r.items[0].life.attempt, 2);
    CHECK_INT(r.items[0].n_steps, 1);
    CHECK_STR(r.items[0].steps[0].name, "fetch");
    CHECK_STR(r.items[0].steps[0].result, "{\"path\":\"a\"}");
    CHECK_INT(r.items[0].steps[0].attempt, 1);
    life = r.items[0].life;
    store_release(&r.req);
    done = do_step(c, &id, &life, 1, "read", "7", NULL);
    CHECK(done.outcome.ended);
    reopen(c);
    struct arena keep;
    struct task t = contract_get(c, &id, &keep);
    CHECK_INT(t.life.state, TASK_COMPLETED);
    CHECK_STR(t.body.type, "t");
    CHECK_STR(t.ending.result, "7");
    CHECK_INT(t.n_steps, 2);
    CHECK_STR(t.steps[1].name, "read");
    CHECK_INT(t.steps[0].result.len, 0); /* left out */
    arena_release(&keep);
    CHECK_INT(contract_count(c, "q").n[TASK_PENDING], 0);
    CHECK_INT(contract_count(c, "q").n[TASK_COMPLETED], 1);
}

CASE(each_step_has_tries_of_its_own)
{
    struct id id = put_chain(c, "a");
    for (int step = 0; step < 2; step++) {
        const char *lane = step ? "t>b" : "t>a";
        for (int i = 0; i < contract_rules.max_attempts - 1; i++) {
            struct life life = claim(c, lane, &id);
            CHECK_INT(contract_end(c, &id, &life, LIFE_TIMEOUT).life.state, TASK_SCHEDULED);
            c->clock.wall_ms += 60000;
            c->clock.mono_ms += 60000;
        }
        struct life life = claim(c, lane, &id);
        CHECK_INT(life.failures, contract_rules.max_attempts - 1);
        if (step) CHECK_INT(contract_end(c, &id, &life, LIFE_TIMEOUT).life.state, TASK_FAILED);
        else CHECK_INT(do_step(c, &id, &life, 0, "a", "{}", "b").life.failures, 0);
    }
}

CASE(one_that_is_to_be_cancelled_goes_no_further)
{
    struct id id = put_chain(c, "a");
    struct life life = claim(c, "t>a", &id);
    CHECK(contract_control(c, &id, STORE_CANCEL).changed);
    struct store_settle_item done = do_step(c, &id, &life, 0, "a", "{}", "b");
    CHECK(done.outcome.ended);
    CHECK_INT(done.life.state, TASK_CANCELLED);
    CHECK_INT(of_type(c, "t", "cancelled"), 1);
}

CASE(a_step_with_a_stale_fence_is_refused)
{
    struct id id = put_chain(c, "a");
    struct life life = claim(c, "t>a", &id);
    struct store_settle_item v = contract_verdict(c, &life, &id, LIFE_DONE);
    v.attempt.fence = life.fence + 1;
    v.step = (struct task_step){.name = STR("a"), .run = 1, .attempt = 1};
    v.next_step = STR("b");
    CHECK_INT(contract_settle(c, &v).err, ERR_STALE);
    CHECK_INT(do_step(c, &id, &life, 0, "a", "{}", "b").err, 0);
    v.attempt.fence = life.fence; /* the same once more */
    CHECK_INT(contract_settle(c, &v).err, ERR_STALE);
}

CASE(a_retry_goes_on_where_the_run_ended)
{
    struct id id = put_chain(c, "a");
    struct life life = claim(c, "t>a", &id);
    (void)do_step(c, &id, &life, 0, "a", "\"kept\"", "b");
    life = claim(c, "t>b", &id);
    struct store_settle_item v = contract_verdict(c, &life, &id, LIFE_FAILED);
    v.retryable = false;
    CHECK_INT(contract_settle(c, &v).life.state, TASK_FAILED);
    reopen(c);
    CHECK(contract_control(c, &id, STORE_RETRY).changed);
    reopen(c);
    struct store_claim r = {.n = 0};
    contract_claim(c, &r, contract_lane(c, "q", "t>b"), 1);
    CHECK_INT(r.n, 1);
    CHECK_INT(r.items[0].life.run, 2);
    CHECK_INT(r.items[0].n_steps, 1);
    CHECK_STR(r.items[0].steps[0].result, "\"kept\"");
    life = r.items[0].life;
    store_release(&r.req);
    CHECK(do_step(c, &id, &life, 1, "b", "1", NULL).outcome.ended);
    CHECK(contract_control(c, &id, STORE_RETRY).changed); /* of one that completed: its last step once more */
    life = claim(c, "t>b", &id);
    CHECK(do_step(c, &id, &life, 1, "b", "2", NULL).outcome.ended);
    struct arena keep;
    struct task t = contract_get(c, &id, &keep);
    CHECK_INT(t.n_steps, 2);
    CHECK_INT(t.steps[1].run, 3);
    CHECK_STR(t.ending.result, "2");
    arena_release(&keep);
}

CASE(the_checkpoint_of_a_step_is_not_the_next_ones)
{
    struct id id = put_chain(c, "a");
    struct life life = claim(c, "t>a", &id);
    struct store_save_item item = {.id = id, .fence = life.fence, .save = {.attempt = 1, .at_ms = c->clock.wall_ms, .data = STR("1")}};
    struct store_save save = {.items = &item, .n = 1};
    ASK(c, save, &save);
    CHECK_INT(item.err, 0);
    store_release(&save.req);
    (void)do_step(c, &id, &life, 0, "a", "{}", "b");
    reopen(c);
    struct store_claim r = {.n = 0};
    contract_claim(c, &r, contract_lane(c, "q", "t>b"), 1);
    CHECK_INT(r.n, 1);
    CHECK_INT(r.items[0].resume.len, 0);
    store_release(&r.req);
}

CASE(chains_end_in_the_order_they_came)
{
    struct id first = put_chain(c, "a");
    c->clock.wall_ms += 10;
    struct id second = put_chain(c, "b");
    c->clock.wall_ms += 10;
    struct life life = claim(c, "t>a", &first);
    c->clock.wall_ms += 10;
    (void)do_step(c, &first, &life, 0, "a", "{}", "b");
    (void)claim(c, "t>b", &first);
    (void)claim(c, "t>b", &second);
}

CASE(lists_by_type_find_it_at_any_step)
{
    struct id id = put_chain(c, "a");
    (void)contract_put(c, "q", "t0");
    (void)contract_put(c, "q", "t/b");
    (void)contract_put(c, "q", "t");
    CHECK_INT(of_type(c, "t", NULL), 2);
    struct life life = claim(c, "t>a", &id);
    CHECK_INT(of_type(c, "t", "running"), 1);
    (void)do_step(c, &id, &life, 0, "a", "{}", "b");
    CHECK_INT(of_type(c, "t", "running"), 0);
    CHECK_INT(of_type(c, "t", "pending"), 2);
    life = claim(c, "t>b", &id);
    (void)do_step(c, &id, &life, 1, "b", "{}", NULL);
    CHECK_INT(of_type(c, "t", "completed"), 1);
}

CASE(who_deletes_it_is_told_its_steps)
{
    struct id id = put_chain(c, "a");
    struct life life = claim(c, "t>a", &id);
    struct store_settle_item v = contract_verdict(c, &life, &id, LIFE_DONE);
    v.step = (struct task_step){.name = STR("a"), .run = 1, .attempt = 1, .files = STR("[\"x\"]")};
    v.next_step = STR("b");
    (void)contract_settle(c, &v);
    CHECK(contract_control(c, &id, STORE_CANCEL).ended);
    struct store_kept kept = {.limit = 10};
    ASK(c, kept, &kept);
    CHECK(kept.n == 1 && kept.items[0].has_files && kept.items[0].n_steps == 1);
    CHECK_STR(kept.items[0].type, "t");
    CHECK_STR(kept.items[0].steps[0].files, "[\"x\"]");
    store_release(&kept.req);
    struct store_control_item item = {.id = id, .verb = STORE_DELETE};
    struct store_control r = {.items = &item, .n = 1};
    ASK(c, control, &r);
    CHECK(item.changed && item.n_steps == 1);
    CHECK_INT(item.steps[0].attempt, 1);
    store_release(&r.req);
    CHECK_INT(of_type(c, "t", NULL), 0);
}

CASE(purging_results_takes_those_of_steps)
{
    struct id id = put_chain(c, "a");
    struct life life = claim(c, "t>a", &id);
    (void)do_step(c, &id, &life, 0, "a", "\"long\"", "b");
    CHECK(contract_control(c, &id, STORE_CANCEL).ended);
    struct store_purge_item item = {.id = id, .run = 1, .parts = RETAIN_RESULT};
    struct store_purge purge = {.items = &item, .n = 1};
    ASK(c, purge, &purge);
    CHECK(item.purged);
    store_release(&purge.req);
    struct store_kept kept = {.limit = 10};
    ASK(c, kept, &kept);
    CHECK(kept.n == 1 && kept.items[0].result_bytes == 0 && kept.items[0].n_steps == 1);
    store_release(&kept.req);
}

CASE(its_key_is_held_through_all_steps)
{
    struct task_body body = contract_body(c, "q", "t");
    body.step = STR("a");
    body.key = STR("k");
    (void)contract_add(c, &body);
    struct life life = claim(c, "t>a", &body.id);
    (void)do_step(c, &body.id, &life, 0, "a", "{}", "b");
    reopen(c);
    struct task_body other = contract_body(c, "q", "t");
    other.step = STR("a");
    other.key = STR("k");
    struct store_add_item item = {.body = &other};
    struct store_add add = {.items = &item, .n = 1};
    ASK(c, add, &add);
    CHECK_INT(item.err, ERR_KEY_HELD);
    store_release(&add.req);
}

int contract_steps(int argc, char **argv) { return test_main(argc, argv); }
