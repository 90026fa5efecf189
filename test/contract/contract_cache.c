/* SPDX-License-Identifier: Apache-2.0
 *
 * Results kept for others: who is answered with whose, for how long, and what stands in the way of it.
 */
#include "test/contract/contract.h"

#define TTL 1000

struct asked {
    struct task_body body;
    struct store_add_item item;
    struct store_add add;
};

static void make(struct contract *c, struct asked *a, uint8_t print)
{
    *a = (struct asked){.body = contract_body(c, "q", "t")};
    a->body.cache = (struct task_cache){.ttl_ms = TTL, .print = {print}};
    a->item = (struct store_add_item){.body = &a->body};
    a->add = (struct store_add){.items = &a->item, .n = 1};
}

static void put(struct contract *c, struct asked *a, uint8_t print)
{
    make(c, a, print);
    ASK(c, add, &a->add);
    CHECK_INT(a->add.req.err, 0);
    CHECK_INT(a->item.err, 0);
    store_release(&a->add.req);
}

static struct task look(struct contract *c, const struct id *id, struct arena *keep) { return contract_get(c, id, keep); }

/* It has completed as the other did, in a run of nobody. */
static void check_answered(struct contract *c, const struct asked *a, const struct id *from, const char *result)
{
    struct arena keep;
    struct task t = look(c, &a->body.id, &keep);
    CHECK(a->item.cached && id_cmp(&a->item.cached_from, from) == 0);
    CHECK_INT(a->item.life.state, TASK_COMPLETED);
    CHECK_INT(a->item.result_bytes, strlen(result));
    CHECK_INT(a->item.finished_at_ms, c->clock.wall_ms);
    CHECK(t.life.state == TASK_COMPLETED && t.life.run == 1 && t.life.attempt == 0 && t.life.started_at_ms == 0);
    CHECK(t.ending.cached && id_cmp(&t.ending.cached_from, from) == 0);
    CHECK_INT(t.ending.finished_at_ms, c->clock.wall_ms);
    CHECK_STR(t.ending.result, result);
    CHECK(t.ending.failure.code.len == 0 && t.ending.files.len == 0);
    arena_release(&keep);
}

static void done_with(struct contract *c, const struct id *id, const char *result, const char *files)
{
    struct store_claim_item got = contract_claim_one(c, "q", "t");
    CHECK(id_cmp(&got.body.id, id) == 0);
    struct store_settle_item v = contract_verdict(c, &got.life, id, LIFE_DONE);
    v.result = str_of(result);
    if (files) v.files = str_of(files);
    v = contract_settle(c, &v);
    CHECK(v.err == 0 && v.outcome.ended);
}

/* One of that print has run and left this. */
static struct id kept(struct contract *c, uint8_t print, const char *result)
{
    struct asked a;
    put(c, &a, print);
    CHECK(!a.item.cached && a.item.life.state == TASK_PENDING);
    done_with(c, &a.body.id, result, NULL);
    return a.body.id;
}

/* The next one of that print has to run; it does not. */
static bool runs(struct contract *c, uint8_t print)
{
    struct asked a;
    put(c, &a, print);
    if (a.item.cached) return false;
    CHECK(contract_control(c, &a.body.id, STORE_CANCEL).ended);
    return true;
}

static void reopen(struct contract *c)
{
    if (c->engine->survives) contract_reopen(c);
    (void)contract_count(c, "q");
}

CASE(what_has_completed_answers_the_same_for_its_time_and_not_a_moment_longer)
{
    struct id first = kept(c, 1, "{\"n\":1}");
    struct asked a;
    for (int i = 0; i < 2; i++) {
        put(c, &a, 1);
        check_answered(c, &a, &first, "{\"n\":1}");
        reopen(c);
    }
    struct store_count n = contract_count(c, "q");
    CHECK(n.n[TASK_COMPLETED] == 3 && n.n[TASK_PENDING] == 0);
    CHECK(runs(c, 2)); /* another input, version or type */
    c->clock.wall_ms += TTL - 1;
    put(c, &a, 1);
    check_answered(c, &a, &first, "{\"n\":1}");
    c->clock.wall_ms += 1;
    CHECK(runs(c, 1)); /* what was answered keeps nothing for others */
}

CASE(the_answer_needs_no_place_in_the_queue_and_no_lane_has_it)
{
    struct id first = kept(c, 1, "1");
    (void)contract_put(c, "q", "t");
    struct asked a;
    make(c, &a, 1);
    a.item.capacity = 1;
    ASK(c, add, &a.add);
    check_answered(c, &a, &first, "1");
    make(c, &a, 1); /* nor does it wait for its time */
    a.body.run_at_ms = c->clock.wall_ms + 5000;
    ASK(c, add, &a.add);
    check_answered(c, &a, &first, "1");
    CHECK_INT(c->lanes[contract_lane(c, "q", "t")].ready, 1);
    make(c, &a, 2);
    a.item.capacity = 1;
    ASK(c, add, &a.add);
    CHECK_INT(a.item.err, ERR_QUEUE_FULL);
}

