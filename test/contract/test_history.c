/* SPDX-License-Identifier: Apache-2.0
 *
 * Random histories: one seeded generator of operations, played against `mem` and `sqlite` side by side, answer by answer
 * compared as text. In between sqlite is closed and opened again, while in mem the running attempts are settled as lost:
 * nobody may see a difference. Lane numbers are the engines' own, so lanes are compared by name.
 *
 * `test_history N` plays seed N alone and prints every step.
 */
#include "base/mem.h"
#include "store/mem/mem_engine.h"
#include "store/sqlite/sqlite_engine.h"
#include "task/order.h"
#include "test/contract/contract.h"
#include "test/contract/history_steps.h"
#include "test/contract/say.h"

#define SEEDS 200
#define STEPS 110
#define IDS 400
#define ATTEMPTS 600

static const char *const queues[] = {"q", "r"};
static const char *const types[] = {"t", "u"};
static const char *const lane_types[] = {"t", "u", "t>a", "u>a", "t>b", "u>b"}; /* of chains, with their step */
static const char *const batches[] = {"", "one", "two"};
static const char *const limit_keys[] = {"ann", "bob"};
static const struct task_tag tags[] = {{STR("a"), STR("1")}, {STR("b"), STR("2")}};
static char keys[30][4]; /* of adds */

static struct history { /* what the player knows, the same for both */
    struct task_body bodies[IDS];
    int n;
    struct store_settle_item attempts[ATTEMPTS]; /* as claimed: id, run, number, fence, rules */
    int n_attempts;
    uint64_t only; /* the one seed to play, talking; 0: all */
} h;

/* ---- operations: each draws from its own chance, so that both engines are asked the same ---- */

static struct task_body any_body(struct rng *r, int64_t now_ms)
{
    if (h.n && rng_below(r, 8) == 0) return h.bodies[rng_below(r, (uint64_t)h.n)]; /* a resend */
    struct task_body b = {.type = str_of(types[rng_below(r, 2)]),
                          .queue = str_of(queues[rng_below(r, 2)]),
                          .rules = {.priority = (int32_t)rng_below(r, 3) - 1,
                                    .max_attempts = 1 + (int32_t)rng_below(r, 3),
                                    .retry = {RETRY_EXPONENTIAL, RETRY_JITTER_FULL, 200, 1000}},
                          .created_at_ms = now_ms,
                          .timeout_ms = 1000,
                          .grace_ms = 100,
                          .cost = (double)(1 + rng_below(r, 20)) / 10,
                          .tags = tags,
                          .n_tags = rng_below(r, 3),
                          .input = STR("{\"n\":1}")};
    for (int i = 6; i < 16; i++) b.id.b[i] = (uint8_t)rng_next(r);
    for (int i = 0; i < 6; i++) b.id.b[i] = (uint8_t)(now_ms >> (8 * (5 - i)));
    if (rng_below(r, 3) == 0) b.run_at_ms = now_ms + (int64_t)rng_below(r, 1500);
    if (rng_below(r, 4) == 0) b.rules.start_by_ms = now_ms + (int64_t)rng_below(r, 2500);
    uint64_t batch = rng_below(r, 2) ? 0 : rng_below(r, 3);
    if (batch) b.batch_key = str_of(batches[batch]);
    if (rng_below(r, 2)) b.limit_key = str_of(limit_keys[rng_below(r, 2)]);
    if (rng_below(r, 3) == 0) b.key = str_of(keys[rng_below(r, 4)]);
    b.on_conflict = (enum task_conflict)rng_below(r, 3);
    if (rng_below(r, 3) == 0) b.cache = (struct task_cache){1 + (int64_t)rng_below(r, 20000), rng_below(r, 4) == 0, {(uint8_t)rng_below(r, 4)}};
    if (rng_below(r, 3) == 0) b.step = rng_below(r, 3) ? STR("a") : STR("b");
    if (rng_below(r, 4) == 0) b.sequel = STR("{}");
    if (rng_below(r, 2)) b.subject = rng_below(r, 2) ? STR("ann") : STR("bob");
    return b;
}

