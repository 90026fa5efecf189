/* SPDX-License-Identifier: Apache-2.0
 *
 * Keys of tasks: of one tenant and type at most one task that has not ended holds a key, and what becomes of the next one.
 */
#include "test/contract/contract.h"

struct asked {
    struct task_body body;
    struct store_add_item item;
    struct store_add add;
};

static void make(struct contract *c, struct asked *a, const char *key, enum task_conflict on_conflict)
{
    *a = (struct asked){.body = contract_body(c, "q", "t")};
    if (key) a->body.key = str_of(key);
    a->body.on_conflict = on_conflict;
    a->item = (struct store_add_item){.body = &a->body};
    a->add = (struct store_add){.items = &a->item, .n = 1};
}

static void put(struct contract *c, struct asked *a, const char *key, enum task_conflict on_conflict)
{
    make(c, a, key, on_conflict);
    ASK(c, add, &a->add);
    CHECK_INT(a->add.req.err, 0);
    store_release(&a->add.req);
}

static bool is_new(const struct asked *a)
{
    return a->item.err == 0 && !a->item.existing && !a->item.existed && !a->item.replayed;
}

static bool names(const struct asked *a, const struct id *holder) { return id_cmp(&a->item.holder, holder) == 0; }

static enum task_state state(struct contract *c, const struct id *id)
{
    struct arena keep;
    enum task_state s = contract_get(c, id, &keep).life.state;
    arena_release(&keep);
    return s;
}

static bool ended_replaced(struct contract *c, const struct id *id)
{
    struct arena keep;
    struct task t = contract_get(c, id, &keep);
    bool is = t.life.state == TASK_CANCELLED && str_eq(t.ending.failure.code, STR("replaced"));
    arena_release(&keep);
    return is;
}

/* The key is free, or becomes so: the next one is new. */
static bool is_free(struct contract *c, const char *key)
{
    struct asked a;
    put(c, &a, key, TASK_REFUSE);
    if (!is_new(&a)) return false;
    CHECK(contract_control(c, &a.body.id, STORE_CANCEL).ended);
    return true;
}

static void reopen(struct contract *c)
{
    if (c->engine->survives) contract_reopen(c);
    (void)contract_count(c, "q"); /* what stands has been told then */
}

CASE(a_key_is_held_until_its_task_has_ended_and_the_refusal_names_it)
{
    struct asked first, next;
    put(c, &first, "k", TASK_REFUSE);
    CHECK(is_new(&first) && first.item.life.state == TASK_PENDING);
    put(c, &next, "k", TASK_REFUSE);
    CHECK(next.item.err == ERR_KEY_HELD && names(&next, &first.body.id));
    struct store_claim_item got = contract_claim_one(c, "q", "t");
    put(c, &next, "k", TASK_REFUSE);
    CHECK(next.item.err == ERR_KEY_HELD && names(&next, &first.body.id));
    (void)contract_end(c, &first.body.id, &got.life, LIFE_FAILED); /* it is tried again later */
    put(c, &next, "k", TASK_REFUSE);
    CHECK_INT(next.item.err, ERR_KEY_HELD);
    reopen(c);
    put(c, &next, "k", TASK_REFUSE);
    CHECK(next.item.err == ERR_KEY_HELD && names(&next, &first.body.id));
    CHECK(contract_control(c, &first.body.id, STORE_CANCEL).ended);
    CHECK(is_free(c, "k"));
    struct store_get gone = {.id = next.body.id};
    ASK(c, get, &gone);
    CHECK_INT(gone.found, ERR_NOT_FOUND);
    store_release(&gone.req);
}

