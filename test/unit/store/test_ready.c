/* SPDX-License-Identifier: Apache-2.0
 *
 * The index against a model without cleverness (an array that is searched from end to end) under random changes,
 * commits and undos: after each step both must answer every question alike.
 */
#include "base/limits.h"
#include "base/mem.h"
#include "base/rng.h"
#include "store/ready.h"
#include "test.h"

#define IDS 80
#define LANES 4
#define QUEUES 3

struct model {
    bool live[IDS];
    uint32_t lane[IDS];
    struct life life[IDS];
    int64_t ended[QUEUES][TASK_STATES];
};

static struct id id_of(int n)
{
    struct id id = {{0}};
    struct rng_seeded r;
    rng_seeded_init(&r, (uint64_t)n + 1);
    for (size_t i = 0; i < sizeof id.b; i += 8) {
        uint64_t v = rng_next(&r.rng);
        memcpy(id.b + i, &v, 8);
    }
    id.b[0] = (uint8_t)(n & 1); /* so that the order by id is not only the order of chance */
    return id;
}

static struct life any_life(struct rng *rng)
{
    static const enum task_state states[] = {TASK_BLOCKED, TASK_SCHEDULED, TASK_PENDING, TASK_PENDING, TASK_RUNNING};
    struct life l = {.state = states[rng_below(rng, 5)],
                     .run = 1,
                     .attempt = (int32_t)rng_below(rng, 2),
                     .rank = (int64_t)rng_below(rng, 12),
                     .start_by_ms = rng_below(rng, 3) ? 0 : 1 + (int64_t)rng_below(rng, 50)};
    if (l.state == TASK_SCHEDULED) l.due_at_ms = 1 + (int64_t)rng_below(rng, 50);
    return l;
}

static void lanes_init(struct ready *r)
{
    ready_init(r);
    CHECK_INT(ready_lane_of(r, STR("a"), STR("x"), STR_NONE), 0);
    CHECK_INT(ready_lane_of(r, STR("a"), STR("y"), STR_NONE), 1);
    CHECK_INT(ready_lane_of(r, STR("b"), STR("x"), STR_NONE), 2);
    CHECK_INT(ready_lane_of(r, STR("ab"), STR(""), STR_NONE), 3);
    CHECK_INT(r->n_queues, QUEUES);
}

static bool comes_before(const struct model *m, int a, int64_t rank, const struct id *id)
{
    struct id own = id_of(a);
    return m->life[a].rank != rank ? m->life[a].rank < rank : id_cmp(&own, id) < 0;
}

static void check_lane(const struct ready *r, const struct model *m, uint32_t lane, struct rng *rng)
{
    int best = -1;
    uint32_t n = 0, before = 0;
    struct id probe = id_of((int)rng_below(rng, IDS));
    int64_t rank = (int64_t)rng_below(rng, 12);
    for (int i = 0; i < IDS; i++) {
        if (!m->live[i] || m->lane[i] != lane || m->life[i].state != TASK_PENDING) continue;
        n++;
        before += comes_before(m, i, rank, &probe);
        if (best < 0) best = i;
        struct id best_id = id_of(best);
        if (comes_before(m, i, m->life[best].rank, &best_id)) best = i;
    }
    CHECK_INT(ready_waiting(r, lane), n);
    CHECK_INT(ready_before(r, lane, rank, &probe), before);
    const struct ready_entry *head = ready_head(r, lane);
    CHECK((head == NULL) == (best < 0));
    if (!head) return;
    struct id wanted = id_of(best);
    CHECK(id_cmp(&head->id, &wanted) == 0);
}

static void check_queue(const struct ready *r, const struct model *m, uint32_t q)
{
    int64_t n[TASK_STATES], retrying = 0;
    memcpy(n, m->ended[q], sizeof n);
    for (int i = 0; i < IDS; i++) {
        if (!m->live[i] || r->lanes[m->lane[i]].queue != q) continue;
        n[m->life[i].state]++;
        retrying += m->life[i].state == TASK_SCHEDULED && m->life[i].attempt > 0;
    }
    for (int s = 0; s < TASK_STATES; s++) CHECK_INT(r->queues[q].n[s], n[s]);
    CHECK_INT(r->queues[q].retrying, retrying);
    CHECK_INT(ready_queued(r, q), n[TASK_BLOCKED] + n[TASK_SCHEDULED] + n[TASK_PENDING]);
}

