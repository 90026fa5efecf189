/* SPDX-License-Identifier: Apache-2.0
 *
 * Checkpoints, settings of queues, chains, what follows endings.
 */
#include "test/contract/history_steps.h"

#include "test/contract/history_notice.h"
#include "test/contract/say.h"

struct task_save history_any_save(const struct contract *c, struct rng *r, const struct task_attempt *of)
{
    static const struct str texts[] = {STR("1"), STR("{\"at\":22}"), STR("[3,3,3,3]"), STR("")};
    return (struct task_save){.attempt = of->number, .resumed_from = of->resumed_from, .at_ms = c->clock.wall_ms,
                              .data = texts[rng_below(r, 4)]};
}

void history_save(struct contract *c, struct rng *r, struct buf *out, const struct store_settle_item *attempts, int n_attempts)
{
    struct store_save_item items[4];
    size_t n = 1 + rng_below(r, 4);
    if (n_attempts == 0) return;
    for (size_t i = 0; i < n; i++) {
        int back = (int)rng_below(r, rng_below(r, 3) ? 6 : 600);
        const struct task_attempt *a = &attempts[back < n_attempts ? n_attempts - 1 - back : 0].attempt;
        items[i] = (struct store_save_item){.id = a->id, .fence = a->fence, .save = history_any_save(c, r, a)};
    }
    struct store_save q = {.items = items, .n = n};
    ASK(c, save, &q);
    for (size_t i = 0; i < n; i++) buf_add_format(out, " save %d", items[i].err);
    store_release(&q.req);
}

static const struct rate rates[] = {{-1, 0, 0}, {0, 0, 0}, {10, 10, 1000}, {7, 3, 3600000}};
/* Of tokens that come while a history is played the one engine would know more than the other, whose mono stands still. */
static const struct rate key_rates[] = {{-1, 0, 0}, {0, 0, 0}, {1, 3, 86400000}, {5, 2, 86400000}};

void history_set(struct contract *c, struct rng *r, const char *const *queues)
{
    struct store_queue sets[3];
    size_t n = 1 + rng_below(r, 3);
    for (size_t i = 0; i < n; i++) {
        sets[i] = (struct store_queue){.queue = str_of(queues[rng_below(r, 2)]), .parts = 1 + (unsigned)rng_below(r, 255)};
        sets[i].set = (struct store_queue_set){.paused = rng_below(r, 2), .draining = rng_below(r, 2)};
        sets[i].set.concurrency = (int32_t)rng_below(r, 3);
        sets[i].set.capacity = (int64_t)rng_below(r, 3) - 1;
        sets[i].set.key_concurrency = (int32_t)rng_below(r, 5) - 1;
        sets[i].set.rate = rates[rng_below(r, 4)];
        sets[i].set.key_rate = key_rates[rng_below(r, 4)];
        sets[i].set.fair = (int32_t)rng_below(r, 3) - 1;
        SUBMIT(c, queue, &sets[i]);
    }
    contract_wait(c);
}

void history_say_next(struct buf *out, const struct contract *c)
{
    bool soon = c->next_due_ms - c->clock.wall_ms < 4 * INT64_C(3600000);
    buf_add_format(out, " next %lld", soon ? (long long)c->next_due_ms : -1);
}

void history_begin_anew(struct contract *c, const char *const *queues)
{
    struct store_queue sets[2];
    for (int i = 0; i < 2; i++) {
        sets[i] = (struct store_queue){.queue = str_of(queues[i]), .parts = STORE_QUEUE_FAIR | STORE_QUEUE_KEY_RATE};
        SUBMIT(c, queue, &sets[i]);
    }
    contract_wait(c);
}

void history_recall_save(struct contract *c, struct task_attempt *a)
{
    struct store_history q = {.id = a->id, .limit = 1};
    ASK(c, history, &q);
    bool own = q.save.attempt == a->number;
    a->resumed_from = own ? q.save.resumed_from : q.save.bytes ? q.save.attempt : 0;
    if (own) a->saved_at_ms = q.save.at_ms, a->saved_bytes = q.save.bytes;
    store_release(&q.req);
}

struct task_step history_step(const struct task_body *body, const struct life *life)
{
    bool first = str_eq(body->step, STR("a"));
    if (!body->step.p) return (struct task_step){.n = 0};
    return (struct task_step){.n = first ? 0 : 1, .run = life->run, .attempt = life->attempt, .name = first ? STR("a") : STR("b"),
                              .started_at_ms = life->started_at_ms, .result = STR("[1]")};
}

void history_do_step(struct rng *r, struct store_settle_item *it)
{
    bool goes_on = it->step.n == 0 && rng_below(r, 3) > 0, wants = rng_below(r, 5) == 0;
    if (it->attempt.verdict != LIFE_DONE) return;
    if (wants) it->next = STR("[]");
    if (!it->step.name.p) return;
    it->step.finished_at_ms = it->attempt.finished_at_ms;
    if (rng_below(r, 3) == 0) it->step.files = STR("[\"f\"]");
    if (goes_on) it->next_step = STR("b");
    else it->step.result = STR_NONE;
}

static void pay_oldest(struct contract *c, struct rng *r, struct buf *out)
{
    struct notice notices[HISTORY_NOTICES];
    struct store_owed q = {.found = false};
    bool pays = rng_below(r, 4) > 0, other = rng_below(r, 6) == 0;
    ASK(c, owed, &q);
    buf_add_format(out, " owed %d", q.found);
    if (!q.found) return;
    say_task(out, &q.task);
    buf_add_format(out, " run %d %.*s %.*s %.*s", q.task.life.run, STR_ARG(q.sequel), STR_ARG(q.next), STR_ARG(q.task.body.input));
    struct store_add add = {.pays = true, .paid = q.task.body.id, .paid_run = q.task.life.run + other};
    add.notices = notices;
    add.n_notices = history_notice_make(c, r, &q, notices);
    if (pays) ASK(c, add, &add);
    store_release(&q.req);
    buf_add_format(out, " unowed %d", add.unowed);
    store_release(&add.req);
}

void history_owed(struct contract *c, struct rng *r, struct buf *out)
{
    pay_oldest(c, r, out);
    history_notice_play(c, r, out);
}

void history_tick(struct contract *c, size_t max, struct buf *out)
{
    struct store_tick q = contract_tick(c, max);
    buf_add_format(out, " more %d", q.more);
    for (size_t i = 0; i < q.n_ended; i++) {
        say_id(out, &q.ended[i].id);
        say_life(out, &q.ended[i].life);
    }
    store_release(&q.req);
    history_say_next(out, c);
}