static void play_add(struct contract *c, struct rng *r, struct buf *out, bool first)
{
    struct task_body bodies[6];
    struct store_add_item items[6];
    struct store_add adds[6];
    size_t n = 1 + rng_below(r, 6), together = rng_below(r, 2);
    int64_t capacity = rng_below(r, 3) ? 0 : 6;
    for (size_t i = 0; i < n; i++) {
        bodies[i] = any_body(r, c->clock.wall_ms);
        items[i] = (struct store_add_item){.body = &bodies[i], .capacity = capacity};
        if (rng_below(r, 3) == 0) items[i].key = str_of(keys[rng_below(r, 30)]);
        items[i].print[STORE_PRINT - 1] = rng_below(r, 4) == 0;
    }
    for (size_t i = 0; i < (together ? 1 : n); i++) { /* one request of n items, or n requests at one time */
        adds[i] = (struct store_add){.items = &items[i], .n = together ? n : 1};
        SUBMIT(c, add, &adds[i]);
    }
    contract_wait(c);
    for (size_t i = 0; i < n; i++) {
        say_id(out, &bodies[i].id);
        buf_add_format(out, " %d existed %d replayed %d", items[i].err, items[i].existed, items[i].replayed);
        buf_add_format(out, " existing %d replaced %d", items[i].existing, items[i].replaced);
        if (items[i].existing || items[i].replaced || items[i].err == ERR_KEY_HELD) say_id(out, &items[i].holder);
        if (items[i].cached) buf_add_text(out, " cached"), say_id(out, &items[i].cached_from);
        if (items[i].replayed) say_id(out, &items[i].first);
        else if (!items[i].err) say_life(out, &items[i].life);
        bool known = items[i].existed || items[i].err || items[i].replayed || items[i].existing;
        if (first && !known && h.n < IDS) h.bodies[h.n++] = bodies[i];
    }
}

static const struct life_rules *rules_of(const struct id *id)
{
    for (int i = 0; i < h.n; i++)
        if (id_cmp(&h.bodies[i].id, id) == 0) return &h.bodies[i].rules;
    return &contract_rules;
}

static void play_claim(struct contract *c, struct rng *r, struct buf *out, bool first)
{
    uint32_t lanes[36];
    uint64_t fences[5];
    size_t n = 0;
    for (int i = 0; i < 36; i++)
        if (rng_below(r, 3)) lanes[n++] = contract_lane_of(c, queues[i % 2], lane_types[i / 2 % 6], batches[i / 12]);
    for (int i = 0; i < 5; i++) fences[i] = id_fence(r);
    struct store_claim q = {.lanes = lanes, .n_lanes = n, .fences = fences, .max = rng_below(r, 6)};
    q.leased = rng_below(r, 4) == 0;
    q.fill = rng_below(r, 4);
    if (rng_below(r, 3) == 0) q.until_rank = order_rank((int32_t)rng_below(r, 3) - 1, c->clock.wall_ms);
    if (rng_below(r, 3) == 0) q.cost = (double)rng_below(r, 50) / 10;
    ASK(c, claim, &q);
    if (q.n) say_lane(out, &c->lanes[q.lane]);
    for (size_t i = 0; i < q.n; i++) {
        struct store_claim_item *it = &q.items[i];
        say_id(out, &it->body.id);
        buf_add_format(out, " %.*s %.*s", STR_ARG(it->body.queue), STR_ARG(it->body.input));
        buf_add_format(out, " on from %d %.*s", it->resumed_from, STR_ARG(it->resume));
        say_steps(out, it->steps, it->n_steps);
        say_life(out, &it->life);
        if (!first || h.n_attempts == ATTEMPTS) continue;
        h.attempts[h.n_attempts++] = (struct store_settle_item){.attempt = {.id = it->body.id,
                                                                            .run = it->life.run,
                                                                            .number = it->life.attempt,
                                                                            .fence = it->life.fence,
                                                                            .started_at_ms = it->life.started_at_ms,
                                                                            .resumed_from = it->resumed_from},
                                                                .step = history_step(&it->body, &it->life),
                                                                .rules = rules_of(&it->body.id)};
    }
    store_release(&q.req);
}

