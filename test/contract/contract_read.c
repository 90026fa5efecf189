/* SPDX-License-Identifier: Apache-2.0
 *
 * What is seen: get, log, counts, hints; and what survives a reopen.
 */
#include "base/mem.h"
#include "task/order.h"
#include "test/contract/contract.h"

CASE(a_body_comes_back_whole)
{
    static const struct task_tag tags[] = {{STR("lang"), STR("d\"e\\\n\xc3\xa9")}, {STR("x"), STR("")}};
    struct task_body b = contract_body(c, "q", "t");
    b.rules = (struct life_rules){-7, 9, T0 + 99, {RETRY_EXPONENTIAL, RETRY_JITTER_FULL, 11, 22}};
    b.run_at_ms = T0 + 5;
    b.timeout_ms = 33;
    b.grace_ms = 44;
    b.created_at_ms = T0 - 1;
    b.subject = STR("user-7");
    b.limit_key = STR("user-8");
    b.batch_key = STR("de \xc3\xa9");
    b.cost = 0.1;
    b.tags = tags;
    b.n_tags = 2;
    b.input = STR("{ \"a\" : [1, 2.50, \"\\u0041\"] }");
    (void)contract_add(c, &b);
    struct arena keep;
    struct task t = contract_get(c, &b.id, &keep);
    CHECK(id_cmp(&t.body.id, &b.id) == 0);
    CHECK_STR(t.body.type, "t");
    CHECK_STR(t.body.queue, "q");
    CHECK_STR(t.body.subject, "user-7");
    CHECK_STR(t.body.limit_key, "user-8");
    CHECK_STR(t.body.batch_key, "de \xc3\xa9");
    CHECK(t.body.cost == b.cost);
    CHECK(str_eq(t.body.input, b.input));
    CHECK_INT(t.body.rules.priority, -7);
    CHECK_INT(t.body.rules.max_attempts, 9);
    CHECK_INT(t.body.rules.start_by_ms, T0 + 99);
    CHECK_INT(t.body.rules.retry.backoff, RETRY_EXPONENTIAL);
    CHECK_INT(t.body.rules.retry.jitter, RETRY_JITTER_FULL);
    CHECK_INT(t.body.rules.retry.base_ms, 11);
    CHECK_INT(t.body.rules.retry.cap_ms, 22);
    CHECK_INT(t.body.run_at_ms, T0 + 5);
    CHECK_INT(t.body.timeout_ms, 33);
    CHECK_INT(t.body.grace_ms, 44);
    CHECK_INT(t.body.created_at_ms, T0 - 1);
    CHECK_INT(t.body.n_tags, 2);
    for (int i = 0; i < 2; i++) {
        CHECK(str_eq(t.body.tags[i].key, tags[i].key));
        CHECK(str_eq(t.body.tags[i].value, tags[i].value));
    }
    CHECK_INT(t.life.state, TASK_SCHEDULED);
    CHECK_INT(t.life.due_at_ms, T0 + 5);
    CHECK_INT(t.life.start_by_ms, T0 + 99);
    CHECK_INT(t.last.code.len, 0);
    arena_release(&keep);
}

CASE(a_task_without_subject_keys_and_tags_has_none)
{
    struct id id = contract_put(c, "q", "t");
    struct arena keep;
    struct task t = contract_get(c, &id, &keep);
    CHECK(t.body.subject.p == NULL && t.body.limit_key.p == NULL && t.body.batch_key.p == NULL);
    CHECK_INT(t.body.n_tags, 0);
    arena_release(&keep);
}

CASE(an_ending_comes_back_whole)
{
    struct id id = contract_put(c, "q", "t");
    struct store_claim_item got = contract_claim_one(c, "q", "t");
    struct store_settle_item s = contract_verdict(c, &got.life, &id, LIFE_DONE);
    s.result = STR("[1, 2]");
    s.files = STR("[\"a.wav\"]");
    s.progress = STR("{\"percent\":100}");
    c->clock.wall_ms += 7;
    CHECK_INT(contract_settle(c, &s).err, 0);
    struct arena keep;
    struct task t = contract_get(c, &id, &keep);
    CHECK_INT(t.life.state, TASK_COMPLETED);
    CHECK_INT(t.ending.finished_at_ms, T0 + 7);
    CHECK_INT(t.life.started_at_ms, T0);
    CHECK_STR(t.ending.result, "[1, 2]");
    CHECK_STR(t.ending.files, "[\"a.wav\"]");
    CHECK_STR(t.ending.progress, "{\"percent\":100}");
    CHECK_INT(t.ending.failure.code.len, 0);
    arena_release(&keep);
}

