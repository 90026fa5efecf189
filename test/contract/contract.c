/* SPDX-License-Identifier: Apache-2.0
 *
 * The stage on which the cases play: clock, turn or loop, the store's news, and one helper a request.
 */
#include "test/contract/contract.h"

#include "base/mem.h"

#include <ftw.h>
#include <unistd.h>

/* A failed check in this file leaves the test of the file that called. */
static void (*leave)(void);
#define test_fail() leave()

static const struct contract_engine *engine_in_use;

const struct life_rules contract_rules = {.max_attempts = 3, .retry = {RETRY_FIXED, RETRY_JITTER_NONE, 1000, 60000}};

static int64_t wall_ms(const struct clock *c)
{
    return CONTAINER_OF(c, const struct contract_clock, clock)->wall_ms;
}

static int64_t mono_ms(const struct clock *c)
{
    const struct contract_clock *own = CONTAINER_OF(c, const struct contract_clock, clock);
    return own->mono_ms + (own->real_mono ? clock_mono_ms(&clock_system) : 0);
}

static void on_hints(void *user, const struct store_hint *hints, size_t n)
{
    struct contract *c = user;
    c->n_hints++;
    for (size_t i = 0; i < n; i++) {
        if (hints[i].lane >= CONTRACT_LANES) continue;
        struct contract_lane *l = &c->lanes[hints[i].lane];
        *l = (struct contract_lane){.known = true, .ready = hints[i].ready,
                                     .head_rank = hints[i].head_rank, .head = hints[i].head};
        str_copy(l->queue, sizeof l->queue, hints[i].queue);
        str_copy(l->type, sizeof l->type, hints[i].type);
        str_copy(l->batch_key, sizeof l->batch_key, hints[i].batch_key);
    }
}

static struct contract_key *key_place(struct contract *c, const struct store_key *k)
{
    struct contract_key *free_one = NULL;
    for (int i = 0; i < 16; i++) {
        struct contract_key *one = &c->keys[i];
        if (one->told.held == 0) free_one = one;
        else if (str_eq(k->queue, str_of(one->queue)) && str_eq(k->key, str_of(one->key))) return one;
    }
    CHECK(free_one);
    return free_one;
}

static void on_keys(void *user, const struct store_key *keys, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct contract_key *to = key_place(user, &keys[i]);
        str_copy(to->queue, sizeof to->queue, keys[i].queue);
        str_copy(to->key, sizeof to->key, keys[i].key);
        to->told = keys[i];
    }
}

static void on_next_due(void *user, int64_t due_at_ms) { ((struct contract *)user)->next_due_ms = due_at_ms; }

static void on_owed(void *user) { ((struct contract *)user)->n_owed++; }

static void on_lost(void *user, const struct store_lost *lost, size_t n)
{
    struct contract *c = user;
    for (size_t i = 0; i < n; i++, c->n_lost++)
        if (c->n_lost < 8) c->lost[c->n_lost] = lost[i];
}

static void on_leased(void *user, const struct store_leased *leased, size_t n)
{
    struct contract *c = user;
    for (size_t i = 0; i < n; i++, c->n_leased++) {
        if (c->n_leased >= sizeof c->leased / sizeof *c->leased) continue;
        c->leased[c->n_leased] = leased[i];
        CHECK(leased[i].queue.len > 0 && leased[i].type.len > 0);
    }
}

void contract_use(const struct contract_engine *engine)
{
    engine_in_use = engine;
}

static void open_store(struct contract *c)
{
    memset(c->lanes, 0, sizeof c->lanes);
    memset(c->keys, 0, sizeof c->keys);
    c->next_due_ms = 0;
    c->n_lost = c->n_leased = 0;
    c->n_owed = 0;
    c->store = c->engine->open(c);
    CHECK(c->store);
}

struct contract *contract_new(void (*fail)(void))
{
    leave = fail;
    struct contract *c = mem_new(sizeof *c);
    c->engine = engine_in_use;
    c->clock = (struct contract_clock){{wall_ms, mono_ms}, T0, 1000, c->engine->has_loop};
    rng_seeded_init(&c->rng, 1);
    turn_init(&c->turn, &c->clock.clock, &c->rng.rng);
    id_maker_init(&c->ids, &c->clock.clock, &c->rng.rng);
    c->events = (struct store_events){.on_hints = on_hints, .on_next_due = on_next_due, .on_keys = on_keys, .on_owed = on_owed,
                                      .on_lost = on_lost, .on_leased = on_leased, .user = c};
    snprintf(c->dir, sizeof c->dir, "%s/bide-contract-XXXXXX", c->engine->folder ? c->engine->folder : "/tmp");
    CHECK(mkdtemp(c->dir));
    snprintf(c->path, sizeof c->path, "%s/bide.db", c->dir);
    if (c->engine->has_loop) CHECK_INT(loop_open(&c->loop, &c->turn, NULL), 0);
    open_store(c);
    return c;
}