static void play_settle(struct contract *c, struct rng *r, struct buf *out)
{
    struct store_settle_item items[4];
    size_t n = 1 + rng_below(r, 4);
    if (h.n_attempts == 0) return;
    for (size_t i = 0; i < n; i++) {
        int back = (int)rng_below(r, rng_below(r, 3) ? 6 : ATTEMPTS); /* mostly the newest, now and then a stale one */
        struct store_settle_item it = h.attempts[back < h.n_attempts ? h.n_attempts - 1 - back : 0];
        it.attempt.verdict = rng_below(r, 3) ? (enum life_event)rng_below(r, LIFE_CLAIM) : LIFE_DONE;
        it.attempt.finished_at_ms = c->clock.wall_ms;
        it.retryable = rng_below(r, 4) > 0;
        it.shared = rng_below(r, 2) > 0;
        it.retry_after_ms = rng_below(r, 4) ? 0 : (int64_t)rng_below(r, 900);
        it.chance = rng_next(r);
        if (rng_below(r, 2)) it.attempt.log = STR("some output\n");
        if (rng_below(r, 2)) it.attempt.output = STR("pieces of it");
        if (it.attempt.verdict != LIFE_DONE)
            it.attempt.failure = (struct failure){.code = STR("worker_error"), .message = STR("no"),
                                                  .attempt = it.attempt.number, .at_ms = c->clock.wall_ms};
        it.result = STR("{\"r\":2}");
        history_do_step(r, &it);
        if (rng_below(r, 4) == 0) it.save = history_any_save(c, r, &it.attempt);
        if (it.save.attempt) it.attempt.saved_at_ms = it.save.at_ms, it.attempt.saved_bytes = it.save.data.len;
        it.progress = rng_below(r, 2) ? STR("{\"percent\":50}") : STR_NONE;
        items[i] = it;
    }
    struct store_settle q = {.items = items, .n = n};
    ASK(c, settle, &q);
    for (size_t i = 0; i < n; i++) {
        say_id(out, &items[i].attempt.id);
        buf_add_format(out, " %s %d", life_verdict_word(items[i].attempt.verdict), items[i].err);
        if (items[i].err) continue;
        say_life(out, &items[i].life);
        buf_add_format(out, " ended %d code %d", items[i].outcome.ended, items[i].outcome.failure);
    }
    store_release(&q.req);
}

static struct id any_id(struct rng *r)
{
    struct id id = {{9}};
    if (h.n_attempts && rng_below(r, 2)) return h.attempts[rng_below(r, (uint64_t)h.n_attempts)].attempt.id;
    return h.n && rng_below(r, 20) ? h.bodies[rng_below(r, (uint64_t)h.n)].id : id;
}

/* As it is, or as somebody else may have seen it: with another priority. The task lives as long as `keep`. */
static const struct task *any_expectation(struct contract *c, struct rng *r, const struct id *id, struct store_get *keep)
{
    *keep = (struct store_get){.id = *id};
    ASK(c, get, keep);
    if (rng_below(r, 3) == 0) keep->task.body.rules.priority++;
    return keep->found ? NULL : &keep->task;
}

static struct store_control_item any_control(struct rng *r, int64_t now_ms, struct store_patch *patch)
{
    static const enum store_verb verbs[] = {STORE_CANCEL, STORE_CANCEL,   STORE_RETRY, STORE_RETRY, STORE_PATCH, STORE_PATCH,
                                            STORE_PATCH,  STORE_COMPLETE, STORE_FAIL,  STORE_DELETE};
    *patch = (struct store_patch){.has_priority = rng_below(r, 2), .priority = (int32_t)rng_below(r, 3) - 1,
                                  .has_tags = rng_below(r, 2), .tags = &tags[rng_below(r, 2)], .n_tags = rng_below(r, 2)};
    if (rng_below(r, 2)) patch->run_at_ms = now_ms + (int64_t)rng_below(r, 2000) - 500;
    return (struct store_control_item){.id = any_id(r),
                                       .verb = verbs[rng_below(r, 10)],
                                       .capacity = rng_below(r, 3) ? 0 : 5,
                                       .patch = patch,
                                       .result = STR("\"by hand\""),
                                       .failure = {.code = STR("by_hand"), .message = STR("no"), .at_ms = now_ms}};
}

static void learn(const struct store_control_item *it)
{
    if (it->err || it->verb != STORE_PATCH || !it->patch->has_priority) return;
    for (int i = 0; i < h.n; i++)
        if (id_cmp(&h.bodies[i].id, &it->id) == 0) h.bodies[i].rules.priority = it->patch->priority;
}

