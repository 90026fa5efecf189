/* SPDX-License-Identifier: Apache-2.0
 *
 * What attempts printed and what they streamed out: of which it is, when it goes.
 */
#include "task/retain.h"
#include "test/contract/contract.h"

static void check_text(struct contract *c, struct store_log r, const char *wanted)
{
    ASK(c, log, &r);
    CHECK(r.req.err == 0 && r.found == 0);
    if (*wanted) CHECK_STR(r.log, wanted);
    else CHECK_INT(r.log.len, 0);
    store_release(&r.req);
}

static void check_log(struct contract *c, const struct id *id, int32_t run, int32_t number, const char *wanted)
{
    check_text(c, (struct store_log){.id = *id, .run = run, .number = number}, wanted);
}

static void check_output(struct contract *c, const struct id *id, int32_t number, const char *wanted)
{
    check_text(c, (struct store_log){.id = *id, .number = number, .output = true}, wanted);
}

CASE(what_an_attempt_streamed_out_is_kept_beside_its_log_and_goes_with_it)
{
    struct id id = contract_put(c, "q", "t");
    check_output(c, &id, 0, "");
    static const char *const logs[] = {"", "a log", ""}, *const outputs[] = {"first \x01\x02", "", "third"};
    for (int i = 0; i < 3; i++) {
        struct store_claim_item got = contract_claim_one(c, "q", "t");
        struct store_settle_item s = contract_verdict(c, &got.life, &id, i < 2 ? LIFE_RELEASED : LIFE_DONE);
        s.attempt.log = str_of(logs[i]);
        s.attempt.output = str_of(outputs[i]);
        CHECK_INT(contract_settle(c, &s).err, 0);
    }
    for (int i = 0; i < 3; i++) {
        check_log(c, &id, 0, i + 1, logs[i]);
        check_output(c, &id, i + 1, outputs[i]);
    }
    check_output(c, &id, 0, "third");
    struct store_history h = {.id = id, .limit = 10};
    ASK(c, history, &h);
    CHECK(h.req.err == 0 && h.n_attempts == 3);
    for (size_t i = 0; i < h.n_attempts; i++) {
        CHECK_INT(h.attempts[i].output_bytes, strlen(outputs[2 - i]));
        CHECK_INT(h.attempts[i].log_bytes, strlen(logs[2 - i]));
        CHECK_INT(h.attempts[i].attempt.output.len, 0);
    }
    store_release(&h.req);
    struct store_kept k = {.limit = 10};
    ASK(c, kept, &k);
    CHECK(k.req.err == 0 && k.n == 1 && k.items[0].log_bytes == strlen("a log") + strlen(outputs[0]) + strlen(outputs[2]));
    store_release(&k.req);
    struct store_purge_item item = {.id = id, .run = 1, .parts = RETAIN_LOG};
    struct store_purge purge = {.items = &item, .n = 1};
    ASK(c, purge, &purge);
    CHECK(purge.req.err == 0 && item.purged);
    for (int i = 0; i < 3; i++) check_output(c, &id, i + 1, "");
    check_log(c, &id, 0, 2, "");
}

CASE(a_plain_first_success_that_streamed_has_a_row_of_its_own)
{
    struct id id = contract_put(c, "q", "t");
    struct store_claim_item got = contract_claim_one(c, "q", "t");
    struct store_settle_item s = contract_verdict(c, &got.life, &id, LIFE_DONE);
    s.attempt.output = STR("said");
    CHECK_INT(contract_settle(c, &s).err, 0);
    check_output(c, &id, 1, "said");
    check_log(c, &id, 0, 1, "");
}

CASE(each_attempt_of_each_run_keeps_its_log)
{
    struct id id = contract_put(c, "q", "t");
    check_log(c, &id, 0, 0, "");
    static const char *const texts[] = {"one", "two", "three"};
    for (int i = 0; i < 3; i++) {
        struct store_claim_item got = contract_claim_one(c, "q", "t");
        struct store_settle_item s = contract_verdict(c, &got.life, &id, i < 2 ? LIFE_RELEASED : LIFE_DONE);
        s.attempt.log = str_of(texts[i]);
        CHECK_INT(contract_settle(c, &s).err, 0);
    }
    check_log(c, &id, 0, 0, "three");
    check_log(c, &id, 0, 1, "one");
    check_log(c, &id, 1, 2, "two");
    check_log(c, &id, 1, 9, "");
    check_log(c, &id, 9, 0, "");
    (void)contract_control(c, &id, STORE_RETRY);
    check_log(c, &id, 0, 0, "");
    check_log(c, &id, 1, 0, "three");
    struct store_claim_item got = contract_claim_one(c, "q", "t");
    struct store_settle_item s = contract_verdict(c, &got.life, &id, LIFE_DONE);
    s.attempt.log = STR("again");
    CHECK_INT(contract_settle(c, &s).err, 0);
    check_log(c, &id, 0, 0, "again");
    check_log(c, &id, 1, 1, "one");
    struct store_log r = {.id = id_make(&c->ids)};
    ASK(c, log, &r);
    CHECK(r.req.err == 0 && r.found == ERR_NOT_FOUND);
    store_release(&r.req);
}

static void check_trace(struct contract *c, const struct id *id, const char *trace, size_t n_tags)
{
    struct arena keep;
    struct task t = contract_get(c, id, &keep);
    CHECK_STR(t.body.trace, trace);
    CHECK_INT(t.body.n_tags, n_tags);
    arena_release(&keep);
}

CASE(the_trace_of_a_task_stays_with_it_and_is_none_of_its_tags)
{
    static const struct task_tag tags[] = {{STR("lang"), STR("de")}};
    const char *trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\na=\"\\\",b=1";
    struct task_body body = contract_body(c, "q", "t");
    body.trace = str_of(trace);
    contract_add(c, &body);
    check_trace(c, &body.id, trace, 0);
    struct store_patch patch = {.has_tags = true, .tags = tags, .n_tags = 1};
    CHECK_INT(contract_act(c, &(struct store_control_item){.id = body.id, .verb = STORE_PATCH, .patch = &patch}).err, 0);
    check_trace(c, &body.id, trace, 1);
    contract_reopen(c);
    if (!c->engine->survives) return;
    check_trace(c, &body.id, trace, 1);
    struct store_claim_item got = contract_claim_one(c, "q", "t");
    struct store_settle_item s = contract_verdict(c, &got.life, &body.id, LIFE_DONE);
    CHECK_INT(contract_settle(c, &s).err, 0);
    CHECK_INT(contract_control(c, &body.id, STORE_RETRY).err, 0);
    struct store_claim claim = {0};
    contract_claim(c, &claim, contract_lane(c, "q", "t"), 1);
    CHECK(claim.n == 1 && claim.items[0].body.n_tags == 1);
    CHECK_STR(claim.items[0].body.trace, trace);
    store_release(&claim.req);
    struct id other = contract_put(c, "q", "t");
    struct arena keep;
    CHECK(contract_get(c, &other, &keep).body.trace.p == NULL);
    arena_release(&keep);
    struct store_filter none = {.tags = {{STR(""), str_of(trace)}}, .n_tags = 1};
    CHECK_INT(contract_listed(c, &none), 0);
}

int contract_text(int argc, char **argv) { return test_main(argc, argv); }
