/* SPDX-License-Identifier: Apache-2.0
 *
 * fill FILE PENDING ENDED: a store as a busy server of days leaves it, made by the code that a server writes with: each row
 * goes through the shelf that apply.c speaks to, each life through life_step. What is left out is the sync, so FILE is
 * good for measuring only.
 *
 * Ids are spread over five days, the newest last. Most of what waits is newest; a tenth of it, of low priority, lies among
 * what has ended.
 * Types have shares from 40 % to one task in 100,000, endings from 97 % completed to one in 10,000 expired, subjects and
 * tags from millions of tasks to a handful; the oldest of all is of a type, subject and tag of its own.
 */
#include "base/mem.h"
#include "store/sqlite/sqlite_schema.h"
#include "store/sqlite/sqlite_shelf.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#define DAYS_MS (5 * INT64_C(86400000))
#define BATCH 20000
#define EXPIRES 0

static const struct kind {
    const char *queue, *type;
    uint64_t share; /* in 100,000 */
} kinds[] = {{"gpu", "transcribe", 40000}, {"cpu", "summarize", 30000}, {"cpu", "thumbnail", 20000},
             {"cpu", "embed", 8900},       {"slow", "report", 1099},    {"seldom", "rare", 1}};
#define KINDS (sizeof kinds / sizeof *kinds)

struct filling {
    struct sqlite_shelf shelf;
    const struct shelf_ops *ops;
    struct rng_seeded rng;
    int64_t made, total, pending, now_ms;
    int64_t tally[KINDS][TASK_STATES];
};

static void must(int err, const char *what)
{
    if (!err) return;
    fprintf(stderr, "fill: %s: error %d\n", what, err);
    exit(1);
}

static uint64_t chance(struct filling *f, uint64_t bound) { return rng_below(&f->rng.rng, bound); }

static struct id make_id(struct filling *f, int64_t ms)
{
    struct id id;
    for (int i = 0; i < 6; i++) id.b[i] = (uint8_t)(ms >> (40 - 8 * i));
    for (size_t i = 6; i < sizeof id.b; i++) id.b[i] = (uint8_t)chance(f, 256);
    id.b[6] = (uint8_t)(0x70 | (f->made >> 8 & 15)); /* of one millisecond, in order: a counter */
    id.b[7] = (uint8_t)f->made;
    id.b[8] = (uint8_t)(0x80 | (id.b[8] & 63));
    return id;
}

static size_t pick_kind(struct filling *f)
{
    uint64_t at = chance(f, 100000);
    size_t k = 0;
    while (at >= kinds[k].share) at -= kinds[k++].share;
    return k;
}

static struct str say(char *text, size_t size, const char *format, uint64_t number)
{
    int len = snprintf(text, size, format, (unsigned long long)number);
    return (struct str){text, (size_t)len};
}

/* ---- one life ---- */

static void step(struct filling *f, struct life *life, const struct task_body *b, struct life_input in)
{
    struct life_outcome out;
    in.chance = chance(f, UINT64_MAX);
    must(life_step(life, &b->rules, &in, &out), "a step of a life");
}

static struct failure error_of(const struct life *life, int64_t at_ms)
{
    return (struct failure){.code = STR("worker_error"), .message = STR("the worker said: cannot decode the input"),
                            .attempt = life->attempt, .at_ms = at_ms};
}

/* Claimed, and its attempt over. */
static void attempt(struct filling *f, const struct task_body *b, struct life *life, enum life_event verdict, int64_t at_ms)
{
    uint64_t fence = id_fence(&f->rng.rng);
    step(f, life, b, (struct life_input){.event = LIFE_CLAIM, .now_ms = at_ms, .fence = fence});
    struct task_attempt a = {.id = b->id, .run = life->run, .number = life->attempt, .fence = fence, .verdict = verdict,
                             .started_at_ms = at_ms, .finished_at_ms = at_ms + 900};
    if (verdict != LIFE_DONE) a.failure = error_of(life, at_ms + 900), a.log = STR("Traceback: at line 7\n");
    step(f, life, b, (struct life_input){.event = verdict, .now_ms = at_ms + 900, .fence = fence, .retryable = true});
    if (verdict != LIFE_DONE) must(f->ops->note(&f->shelf.shelf, &a), "an attempt");
}

/* `how`: of 10,000. */
static void end(struct filling *f, const struct task_body *b, size_t kind, struct life *life, uint64_t how)
{
    int64_t at_ms = b->created_at_ms + 1000;
    struct ready_lane lane = {.queue_name = b->queue, .type = b->type};
    struct task_ending e = {.finished_at_ms = at_ms + 900};
    if (how == EXPIRES) {
        step(f, life, b, (struct life_input){.event = LIFE_EXPIRE, .now_ms = at_ms});
    } else if (how < 91) {
        step(f, life, b, (struct life_input){.event = LIFE_CANCEL, .now_ms = at_ms});
    } else if (how < 291) {
        attempt(f, b, life, LIFE_FAILED, at_ms);
        e.failure = error_of(life, at_ms + 900);
    } else {
        attempt(f, b, life, LIFE_DONE, at_ms);
        e.result = STR("{\"text\":\"what the model made of it, a line or two of words\",\"seconds\":12.5,\"language\":\"en\"}");
    }
    e.life = *life;
    assert(state_is_ending(life->state));
    must(f->ops->end(&f->shelf.shelf, &b->id, &lane, &e), "an ending");
    f->tally[kind][life->state]++;
}

