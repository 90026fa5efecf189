/* SPDX-License-Identifier: Apache-2.0
 *
 * Adds one by one, together and in one request, some with keys; claims and verdicts; what comes due; what people do to
 * tasks and queues, one by one and in bulk; what is not kept any longer; and enough bytes for three checkpoints.
 */
#include "test/contract/power_run.h"

#include "store/sqlite/sqlite_engine.h"
#include "test/contract/early.h"
#include "test/contract/power_file.h"
#include "test/contract/power_notice.h"

#include <unistd.h>

#define TASKS 64
#define BIG (260 * 1024) /* four of them are a checkpoint */

static struct run {
    struct power_plan plan;
    struct power_seen seen;
    struct power_promise tasks[TASKS];
    int n, requests, failed;
    int64_t set_was, set_will;                 /* capacity of the queue */
    void (*fail)(void);
    int ops[STORE_OPS], verbs[STORE_FAIL + 1]; /* answered well */
} run;
static char big[BIG];

static struct store *open_file(struct contract *c, const char *extra_sql)
{
    struct sqlite_engine_conf conf = {.loop = c->loop, .events = &c->events, .path = c->path, .extra_sql = extra_sql};
    struct err e;
    struct store *s = NULL;
    int err = sqlite_engine_open(&s, &conf, &e);
    if (err && !power_is_cut()) fprintf(stderr, "way %d, seed %d: %s\n", (int)run.plan.way, (int)run.plan.seed, e.text);
    return s;
}

static void restore(struct contract *c, const char *name)
{
    char before[sizeof c->path];
    memcpy(before, c->path, sizeof before);
    snprintf(c->path, sizeof c->path, "%s/%s.db", c->dir, name);
    power_restore(before, c->path);
    power_on(run.plan.seed + 1);
    power_set_way(run.plan.way);
}

/* What is left of the files after a cut, with none of the plan's faults. */
static struct store *open_left(struct contract *c)
{
    restore(c, "after");
    power_cut_at_sync(run.plan.cut_again_at_sync);
    struct store *s = open_file(c, NULL);
    if (!s && power_is_cut()) {
        run.seen.cut_again = true;
        restore(c, "again");
        s = open_file(c, NULL);
    }
    power_cut_at_sync(0);
    return s;
}

static struct store *open_power(struct contract *c)
{
    if (power_is_cut()) return open_left(c);
    power_cut_at_sync(run.plan.cut_at_open);
    struct store *s = open_file(c, run.plan.extra_sql);
    run.seen.cut_open = power_is_cut();
    if (!s && run.seen.cut_open) return open_left(c);
    power_cut_at_sync(0);
    return s && run.plan.early ? early_open(s) : s;
}

/* ---- asking ---- */

static bool is_over(void) { return power_is_cut(); }

static void answered(enum store_op op, int err)
{
    if (!err) run.ops[op]++;
    if (err && !is_over()) run.failed++;
    if (++run.seen.answers == run.plan.cut_after_answer) power_cut();
}

/* The request of these tasks is answered: they are as was asked, unless it failed as a whole, which leaves it open. */
static void settle_promises(int request, int err)
{
    for (int i = 0; i < run.n && !err; i++) {
        if (run.tasks[i].request != request) continue;
        run.tasks[i].was = run.tasks[i].will;
        run.tasks[i].request = 0;
    }
}

static struct power_promise *promise_of(const struct id *id)
{
    for (int i = 0; i < run.n; i++)
        if (id_cmp(&run.tasks[i].body.id, id) == 0) return &run.tasks[i];
    abort();
}

static struct power_promise *make(struct contract *c, int request, size_t bytes, bool keyed)
{
    struct power_promise *p = &run.tasks[run.n++];
    if (run.n == TASKS) abort();
    *p = (struct power_promise){.body = contract_body(c, "q", "t")};
    if (bytes) p->body.input = (struct str){big, bytes};
    if (keyed) snprintf(p->key, sizeof p->key, "k%d", run.n);
    p->item = (struct store_add_item){.body = &p->body, .key = keyed ? str_of(p->key) : STR_NONE};
    power_ask(p, request, (struct power_shape){.there = true, .key = keyed, .state = TASK_PENDING, .run = 1, .input = true});
    return p;
}

