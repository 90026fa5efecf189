/* SPDX-License-Identifier: Apache-2.0
 *
 * The wiring, and what follows from each thing that happened.
 */
#include "server/server.h"

#include "base/mem.h"
#include "server/ahead.h"
#include "server/succession.h"

#include <assert.h>
#include <stdlib.h>

#define STORE_AWAY_MS 1000

/* ---- what the parts tell ---- */

static void on_hints(void *user, const struct store_hint *hints, size_t n)
{
    dispatch_hint(&((struct server *)user)->dispatch, hints, n);
}

static void on_next_due(void *user, int64_t due_at_ms) { ticker_due(&((struct server *)user)->ticker, due_at_ms); }

static void on_keys(void *user, const struct store_key *keys, size_t n)
{
    keys_tell(&((struct server *)user)->keys, keys, n);
}

/* What a predecessor was running: its verdict is in the store already, its directory is of no use. */
static void on_lost(void *user, const struct store_lost *lost, size_t n)
{
    struct server *s = user;
    log_info("%zu attempts of an earlier server are lost; their tasks run again", n);
    for (size_t i = 0; i < n; i++) {
        char path[ATTEMPT_DIR_PATH];
        attempt_dir_path(path, s->conf.config->data_dir, &lost[i].id, lost[i].run, lost[i].number);
        attempt_dir_discard(path, s->conf.chores);
    }
}

static void on_owed(void *user) { sequel_owed(&((struct server *)user)->sequel); }

static void on_leased(void *user, const struct store_leased *leased, size_t n) { leases_told(user, leased, n); }

/* The type as declared: a prefix is counted as one, however many names it serves. */
struct str server_type_label(const struct server *s, struct str type)
{
    const struct config_type *t = config_type_find(s->conf.config, type);
    return t ? str_of(t->name) : type;
}

static void on_claimed(void *user, struct lane *lane, const struct store_claim_item *items, size_t n, struct arena *arena)
{
    struct post *post = lane->kind->post;
    for (size_t i = 0; i < n; i++) run_begin(user, lane, &items[i], arena, n == 1);
    ahead_go(post);
}

static void on_room(struct handler *h)
{
    struct server *s = h->user;
    succession_ready(&s->roster, h);
    struct post *post = roster_post_of(&s->roster, h);
    if (post) ahead_go(post);
    dispatch_soon(&s->dispatch);
}

static void on_handler_event(struct handler *h, enum log_level level, const char *what)
{
    (void)h;
    log_line(level, "%s", what);
}

/* The last claim, or the tick, was answered. */
static void on_store_idle(void *user)
{
    reload_step(user);
    server_drain_step(user);
}

void server_ended_apart(struct server *s, const struct id *id, struct str queue, struct str type, const struct life *life)
{
    server_ended(s, id, queue, type, life);
    news_changed(&s->news, bus_ending(life->state), id, life);
}

static void on_expired(void *user, const struct store_tick_item *item)
{
    server_ended_apart(user, &item->id, item->queue, item->type, &item->life);
}

/* ---- starting ---- */

static void ask_what_stands(struct timer *t);

/* Before anything is claimed the store knows how many of a key may run. */
static void on_declared(void *user)
{
    struct server *s = user;
    bool asked = s->serving || s->asking || timer_is_set(&s->first_again); /* it was a reload */
    if (s->keys.known && !asked && !s->draining) ask_what_stands(&s->first_again);
    server_drain_step(s);
}

void server_init(struct server *s, const struct server_conf *conf)
{
    *s = (struct server){.conf = *conf, .turn = conf->turn};
    s->events = (struct store_events){.on_hints = on_hints, .on_next_due = on_next_due, .user = s, .on_keys = on_keys, .on_lost = on_lost, .on_leased = on_leased, .on_owed = on_owed};
    id_maker_init(&s->ids, s->turn->clock, s->turn->rng);
    disk_init(&s->disk, s->turn, conf->disk, conf->config->store, conf->config->data_dir);
    queue_open_all(&s->queues, conf->config);
    s->keys = (struct keys){.turn = s->turn, .queues = &s->queues, .user = s, .on_declared = on_declared};
    keys_init(&s->keys);
    attempt_spare_init(&s->spares, s->turn->rng);
    roster_open(&s->roster, &(struct roster_conf){conf->config, s->turn, conf->spawner, conf->fetcher, s, on_room, on_handler_event,
                                                  &s->spares, conf->chores});
    waiters_init(&s->waiters);
    news_init(&s->news, s);
    retention_init(&s->retention, s);
    sequel_init(&s->sequel, s);
    filing_init(&s->filing, s);
    metrics_init(&s->metrics, s->turn->clock);
    notices_init(&s->notices, s);
    eta_init(&s->eta);
    list_init(&s->runs);
    reload_init(&s->reload);
    leases_init(&s->leases);
    map_init(&s->run_by_id);
    s->dispatch.turn = s->turn;
    s->dispatch.queues = &s->queues;
    s->dispatch.roster = &s->roster;
    s->dispatch.user = s;
    s->dispatch.on_idle = on_store_idle;
    s->dispatch.on_ended = on_expired;
    s->dispatch.on_claimed = on_claimed;
    dispatch_init(&s->dispatch);
    s->ticker = (struct ticker){
        .turn = s->turn, .user = s, .on_ended = on_expired, .on_idle = on_store_idle, .due_at_ms = INT64_MAX};
    ticker_begin(&s->ticker);
}