static void retry_later(struct filling *f, const struct task_body *b, struct life *life)
{
    struct ready_lane lane = {.queue_name = b->queue, .type = b->type};
    attempt(f, b, life, LIFE_FAILED, b->created_at_ms + 1000);
    must(f->ops->change(&f->shelf.shelf, &b->id, &lane, life), "a task that waits for another attempt");
}

static bool waits(struct filling *f)
{
    int64_t left = f->total - f->made, newest = f->pending - f->pending / 10;
    if (left <= newest) return true;
    return chance(f, (uint64_t)(f->total - newest)) < (uint64_t)(f->pending / 10);
}

static void make(struct filling *f)
{
    char subject[32], project[32], input[256];
    bool first = f->made == 0, waiting = !first && waits(f);
    size_t kind = first ? KINDS - 1 : pick_kind(f);
    int64_t at_ms = f->now_ms - DAYS_MS + (int64_t)((double)f->made / (double)f->total * (double)DAYS_MS);
    struct task_tag tags[2] = {{STR("lang"), chance(f, 2) ? STR("en") : STR("de")},
                               {STR("project"), say(project, sizeof project, "p%llu", chance(f, 1000))}};
    struct task_body b = {.id = make_id(f, at_ms), .type = str_of(kinds[kind].type), .queue = str_of(kinds[kind].queue),
                          .created_at_ms = at_ms, .timeout_ms = 60000, .grace_ms = 5000, .retain_ms = RETAIN_AS_TYPE, .cost = 1,
                          .rules = {.max_attempts = 1, .retry = {RETRY_EXPONENTIAL, RETRY_JITTER_FULL, 5000, 600000}}};
    if (chance(f, 10) < 3) b.subject = say(subject, sizeof subject, "customer-%llu", chance(f, 100000));
    if (chance(f, 5) == 0) b.tags = tags, b.n_tags = 2;
    if (first) tags[1].value = b.subject = STR("once"), b.tags = tags, b.n_tags = 2;
    b.input = say(input, sizeof input,
                  "{\"audio\":\"recordings/2026/11/21/meeting-%010llu.wav\",\"language\":\"en\",\"model\":\"small\",\"options\":"
                  "{\"timestamps\":true,\"beam\":5,\"temperature\":0.2},\"note\":\"what a caller says, short.\"}",
                  (uint64_t)f->made);
    uint64_t later = waiting ? chance(f, 1000) : 1000, how = chance(f, 10000);
    if (waiting && f->total - f->made > f->pending) b.rules.priority = -5;
    if (!waiting && how == EXPIRES) b.rules.start_by_ms = at_ms + 500;
    if (later < 20) b.run_at_ms = f->now_ms + DAYS_MS;
    if (later == 20) b.rules.max_attempts = 3, b.rules.retry = (struct retry_policy){RETRY_FIXED, RETRY_JITTER_NONE, DAYS_MS * 2, DAYS_MS * 2};
    struct life life = life_begin(&b.rules, 1, b.run_at_ms, at_ms);
    must(f->ops->add(&f->shelf.shelf, &b, &life), "a task");
    if (!waiting) end(f, &b, kind, &life, how);
    else if (later == 20) retry_later(f, &b, &life);
    f->made++;
}

/* ---- all of them ---- */

static void tally(struct filling *f)
{
    for (size_t k = 0; k < KINDS; k++)
        for (int s = 0; s < TASK_STATES; s++) {
            int64_t n = 0;
            for (size_t i = 0; i < KINDS; i++) n += strcmp(kinds[i].queue, kinds[k].queue) == 0 ? f->tally[i][s] : 0;
            if (n) must(f->ops->tally(&f->shelf.shelf, str_of(kinds[k].queue), (enum task_state)s, n), "a count");
        }
}

static void fill(struct filling *f)
{
    while (f->made < f->total) {
        must(f->ops->begin(&f->shelf.shelf), "begin");
        for (int i = 0; i < BATCH && f->made < f->total; i++) make(f);
        tally(f);
        must(f->ops->commit(&f->shelf.shelf), "commit");
        must(sqlite_db_exec(&f->shelf.db, "PRAGMA wal_checkpoint(PASSIVE)", NULL), "checkpoint");
    }
}

int main(int argc, char **argv)
{
    struct filling *f = mem_new(sizeof *f);
    struct err e = {0};
    if (argc != 4) {
        fprintf(stderr, "usage: fill FILE PENDING ENDED\n");
        return 2;
    }
    f->pending = strtoll(argv[2], NULL, 10);
    f->total = f->pending + strtoll(argv[3], NULL, 10);
    f->now_ms = clock_wall_ms(&clock_system);
    rng_seeded_init(&f->rng, 1);
    int err = sqlite_db_open(&f->shelf.db, argv[1], false, &e);
    if (!err) err = sqlite_schema_prepare(&f->shelf.db, argv[1], &e);
    if (!err) err = sqlite_db_exec(&f->shelf.db, "PRAGMA synchronous=OFF; PRAGMA cache_size=-262144", &e);
    if (err) fprintf(stderr, "fill: %s\n", e.text);
    if (err) return 1;
    sqlite_shelf_init(&f->shelf);
    f->ops = f->shelf.shelf.ops;
    fill(f);
    sqlite_shelf_release(&f->shelf);
    free(f);
    return 0;
}
