/* SPDX-License-Identifier: Apache-2.0
 *
 * Power loss. A scripted run (adds one by one and together, claims, verdicts, a cancel, enough bytes for two checkpoints)
 * is cut at every sync and after every answer; what was not synced is dropped, kept or torn. A new engine on what is
 * left must have every task whose add was answered 0, every ending that was answered, and none that nobody asked for.
 *
 * A test like this that cannot fail is worth nothing: with synchronous=OFF, and with a store that answers adds early,
 * the same check must find what was lost, in every run.
 */
#include "base/mem.h"
#include "store/sqlite/sqlite_engine.h"
#include "test/contract/contract.h"
#include "test/contract/power.h"

#include <sqlite3.h>

#define TASKS 40
#define BIG (1024 * 1024)

struct promise { /* what we were told of one task */
    struct task_body body;
    struct store_add_item item;
    struct store_add add;
    bool added;
    bool asked;              /* for an end */
    enum task_state ended;   /* answered, when asked */
    bool is_ended;
    struct life life;
};

static struct plan {
    uint64_t seed;
    int cut_at_open, cut_at_sync, cut_after_answer; /* 0: not */
    const char *extra_sql;
    bool early;
} plan;

static struct run {
    struct promise tasks[TASKS];
    int n, answers;
    bool was_cut; /* while the store was opened */
    char *big;
} run;

/* ---- the planted fault: answers an add before it has passed it on ---- */

struct early {
    struct store store;
    struct store *inner;
    struct later later;
    struct list waiting;
    void (*on_closed)(void *user);
    void *user;
};

static void on_early_done(struct store_req *r)
{
    struct contract *c = r->user;
    if (--c->pending == 0) loop_stop(c->loop); /* it was counted once more below */
}

static void on_early(struct later *l)
{
    struct early *e = CONTAINER_OF(l, struct early, later);
    for (struct list *link; (link = list_shift(&e->waiting));) {
        struct store_req *r = CONTAINER_OF(link, struct store_req, link);
        ((struct contract *)r->user)->pending++;
        r->err = 0;
        r->on_done(r);
        r->on_done = on_early_done;
        e->inner->engine->submit(e->inner, r);
    }
}

static void early_submit(struct store *s, struct store_req *r)
{
    struct early *e = CONTAINER_OF(s, struct early, store);
    if (r->op != STORE_ADD) {
        e->inner->engine->submit(e->inner, r);
        return;
    }
    list_push(&e->waiting, &r->link);
    turn_later(s->turn, &e->later, on_early);
}

static void on_early_closed(void *user)
{
    struct early *e = user;
    void (*on_closed)(void *user) = e->on_closed;
    void *closed_user = e->user;
    free(e);
    on_closed(closed_user);
}

static void early_close(struct store *s, void (*on_closed)(void *user), void *user)
{
    struct early *e = CONTAINER_OF(s, struct early, store);
    e->on_closed = on_closed;
    e->user = user;
    store_close(e->inner, on_early_closed, e);
}

static struct store *early_open(struct store *inner)
{
    static const struct store_engine engine = {"early", early_submit, early_close};
    struct early *e = mem_new(sizeof *e);
    e->store = (struct store){&engine, inner->turn, inner->events};
    e->inner = inner;
    list_init(&e->later.link);
    list_init(&e->waiting);
    return &e->store;
}

static struct store *open_file(struct contract *c, const char *extra_sql)
{
    struct sqlite_engine_conf conf = {.loop = c->loop, .events = &c->events, .path = c->path, .extra_sql = extra_sql};
    struct err e;
    struct store *s = NULL;
    int err = sqlite_engine_open(&s, &conf, &e);
    if (err && !power_is_cut()) fprintf(stderr, "seed %d: %s\n", (int)plan.seed, e.text);
    return s;
}

/* What is left of the files after a cut, with none of the plan's faults. */
static struct store *open_left(struct contract *c)
{
    char before[sizeof c->path];
    memcpy(before, c->path, sizeof before);
    snprintf(c->path, sizeof c->path, "%s/after.db", c->dir);
    power_restore(before, c->path);
    power_on(plan.seed);
    return open_file(c, NULL);
}

static struct store *open_power(struct contract *c)
{
    if (power_is_cut()) return open_left(c);
    power_cut_at_sync(plan.cut_at_open);
    struct store *s = open_file(c, plan.extra_sql);
    run.was_cut = power_is_cut();
    if (!s && run.was_cut) return open_left(c);
    power_cut_at_sync(0);
    return s && plan.early ? early_open(s) : s;
}