CASE(every_way_to_end_gives_the_key_back)
{
    static const enum store_verb verbs[] = {STORE_CANCEL, STORE_COMPLETE, STORE_FAIL};
    struct asked a;
    for (int i = 0; i < 3; i++) {
        put(c, &a, "k", TASK_REFUSE);
        CHECK(is_new(&a));
        CHECK(contract_act(c, &(struct store_control_item){.id = a.body.id, .verb = verbs[i], .result = STR("1"),
                                                           .failure = {.code = STR("no")}}).ended);
        CHECK(is_free(c, "k"));
    }
    put(c, &a, "k", TASK_REFUSE);
    struct store_claim_item got = contract_claim_one(c, "q", "t");
    CHECK_INT(contract_end(c, &a.body.id, &got.life, LIFE_DONE).err, 0);
    CHECK(is_free(c, "k"));
    make(c, &a, "k", TASK_REFUSE);
    a.body.rules.start_by_ms = c->clock.wall_ms + 10;
    ASK(c, add, &a.add);
    c->clock.wall_ms += 20;
    struct store_tick t = contract_tick(c, 10);
    CHECK_INT(t.n_ended, 1);
    store_release(&t.req);
    CHECK(is_free(c, "k"));
    put(c, &a, "k", TASK_REFUSE);
    (void)contract_claim_one(c, "q", "t");
    CHECK(!contract_control(c, &a.body.id, STORE_CANCEL).ended);
    if (c->engine->survives) { /* what ran is lost, and its end was asked for */
        reopen(c);
        CHECK(is_free(c, "k"));
    }
}

CASE(one_key_is_not_that_of_another_type_tenant_or_of_a_task_without)
{
    struct asked a;
    put(c, &a, "k", TASK_REFUSE);
    make(c, &a, "k", TASK_REFUSE);
    a.body.type = STR("other");
    ASK(c, add, &a.add);
    CHECK(is_new(&a));
    make(c, &a, "k", TASK_REFUSE);
    a.body.tenant = 7;
    ASK(c, add, &a.add);
    CHECK(is_new(&a));
    put(c, &a, "K", TASK_REFUSE);
    CHECK(is_new(&a));
    for (int i = 0; i < 2; i++) {
        put(c, &a, NULL, TASK_REFUSE);
        CHECK(is_new(&a));
    }
    make(c, &a, "k", TASK_REFUSE); /* another queue is no other scope */
    a.body.queue = STR("r");
    ASK(c, add, &a.add);
    CHECK_INT(a.item.err, ERR_KEY_HELD);
}

CASE(who_asks_for_the_existing_one_is_told_of_it_and_adds_nothing)
{
    struct asked first, next;
    put(c, &first, "k", TASK_EXISTING);
    CHECK(is_new(&first));
    make(c, &next, "k", TASK_EXISTING);
    next.item.capacity = 1; /* full or not: it is there */
    next.item.key = STR("idempotent");
    ASK(c, add, &next.add);
    CHECK(next.item.err == 0 && next.item.existing && names(&next, &first.body.id));
    CHECK_INT(next.item.life.state, TASK_PENDING);
    CHECK_INT(contract_count(c, "q").n[TASK_PENDING], 1);
    (void)contract_claim_one(c, "q", "t");
    put(c, &next, "k", TASK_EXISTING);
    CHECK(next.item.existing && next.item.life.state == TASK_RUNNING);
    make(c, &next, NULL, TASK_EXISTING); /* its other key was not used up by what was not added */
    next.item.key = STR("idempotent");
    ASK(c, add, &next.add);
    CHECK(is_new(&next));
}

CASE(one_that_has_not_started_ends_replaced_in_the_same_commit)
{
    struct asked first, next;
    for (int i = 0; i < 3; i++) {
        make(c, &first, "k", TASK_REFUSE);
        if (i == 1) first.body.run_at_ms = c->clock.wall_ms + 1000;
        if (i == 2) first.body.queue = STR("r");
        ASK(c, add, &first.add);
        CHECK(is_new(&first));
        put(c, &next, "k", TASK_REPLACE);
        CHECK(is_new(&next) && next.item.replaced && names(&next, &first.body.id));
        CHECK_INT(next.item.holder_life.state, TASK_CANCELLED);
        CHECK_INT(next.item.life.state, TASK_PENDING);
        CHECK(ended_replaced(c, &first.body.id));
        struct asked other;
        put(c, &other, "k", TASK_REFUSE);
        CHECK(other.item.err == ERR_KEY_HELD && names(&other, &next.body.id));
        reopen(c);
        CHECK(contract_control(c, &next.body.id, STORE_CANCEL).ended);
        CHECK(is_free(c, "k"));
    }
    struct store_count n = contract_count(c, "q");
    CHECK(n.n[TASK_PENDING] == 0 && n.n[TASK_SCHEDULED] == 0 && n.n[TASK_BLOCKED] == 0);
}