static void on_added(struct store_req *r)
{
    for (int i = 0; i < run.n; i++)
        if (&run.tasks[i].add.req == r) settle_promises(run.tasks[i].request, r->err);
    answered(STORE_ADD, r->err);
    contract_on_done(r);
}

static void add(struct contract *c, int n, bool together, size_t bytes, bool keyed)
{
    for (int i = 0; i < n && !is_over(); i++) {
        struct power_promise *p = make(c, ++run.requests, bytes, keyed);
        p->add = (struct store_add){.items = &p->item, .n = 1};
        c->pending++;
        store_add(c->store, &p->add, on_added, c);
        if (!together) contract_wait(c);
    }
    if (together && c->pending) contract_wait(c);
}

/* Three in one request: one at once, one in a second, and one that has to start within half of one, and will not. */
static void add_many(struct contract *c)
{
    if (is_over()) return;
    struct store_add_item items[3];
    int request = ++run.requests;
    for (int i = 0; i < 3; i++) {
        struct power_promise *p = make(c, request, 0, false);
        if (i == 1) p->body.run_at_ms = c->clock.wall_ms + 1000, p->will.state = TASK_SCHEDULED;
        if (i == 2) p->body.rules.start_by_ms = c->clock.wall_ms + 500;
        items[i] = p->item;
    }
    struct store_add r = {.items = items, .n = 3};
    ASK(c, add, &r);
    settle_promises(request, r.req.err);
    answered(STORE_ADD, r.req.err);
    store_release(&r.req);
}

static struct store_claim claim(struct contract *c, int n)
{
    uint64_t fences[TASKS];
    uint32_t lane = contract_lane(c, "q", "t");
    for (int i = 0; i < n; i++) fences[i] = id_fence(&c->rng.rng);
    struct store_claim r = {.lanes = &lane, .n_lanes = 1, .fences = fences, .max = (size_t)n};
    ASK(c, claim, &r);
    answered(STORE_CLAIM, r.req.err);
    return r; /* who was claimed is pending again, or still, when the power has been away */
}

/* Each saves so many bytes. */
static void save(struct contract *c, const struct store_claim *got, size_t bytes)
{
    if (is_over() || got->req.err || got->n == 0) return;
    struct store_save_item items[TASKS];
    int request = ++run.requests;
    for (size_t i = 0; i < got->n; i++) {
        struct power_promise *p = promise_of(&got->items[i].body.id);
        struct power_shape will = p->was;
        items[i] = (struct store_save_item){.id = p->body.id, .fence = got->items[i].life.fence};
        items[i].save = (struct task_save){.attempt = got->items[i].life.attempt, .at_ms = c->clock.wall_ms, .data = {big, bytes}};
        will.saved = bytes;
        power_ask(p, request, will);
    }
    struct store_save r = {.items = items, .n = got->n};
    ASK(c, save, &r);
    settle_promises(request, r.req.err);
    answered(STORE_SAVE, r.req.err);
    store_release(&r.req);
}

/* Claims n, which save, and ends them in one request: completed, failed for good, failed to be tried again, by turns. The
 * last save with the verdict. */
static void work(struct contract *c, int n)
{
    if (is_over()) return;
    struct store_claim got = claim(c, n);
    save(c, &got, 3);
    struct store_settle_item items[TASKS];
    int request = ++run.requests;
    size_t n_items = got.req.err || is_over() ? 0 : got.n;
    for (size_t i = 0; i < n_items; i++) {
        struct power_promise *p = promise_of(&got.items[i].body.id);
        items[i] = contract_verdict(c, &got.items[i].life, &got.items[i].body.id, i % 3 ? LIFE_FAILED : LIFE_DONE);
        items[i].retryable = i % 3 == 2;
        items[i].attempt.log = STR("it said so\n");
        struct power_shape will = p->was;
        items[i].save = (struct task_save){.attempt = got.items[i].life.attempt, .at_ms = c->clock.wall_ms, .data = {big, 5}};
        will.log = true;
        will.saved = i % 3 == 2 ? 5 : 0;
        will.result = i % 3 == 0;
        will.state = i % 3 == 0 ? TASK_COMPLETED : i % 3 == 1 ? TASK_FAILED : TASK_SCHEDULED;
        power_ask(p, request, will);
    }
    struct store_settle r = {.items = items, .n = n_items};
    if (n_items) {
        ASK(c, settle, &r);
        settle_promises(request, r.req.err);
        answered(STORE_SETTLE, r.req.err);
    }
    store_release(&r.req);
    store_release(&got.req);
}