CASE(get_leaves_out_what_is_longer_than_asked_but_says_how_long)
{
    struct task_body b = contract_body(c, "q", "t");
    b.input = STR("[1,2,3,4]");
    (void)contract_add(c, &b);
    struct store_claim_item got = contract_claim_one(c, "q", "t");
    (void)contract_end(c, &b.id, &got.life, LIFE_DONE);
    for (int i = 0; i < 2; i++) {
        struct store_get g = {.id = b.id, .input_max = i ? 9 : 8, .result_max = i ? 11 : 10};
        ASK(c, get, &g);
        CHECK_INT(g.task.input_bytes, 9);
        CHECK_INT(g.task.result_bytes, 11);
        CHECK_INT(g.task.body.input.len, i ? 9 : 0);
        CHECK_INT(g.task.ending.result.len, i ? 11 : 0);
        store_release(&g.req);
    }
    struct store_get g = {.id = id_make(&c->ids)};
    ASK(c, get, &g);
    CHECK(g.req.err == 0 && g.found == ERR_NOT_FOUND);
    store_release(&g.req);
}

CASE(a_megabyte_passes_byte_for_byte_both_ways)
{
    const size_t len = 1024 * 1024;
    char *text = mem_new(len);
    for (size_t i = 0; i < len; i++) text[i] = (char)(1 + rng_below(&c->rng.rng, 255));
    struct task_body b = contract_body(c, "q", "t");
    b.input = (struct str){text, len};
    (void)contract_add(c, &b);
    struct store_claim claim;
    contract_claim(c, &claim, contract_lane(c, "q", "t"), 1);
    CHECK(str_eq(claim.items[0].body.input, b.input));
    struct store_settle_item s = contract_verdict(c, &claim.items[0].life, &b.id, LIFE_DONE);
    s.result = b.input;
    CHECK_INT(contract_settle(c, &s).err, 0);
    store_release(&claim.req);
    struct arena keep;
    struct task t = contract_get(c, &b.id, &keep);
    CHECK(str_eq(t.body.input, b.input));
    CHECK(str_eq(t.ending.result, b.input));
    arena_release(&keep);
    free(text);
}

CASE(a_thousand_items_go_in_and_come_out_in_one_request_each)
{
    enum { N = 1000 };
    struct task_body *bodies = mem_new(N * sizeof *bodies);
    struct store_add_item *items = mem_new(N * sizeof *items);
    for (int i = 0; i < N; i++) {
        bodies[i] = contract_body(c, "q", "t");
        items[i] = (struct store_add_item){.body = &bodies[i]};
    }
    struct store_add add = {.items = items, .n = N};
    ASK(c, add, &add);
    CHECK_INT(add.req.err, 0);
    CHECK_INT(contract_count(c, "q").n[TASK_PENDING], N);
    struct store_claim claim;
    contract_claim(c, &claim, contract_lane(c, "q", "t"), N);
    CHECK_INT(claim.n, N);
    struct store_settle_item *verdicts = mem_new(N * sizeof *verdicts);
    for (int i = 0; i < N; i++) {
        CHECK(id_cmp(&claim.items[i].body.id, &bodies[i].id) == 0);
        verdicts[i] = contract_verdict(c, &claim.items[i].life, &bodies[i].id, LIFE_DONE);
    }
    struct store_settle settle = {.items = verdicts, .n = N};
    ASK(c, settle, &settle);
    CHECK_INT(settle.req.err, 0);
    for (int i = 0; i < N; i++) CHECK(verdicts[i].err == 0 && verdicts[i].outcome.ended);
    CHECK_INT(contract_count(c, "q").n[TASK_COMPLETED], N);
    CHECK_INT(contract_count(c, "q").n[TASK_PENDING], 0);
    store_release(&claim.req);
    free(bodies), free(items), free(verdicts);
}