CASE(a_place_that_becomes_free_counts_for_the_capacity_and_a_full_queue_replaces_nobody)
{
    struct asked first, next;
    put(c, &first, "k", TASK_REFUSE);
    make(c, &next, "k", TASK_REPLACE);
    next.item.capacity = 1;
    ASK(c, add, &next.add);
    CHECK(is_new(&next) && next.item.replaced);
    struct asked elsewhere;
    make(c, &elsewhere, "k", TASK_REPLACE);
    elsewhere.body.queue = STR("r");
    elsewhere.item.capacity = 1;
    (void)contract_put(c, "r", "t");
    ASK(c, add, &elsewhere.add);
    CHECK(elsewhere.item.err == ERR_QUEUE_FULL && !elsewhere.item.replaced);
    CHECK_INT(state(c, &next.body.id), TASK_PENDING);
    (void)contract_claim_one(c, "q", "t");
    (void)contract_put(c, "q", "t");
    make(c, &first, "k", TASK_REPLACE); /* one that runs leaves no place among those that wait */
    first.item.capacity = 1;
    ASK(c, add, &first.add);
    CHECK_INT(first.item.err, ERR_QUEUE_FULL);
    struct arena keep;
    CHECK(!contract_get(c, &next.body.id, &keep).life.cancel_requested);
    arena_release(&keep);
}

/* The first runs, the second is blocked until it has ended. */
static struct life two(struct contract *c, struct asked *first, struct asked *next)
{
    put(c, first, "k", TASK_REFUSE);
    struct life life = contract_claim_one(c, "q", "t").life;
    put(c, next, "k", TASK_REPLACE);
    CHECK(is_new(next) && next->item.replaced && names(next, &first->body.id));
    CHECK(next->item.holder_life.state == TASK_RUNNING && next->item.holder_life.cancel_requested);
    CHECK_INT(next->item.life.state, TASK_BLOCKED);
    return life;
}

CASE(one_that_runs_is_asked_to_stop_and_the_new_one_waits_for_its_end_however_it_ends)
{
    static const enum life_event ways[] = {LIFE_DONE, LIFE_STOPPED, LIFE_FAILED, LIFE_CRASHED, LIFE_TIMEOUT, LIFE_RELEASED};
    struct asked first, next;
    for (int i = 0; i < 6; i++) {
        struct life life = two(c, &first, &next);
        uint32_t lane = contract_lane(c, "q", "t");
        CHECK_INT(c->lanes[lane].ready, 0); /* nobody could claim it */
        c->clock.wall_ms += 5;
        struct store_settle_item end = contract_end(c, &first.body.id, &life, ways[i]);
        CHECK(end.err == 0 && end.outcome.ended);
        CHECK(ways[i] == LIFE_DONE ? state(c, &first.body.id) == TASK_COMPLETED : ended_replaced(c, &first.body.id));
        CHECK_INT(state(c, &next.body.id), TASK_PENDING);
        struct store_claim_item got = contract_claim_one(c, "q", "t");
        CHECK(id_cmp(&got.body.id, &next.body.id) == 0);
        CHECK_INT(contract_end(c, &next.body.id, &got.life, LIFE_DONE).err, 0);
        CHECK(is_free(c, "k"));
    }
}