static const struct task_tag tags[] = {{STR("power"), STR("on")}};

/* What people do to n tasks from the i-th on, in one request. */
static void act(struct contract *c, int i, int n, enum store_verb verb)
{
    if (is_over()) return;
    struct store_patch patch = {.has_priority = true, .priority = 7, .has_tags = true, .tags = tags, .n_tags = 1};
    struct store_control_item items[TASKS];
    int request = ++run.requests, refused = 0;
    for (int k = 0; k < n; k++) {
        struct power_promise *p = &run.tasks[i + k];
        items[k] = (struct store_control_item){.id = p->body.id, .verb = verb, .patch = &patch};
        items[k].result = STR("1");
        items[k].failure.code = STR("x");
        power_ask(p, request, power_after_verb(p->was, verb));
    }
    struct store_control r = {.items = items, .n = (size_t)n};
    ASK(c, control, &r);
    for (int k = 0; k < n && !r.req.err; k++) refused += items[k].err != 0;
    settle_promises(request, r.req.err);
    answered(STORE_CONTROL, r.req.err ? r.req.err : refused);
    run.verbs[verb] += !r.req.err && !refused;
    store_release(&r.req);
}

/* Two seconds pass. Who waited for a time is ready by that alone; who had to start is too late when somebody looks. */
static void tick(struct contract *c)
{
    if (is_over()) return;
    c->clock.wall_ms += 2000;
    struct store_tick r = {.max = TASKS};
    int request = ++run.requests;
    for (int i = 0; i < run.n; i++) {
        struct power_promise *p = &run.tasks[i];
        struct power_shape will = p->was;
        if (p->was.there && p->was.state == TASK_SCHEDULED) p->was.state = TASK_PENDING;
        if (!p->was.there || p->was.state != TASK_PENDING || !p->body.rules.start_by_ms) continue;
        will.state = TASK_EXPIRED;
        power_ask(p, request, will);
    }
    ASK(c, tick, &r);
    settle_promises(request, r.req.err);
    answered(STORE_TICK, r.req.err);
    store_release(&r.req);
}

/* Of the i-th its parts go, the j-th goes as a whole, and every key of before. */
static void purge(struct contract *c, int i, int j)
{
    if (is_over()) return;
    struct power_promise *parts = &run.tasks[i], *whole = &run.tasks[j];
    struct store_purge_item items[] = {
        {.id = parts->body.id, .run = parts->was.run, .parts = RETAIN_INPUT | RETAIN_RESULT | RETAIN_LOG},
        {.id = whole->body.id, .run = whole->was.run, .parts = RETAIN_RECORD}};
    struct store_purge r = {.items = items, .n = 2, .keys_before_ms = c->clock.wall_ms, .keys_max = TASKS};
    int request = ++run.requests;
    for (int k = 0; k < run.n; k++) {
        struct power_promise *p = &run.tasks[k];
        struct power_shape will = p->was;
        if (p->body.created_at_ms < c->clock.wall_ms) will.key = false;
        if (p == parts) will.input = will.result = will.log = false;
        if (p == whole) will.there = false;
        if (p == parts || p == whole || p->was.key) power_ask(p, request, will);
    }
    ASK(c, purge, &r);
    settle_promises(request, r.req.err);
    answered(STORE_PURGE, r.req.err ? r.req.err : !(items[0].purged && items[1].purged && r.n_keys > 0));
    store_release(&r.req);
}

static void set_capacity(struct contract *c, int64_t capacity)
{
    if (is_over()) return;
    struct store_queue r = {.queue = STR("q"), .parts = STORE_QUEUE_CAPACITY, .set.capacity = capacity};
    run.set_will = capacity;
    ASK(c, queue, &r);
    if (!r.req.err) run.set_was = capacity;
    answered(STORE_QUEUE, r.req.err);
}

static void besides(struct contract *c, enum store_op op) { if (!is_over()) answered(op, (op == STORE_ADD || op >= STORE_NOTICE_READ ? power_notice_do : power_file_do)(c, op, run.fail)); }