static void check_same(const struct ready *r, const struct model *m, struct rng *rng)
{
    int64_t due_ms = INT64_MAX;
    uint32_t live = 0;
    for (int i = 0; i < IDS; i++) {
        struct id id = id_of(i);
        const struct ready_entry *e = ready_get(r, &id);
        CHECK((e != NULL) == m->live[i]);
        if (!e) continue;
        live++;
        CHECK_INT(e->lane, m->lane[i]);
        CHECK_INT(e->life.state, m->life[i].state);
        CHECK_INT(e->life.rank, m->life[i].rank);
        CHECK_INT(e->life.attempt, m->life[i].attempt);
        if (life_next_ms(&m->life[i]) < due_ms) due_ms = life_next_ms(&m->life[i]);
    }
    CHECK_INT(r->live, live);
    const struct ready_entry *due = ready_due(r);
    CHECK_INT(due ? life_next_ms(&due->life) : INT64_MAX, due_ms);
    for (uint32_t l = 0; l < LANES; l++) check_lane(r, m, l, rng);
    for (uint32_t q = 0; q < QUEUES; q++) check_queue(r, m, q);
}

static void change_one(struct ready *r, struct model *m, struct rng *rng)
{
    int i = (int)rng_below(rng, IDS);
    struct id id = id_of(i);
    if (rng_below(rng, 10) == 0) {
        uint32_t q = (uint32_t)rng_below(rng, QUEUES);
        int64_t delta = rng_below(rng, 3) ? 1 : -1;
        ready_tally(r, q, TASK_COMPLETED, delta);
        m->ended[q][TASK_COMPLETED] += delta;
    } else if (m->live[i] && rng_below(rng, 3) == 0) {
        ready_remove(r, &id);
        m->live[i] = false;
    } else {
        if (!m->live[i] || rng_below(rng, 8) == 0) m->lane[i] = (uint32_t)rng_below(rng, LANES);
        m->life[i] = any_life(rng);
        m->live[i] = true;
        ready_put(r, &id, m->lane[i], &m->life[i]);
    }
}

static void load_one(struct ready *r, struct model *m, int i, struct rng *rng)
{
    struct id id = id_of(i);
    m->lane[i] = (uint32_t)rng_below(rng, LANES);
    m->life[i] = any_life(rng);
    m->live[i] = true;
    ready_load(r, &id, m->lane[i], READY_NONE, &m->life[i]);
}

TEST(the_index_answers_like_the_model_under_random_changes_commits_and_undos)
{
    struct rng_seeded rng;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        rng_seeded_init(&rng, seed);
        struct ready r;
        struct model now = {0}, committed = {0};
        lanes_init(&r);
        for (int i = 0; i < IDS; i += 3) load_one(&r, &now, i, &rng.rng);
        committed = now;
        for (int i = 0; i < 400; i++) {
            uint64_t what = rng_below(&rng.rng, 12);
            if (what == 0) {
                ready_commit(&r);
                committed = now;
            } else if (what == 1) {
                ready_undo(&r);
                now = committed;
            } else {
                change_one(&r, &now, &rng.rng);
            }
            check_same(&r, &now, &rng.rng);
        }
        ready_release(&r);
    }
}

TEST(every_lane_whose_pending_tasks_changed_is_told_once)
{
    struct ready r;
    lanes_init(&r);
    CHECK_INT(ready_touched(&r), READY_NONE);
    struct life l = {.state = TASK_PENDING, .run = 1, .rank = 5};
    struct id a = id_of(1), b = id_of(2);
    ready_put(&r, &a, 2, &l);
    ready_put(&r, &b, 2, &l);
    CHECK_INT(ready_touched(&r), 2);
    CHECK_INT(ready_touched(&r), READY_NONE);
    ready_commit(&r);
    l.state = TASK_RUNNING;
    ready_put(&r, &a, 2, &l);
    CHECK_INT(ready_touched(&r), 2);
    ready_undo(&r);
    CHECK_INT(ready_touched(&r), 2);
    l.state = TASK_SCHEDULED;
    l.due_at_ms = 9;
    struct id c = id_of(3);
    ready_put(&r, &c, 1, &l);
    CHECK_INT(ready_touched(&r), READY_NONE);
    ready_release(&r);
}

#define MANY 20000