CASE(one_that_bypasses_runs_and_what_it_leaves_takes_the_place_of_what_was)
{
    struct id first = kept(c, 1, "1");
    struct asked a;
    make(c, &a, 1);
    a.body.cache.bypass = true;
    ASK(c, add, &a.add);
    CHECK(!a.item.cached && a.item.life.state == TASK_PENDING);
    struct asked meanwhile;
    put(c, &meanwhile, 1);
    check_answered(c, &meanwhile, &first, "1");
    done_with(c, &a.body.id, "2", NULL);
    put(c, &meanwhile, 1);
    check_answered(c, &meanwhile, &a.body.id, "2");
}

CASE(a_task_that_names_no_cache_is_neither_answered_nor_kept)
{
    (void)kept(c, 0, "1"); /* a print of zeroes is one as well */
    struct id plain = contract_put(c, "q", "t");
    struct arena keep;
    struct task t = look(c, &plain, &keep);
    CHECK(t.life.state == TASK_PENDING && !t.ending.cached);
    arena_release(&keep);
    done_with(c, &plain, "2", NULL);
    struct asked a;
    put(c, &a, 0);
    CHECK(a.item.cached && id_cmp(&a.item.cached_from, &plain) != 0);
}

CASE(only_a_result_is_kept_and_none_with_files)
{
    static const enum life_event ways[] = {LIFE_FAILED, LIFE_CRASHED, LIFE_STOPPED};
    struct asked a;
    for (int i = 0; i < 3; i++) {
        make(c, &a, 1);
        a.body.rules.max_attempts = 1;
        ASK(c, add, &a.add);
        struct store_claim_item got = contract_claim_one(c, "q", "t");
        (void)contract_end(c, &a.body.id, &got.life, ways[i]);
        (void)contract_control(c, &a.body.id, STORE_CANCEL);
        CHECK(runs(c, 1));
    }
    make(c, &a, 1);
    a.body.rules.start_by_ms = c->clock.wall_ms + 10;
    ASK(c, add, &a.add);
    c->clock.wall_ms += 20;
    struct store_tick t = contract_tick(c, 10);
    CHECK_INT(t.n_ended, 1);
    store_release(&t.req);
    CHECK(runs(c, 1));
    put(c, &a, 1);
    done_with(c, &a.body.id, "1", "[\"out.srt\"]");
    CHECK(runs(c, 1));
    put(c, &a, 1); /* the work was done elsewhere: that is a result, too */
    CHECK(contract_act(c, &(struct store_control_item){.id = a.body.id, .verb = STORE_COMPLETE, .result = STR("7")}).ended);
    struct asked next;
    put(c, &next, 1);
    check_answered(c, &next, &a.body.id, "7");
}

CASE(it_is_kept_however_often_the_server_was_started_before_it_completed)
{
    struct asked a, next;
    put(c, &a, 1);
    reopen(c);
    struct store_claim_item got = contract_claim_one(c, "q", "t");
    reopen(c); /* the attempt is lost, the task goes on */
    if (c->engine->survives) got = contract_claim_one(c, "q", "t");
    struct store_settle_item v = contract_verdict(c, &got.life, &a.body.id, LIFE_DONE);
    v.result = STR("3");
    CHECK_INT(contract_settle(c, &v).err, 0);
    reopen(c);
    put(c, &next, 1);
    check_answered(c, &next, &a.body.id, "3");
}

CASE(what_was_answered_outlives_the_one_that_ran_and_nobody_is_answered_after_that)
{
    struct id first = kept(c, 1, "1");
    struct asked a;
    put(c, &a, 1);
    CHECK_INT(contract_control(c, &first, STORE_DELETE).err, 0);
    check_answered(c, &a, &first, "1");
    CHECK(runs(c, 1));
    first = kept(c, 2, "2");
    struct store_purge_item gone = {.id = first, .run = 1, .parts = RETAIN_RESULT};
    struct store_purge p = {.items = &gone, .n = 1};
    ASK(c, purge, &p);
    CHECK(p.req.err == 0 && gone.purged);
    store_release(&p.req);
    CHECK(runs(c, 2));
    first = kept(c, 3, "3");
    gone = (struct store_purge_item){.id = first, .run = 1, .parts = RETAIN_INPUT | RETAIN_LOG};
    p = (struct store_purge){.items = &gone, .n = 1};
    ASK(c, purge, &p);
    store_release(&p.req);
    put(c, &a, 3);
    check_answered(c, &a, &first, "3");
}

