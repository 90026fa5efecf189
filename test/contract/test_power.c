/* SPDX-License-Identifier: Apache-2.0
 *
 * Power loss. A scripted run (adds one by one and together, some with keys, claims, verdicts, what people do to tasks
 * and queues, enough bytes for two checkpoints) is cut at every sync and after every answer; what was not synced is
 * dropped, kept or torn. A new engine on what is left must have every task whose add was answered 0, every ending,
 * change, deletion and setting that was answered, and none that nobody asked for.
 *
 * A test like this that cannot fail is worth nothing: with synchronous=OFF, and with a store that answers adds early,
 * the same check must find what was lost, in every run.
 */
#include "base/mem.h"
#include "store/sqlite/sqlite_engine.h"
#include "test/contract/contract.h"
#include "test/contract/early.h"
#include "test/contract/power.h"

#include <sqlite3.h>

#define TASKS 40
#define BIG (1024 * 1024)
#define PRIORITY 7 /* what a patch sets */
#define CAPACITY 77

struct promise { /* what we were told of one task */
    struct task_body body;
    struct store_add_item item;
    struct store_add add;
    bool added;
    bool asked;              /* for an end */
    enum task_state ended;   /* answered, when asked */
    bool is_ended;
    bool asked_patch, patched, asked_delete, deleted;
    char key[8];             /* empty: added without */
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
    bool asked_set, is_set;
    char *big;
} run;

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

static void add(struct contract *c, int n, bool together, size_t bytes, bool keyed)
{
    for (int i = 0; i < n && !power_is_cut(); i++) {
        struct promise *p = &run.tasks[run.n++];
        *p = (struct promise){.body = contract_body(c, "q", "t")};
        if (bytes) p->body.input = (struct str){run.big, bytes};
        if (keyed) snprintf(p->key, sizeof p->key, "k%d", run.n);
        p->item = (struct store_add_item){.body = &p->body, .key = keyed ? str_of(p->key) : STR_NONE};
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

static const struct task_tag tags[] = {{STR("power"), STR("on")}};

static void act(struct contract *c, int i, enum store_verb verb)
{
    if (power_is_cut()) return;
    struct promise *p = &run.tasks[i];
    struct store_patch patch = {.has_priority = true, .priority = PRIORITY, .has_tags = true, .tags = tags, .n_tags = 1};
    struct store_control_item item = {.id = p->body.id, .verb = verb, .patch = &patch};
    item.result = STR("1");
    item.failure.code = STR("x");
    struct store_control r = {.items = &item, .n = 1};
    p->asked = p->asked || (verb != STORE_PATCH && verb != STORE_DELETE);
    p->asked_patch = p->asked_patch || verb == STORE_PATCH;
    p->asked_delete = p->asked_delete || verb == STORE_DELETE;
    ASK(c, control, &r);
    if (!r.req.err && !item.err) {
        p->patched = p->patched || verb == STORE_PATCH;
        p->deleted = p->deleted || verb == STORE_DELETE;
        if (item.ended) p->is_ended = true, p->ended = item.life.state;
    }
    answered(c);
    store_release(&r.req);
}

static void set_capacity(struct contract *c)
{
    if (power_is_cut()) return;
    struct store_queue r = {.queue = STR("q"), .parts = STORE_QUEUE_CAPACITY, .set.capacity = CAPACITY};
    run.asked_set = true;
    ASK(c, queue, &r);
    run.is_set = r.req.err == 0;
    answered(c);
}

/* The first four are worked on: 0 and 3 complete, 1 fails, 2 waits for another attempt. */
static void play(struct contract *c)
{
    add(c, 3, false, 0, false);
    add(c, 6, true, 0, false);
    work(c, 4);
    act(c, 4, STORE_PATCH);
    act(c, 0, STORE_DELETE);
    add(c, 4, false, BIG, false); /* past the first checkpoint */
    add(c, 2, false, 0, true);    /* the log begins again */
    work(c, 3);
    act(c, 8, STORE_CANCEL);
    set_capacity(c);
    add(c, 4, true, BIG, true);
    act(c, run.n - 1, STORE_COMPLETE);
    act(c, run.n - 2, STORE_FAIL);
    act(c, run.n - 3, STORE_PATCH);
    work(c, 5);
    add(c, 3, true, 0, false);
    act(c, 8, STORE_DELETE);
    add(c, 1, false, BIG, false);
    work(c, 2);
    act(c, run.n - 1, STORE_PATCH);
    add(c, 1, false, 0, true);
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
    if (g->found != 0) return !p->asked_delete && (p->added || p->is_ended);
    const struct task_body *b = &g->task.body;
    enum task_state state = g->task.life.state;
    bool is_patched = b->rules.priority == PRIORITY;
    if (p->deleted || !str_eq(b->input, p->body.input)) return 1;
    if (is_patched ? !p->asked_patch : p->patched) return 1;
    if (b->n_tags != is_patched || (is_patched && !str_eq(b->tags[0].value, tags[0].value))) return 1;
    if (p->is_ended) return state != p->ended;
    return state_is_ending(state) && !p->asked;
}

/* A key is there with its task, and not without. */
static int is_key_broken(struct contract *c, const struct promise *p, bool is_there)
{
    struct task_body body = contract_body(c, "q", "t");
    struct store_add_item item = {.body = &body, .key = str_of(p->key)};
    struct store_add r = {.items = &item, .n = 1};
    ASK(c, add, &r);
    CHECK_INT(r.req.err, 0);
    return item.replayed != is_there || (item.replayed && id_cmp(&item.first, &p->body.id) != 0);
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
        if (run.tasks[i].key[0]) n += is_key_broken(c, &run.tasks[i], g.found == 0);
        store_release(&g.req);
    }
    bool is_set = contract_count(c, "q").set.capacity == CAPACITY;
    n += is_set ? !run.asked_set : run.is_set;
    n += count(c->path, "SELECT count(*) FROM tag WHERE id NOT IN (SELECT id FROM body)") != 0;
    n += count(c->path, "SELECT count(*) FROM attempt WHERE id NOT IN (SELECT id FROM body)") != 0;
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

/* A run to its end was worth something: everything in it was answered well. */
static bool did_everything(void)
{
    int done = run.is_set;
    for (int i = 0; i < run.n; i++) done += run.tasks[i].added + run.tasks[i].patched + run.tasks[i].deleted;
    return done == 1 + run.n + 3 + 2;
}

static struct seen run_plan(struct plan p)
{
    plan = p;
    run.n = run.answers = 0;
    run.asked_set = run.is_set = false;
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
#define TRIES 1 /* each cut opens a store with its threads, which costs that sanitizer most of a second */
#else
#define TRIES 3
#endif

TEST(whenever_the_power_is_lost_what_was_answered_is_there)
{
    int n = 0;
    for (uint64_t try = 0; try < TRIES; try++) { /* each cut with as many of the five shares of power.c, by turns */
        for (int k = 1;; k++, n++) {
            struct seen s = run_plan((struct plan){.seed = (uint64_t)k * 6 + try * 2, .cut_at_sync = k});
            if (s.broken) fprintf(stderr, "seed %d, cut at sync %d: %d broken\n", (int)plan.seed, k, s.broken);
            CHECK_INT(s.broken, 0);
            if (!s.cut) break;
        }
        CHECK(did_everything());
    }
    CHECK(n > 30 * TRIES);
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