static void on_closed(void *user)
{
    struct contract *c = user;
    c->closed = true;
    if (c->loop) loop_stop(c->loop);
}

static void pump(struct contract *c)
{
    if (c->loop) {
        loop_run(c->loop);
        return;
    }
    turn_run(&c->turn);
    int64_t next_ms = turn_next_ms(&c->turn);
    if (next_ms > 0) c->clock.mono_ms += next_ms;
}

static void close_store(struct contract *c)
{
    c->closed = false;
    store_close(c->store, on_closed, c);
    CHECK(!c->closed);
    while (!c->closed) pump(c);
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *at)
{
    (void)st, (void)flag, (void)at;
    return remove(path);
}

void contract_free(struct contract *c)
{
    close_store(c);
    if (c->loop) loop_close(c->loop);
    turn_release(&c->turn);
    nftw(c->dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    free(c);
}

void contract_reopen(struct contract *c)
{
    close_store(c);
    open_store(c);
}

int contract_main(const struct contract_engine *engine, int argc, char **argv)
{
    contract_use(engine);
    printf("%s\n", engine->name);
    static int (*const groups[])(int argc, char **argv) = {
        contract_life, contract_read, contract_list, contract_patch, contract_outside, contract_set, contract_batch, contract_key, contract_key_rate,
        contract_text, contract_save, contract_where, contract_once, contract_cache, contract_fair, contract_share, contract_follow, contract_steps, contract_sequel, contract_file, contract_notice};
    int failed = 0;
    for (size_t i = 0; i < sizeof groups / sizeof *groups; i++) failed |= groups[i](argc, argv);
    return failed;
}

void contract_on_done(struct store_req *r)
{
    struct contract *c = r->user;
    c->answered[c->n_answered % 16] = r;
    c->n_answered++;
    c->pending--;
    if (c->pending == 0 && c->loop) loop_stop(c->loop);
}

void contract_wait(struct contract *c)
{
    CHECK(c->pending > 0); /* nothing is answered from inside the call */
    while (c->pending > 0) pump(c);
}

struct task_body contract_body(struct contract *c, const char *queue, const char *type)
{
    return (struct task_body){.id = id_make(&c->ids),
                              .type = str_of(type),
                              .queue = str_of(queue),
                              .rules = contract_rules,
                              .created_at_ms = c->clock.wall_ms,
                              .timeout_ms = 30000,
                              .grace_ms = 5000,
                              .cost = 1,
                              .input = STR("{}")};
}

struct life contract_add(struct contract *c, const struct task_body *body)
{
    struct store_add_item item = {.body = body};
    struct store_add r = {.items = &item, .n = 1};
    ASK(c, add, &r);
    CHECK_INT(r.req.err, 0);
    CHECK_INT(item.err, 0);
    CHECK(!item.existed);
    store_release(&r.req);
    return item.life;
}

struct id contract_put(struct contract *c, const char *queue, const char *type)
{
    struct task_body body = contract_body(c, queue, type);
    (void)contract_add(c, &body);
    return body.id;
}

uint32_t contract_lane_of(const struct contract *c, const char *queue, const char *type, const char *batch_key)
{
    for (uint32_t i = 0; i < CONTRACT_LANES; i++) {
        const struct contract_lane *l = &c->lanes[i];
        if (l->known && !strcmp(l->queue, queue) && !strcmp(l->type, type) && !strcmp(l->batch_key, batch_key)) return i;
    }
    return NO_LANE;
}

uint32_t contract_lane(const struct contract *c, const char *queue, const char *type)
{
    return contract_lane_of(c, queue, type, "");
}

void contract_claim(struct contract *c, struct store_claim *r, uint32_t lane, size_t max)
{
    uint64_t *fences = mem_new((max ? max : 1) * sizeof *fences);
    for (size_t i = 0; i < max; i++) fences[i] = id_fence(&c->rng.rng);
    *r = (struct store_claim){.lanes = &lane, .n_lanes = 1, .fences = fences, .max = max};
    ASK(c, claim, r);
    CHECK_INT(r->req.err, 0);
    for (size_t i = 0; i < r->n; i++) CHECK(r->items[i].life.fence == fences[i]);
    r->fences = NULL;
    r->lanes = NULL;
    free(fences);
}

struct store_claim_item contract_claim_one(struct contract *c, const char *queue, const char *type)
{
    struct store_claim r;
    contract_claim(c, &r, contract_lane(c, queue, type), 1);
    CHECK_INT(r.n, 1);
    struct store_claim_item item = r.items[0];
    store_release(&r.req);
    item.body.type = item.body.queue = item.body.input = item.body.subject = item.body.key = item.body.limit_key = item.body.batch_key = item.body.trace = STR_NONE; /* gone with the request */
    item.body.tags = NULL;
    item.body.n_tags = 0;
    return item;
}

struct store_settle_item contract_verdict(const struct contract *c, const struct life *life, const struct id *id,
                                          enum life_event verdict)
{
    struct store_settle_item item = {.attempt = {.id = *id,
                                                 .run = life->run,
                                                 .number = life->attempt,
                                                 .fence = life->fence,
                                                 .started_at_ms = life->started_at_ms,
                                                 .finished_at_ms = c->clock.wall_ms,
                                                 .verdict = verdict},
                                     .rules = &contract_rules,
                                     .retryable = true};
    if (verdict == LIFE_DONE)
        item.result = STR("{\"ok\":true}");
    else
        item.attempt.failure = (struct failure){.code = STR("worker_error"),
                                                .message = STR("it broke"),
                                                .detail = STR("line 1\nline 2"),
                                                .type = STR("ValueError"),
                                                .attempt = life->attempt,
                                                .at_ms = c->clock.wall_ms};
    return item;
}

struct store_settle_item contract_settle(struct contract *c, const struct store_settle_item *item)
{
    struct store_settle_item own = *item;
    struct store_settle r = {.items = &own, .n = 1};
    ASK(c, settle, &r);
    CHECK_INT(r.req.err, 0);
    store_release(&r.req);
    return own;
}

struct life contract_lease(struct contract *c, const char *queue, const char *type, uint64_t fence)
{
    uint32_t lane = contract_lane(c, queue, type);
    struct store_claim r = {.lanes = &lane, .n_lanes = 1, .fences = &fence, .max = 1, .leased = true};
    ASK(c, claim, &r);
    CHECK_INT(r.n, 1);
    struct life life = r.items[0].life;
    store_release(&r.req);
    return life;
}

struct store_settle_item contract_end(struct contract *c, const struct id *id, const struct life *life, enum life_event verdict)
{
    struct store_settle_item item = contract_verdict(c, life, id, verdict);
    return contract_settle(c, &item);
}

struct store_control_item contract_act(struct contract *c, const struct store_control_item *item)
{
    struct store_control_item own = *item;
    struct store_control r = {.items = &own, .n = 1};
    ASK(c, control, &r);
    CHECK_INT(r.req.err, 0);
    store_release(&r.req);
    return own;
}

struct store_control_item contract_control(struct contract *c, const struct id *id, enum store_verb verb)
{
    return contract_act(c, &(struct store_control_item){.id = *id, .verb = verb});
}

struct store_tick contract_tick(struct contract *c, size_t max)
{
    struct store_tick r = {.max = max};
    ASK(c, tick, &r);
    CHECK_INT(r.req.err, 0);
    return r;
}

struct task contract_get(struct contract *c, const struct id *id, struct arena *keep)
{
    struct store_get r = {.id = *id, .input_max = SIZE_MAX / 4, .result_max = SIZE_MAX / 4};
    ASK(c, get, &r);
    CHECK_INT(r.req.err, 0);
    CHECK_INT(r.found, 0);
    *keep = r.req.arena;
    return r.task;
}

size_t contract_listed(struct contract *c, const struct store_filter *f)
{
    size_t n = 0;
    struct store_list r = {.filter = *f, .limit = LIMIT_PAGE};
    for (bool more = true; more;) { /* a short page is legal */
        ASK(c, list, &r);
        CHECK_INT(r.req.err, 0);
        n += r.n;
        more = r.more;
        struct store_list next = {.filter = *f, .limit = LIMIT_PAGE, .has_after = true, .after = r.last};
        store_release(&r.req);
        r = next;
    }
    return n;
}

struct store_count contract_count(struct contract *c, const char *queue)
{
    struct store_counts r = {.n = 0};
    struct store_count found = {.queue = STR_NONE};
    ASK(c, counts, &r);
    CHECK_INT(r.req.err, 0);
    for (size_t i = 0; i < r.n; i++)
        if (str_eq(r.items[i].queue, str_of(queue))) found = r.items[i];
    found.queue = STR_NONE;
    store_release(&r.req);
    return found;
}

void contract_same_life(const struct life *seen, const struct life *wanted)
{
    CHECK_INT(seen->state, wanted->state);
    CHECK_INT(seen->run, wanted->run);
    CHECK_INT(seen->attempt, wanted->attempt);
    CHECK_INT(seen->failures, wanted->failures);
    CHECK_INT(seen->deaths, wanted->deaths);
    CHECK_INT(seen->cancel_requested, wanted->cancel_requested);
    CHECK_INT(seen->replaced, wanted->replaced);
    CHECK_INT(seen->alone, wanted->alone);
    CHECK_INT(seen->leased, wanted->leased);
    CHECK_INT(seen->fence, wanted->fence);
    CHECK_INT(seen->rank, wanted->rank);
    CHECK_INT(seen->due_at_ms, wanted->due_at_ms);
    CHECK_INT(seen->started_at_ms, wanted->started_at_ms);
    if (!state_is_ending(wanted->state)) CHECK_INT(seen->start_by_ms, wanted->start_by_ms);
    if (!state_is_ending(wanted->state)) CHECK_INT(seen->eligible_at_ms, wanted->eligible_at_ms);
}
