/* SPDX-License-Identifier: Apache-2.0
 *
 * Tasks that follow others, over a shelf that fails: a batch in which one is answered, one runs itself and one is looked at in
 * vain, applied again and again, each time with the next call of the shelf failing.
 */
#include "apply_rig.h"

#define TASKS 7

static struct id id_of(int n)
{
    struct id id = {{0}};
    id.b[15] = (uint8_t)(n + 1);
    return id;
}

static struct life life_of(const struct stage *s, int n)
{
    struct id id = id_of(n);
    const struct ready_entry *e = ready_get(&s->ready, &id);
    return e ? e->life : (struct life){.state = TASK_STATES};
}

/* 0 leads 1 and 2, 3 leads 4; 5 bypasses what 3 does and has a higher priority, 6 follows 3 or 5. */
static void stage_init(struct stage *s)
{
    stage_open(s);
    struct store_add_item items[TASKS] = {{0}};
    struct task_body bodies[TASKS];
    for (int i = 0; i < TASKS; i++) {
        bodies[i] = (struct task_body){.id = id_of(i), .type = STR("t"), .queue = STR("q"), .rules = {.max_attempts = 1},
                                       .timeout_ms = 1, .grace_ms = 1, .created_at_ms = T0, .input = STR("{}"),
                                       .cache = {.ttl_ms = 1000, .bypass = i == 5, .print = {i < 3 ? 1 : 2}}};
        if (i == 5) bodies[i].rules.priority = 1;
        items[i].body = &bodies[i];
    }
    struct store_add add = {.items = items, .n = TASKS};
    send(s, &add.req, STORE_ADD, T0);
    run(s);
    CHECK_INT(add.req.err, 0);
    for (int i = 0; i < TASKS; i++) CHECK(items[i].follows == (i == 1 || i == 2 || i == 4 || i == 6));
    stage_begin(s);
}

struct script {
    struct store_control_item items[3];
    struct store_patch patch;
    struct store_control control;
    struct store_tick tick;
};

/* 0 completes; 3 is put off, so 4 and 6 follow 5; 2 is changed when its answer is there. */
static void play(struct script *p, struct stage *s)
{
    *p = (struct script){.patch = {.has_priority = true, .priority = -1}, .tick.max = 10};
    p->items[0] = (struct store_control_item){.id = id_of(0), .verb = STORE_COMPLETE, .result = STR("7")};
    p->items[1] = (struct store_control_item){.id = id_of(3), .verb = STORE_PATCH, .patch = &p->patch};
    p->items[2] = (struct store_control_item){.id = id_of(2), .verb = STORE_PATCH, .patch = &p->patch};
    p->control = (struct store_control){.items = p->items, .n = 3};
    send(s, &p->control.req, STORE_CONTROL, T0);
    send(s, &p->tick.req, STORE_TICK, T0);
    run(s);
}

static void stage_release(struct stage *s, struct script *p)
{
    arena_release(&p->control.req.arena);
    arena_release(&p->tick.req.arena);
    stage_close(s);
}

static bool fails_whole(int fail_at)
{
    struct stage s;
    struct script p;
    stage_init(&s);
    struct life before[TASKS], after[TASKS];
    for (int i = 0; i < TASKS; i++) before[i] = life_of(&s, i);
    s.shelf.fail_at = fail_at;
    s.shelf.err = ERR_FULL;
    play(&p, &s);
    bool failed = s.shelf.calls >= fail_at;
    for (int i = 0; i < TASKS; i++) after[i] = life_of(&s, i);
    for (int i = 0; i < TASKS && failed; i++)
        CHECK(after[i].state == before[i].state && after[i].woken == before[i].woken && after[i].follows == before[i].follows &&
              after[i].rank == before[i].rank);
    CHECK(!failed || (p.control.req.err == s.shelf.err && p.tick.req.err == s.shelf.err && ready_due(&s.ready) == NULL));
    CHECK_INT(s.shelf.rolled_back, s.shelf.begun - s.shelf.committed);
    stage_release(&s, &p);
    return failed;
}

TEST(whatever_call_of_the_shelf_fails_those_that_follow_are_as_before)
{
    int calls = 1;
    while (fails_whole(calls)) calls++;
    CHECK(calls > 20);
}

TEST(when_nothing_fails_each_has_its_answer_or_another_to_follow)
{
    struct stage s;
    struct script p;
    stage_init(&s);
    play(&p, &s);
    CHECK(p.control.req.err == 0 && p.tick.req.err == 0);
    CHECK(p.tick.n_ended == 2 && p.tick.ended[0].cached && p.tick.ended[1].cached && p.tick.n_leads == 0);
    for (int i = 0; i < 3; i++) CHECK_INT(life_of(&s, i).state, TASK_STATES);
    CHECK(life_of(&s, 4).follows && !life_of(&s, 4).woken && life_of(&s, 6).follows && !life_of(&s, 6).woken);
    CHECK(ready_due(&s.ready) == NULL);
    stage_release(&s, &p);
}

TEST(one_whose_row_is_gone_is_an_error_of_the_store)
{
    struct stage s;
    struct script p;
    stage_init(&s);
    p = (struct script){.items = {{.id = id_of(0), .verb = STORE_COMPLETE, .result = STR("7")}}, .tick.max = 10};
    p.control = (struct store_control){.items = p.items, .n = 1};
    send(&s, &p.control.req, STORE_CONTROL, T0);
    run(&s);
    CHECK_INT(p.control.req.err, 0);
    s.shelf.broken = 2; /* 1, which is looked at */
    send(&s, &p.tick.req, STORE_TICK, T0);
    run(&s);
    CHECK_INT(p.tick.req.err, ERR_STORE);
    CHECK_INT(life_of(&s, 1).state, TASK_BLOCKED);
    stage_release(&s, &p);
}

TEST_MAIN