TEST(twenty_thousand_come_out_in_order_and_in_order_of_their_times)
{
    struct ready r;
    struct rng_seeded rng;
    rng_seeded_init(&rng, 9);
    lanes_init(&r);
    for (int i = 0; i < MANY; i++) {
        struct life l = {.state = i % 2 ? TASK_PENDING : TASK_SCHEDULED, .run = 1, .rank = (int64_t)rng_below(&rng.rng, 500)};
        if (l.state == TASK_SCHEDULED) l.due_at_ms = 1 + (int64_t)rng_below(&rng.rng, 5000);
        struct id id = id_of(i);
        ready_put(&r, &id, 0, &l);
        if (i % 1000 == 0) ready_commit(&r);
    }
    CHECK_INT(ready_waiting(&r, 0), MANY / 2);
    struct ready_entry last = {.life.rank = -1};
    for (uint32_t n = 0; n < MANY / 2; n++) {
        struct ready_entry e = *ready_head(&r, 0);
        CHECK(e.life.rank > last.life.rank || (e.life.rank == last.life.rank && id_cmp(&e.id, &last.id) > 0));
        CHECK_INT(ready_before(&r, 0, e.life.rank, &e.id), 0);
        ready_remove(&r, &e.id);
        last = e;
    }
    int64_t last_ms = 0;
    for (int n = 0; n < MANY / 2; n++) {
        struct ready_entry e = *ready_due(&r);
        CHECK(e.life.due_at_ms >= last_ms);
        last_ms = e.life.due_at_ms;
        ready_remove(&r, &e.id);
    }
    CHECK(ready_due(&r) == NULL);
    CHECK_INT(r.live, 0);
    ready_undo(&r);
    CHECK(r.live > 0);
    ready_release(&r);
}

TEST(an_entry_is_at_most_two_hundred_bytes_with_its_share_of_everything)
{
    CHECK(sizeof(struct ready_entry) + 3 * sizeof(uint32_t) <= 200);
}

TEST(there_are_no_more_lanes_than_the_limit)
{
    struct ready r;
    ready_init(&r);
    char name[16];
    for (int i = 0; i < LIMIT_LANES; i++) {
        snprintf(name, sizeof name, "t%d", i);
        CHECK_INT(ready_lane_of(&r, STR("q"), str_of(name), STR_NONE), i);
    }
    CHECK_INT(ready_lane_of(&r, STR("q"), STR("t7"), STR_NONE), 7);
    CHECK(ready_lane_of(&r, STR("q"), STR("one more"), STR_NONE) < LIMIT_LANES);
    CHECK_INT(r.n_lanes, LIMIT_LANES);
    ready_release(&r);
}

static struct id wide_id(int n) { return (struct id){.b = {(uint8_t)(n >> 8), (uint8_t)n, 1}}; }

TEST(a_batch_key_makes_a_lane_of_its_own_that_gives_up_its_place_like_any_other)
{
    struct ready r;
    ready_init(&r);
    CHECK_INT(ready_lane_of(&r, STR("q"), STR("t"), STR_NONE), 0);
    CHECK_INT(ready_lane_of(&r, STR("q"), STR("t"), STR("de")), 1);
    CHECK_INT(ready_lane_of(&r, STR("q"), STR(""), STR("tde")), 2);
    CHECK_INT(ready_lane_of(&r, STR("q"), STR("t"), STR("de")), 1);
    CHECK_STR(r.lanes[1].batch_key, "de");
    CHECK(r.lanes[0].batch_key.p == NULL);
    CHECK_INT(r.n_queues, 1);
    char name[16];
    for (int i = 3; i <= LIMIT_LANES; i++) { /* one more than there is room for: the first place is used again */
        snprintf(name, sizeof name, "k%d", i);
        CHECK_INT(ready_lane_of(&r, STR("q"), STR("t"), str_of(name)), i % LIMIT_LANES);
    }
    CHECK_INT(ready_lane_of(&r, STR("q"), STR("t"), STR_NONE), 0); /* so it is a new one */
    CHECK_INT(r.lanes[0].number, 2 * LIMIT_LANES);
    ready_release(&r);
}