/* The first seven are worked on: 0, 3 and 6 complete, 1 and 4 fail, 2 and 5 wait for another attempt. */
static void play(struct contract *c)
{
    add(c, 3, false, 0, false);
    add(c, 6, true, 0, false);
    add_many(c);               /* 9, 10, 11 */
    add(c, 2, false, 0, true); /* 12, 13 */
    work(c, 7), besides(c, STORE_FILE_ADD);
    act(c, 7, 1, STORE_PATCH);
    act(c, 1, 1, STORE_RETRY);
    act(c, 4, 1, STORE_DELETE);
    add(c, 4, false, BIG, false); /* 14 to 17: past the first checkpoint */
    tick(c);
    set_capacity(c, 77), besides(c, STORE_FILE_DROP), besides(c, STORE_ADD);
    act(c, 12, 2, STORE_CANCEL);
    act(c, 8, 1, STORE_COMPLETE);
    act(c, 9, 1, STORE_FAIL);
    add(c, 4, true, BIG, true); /* 18 to 21 */
    purge(c, 0, 3);
    act(c, 14, 3, STORE_PATCH), besides(c, STORE_NOTICE_READ);
    work(c, 5);
    add(c, 3, true, 0, true), act(c, 12, 2, STORE_DELETE); /* 22 to 24 */
    act(c, 22, 1, STORE_CANCEL), besides(c, STORE_NOTICE_DROP);
    set_capacity(c, 88), besides(c, STORE_FILE_SWEEP);
    add(c, 3, false, BIG, false); /* 25 to 27 */
    add_many(c);                  /* 28, 29, 30 */
    tick(c);
    work(c, 2);
    act(c, 22, 1, STORE_RETRY), besides(c, STORE_NOTICE_SWEEP);
    add(c, 1, false, 0, true);
    if (!is_over()) {
        struct store_claim r = claim(c, 4); /* they run when it is over */
        save(c, &r, 7);
        store_release(&r.req);
    }
    act(c, 31, 1, STORE_PATCH);
}

static bool did_everything(void)
{
    bool all = run.failed == 0;
    for (int op = 0; op < STORE_OPS; op++) all = all && (run.ops[op] > 0 || !store_op_is_change((enum store_op)op));
    for (int verb = 0; verb <= STORE_FAIL; verb++) all = all && run.verbs[verb] > 0;
    return all;
}

static void check_left(struct contract *c)
{
    if (run.plan.only_files) {
        char left[sizeof c->path + 8];
        snprintf(left, sizeof left, "%s-left", c->path);
        power_restore(c->path, left);
        run.seen.broken = power_check_files(left, run.tasks, run.n);
        return;
    }
    contract_reopen(c);
    run.seen.broken = power_check_tasks(c, run.tasks, run.n) + power_check_rows(c->path) + power_file_check(c, run.fail) + power_notice_check(c, run.fail);
    (void)contract_put(c, "q", "t"); /* it goes on */
    int64_t capacity = contract_count(c, "q").set.capacity;
    run.seen.broken += capacity != run.set_was && capacity != run.set_will;
}

static struct contract *begin(const struct power_plan *plan, void (*fail)(void))
{
    static struct contract_engine power = {.name = "power", .has_loop = true, .survives = true, .open = open_power};
    if (access("/dev/shm", W_OK) == 0) power.folder = "/dev/shm"; /* nothing here is to outlive the process */
    for (size_t i = 0; i < BIG; i++) big[i] = (char)('a' + i % 23);
    run = (struct run){.plan = *plan, .set_was = -1, .set_will = -1, .fail = fail};
    power_file_begin(), power_notice_begin();
    contract_use(&power);
    power_on(plan->seed);
    power_set_way(plan->way);
    return contract_new(fail);
}

struct power_seen power_run(const struct power_plan *plan, void (*fail)(void))
{
    struct contract *c = begin(plan, fail);
    int syncs = power_syncs();
    power_cut_at_sync(plan->cut_at_sync);
    play(c);
    run.seen.cut = power_is_cut();
    run.seen.syncs = power_syncs() - syncs;
    run.seen.did_everything = did_everything();
    power_cut();
    run.seen.in = power_cut_in();
    check_left(c);
    contract_free(c);
    power_off();
    return run.seen;
}

struct power_seen power_run_open(const struct power_plan *plan, void (*fail)(void))
{
    struct contract *c = begin(plan, fail);
    (void)contract_put(c, "q", "t");
    contract_free(c);
    power_off();
    return run.seen;
}