CASE(after_a_restart_the_new_one_waits_no_longer_for_what_was_lost)
{
    struct asked first, next, other;
    struct life life = two(c, &first, &next);
    reopen(c);
    if (!c->engine->survives) (void)contract_end(c, &first.body.id, &life, LIFE_LOST);
    CHECK(ended_replaced(c, &first.body.id));
    CHECK_INT(state(c, &next.body.id), TASK_PENDING);
    put(c, &other, "k", TASK_REFUSE);
    CHECK(other.item.err == ERR_KEY_HELD && names(&other, &next.body.id));
    struct store_claim_item got = contract_claim_one(c, "q", "t");
    CHECK_INT(contract_end(c, &next.body.id, &got.life, LIFE_DONE).err, 0);
    reopen(c);
    CHECK(is_free(c, "k"));
}

/* A puller runs it on while the server is another one. */
CASE(a_restart_keeps_the_new_one_waiting_for_what_a_puller_holds)
{
    if (!c->engine->survives) return;
    struct asked first, next;
    put(c, &first, "k", TASK_REFUSE);
    struct life life = contract_lease(c, "q", "t", 7);
    put(c, &next, "k", TASK_REPLACE);
    for (int i = 0; i < 2; i++) {
        reopen(c);
        CHECK(state(c, &first.body.id) == TASK_RUNNING && state(c, &next.body.id) == TASK_BLOCKED);
    }
    CHECK_INT(contract_end(c, &first.body.id, &life, LIFE_STOPPED).err, 0);
    CHECK(ended_replaced(c, &first.body.id));
    CHECK_INT(state(c, &next.body.id), TASK_PENDING);
}

CASE(one_that_waits_like_that_answers_for_the_key_and_is_replaced_as_any_other)
{
    struct asked first, second, third, other;
    struct life life = two(c, &first, &second);
    put(c, &other, "k", TASK_REFUSE);
    CHECK(other.item.err == ERR_KEY_HELD && names(&other, &second.body.id));
    put(c, &other, "k", TASK_EXISTING);
    CHECK(other.item.existing && names(&other, &second.body.id) && other.item.life.state == TASK_BLOCKED);
    put(c, &third, "k", TASK_REPLACE);
    CHECK(third.item.replaced && names(&third, &second.body.id) && third.item.life.state == TASK_BLOCKED);
    CHECK(ended_replaced(c, &second.body.id));
    CHECK(contract_control(c, &third.body.id, STORE_CANCEL).ended); /* then the one that runs answers for it */
    put(c, &other, "k", TASK_REFUSE);
    CHECK(other.item.err == ERR_KEY_HELD && names(&other, &first.body.id));
    make(c, &third, "k", TASK_REPLACE);
    third.body.run_at_ms = c->clock.wall_ms + 1000;
    ASK(c, add, &third.add);
    CHECK(third.item.life.state == TASK_BLOCKED && names(&third, &first.body.id));
    CHECK_INT(contract_end(c, &first.body.id, &life, LIFE_STOPPED).err, 0);
    CHECK_INT(state(c, &third.body.id), TASK_SCHEDULED); /* its own time has not come */
    CHECK(contract_control(c, &third.body.id, STORE_CANCEL).ended);
    CHECK(is_free(c, "k"));
}

CASE(one_that_waits_for_another_to_end_can_expire_be_changed_or_settled_meanwhile)
{
    struct asked first, next;
    put(c, &first, "k", TASK_REFUSE);
    struct life life = contract_claim_one(c, "q", "t").life;
    make(c, &next, "k", TASK_REPLACE);
    next.body.rules.start_by_ms = c->clock.wall_ms + 10;
    ASK(c, add, &next.add);
    c->clock.wall_ms += 20;
    struct store_tick t = contract_tick(c, 10);
    CHECK(t.n_ended == 1 && t.ended[0].life.state == TASK_EXPIRED);
    store_release(&t.req);
    put(c, &next, "k", TASK_REPLACE);
    struct store_patch later = {.run_at_ms = c->clock.wall_ms + 1000};
    CHECK_INT(contract_act(c, &(struct store_control_item){.id = next.body.id, .verb = STORE_PATCH, .patch = &later}).err, 0);
    CHECK_INT(state(c, &next.body.id), TASK_BLOCKED);
    CHECK_INT(contract_end(c, &first.body.id, &life, LIFE_STOPPED).err, 0);
    CHECK_INT(state(c, &next.body.id), TASK_SCHEDULED);
    CHECK(contract_act(c, &(struct store_control_item){.id = next.body.id, .verb = STORE_COMPLETE, .result = STR("1")}).ended);
    CHECK(is_free(c, "k"));
}