/* ---- the script ---- */

static void answered(struct contract *c)
{
    if (++run.answers == plan.cut_after_answer) power_cut();
    (void)c;
}

static void on_added(struct store_req *r)
{
    for (int i = 0; i < run.n; i++)
        if (&run.tasks[i].add.req == r) run.tasks[i].added = r->err == 0 && run.tasks[i].item.err == 0;
    answered(r->user);
    contract_on_done(r);
}

static void add(struct contract *c, int n, bool together, size_t bytes)
{
    for (int i = 0; i < n && !power_is_cut(); i++) {
        struct promise *p = &run.tasks[run.n++];
        *p = (struct promise){.body = contract_body(c, "q", "t")};
        if (bytes) p->body.input = (struct str){run.big, bytes};
        p->item.body = &p->body;
        p->add = (struct store_add){.items = &p->item, .n = 1};
        c->pending++;
        store_add(c->store, &p->add, on_added, c);
        if (!together) contract_wait(c);
    }
    if (together && c->pending) contract_wait(c);
}

static struct promise *promise_of(const struct id *id)
{
    for (int i = 0; i < run.n; i++)
        if (id_cmp(&run.tasks[i].body.id, id) == 0) return &run.tasks[i];
    return NULL;
}

/* Claims n and ends them in one request: completed, failed for good, failed to be tried again, by turns. */
static void work(struct contract *c, int n)
{
    if (power_is_cut()) return;
    uint64_t fences[TASKS];
    uint32_t lane = contract_lane(c, "q", "t");
    for (int i = 0; i < n; i++) fences[i] = id_fence(&c->rng.rng);
    struct store_claim claim = {.lanes = &lane, .n_lanes = 1, .fences = fences, .max = (size_t)n};
    ASK(c, claim, &claim);
    answered(c);
    size_t got = claim.req.err ? 0 : claim.n;
    struct store_settle_item items[TASKS];
    for (size_t i = 0; i < got; i++) {
        items[i] = contract_verdict(c, &claim.items[i].life, &claim.items[i].body.id, i % 3 ? LIFE_FAILED : LIFE_DONE);
        items[i].retryable = i % 3 == 2;
        promise_of(&claim.items[i].body.id)->asked = i % 3 < 2;
    }
    struct store_settle settle = {.items = items, .n = got};
    if (got && !power_is_cut()) {
        ASK(c, settle, &settle);
        for (size_t i = 0; i < got && !settle.req.err; i++) {
            struct promise *p = promise_of(&items[i].attempt.id);
            p->is_ended = items[i].err == 0 && items[i].outcome.ended;
            p->ended = items[i].life.state;
        }
        answered(c);
    }
    store_release(&settle.req);
    store_release(&claim.req);
}

static void cancel(struct contract *c, int i)
{
    if (power_is_cut()) return;
    struct store_control_item item = {.id = run.tasks[i].body.id, .verb = STORE_CANCEL};
    struct store_control r = {.items = &item, .n = 1};
    run.tasks[i].asked = true;
    ASK(c, control, &r);
    if (!r.req.err && !item.err && item.ended) {
        run.tasks[i].is_ended = true;
        run.tasks[i].ended = TASK_CANCELLED;
    }
    answered(c);
    store_release(&r.req);
}

static void play(struct contract *c)
{
    add(c, 3, false, 0);
    add(c, 6, true, 0);
    work(c, 4);
    add(c, 4, false, BIG); /* past the first checkpoint */
    add(c, 2, false, 0);   /* the log begins again */
    work(c, 3);
    cancel(c, 8);
    add(c, 4, true, BIG);
    work(c, 5);
    add(c, 3, true, 0);
    add(c, 1, false, BIG);
    work(c, 2);
    add(c, 1, false, 0);
}

/* ---- what must hold afterwards ---- */

static int count(const char *path, const char *sql)
{
    sqlite3 *db;
    sqlite3_stmt *s = NULL;
    int n = -1;
    if (sqlite3_open(path, &db) == SQLITE_OK && sqlite3_prepare_v2(db, sql, -1, &s, NULL) == SQLITE_OK &&
        sqlite3_step(s) == SQLITE_ROW)
        n = sqlite3_column_int(s, 0);
    sqlite3_finalize(s);
    sqlite3_close(db);
    return n;
}

static int broken(const struct promise *p, const struct store_get *g)
{
    if (g->found != 0) return p->added || p->is_ended;
    enum task_state state = g->task.life.state;
    if (!str_eq(g->task.body.input, p->body.input)) return 1;
    if (p->is_ended) return state != p->ended;
    return state_is_ending(state) && !p->asked;
}