CASE(another_run_answers_nobody_and_is_not_kept)
{
    struct id first = kept(c, 1, "1");
    CHECK(contract_control(c, &first, STORE_RETRY).changed);
    CHECK(runs(c, 1));
    done_with(c, &first, "2", NULL);
    CHECK(runs(c, 1));
    struct id second = kept(c, 2, "2");
    struct asked a;
    put(c, &a, 2);
    check_answered(c, &a, &second, "2");
    CHECK(contract_control(c, &a.body.id, STORE_RETRY).changed); /* now it runs itself */
    done_with(c, &a.body.id, "4", NULL);
    struct arena keep;
    struct task t = look(c, &a.body.id, &keep);
    CHECK(t.life.run == 2 && !t.ending.cached);
    CHECK_STR(t.ending.result, "4");
    arena_release(&keep);
    struct store_history h = {.id = a.body.id, .limit = 10};
    ASK(c, history, &h);
    CHECK(h.found == 0 && h.n_runs == 2 && !h.runs[0].cached && h.runs[1].cached);
    CHECK(id_cmp(&h.runs[1].cached_from, &second) == 0);
    store_release(&h.req);
    put(c, &a, 2);
    check_answered(c, &a, &second, "2");
}

CASE(what_is_too_old_goes_so_many_at_a_time)
{
    for (uint8_t i = 1; i <= 3; i++) (void)kept(c, i, "1");
    c->clock.wall_ms += TTL;
    struct id young = kept(c, 4, "1");
    static const size_t wanted[] = {2, 1, 0};
    for (int i = 0; i < 3; i++) {
        struct store_purge p = {.results_max = 2};
        ASK(c, purge, &p);
        CHECK(p.req.err == 0 && p.n_results == wanted[i]);
        store_release(&p.req);
    }
    struct asked a;
    put(c, &a, 4);
    check_answered(c, &a, &young, "1");
}

CASE(a_key_is_asked_first_and_one_that_is_answered_does_not_hold_it)
{
    struct id first = kept(c, 1, "1");
    struct asked holder, a;
    make(c, &holder, 2);
    holder.body.key = STR("k");
    ASK(c, add, &holder.add);
    make(c, &a, 1);
    a.body.key = STR("k");
    ASK(c, add, &a.add);
    CHECK(a.item.err == ERR_KEY_HELD && !a.item.cached);
    struct life life = contract_claim_one(c, "q", "t").life;
    make(c, &a, 1);
    a.body.key = STR("k");
    a.body.on_conflict = TASK_REPLACE;
    ASK(c, add, &a.add);
    CHECK(a.item.replaced && a.item.holder_life.cancel_requested);
    check_answered(c, &a, &first, "1");
    CHECK_INT(contract_end(c, &holder.body.id, &life, LIFE_STOPPED).err, 0);
    make(c, &a, 3);
    a.body.key = STR("k");
    ASK(c, add, &a.add);
    CHECK(a.item.err == 0 && a.item.life.state == TASK_PENDING);
}

CASE(a_resend_is_not_answered_anew)
{
    struct id first = kept(c, 1, "1");
    struct asked a;
    make(c, &a, 1);
    a.item.key = STR("idempotent");
    ASK(c, add, &a.add);
    check_answered(c, &a, &first, "1");
    struct asked again;
    make(c, &again, 1);
    again.item.key = STR("idempotent");
    ASK(c, add, &again.add);
    CHECK(again.item.replayed && !again.item.cached && id_cmp(&again.item.first, &a.body.id) == 0);
    a.item.key = STR_NONE;
    ASK(c, add, &a.add); /* the same id */
    CHECK(a.item.existed && !a.item.cached && a.item.err == 0 && a.item.life.state == TASK_COMPLETED);
    CHECK_INT(contract_count(c, "q").n[TASK_COMPLETED], 2);
}

CASE(many_of_one_request_are_answered_each_with_a_result_of_its_own)
{
    struct id first = kept(c, 1, "[1,2,3]");
    struct asked a[5];
    struct store_add_item items[5];
    for (int i = 0; i < 5; i++) {
        make(c, &a[i], i == 2 ? 9 : 1);
        items[i] = a[i].item;
    }
    struct store_add r = {.items = items, .n = 5};
    ASK(c, add, &r);
    CHECK(!items[2].cached && items[2].life.state == TASK_PENDING);
    CHECK_INT(contract_control(c, &first, STORE_DELETE).err, 0);
    for (int i = 0; i < 5; i++) {
        a[i].item = items[i];
        if (i != 2) check_answered(c, &a[i], &first, "[1,2,3]");
    }
}

int contract_cache(int argc, char **argv) { return test_main(argc, argv); }