void server_serve_step(struct server *s)
{
    if (s->serving || s->draining || !s->counted || !s->filing.tried || !leases_are_known(&s->leases)) return;
    s->serving = s->dispatch.open = true;
    dispatch_soon(&s->dispatch);
    retention_begin(&s->retention);
    sequel_owed(&s->sequel); /* what an earlier server left */
    if (s->conf.on_serving) s->conf.on_serving(s->conf.user);
}

static void on_first_counts(struct store_req *req)
{
    struct server *s = req->user;
    int err = req->err;
    s->asking = false;
    if (!err) {
        queue_remember_all(&s->queues, &s->first_counts);
        s->counted = true;
    }
    store_release(req);
    server_serve_step(s);
    if (err && !s->draining) {
        log_warn("the store does not answer (%s); trying again", err_text(err));
        turn_timer(s->turn, &s->first_again, STORE_AWAY_MS, ask_what_stands);
    }
    server_drain_step(s);
}

static void ask_what_stands(struct timer *t)
{
    struct server *s = CONTAINER_OF(t, struct server, first_again);
    s->first_counts = (struct store_counts){0};
    s->asking = true;
    store_counts(s->store, &s->first_counts, on_first_counts, s);
}

void server_start(struct server *s, struct store *store)
{
    s->store = s->dispatch.store = s->ticker.store = s->keys.store = store;
    attempt_dir_sweep(s->conf.config->data_dir, s->spares.own, s->conf.chores);
    filing_begin(&s->filing);
    leases_begin(s);
    keys_declare(&s->keys);
}

/* ---- ending ---- */

static void on_all_drained(void *user)
{
    struct server *s = user;
    turn_timer_stop(s->turn, &s->drain_deadline);
    s->on_drained(s->drained_user);
}

static void on_drain_deadline(struct timer *t)
{
    server_hurry(CONTAINER_OF(t, struct server, drain_deadline));
}

void server_hurry(struct server *s)
{
    LIST_EACH_SAFE(l, &s->runs)
    {
        struct run *r = CONTAINER_OF(l, struct run, link);
        if (!run_is_leased(r)) run_stop(r, STOP_SHUTDOWN);
    }
}

static bool only_leased(const struct server *s)
{
    LIST_EACH(l, &s->runs)
        if (!run_is_leased(CONTAINER_OF(l, struct run, link))) return false;
    return true;
}

static void on_drain_begin(struct timer *t)
{
    server_drain_step(CONTAINER_OF(t, struct server, drain_begin));
}

/* Called by whatever may have been the last thing a drain waits for. What pullers have goes on without this server. */
void server_drain_step(struct server *s)
{
    bool busy = s->asking || s->reload.next || s->ticker.ticking || !retention_is_idle(&s->retention) || !sequel_is_idle(&s->sequel) || !filing_is_idle(&s->filing) || !keys_is_idle(&s->keys) || !news_is_idle(&s->news);
    if (!s->draining || busy || s->roster.on_drained || s->leases.asking > 0 || s->dispatch.claims > 0 || !only_leased(s)) return;
    if (pull_desk_owes(&s->roster.desk)) {
        turn_timer(s->turn, &s->drain_begin, 0, on_drain_begin); /* when those who were given something have been told */
        return;
    }
    turn_timer_stop(s->turn, &s->first_again);
    roster_drain(&s->roster, on_all_drained, s);
    LIST_EACH_SAFE(l, &s->runs) run_leave(CONTAINER_OF(l, struct run, link));
}

/* The next server sends them again, under the same id: a receiver that does not answer must not hold up a stop. */
static void give_back_deliveries(struct server *s)
{
    LIST_EACH_SAFE(l, &s->runs)
    {
        struct run *r = CONTAINER_OF(l, struct run, link);
        if (str_eq(r->body.type, STR(WEBHOOK_TYPE))) run_stop(r, STOP_SHUTDOWN);
    }
}

void server_drain(struct server *s, void (*on_drained)(void *user), void *user)
{
    if (s->draining) return;
    retention_stop(&s->retention); /* before it drains: a pass that ends by it must not end the drain from inside this call */
    filing_stop(&s->filing);
    s->draining = true;
    sequel_stop(&s->sequel);
    s->dispatch.open = false;
    ahead_give_back(&s->roster);
    give_back_deliveries(s);
    pull_desk_drain(&s->roster.desk);
    leases_stop(s);
    s->on_drained = on_drained;
    s->drained_user = user;
    ticker_stop(&s->ticker);
    keys_stop(&s->keys);
    dispatch_soon(&s->dispatch); /* pools hear that nothing is wanted of them any more */
    turn_timer(s->turn, &s->drain_deadline, SERVER_DRAIN_MS, on_drain_deadline);
    turn_timer(s->turn, &s->drain_begin, 0, on_drain_begin);
}