static void play_control(struct contract *c, struct rng *r, struct buf *out, bool first)
{
    struct store_control_item items[3];
    struct store_patch patches[3];
    struct store_get seen[3] = {{.found = 0}};
    size_t n = 1 + rng_below(r, 3);
    for (size_t i = 0; i < n; i++) {
        items[i] = any_control(r, c->clock.wall_ms, &patches[i]);
        if (rng_below(r, 3) == 0) items[i].expect = any_expectation(c, r, &items[i].id, &seen[i]);
    }
    struct store_control q = {.items = items, .n = n};
    ASK(c, control, &q);
    for (size_t i = 0; i < n; i++) {
        buf_add_format(out, " verb %d: %d changed %d ended %d", items[i].verb, items[i].err, items[i].changed, items[i].ended);
        if (!items[i].err) say_life(out, &items[i].life);
        if (first) learn(&items[i]);
        store_release(&seen[i].req);
    }
    store_release(&q.req);
}

static void play_reads(struct contract *c, struct rng *r, struct buf *out)
{
    static const char *const words[] = {NULL, "scheduled", "retrying", "pending", "running", "completed", "failed", "expired"};
    struct store_get get = {.id = any_id(r), .input_max = rng_below(r, 10), .result_max = rng_below(r, 10)};
    ASK(c, get, &get);
    buf_add_format(out, " get %d", get.found);
    if (!get.found) say_task(out, &get.task);
    store_release(&get.req);
    struct store_log log = {.id = any_id(r), .run = (int32_t)rng_below(r, 3), .number = (int32_t)rng_below(r, 3), .output = rng_below(r, 2) > 0};
    if (h.n_attempts && rng_below(r, 4)) log.id = h.attempts[rng_below(r, (uint64_t)h.n_attempts)].attempt.id;
    ASK(c, log, &log);
    buf_add_format(out, " log %d %.*s", log.found, STR_ARG(log.log));
    store_release(&log.req);
    struct store_history history = {.id = any_id(r), .limit = 1 + rng_below(r, 5)};
    ASK(c, history, &history);
    say_history(out, &history);
    store_release(&history.req);
    struct store_filter f = {.word = words[rng_below(r, 8)], .derived = rng_below(r, 4) == 0};
    if (rng_below(r, 2)) f.queue = str_of(queues[rng_below(r, 2)]);
    if (rng_below(r, 3) == 0) f.subject = STR("ann");
    while (f.n_tags < 2 && rng_below(r, 3) == 0) f.tags[f.n_tags++] = tags[rng_below(r, 2)];
    if (rng_below(r, 3) == 0) f.has_from = true, f.from = any_id(r);
    struct store_list list = {.filter = f, .limit = 1 + rng_below(r, 20)};
    for (bool more = true; more;) { /* all pages: a short one is legal */
        ASK(c, list, &list);
        for (size_t i = 0; i < list.n; i++) say_task(out, &list.items[i]);
        struct store_list next = {.filter = f, .limit = list.limit, .has_after = true, .after = list.last};
        more = list.more;
        store_release(&list.req);
        list = next;
    }
}

static void say_counts(struct contract *c, struct buf *out)
{
    for (int q = 0; q < 2; q++) {
        struct store_count n = contract_count(c, queues[q]);
        say_set(out, &n);
        for (int k = 0; k < 2; k++) say_key(out, c, queues[q], limit_keys[k]);
        buf_add_format(out, " %s oldest %lld retrying %lld:", queues[q], (long long)n.oldest_ready_ms, (long long)n.retrying);
        for (int s = 0; s < TASK_STATES; s++) buf_add_format(out, " %lld", (long long)n.n[s]);
        for (int t = 0; t < 18; t++) {
            uint32_t lane = contract_lane_of(c, queues[q], lane_types[t % 6], batches[t / 6]);
            uint32_t ready = lane == NO_LANE ? 0 : c->lanes[lane].ready;
            if (ready) buf_add_format(out, " lane %u head %lld", ready, (long long)c->lanes[lane].head_rank);
        }
    }
}

/* Tasks, or those whose ids are derived: chance makes both. */
static void lose_running(struct contract *c, bool derived)
{
    struct store_list list = {.filter = {.word = "running", .derived = derived}, .limit = LIMIT_PAGE};
    ASK(c, list, &list);
    for (size_t i = 0; i < list.n; i++) {
        struct task *t = &list.items[i];
        if (t->life.leased) continue; /* its puller holds it */
        struct store_settle_item it = contract_verdict(c, &t->life, &t->body.id, LIFE_LOST);
        it.attempt.failure = (struct failure){.code = failure_word(FAILURE_LOST), .message = failure_text(FAILURE_LOST),
                                              .attempt = t->life.attempt, .at_ms = c->clock.wall_ms};
        history_recall_save(c, &it.attempt);
        CHECK_INT(contract_settle(c, &it).err, 0);
    }
    store_release(&list.req);
}