CASE(the_last_error_is_that_of_this_run_and_gone_when_another_begins)
{
    struct id id = contract_put(c, "q", "t");
    struct store_claim_item got = contract_claim_one(c, "q", "t");
    (void)contract_end(c, &id, &got.life, LIFE_FAILED);
    struct arena keep;
    struct task t = contract_get(c, &id, &keep);
    CHECK_STR(t.last.code, "worker_error");
    CHECK_STR(t.last.type, "ValueError");
    CHECK_INT(t.last.attempt, 1);
    CHECK_INT(t.last.at_ms, T0);
    arena_release(&keep);
    struct store_list list = {.limit = 5};
    ASK(c, list, &list);
    CHECK_STR(list.items[0].last.code, "worker_error");
    store_release(&list.req);
    (void)contract_control(c, &id, STORE_CANCEL);
    (void)contract_control(c, &id, STORE_RETRY);
    t = contract_get(c, &id, &keep);
    CHECK_INT(t.last.code.len, 0);
    arena_release(&keep);
}

CASE(hints_and_the_next_due_time_are_told_before_the_answer_and_are_right)
{
    uint32_t n = c->n_hints;
    struct task_body b = contract_body(c, "q", "t");
    b.rules.priority = 4;
    (void)contract_add(c, &b);
    CHECK(c->n_hints > n);
    uint32_t lane = contract_lane(c, "q", "t");
    CHECK(lane != NO_LANE);
    CHECK_INT(c->lanes[lane].ready, 1);
    CHECK_INT(c->lanes[lane].head_rank, order_rank(4, T0));
    CHECK(id_cmp(&c->lanes[lane].head, &b.id) == 0);
    (void)contract_put(c, "q", "t");
    CHECK_INT(c->lanes[lane].ready, 2);
    (void)contract_claim_one(c, "q", "t");
    CHECK_INT(c->lanes[lane].ready, 1);
    CHECK_INT(c->lanes[lane].head_rank, order_rank(0, T0));
    (void)contract_claim_one(c, "q", "t");
    CHECK_INT(c->lanes[lane].ready, 0);
    struct task_body later = contract_body(c, "q", "t");
    later.run_at_ms = T0 + 60;
    (void)contract_add(c, &later);
    CHECK_INT(c->next_due_ms, T0 + 60);
    CHECK_INT(c->lanes[lane].ready, 0);
    c->clock.wall_ms = T0 + 60;
    struct store_tick tick = contract_tick(c, 100);
    store_release(&tick.req);
    CHECK_INT(c->lanes[lane].ready, 1);
    CHECK_INT(c->next_due_ms, INT64_MAX);
    (void)contract_put(c, "q", "other");
    CHECK(contract_lane(c, "q", "other") != lane);
}

CASE(counts_tell_the_oldest_and_the_pause_switch)
{
    CHECK_INT(contract_count(c, "q").oldest_ready_ms, 0);
    (void)contract_put(c, "q", "t");
    c->clock.wall_ms += 5;
    (void)contract_put(c, "q", "u");
    CHECK_INT(contract_count(c, "q").oldest_ready_ms, T0);
    CHECK(!contract_count(c, "q").set.paused);
    struct store_queue r = {.queue = STR("q"), .parts = STORE_QUEUE_PAUSED, .set.paused = true};
    ASK(c, queue, &r);
    CHECK_INT(r.req.err, 0);
    CHECK(contract_count(c, "q").set.paused);
    CHECK(!contract_count(c, "other").set.paused);
    r.set.paused = false;
    ASK(c, queue, &r);
    CHECK(!contract_count(c, "q").set.paused);
    struct store_counts counts = {.bytes = -1};
    ASK(c, counts, &counts);
    CHECK(counts.bytes >= 0 && (counts.bytes > 0) == c->engine->survives);
    store_release(&counts.req);
}

struct chain { /* an add whose answer asks again, three times */
    struct contract *c;
    struct task_body body;
    struct store_add_item item;
    struct store_add add;
    int left;
    bool closed_before;
};

static void on_link(struct store_req *r)
{
    struct chain *chain = r->user;
    chain->closed_before = chain->c->closed;
    if (chain->left-- == 0) return;
    chain->body = contract_body(chain->c, "q", "t");
    store_add(chain->c->store, &chain->add, on_link, chain);
}