/* How many promises the new engine does not keep. */
static int check_left(struct contract *c)
{
    int n = 0;
    for (int i = 0; i < run.n; i++) {
        struct store_get g = {.id = run.tasks[i].body.id, .input_max = 2 * BIG};
        ASK(c, get, &g);
        CHECK_INT(g.req.err, 0);
        n += broken(&run.tasks[i], &g);
        store_release(&g.req);
    }
    n += count(c->path, "SELECT count(*) FROM live JOIN done USING(id)") != 0;
    n += count(c->path, "SELECT count(*)=(SELECT count(*) FROM live)+(SELECT count(*) FROM done) FROM body") != 1;
    n += count(c->path, "SELECT (SELECT coalesce(sum(n),0) FROM tally)=(SELECT count(*) FROM done)") != 1;
    n += count(c->path, "SELECT count(*) FROM live WHERE state=3") != 0;
    n += count(c->path, "SELECT integrity_check='ok' FROM pragma_integrity_check") != 1;
    (void)contract_put(c, "q", "t"); /* and it goes on */
    return n;
}

struct seen {
    int broken, syncs, answers;
    bool cut;
};

static struct seen run_plan(struct plan p)
{
    plan = p;
    run.n = run.answers = 0;
    power_on(p.seed);
    struct contract *c = contract_new(test_fail);
    int syncs = power_syncs();
    power_cut_at_sync(p.cut_at_sync);
    play(c);
    struct seen seen = {.cut = power_is_cut(), .syncs = power_syncs() - syncs, .answers = run.answers};
    power_cut();
    contract_reopen(c);
    seen.broken = check_left(c);
    contract_free(c);
    power_off();
    return seen;
}

#ifdef __SANITIZE_THREAD__
#define SEEDS 1 /* each cut opens a store with its threads, which costs that sanitizer most of a second */
#else
#define SEEDS 5
#endif

TEST(whenever_the_power_is_lost_what_was_answered_is_there)
{
    int n = 0;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        for (int k = 1;; k++, n++) {
            struct seen s = run_plan((struct plan){.seed = seed + 5 * (uint64_t)k, .cut_at_sync = k});
            if (s.broken) fprintf(stderr, "seed %d, cut at sync %d: %d broken\n", (int)plan.seed, k, s.broken);
            CHECK_INT(s.broken, 0);
            if (!s.cut) break;
        }
    }
    CHECK(n > 20 * SEEDS);
}

TEST(right_after_an_answer_the_power_may_go)
{
    for (int k = 1;; k++) {
        struct seen s = run_plan((struct plan){.seed = 5 * (uint64_t)k, .cut_after_answer = k});
        CHECK_INT(s.broken, 0);
        if (!s.cut) break;
    }
}

TEST(a_store_that_does_not_sync_is_found_out_in_every_run)
{
    for (int k = 1; k <= 20; k++) {
        struct plan p = {.seed = 5 * (uint64_t)k, .cut_after_answer = k, .extra_sql = "PRAGMA synchronous=OFF"};
        struct seen s = run_plan(p);
        CHECK(s.cut);
        CHECK(s.broken > 0);
    }
}

TEST(a_store_that_answers_before_the_commit_is_found_out_in_every_run)
{
    for (int k = 1; k <= 9; k++) { /* the first nine answers are those of adds */
        struct seen s = run_plan((struct plan){.seed = 5 * (uint64_t)k, .cut_after_answer = k, .early = true});
        CHECK(s.cut);
        CHECK(s.broken > 0);
    }
}

TEST(power_lost_while_a_store_is_made_leaves_a_file_that_opens)
{
    for (uint64_t seed = 0; seed < 10; seed++) {
        for (int k = 1;; k++) {
            plan = (struct plan){.seed = seed, .cut_at_open = k};
            power_on(seed);
            struct contract *c = contract_new(test_fail);
            (void)contract_put(c, "q", "t");
            contract_free(c);
            power_off();
            if (!run.was_cut) break;
        }
    }
}

int main(int argc, char **argv)
{
    static const struct contract_engine power = {.name = "power", .has_loop = true, .survives = true, .open = open_power};
    contract_use(&power);
    run.big = mem_new(BIG);
    for (size_t i = 0; i < BIG; i++) run.big[i] = (char)('a' + i % 23);
    int failed = test_main(argc, argv);
    free(run.big);
    return failed;
}