void server_release(struct server *s)
{
    assert(list_empty(&s->runs));
    roster_close(&s->roster);
    dispatch_release(&s->dispatch);
    keys_release(&s->keys);
    queue_close_all(&s->queues);
    waiters_release(&s->waiters);
    news_release(&s->news);
    retention_release(&s->retention);
    metrics_release(&s->metrics);
    notices_release(&s->notices);
    eta_release(&s->eta);
    map_release(&s->run_by_id);
    leases_release(&s->leases);
    attempt_spare_release(&s->spares, s->conf.config->data_dir);
}

bool server_is_command(const struct server *s, struct str type)
{
    return config_type_find(s->conf.config, type) == &s->conf.config->command;
}

bool server_may_command(const struct server *s, struct str key)
{
    return s->conf.command_key && command_key_is(s->conf.command_key, key);
}

int server_check_disk(struct server *s, struct err *e) { return disk_check(&s->disk, s->conf.config->disk_reserve, e); }

/* ---- what happened to tasks ---- */

struct run *server_run(const struct server *s, const struct id *id)
{
    return map_get(&s->run_by_id, id_key(id));
}

void server_ended(struct server *s, const struct id *id, struct str queue, struct str type, const struct life *life)
{
    double wrong;
    struct str label = server_type_label(s, task_lane_type(type));
    metrics_ended(&s->metrics, queue, label, life->state);
    bool told = eta_ended(&s->eta, id, turn_wall_ms(s->turn), &wrong);
    if (told && (life->state == TASK_COMPLETED || life->state == TASK_FAILED)) metrics_eta_error(&s->metrics, queue, label, wrong);
    waiters_tell(&s->waiters, id);
    retention_ended(&s->retention);
    filing_ended(&s->filing);
}

void server_run_forget(struct server *s, struct run *r)
{
    list_remove(&r->link);
    if (server_run(s, &r->body.id) == r) (void)map_remove(&s->run_by_id, id_key(&r->body.id));
    logbook_release(&r->log);
    pieces_release(&r->output);
    buf_release(&r->progress);
    turn_timer_stop(s->turn, &r->pace.later);
    checkpoint_leave(r->checkpoint);
    arena_release(&r->arena);
    free(r);
    if (s->conf.on_run_over) s->conf.on_run_over(s->conf.user);
}

static void tried(struct server *s, const struct run *r, bool again)
{
    struct str label = server_type_label(s, r->body.type);
    eta_tried(&s->eta, label, again);
    if (again && r->item.attempt.verdict != LIFE_DONE) metrics_retried(&s->metrics, r->body.queue, label);
}

void server_run_over(struct server *s, struct run *r)
{
    const struct store_settle_item *it = &r->item;
    if (it->attempt.verdict != LIFE_UNSTARTED)
        metrics_attempt(&s->metrics, r->body.queue, server_type_label(s, r->body.type), it->attempt.verdict,
                        it->attempt.finished_at_ms - it->attempt.started_at_ms);
    list_remove(&r->link);
    if (server_run(s, &r->body.id) == r) (void)map_remove(&s->run_by_id, id_key(&r->body.id)); /* not its successor */
    if (it->err) log_warn("a verdict was refused: %s", err_text(it->err));
    else if (it->attempt.verdict <= LIFE_CRASHED) tried(s, r, !it->outcome.ended);
    if (!it->err && it->outcome.ended) server_ended(s, &r->body.id, r->body.queue, r->type, &it->life);
    if (!it->err) news_over(&s->news, r);
    if (r->attempt.on_over) r->attempt.on_over(&r->attempt, it->err);
    server_run_forget(s, r);
    server_drain_step(s);
}

void server_forget_files(struct server *s, const struct id *id, int32_t run, int32_t attempt)
{
    char path[ATTEMPT_DIR_PATH];
    attempt_dir_path(path, s->conf.config->data_dir, id, run, attempt);
    attempt_dir_discard(path, s->conf.chores);
}

void server_forget_steps(struct server *s, const struct id *id, const struct task_step *steps, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (steps[i].files.len) server_forget_files(s, id, steps[i].run, steps[i].attempt);
}

/* How it was answered from what is kept, when it asked for that. */
static void count_cache(struct server *s, const struct store_add_item *it)
{
    const struct task_body *b = it->body;
    if (!b->cache.ttl_ms || b->cache.bypass || it->existed || it->existing || it->replayed) return;
    metrics_cache(&s->metrics, b->queue, server_type_label(s, b->type),
                  it->cached ? METRICS_CACHE_HIT : it->follows ? METRICS_CACHE_SHARED : METRICS_CACHE_MISS);
}

void server_added(struct server *s, const struct store_add_item *it)
{
    count_cache(s, it);
    news_created(&s->news, it);
    if (it->cached) server_ended_apart(s, &it->body->id, it->body->queue, it->body->type, &it->life);
    if (!it->replaced) return;
    struct run *r = server_run(s, &it->holder);
    if (state_is_ending(it->holder_life.state))
        server_ended_apart(s, &it->holder, it->holder_queue, it->body->type, &it->holder_life);
    else if (r) run_stop(r, STOP_CANCEL);
}