/* The process goes away: what ran is lost. In an engine that keeps nothing the same is said by hand. */
static void play_reopen(struct contract *c, struct buf *out)
{
    history_begin_anew(c, queues); /* turns and tokens are by a reopen (contract_fair.c, contract_key_rate.c) */
    if (c->engine->survives) {
        contract_reopen(c);
    } else {
        lose_running(c, false);
        lose_running(c, true);
    }
    /* promotions are not written: they come again, and with them the order in which times are looked at */
    struct store_tick q = contract_tick(c, 10000);
    buf_add_format(out, " ended %zu more %d", q.n_ended, q.more);
    history_say_next(out, c);
    store_release(&q.req);
}

static void play(struct contract *c, uint64_t kind, uint64_t chance, struct buf *out, bool first)
{
    struct rng_seeded r;
    rng_seeded_init(&r, chance);
    buf_clear(out);
    if (kind < 5) play_add(c, &r.rng, out, first);
    else if (kind < 10) play_claim(c, &r.rng, out, first);
    else if (kind < 17) play_settle(c, &r.rng, out);
    else if (kind < 20) play_control(c, &r.rng, out, first);
    else if (kind < 23) history_tick(c, 1 + rng_below(&r.rng, 8), out);
    else if (kind < 27) play_reads(c, &r.rng, out);
    else if (kind < 28) history_set(c, &r.rng, queues);
    else if (kind < 32) history_save(c, &r.rng, out, h.attempts, h.n_attempts);
    else if (kind < 35) history_owed(c, &r.rng, out);
    else play_reopen(c, out);
    if (chance % 4 == 0) say_counts(c, out);
}

static struct store *open_mem(struct contract *c)
{
    return mem_engine_open(&c->turn, &c->events);
}

static struct store *open_sqlite(struct contract *c)
{
    struct sqlite_engine_conf conf = {.loop = c->loop, .events = &c->events, .path = c->path, .extra_sql = "PRAGMA synchronous=OFF"};
    struct err e;
    struct store *s = NULL;
    if (sqlite_engine_open(&s, &conf, &e) != 0) fprintf(stderr, "%s\n", e.text);
    return s;
}

static const struct contract_engine mem = {.name = "mem", .open = open_mem};
static const struct contract_engine sqlite = {.name = "sqlite", .has_loop = true, .survives = true, .open = open_sqlite};

static void compare(uint64_t seed)
{
    struct rng_seeded r;
    struct buf a, b;
    rng_seeded_init(&r, seed);
    buf_init(&a, 1 << 20);
    buf_init(&b, 1 << 20);
    h.n = h.n_attempts = 0;
    contract_use(&mem);
    struct contract *one = contract_new(test_fail);
    contract_use(&sqlite);
    struct contract *two = contract_new(test_fail);
    for (int step = 0; step < STEPS; step++) {
        uint64_t kind = rng_below(&r.rng, 36), chance = rng_next(&r.rng);
        int64_t ms = (int64_t)rng_below(&r.rng, 400);
        one->clock.wall_ms += ms;
        two->clock.wall_ms += ms;
        play(one, kind, chance, &a, false);
        play(two, kind, chance, &b, true);
        if (h.only) printf("%d kind %d:%.*s\n", step, (int)kind, STR_ARG(buf_str(&a)));
        if (!str_eq(buf_str(&a), buf_str(&b)) || buf_err(&a))
            fprintf(stderr, "seed %d step %d kind %d\n mem   %s\n sqlite %s\n", (int)seed, step, (int)kind, a.p ? a.p : "",
                    b.p ? b.p : "");
        CHECK(str_eq(buf_str(&a), buf_str(&b)) && !buf_err(&a));
    }
    contract_free(one);
    contract_free(two);
    buf_release(&a);
    buf_release(&b);
}

TEST(both_engines_give_the_same_answers_along_any_history)
{
    for (uint64_t seed = h.only ? h.only : 1; seed <= (h.only ? h.only : SEEDS); seed++) compare(seed);
}

int main(int argc, char **argv)
{
    for (int i = 0; i < 30; i++) snprintf(keys[i], sizeof keys[i], "k%d", i);
    if (argc > 1) h.only = strtoull(argv[1], NULL, 10);
    return test_main(h.only ? 1 : argc, argv);
}