CASE(a_close_answers_first_what_is_outstanding_and_what_those_answers_ask)
{
    struct chain chain = {.c = c, .left = 3, .body = contract_body(c, "q", "t")};
    chain.item.body = &chain.body;
    chain.add = (struct store_add){.items = &chain.item, .n = 1};
    store_add(c->store, &chain.add, on_link, &chain);
    contract_reopen(c);
    CHECK_INT(chain.left, -1);
    CHECK(!chain.closed_before);
    CHECK_INT(chain.add.req.err, 0);
    CHECK_INT(contract_count(c, "q").n[TASK_PENDING], c->engine->survives ? 4 : 0);
}

CASE(the_pause_switch_and_everything_else_survive_a_reopen)
{
    if (!c->engine->survives) return;
    struct store_queue q = {.queue = STR("paused"), .parts = STORE_QUEUE_PAUSED, .set.paused = true};
    ASK(c, queue, &q);
    struct id first = contract_put(c, "q", "t"), second = contract_put(c, "q", "t"), third = contract_put(c, "q", "t");
    struct store_claim_item done = contract_claim_one(c, "q", "t");
    (void)contract_end(c, &first, &done.life, LIFE_DONE);
    struct store_claim_item runs = contract_claim_one(c, "q", "t");
    struct store_claim_item stops = contract_claim_one(c, "q", "t");
    (void)contract_control(c, &third, STORE_CANCEL);
    struct task_body later = contract_body(c, "q", "t");
    later.run_at_ms = T0 + 60;
    (void)contract_add(c, &later);
    struct id fourth = contract_put(c, "q", "t");
    c->clock.wall_ms += 5;
    contract_reopen(c);
    struct store_count n = contract_count(c, "q");
    CHECK_INT(c->n_lost, 2);
    for (int i = 0; i < 2; i++) {
        bool is_second = id_cmp(&c->lost[i].id, &second) == 0;
        CHECK(is_second || id_cmp(&c->lost[i].id, &third) == 0);
        CHECK(c->lost[i].run == 1 && c->lost[i].number == 1);
    }
    CHECK(id_cmp(&c->lost[0].id, &c->lost[1].id) != 0);
    CHECK(contract_count(c, "paused").set.paused && !n.set.paused);
    static const int64_t wanted[TASK_STATES] = {0, 1, 2, 0, 1, 0, 1, 0};
    for (int s = 0; s < TASK_STATES; s++) CHECK_INT(n.n[s], wanted[s]);
    CHECK_INT(c->next_due_ms, T0 + 60);
    CHECK_INT(c->lanes[contract_lane(c, "q", "t")].ready, 2);
    CHECK_INT(contract_end(c, &second, &runs.life, LIFE_DONE).err, ERR_STALE);
    CHECK_INT(contract_end(c, &third, &stops.life, LIFE_DONE).err, ERR_STALE);
    struct arena keep;
    struct task t = contract_get(c, &second, &keep);
    CHECK_INT(t.life.state, TASK_PENDING);
    CHECK_STR(t.last.code, "lost");
    CHECK_INT(t.life.failures + t.life.deaths, 0);
    arena_release(&keep);
    struct store_claim_item got = contract_claim_one(c, "q", "t");
    CHECK(id_cmp(&got.body.id, &second) == 0); /* its old place: before the fourth */
    CHECK_INT(got.life.attempt, 2);
    got = contract_claim_one(c, "q", "t");
    CHECK(id_cmp(&got.body.id, &fourth) == 0);
}

CASE(a_store_has_a_secret_of_its_own_as_long_as_it_is_there)
{
    static const uint8_t none[STORE_SECRET];
    uint8_t secret[STORE_SECRET];
    memcpy(secret, c->store->secret, sizeof secret);
    CHECK(memcmp(secret, none, sizeof secret) != 0);
    struct contract *other = contract_new(test_fail);
    CHECK(memcmp(secret, other->store->secret, sizeof secret) != 0);
    contract_free(other);
    if (!c->engine->survives) return;
    contract_reopen(c);
    CHECK(memcmp(secret, c->store->secret, sizeof secret) == 0);
}

int contract_read(int argc, char **argv)
{
    return test_main(argc, argv);
}