TEST(a_lane_without_tasks_makes_room_for_a_new_one_under_a_new_number)
{
    struct ready r;
    struct life life = {.state = TASK_PENDING, .run = 1, .rank = 1};
    char name[16];
    ready_init(&r);
    for (int i = 0; i < LIMIT_LANES; i++) {
        snprintf(name, sizeof name, "t%d", i);
        struct id id = wide_id(i);
        ready_put(&r, &id, ready_lane_of(&r, STR("q"), str_of(name), STR_NONE), &life);
    }
    ready_commit(&r);
    CHECK_INT(ready_lane_of(&r, STR("q"), STR("one more"), STR_NONE), READY_NONE);
    struct id gone = wide_id(77), put = wide_id(LIMIT_LANES);
    ready_remove(&r, &gone);
    CHECK_INT(ready_lane_of(&r, STR("q"), STR("one more"), STR_NONE), READY_NONE); /* it may come back: an undo */
    ready_commit(&r);
    while (ready_touched(&r) != READY_NONE) continue;
    CHECK_INT(ready_lane_at(&r, 77), 77);
    uint32_t lane = ready_lane_of(&r, STR("p"), STR("one more"), STR_NONE);
    CHECK_INT(lane, 77);
    CHECK_INT(ready_lane_at(&r, 77), READY_NONE);
    CHECK_INT(ready_lane_at(&r, 77 + LIMIT_LANES), 77);
    CHECK_INT(ready_touched(&r), 77); /* who knew the old one hears of it */
    CHECK_INT(ready_lane_of(&r, STR("q"), STR("t77"), STR_NONE), 77); /* still empty: given up again */
    CHECK_STR(r.lanes[77].type, "t77");
    CHECK_INT(r.lanes[77].number, 77 + 2 * LIMIT_LANES);
    ready_put(&r, &put, 77, &life);
    CHECK_INT(ready_lane_of(&r, STR("q"), STR("one more"), STR_NONE), READY_NONE);
    struct ready_name *names = ready_retired(&r);
    CHECK(names != NULL && ready_retired(&r) == NULL);
    ready_names_free(names);
    ready_release(&r);
}

TEST(there_are_no_more_queues_than_the_limit_nor_lanes_in_one_more)
{
    struct ready r;
    char name[16];
    ready_init(&r);
    for (int i = 0; i < LIMIT_LANES; i++) {
        snprintf(name, sizeof name, "q%d", i);
        CHECK_INT(ready_queue_of(&r, str_of(name)), i);
    }
    CHECK_INT(ready_queue_of(&r, STR("q7")), 7);
    CHECK_INT(ready_queue_of(&r, STR("one more")), READY_NONE);
    CHECK_INT(ready_lane_of(&r, STR("one more"), STR("t"), STR_NONE), READY_NONE);
    CHECK_INT(ready_lane_of(&r, STR("q7"), STR("t"), STR_NONE), 0);
    ready_release(&r);
}

TEST(a_number_above_all_lanes_is_of_no_lane)
{
    struct ready r;
    lanes_init(&r);
    CHECK_INT(ready_lane_at(&r, LANES - 1), LANES - 1);
    CHECK_INT(ready_lane_at(&r, LANES), READY_NONE);
    CHECK_INT(ready_lane_at(&r, LANES - 1 + LIMIT_LANES), READY_NONE);
    ready_release(&r);
}

TEST(a_lane_is_given_up_only_when_no_undo_can_need_it_and_its_number_has_a_next)
{
    struct ready r;
    char name[16];
    struct life life = {.state = TASK_PENDING, .run = 1, .rank = 1};
    ready_init(&r);
    for (int i = 0; i < LIMIT_LANES; i++) {
        snprintf(name, sizeof name, "t%d", i);
        struct id id = wide_id(i);
        uint32_t lane = ready_lane_of(&r, STR("q"), str_of(name), STR_NONE);
        if (i > 2) ready_put(&r, &id, lane, &life); /* the first three are empty */
    }
    ready_commit(&r);
    ready_tally(&r, 0, TASK_COMPLETED, 1); /* says 0, a queue, and so nothing of lane 0 */
    CHECK_INT(ready_lane_of(&r, STR("q"), STR("new"), STR_NONE), 0);
    struct id id = wide_id(LIMIT_LANES);
    ready_put(&r, &id, 0, &life);
    r.lanes[1].number = UINT32_MAX - LIMIT_LANES + 1; /* another use of the place would not have a number of its own */
    CHECK_INT(ready_lane_of(&r, STR("q"), STR("newer"), STR_NONE), 2);
    ready_undo(&r);
    CHECK_INT(ready_lane_of(&r, STR("q"), STR("t0"), STR_NONE), 0); /* "new" is empty again */
    ready_release(&r);
}

TEST_MAIN
