/* SPDX-License-Identifier: Apache-2.0
 *
 * Chains and what follows endings, over a shelf that fails: a batch in which a chain goes on, another ends and owes what follows
 * it, what was owed is paid, and a task is removed, applied again and again, each time with the next call of the shelf failing.
 */
#include "apply_rig.h"

#define TASKS 4

static struct id id_of(int n)
{
    struct id id = {{0}};
    id.b[15] = (uint8_t)(n + 1);
    return id;
}

static const struct life *life_of(const struct stage *s, int n)
{
    struct id id = id_of(n);
    const struct ready_entry *e = ready_get(&s->ready, &id);
    return e ? &e->life : NULL;
}

static struct task_body body_of(int n, const char *type)
{
    return (struct task_body){.id = id_of(n), .type = str_of(type), .queue = STR("q"), .rules = {.max_attempts = 1}, .timeout_ms = 1,
                              .grace_ms = 1, .created_at_ms = T0, .input = STR("{}")};
}

struct script {
    struct store_settle_item done[2];
    struct store_settle settle;
    struct task_body follower;
    struct store_add_item item;
    struct store_add add;
    struct store_control_item remove, again;
    struct store_control control;
    struct store_purge_item due;
    struct store_purge purge;
};

static const struct life_rules rules = {.max_attempts = 1};

/* 0 and 1 are chains that run their steps a and b, 2 has ended and owes what follows it, 3 has ended. */
static void stage_init(struct stage *s)
{
    stage_open(s);
    struct task_body bodies[TASKS] = {body_of(0, "c"), body_of(1, "c"), body_of(2, "t"), body_of(3, "c")};
    struct store_add_item items[TASKS] = {{.body = &bodies[0]}, {.body = &bodies[1]}, {.body = &bodies[2]}, {.body = &bodies[3]}};
    bodies[0].step = STR("a");
    bodies[1].step = bodies[3].step = STR("b");
    bodies[1].sequel = bodies[2].sequel = STR("{}");
    struct store_add add = {.items = items, .n = TASKS};
    send(s, &add.req, STORE_ADD, T0);
    struct store_control_item cancel[] = {{.id = id_of(2), .verb = STORE_CANCEL}, {.id = id_of(3), .verb = STORE_CANCEL}};
    struct store_control control = {.items = cancel, .n = 2};
    send(s, &control.req, STORE_CONTROL, T0);
    run(s);
    const uint32_t lanes[] = {0, 1};
    const uint64_t fences[] = {1, 2};
    for (int i = 0; i < 2; i++) {
        struct store_claim claim = {.lanes = &lanes[i], .n_lanes = 1, .fences = &fences[i], .max = 1};
        send(s, &claim.req, STORE_CLAIM, T0);
        run(s);
        CHECK(claim.req.err == 0 && claim.n == 1 && claim.items[0].n_steps == 0);
        arena_release(&claim.req.arena);
    }
    CHECK(s->apply.owes);
    s->apply.owes = false;
    stage_begin(s);
}

static void play(struct script *p, struct stage *s)
{
    *p = (struct script){.follower = body_of(9, "u")};
    for (int i = 0; i < 2; i++)
        p->done[i] = (struct store_settle_item){.rules = &rules, .attempt = {.id = id_of(i), .run = 1, .number = 1, .fence = (uint64_t)i + 1, .verdict = LIFE_DONE},
                                                .result = STR("7"), .step = {.n = i, .name = i ? STR("b") : STR("a"), .run = 1, .attempt = 1}};
    p->done[0].next_step = STR("b");
    p->done[1].next = STR("[]");
    p->settle = (struct store_settle){.items = p->done, .n = 2};
    send(s, &p->settle.req, STORE_SETTLE, T0);
    p->purge = (struct store_purge){.items = &p->due, .n = 1};
    p->due = (struct store_purge_item){.id = id_of(2), .run = 1, .parts = RETAIN_RECORD};
    send(s, &p->purge.req, STORE_PURGE, T0);
    p->item.body = &p->follower;
    p->add = (struct store_add){.items = &p->item, .n = 1, .pays = true, .paid = id_of(2), .paid_run = 1};
    send(s, &p->add.req, STORE_ADD, T0);
    p->remove = (struct store_control_item){.id = id_of(3), .verb = STORE_DELETE};
    p->control = (struct store_control){.items = &p->remove, .n = 1};
    send(s, &p->control.req, STORE_CONTROL, T0);
    run(s);
}

static void stage_release(struct stage *s, struct script *p)
{
    arena_release(&p->settle.req.arena);
    arena_release(&p->control.req.arena);
    arena_release(&p->purge.req.arena);
    stage_close(s);
}

static bool fails_whole(int fail_at)
{
    struct stage s;
    struct script p;
    stage_init(&s);
    s.shelf.fail_at = fail_at;
    s.shelf.err = ERR_FULL;
    play(&p, &s);
    bool failed = s.shelf.calls >= fail_at;
    if (failed) {
        CHECK(life_of(&s, 0)->state == TASK_RUNNING && life_of(&s, 1)->state == TASK_RUNNING && !life_of(&s, 9));
        CHECK(p.settle.req.err == ERR_FULL && p.add.req.err == ERR_FULL && p.control.req.err == ERR_FULL && p.purge.req.err == ERR_FULL);
    }
    CHECK_INT(s.shelf.rolled_back, s.shelf.begun - s.shelf.committed);
    stage_release(&s, &p);
    return failed;
}

TEST(whatever_call_of_the_shelf_fails_all_is_as_before)
{
    int calls = 1;
    while (fails_whole(calls)) calls++;
    CHECK(calls > 20);
}

TEST(when_nothing_fails_one_goes_on_and_the_other_owes_what_follows_it)
{
    struct stage s;
    struct script p;
    stage_init(&s);
    play(&p, &s);
    CHECK(p.settle.req.err == 0 && p.add.req.err == 0 && p.control.req.err == 0 && !p.add.unowed && p.remove.changed && !p.due.purged);
    CHECK(life_of(&s, 0)->state == TASK_PENDING && !life_of(&s, 1) && life_of(&s, 9) && s.apply.owes);
    send(&s, &p.add.req, STORE_ADD, T0);
    run(&s);
    CHECK(p.add.req.err == 0 && p.add.unowed);
    stage_release(&s, &p);
}

TEST(a_chain_that_finds_no_lane_is_an_error_of_the_store)
{
    struct stage s;
    stage_init(&s);
    char type[16];
    struct life life = life_begin(&rules, 1, 0, T0);
    for (int i = 0;; i++) { /* a task in each, so that no place is given to another */
        snprintf(type, sizeof type, "t%d", i);
        uint32_t lane = ready_lane_of(&s.ready, STR("q"), str_of(type), STR_NONE);
        struct id id = {{1, (uint8_t)(i >> 8), (uint8_t)i}};
        if (lane == READY_NONE) break;
        ready_put(&s.ready, &id, lane, &life);
        ready_commit(&s.ready);
    }
    struct store_settle_item done = {.rules = &rules, .attempt = {.id = id_of(0), .run = 1, .number = 1, .fence = 1, .verdict = LIFE_DONE},
                                     .step = {.name = STR("a"), .run = 1, .attempt = 1}, .next_step = STR("x")};
    struct store_settle settle = {.items = &done, .n = 1};
    send(&s, &settle.req, STORE_SETTLE, T0);
    run(&s);
    CHECK_INT(settle.req.err, ERR_STORE);
    CHECK_INT(life_of(&s, 0)->state, TASK_RUNNING);
    stage_close(&s);
}

TEST_MAIN