CASE(another_run_takes_the_key_again_unless_it_is_held)
{
    struct asked first, next;
    put(c, &first, "k", TASK_REFUSE);
    CHECK(contract_control(c, &first.body.id, STORE_CANCEL).ended);
    CHECK(contract_control(c, &first.body.id, STORE_RETRY).changed);
    put(c, &next, "k", TASK_REFUSE);
    CHECK(next.item.err == ERR_KEY_HELD && names(&next, &first.body.id));
    reopen(c);
    put(c, &next, "k", TASK_REPLACE);
    CHECK(is_new(&next) && ended_replaced(c, &first.body.id));
    struct store_control_item again = contract_control(c, &first.body.id, STORE_RETRY);
    CHECK(again.err == ERR_KEY_HELD && !again.changed);
    CHECK_INT(state(c, &first.body.id), TASK_CANCELLED);
    CHECK(contract_control(c, &next.body.id, STORE_CANCEL).ended);
    CHECK_INT(contract_control(c, &next.body.id, STORE_DELETE).err, 0);
    CHECK_INT(contract_control(c, &first.body.id, STORE_RETRY).err, 0);
}

CASE(many_of_one_key_in_one_request_or_one_turn_leave_one)
{
    struct asked a[6];
    struct store_add_item items[6];
    for (int i = 0; i < 6; i++) {
        make(c, &a[i], "k", i < 2 ? TASK_REFUSE : i < 4 ? TASK_EXISTING : TASK_REPLACE);
        items[i] = a[i].item;
    }
    struct store_add r = {.items = items, .n = 6};
    ASK(c, add, &r);
    CHECK(items[0].err == 0 && items[1].err == ERR_KEY_HELD && items[2].existing && items[3].existing);
    CHECK(items[4].replaced && items[5].replaced && id_cmp(&items[5].holder, &a[4].body.id) == 0);
    CHECK_INT(contract_count(c, "q").n[TASK_PENDING], 1);
    for (int i = 0; i < 6; i++) {
        make(c, &a[i], "turn", TASK_REPLACE);
        SUBMIT(c, add, &a[i].add);
    }
    contract_wait(c);
    int replaced = 0;
    for (int i = 0; i < 6; i++) replaced += a[i].item.replaced;
    CHECK_INT(replaced, 5);
    struct store_count n = contract_count(c, "q");
    CHECK(n.n[TASK_PENDING] == 2 && n.n[TASK_CANCELLED] == 7);
}

CASE(a_resend_of_one_that_is_there_or_has_ended_takes_nobodys_place)
{
    struct asked first, next;
    put(c, &first, "k", TASK_REFUSE);
    ASK(c, add, &first.add);
    CHECK(first.item.existed && first.item.err == 0);
    CHECK(contract_control(c, &first.body.id, STORE_CANCEL).ended);
    put(c, &next, "k", TASK_REFUSE);
    CHECK(is_new(&next));
    first.body.on_conflict = TASK_REPLACE;
    ASK(c, add, &first.add);
    CHECK(first.item.existed && first.item.err == 0 && !first.item.replaced && first.item.life.state == TASK_CANCELLED);
    CHECK_INT(state(c, &next.body.id), TASK_PENDING);
}

int contract_once(int argc, char **argv) { return test_main(argc, argv); }
