/* SPDX-License-Identifier: Apache-2.0
 *
 * Callbacks move the machine of retention.h on; rest() is where every pass ends.
 */
#include "server/retention.h"

#include "base/mem.h"
#include "server/server.h"

#include <stdlib.h>

static void look(struct retention *r);
static void purge(struct retention *r);

static const struct retain_rules *rules_of(const struct server *s, struct str type)
{
    const struct config_type *t = config_type_find(s->conf.config, type);
    return t ? &t->rules.retain : &s->conf.config->defaults.retain;
}

int64_t retention_purge_ms(const struct server *s, const struct task *t)
{
    if (!state_is_ending(t->life.state)) return 0;
    int64_t at_ms = retain_purge_ms(rules_of(s, t->body.type), t->life.state, t->ending.finished_at_ms, t->body.retain_ms);
    return at_ms == INT64_MAX ? 0 : at_ms;
}

/* ---- when ---- */

static int64_t earlier(int64_t a, int64_t b) { return a < b ? a : b; }

/* By number or by bytes, for some type. */
static bool counts_anything(const struct config *c)
{
    bool some = c->defaults.retain.count > 0 || c->defaults.retain.bytes > 0;
    for (size_t i = 0; i < c->n_types; i++) some = some || c->types[i].rules.retain.count > 0 || c->types[i].rules.retain.bytes > 0;
    return some;
}

static int64_t shortest(const struct config *c)
{
    int64_t ms = retain_shortest_ms(&c->defaults.retain);
    for (size_t i = 0; i < c->n_types; i++) ms = earlier(ms, retain_shortest_ms(&c->types[i].rules.retain));
    return ms;
}

/* Rules of seconds are looked after more often than rules of days. */
static int64_t between_passes(const struct config *c)
{
    int64_t tenth = earlier(shortest(c), c->notices.retain_ms < 0 ? INT64_MAX : c->notices.retain_ms) / 10;
    return tenth < 100 ? 100 : earlier(tenth, RETENTION_EVERY_MS);
}

static bool too_many(const struct retention *r)
{
    int64_t max = r->server->conf.config->notices.max;
    return max > 0 && r->n_notices > max;
}

/* Of notifications that no pass has seen. */
static int64_t notices_due_ms(const struct retention *r)
{
    int64_t retain_ms = r->server->conf.config->notices.retain_ms;
    if (!r->noticed_at_ms) return INT64_MAX;
    return too_many(r) ? 0 : retain_ms < 0 ? INT64_MAX : r->noticed_at_ms + retain_ms;
}

static void on_time(struct timer *t);

static void sleep_on(struct retention *r)
{
    struct turn *turn = r->server->turn;
    int64_t in_ms = turn_until_wall_ms(turn, r->begin_at_ms);
    if (!timer_is_set(&r->timer) || r->timer.due_at_ms > turn_mono_ms(turn) + in_ms) turn_timer(turn, &r->timer, in_ms, on_time);
}

/* Sets the timer for the next pass; none when nothing can come due. A task that has ended may have a wish of its own. */
static void arm(struct retention *r)
{
    struct server *s = r->server;
    const struct config *c = s->conf.config;
    int64_t in_ms = INT64_MAX, least_ms = between_passes(c), age_ms = shortest(c);
    if (r->stopped || r->state != RETENTION_RESTING) return;
    int64_t due_ms = earlier(r->next_due_ms, notices_due_ms(r));
    if (due_ms != INT64_MAX) in_ms = due_ms - turn_wall_ms(s->turn);
    if (r->ended_at_ms && counts_anything(c)) in_ms = 0;
    if (r->ended_at_ms && r->wishes) in_ms = earlier(in_ms, RETENTION_EVERY_MS);
    if (r->ended_at_ms && age_ms != INT64_MAX) in_ms = earlier(in_ms, r->ended_at_ms + age_ms - turn_wall_ms(s->turn));
    if (in_ms == INT64_MAX) return;
    if (in_ms < least_ms) in_ms = least_ms;
    r->begin_at_ms = turn_wall_ms(s->turn) + in_ms;
    sleep_on(r);
}

static void on_wall_set(struct wall_watch *w)
{
    arm(CONTAINER_OF(w, struct retention, wall));
}

void retention_rules_changed(struct retention *r)
{
    r->next_due_ms = 0;
    arm(r);
}

void retention_ended(struct retention *r)
{
    if (r->ended_at_ms) return;
    r->ended_at_ms = turn_wall_ms(r->server->turn);
    arm(r);
}

void retention_noticed(struct retention *r)
{
    bool first = !r->noticed_at_ms;
    if (first) r->noticed_at_ms = turn_wall_ms(r->server->turn);
    r->n_notices++;
    if (first || too_many(r)) arm(r);
}

void retention_wish(struct retention *r)
{
    r->wishes = true;
}

/* ---- a pass ---- */

static void forget_seen(struct retention *r)
{
    size_t at = 0;
    for (struct map_entry *e; (e = map_next(&r->seen, &at));) {
        free((char *)e->key.p);
        free(e->value);
    }
    map_release(&r->seen);
    map_init(&r->seen);
}

static struct retain_seen *seen_of(struct retention *r, struct str type, enum task_state state)
{
    char name[LIMIT_NAME + 2];
    memcpy(name, type.p, type.len);
    name[type.len] = (char)state;
    struct str key = {name, type.len + 1};
    struct retain_seen *seen = map_get(&r->seen, key);
    if (seen) return seen;
    seen = mem_new(sizeof *seen);
    (void)map_put(&r->seen, mem_str(key), seen);
    return seen;
}

static void rest(struct retention *r, int err)
{
    void (*on_asked)(void *user, int err, const struct retention_counts *counts) = r->on_asked;
    r->state = RETENTION_RESTING;
    r->on_asked = NULL;
    forget_seen(r);
    if (!r->dry) {
        r->total.records += r->counts.records;
        r->total.bytes += r->counts.bytes;
    }
    if (!r->dry && r->counts.records + r->counts.inputs > 0) filing_look(&r->server->filing);
    if (err) r->next_due_ms = 0; /* what is left waits for the next pass */
    if (on_asked) on_asked(r->asked_user, err, &r->counts);
    arm(r);
    server_drain_step(r->server);
}

static void begin(struct retention *r, bool dry)
{
    r->dry = dry;
    r->counts = (struct retention_counts){0};
    if (!dry) { /* a dry one leaves what is due, and so when the next is wanted */
        r->next_due_ms = INT64_MAX;
        r->ended_at_ms = 0;
        r->noticed_at_ms = 0;
    }
    r->kept = (struct store_kept){0};
    look(r);
}

static void on_time(struct timer *t)
{
    struct retention *r = CONTAINER_OF(t, struct retention, timer);
    if (r->state != RETENTION_RESTING) look(r);
    else if (r->begin_at_ms <= turn_wall_ms(r->server->turn)) begin(r, false);
    else sleep_on(r);
}

int retention_ask(struct retention *r, bool dry, void (*on_asked)(void *user, int err, const struct retention_counts *counts),
                  void *user)
{
    if (r->stopped) return ERR_DRAINING;
    if (r->state != RETENTION_RESTING) return ERR_CONFLICT;
    turn_timer_stop(r->server->turn, &r->timer);
    r->on_asked = on_asked;
    r->asked_user = user;
    begin(r, dry);
    return 0;
}

/* ---- notifications, at the end ---- */

static void sweep(struct retention *r);

static void on_swept(struct store_req *req)
{
    struct retention *r = req->user;
    int64_t retain_ms = r->server->conf.config->notices.retain_ms;
    int err = req->err;
    store_release(req);
    if (!err) {
        r->counts.notices += (int64_t)r->sweep.n;
        r->n_notices = r->sweep.total.n;
        notices_changed(&r->server->notices, r->sweep.total.unread);
        if (retain_ms >= 0 && r->sweep.oldest_ms != INT64_MAX) r->next_due_ms = earlier(r->next_due_ms, r->sweep.oldest_ms + retain_ms);
    }
    if (!err && r->sweep.more && !r->stopped) sweep(r);
    else rest(r, err);
}

static void sweep(struct retention *r)
{
    const struct config_notices *rules = &r->server->conf.config->notices;
    r->state = RETENTION_NOTICES;
    r->sweep = (struct store_notice_sweep){.keep = rules->max, .max = RETENTION_PAGE};
    if (rules->retain_ms >= 0) r->sweep.before_ms = turn_wall_ms(r->server->turn) - rules->retain_ms;
    store_notice_sweep(r->server->store, &r->sweep, on_swept, r);
}

/* ---- idempotency keys and kept results, before them ---- */

static void on_keys(struct store_req *req)
{
    struct retention *r = req->user;
    int err = req->err;
    bool more = !err && (r->purge.n_keys == RETENTION_PAGE || r->purge.n_results == RETENTION_PAGE);
    r->counts.keys += err ? 0 : (int64_t)r->purge.n_keys;
    store_release(req);
    r->purge = (struct store_purge){.keys_before_ms = r->purge.keys_before_ms, .keys_max = RETENTION_PAGE,
                                    .results_max = RETENTION_PAGE};
    if (more && !r->stopped) store_purge(r->server->store, &r->purge, on_keys, r);
    else if (err || r->stopped) rest(r, err);
    else sweep(r);
}

static void purge_keys(struct retention *r)
{
    if (r->dry) {
        rest(r, 0);
        return;
    }
    r->state = RETENTION_KEYS;
    r->purge = (struct store_purge){.keys_before_ms = turn_wall_ms(r->server->turn) - RETENTION_KEYS_MS,
                                    .keys_max = RETENTION_PAGE, .results_max = RETENTION_PAGE};
    store_purge(r->server->store, &r->purge, on_keys, r);
}

/* ---- purging ---- */

static void next_page(struct retention *r)
{
    if (r->stopped) {
        rest(r, ERR_DRAINING);
    } else if (!r->kept.more) {
        purge_keys(r);
    } else {
        r->state = RETENTION_PAUSING;
        turn_timer(r->server->turn, &r->timer, RETENTION_PAUSE_MS, on_time);
    }
}

static void on_purged(struct store_req *req)
{
    struct retention *r = req->user;
    int err = req->err;
    r->at += r->purge.n;
    store_release(req);
    if (err) rest(r, err);
    else if (r->at < r->n_items && !r->stopped) purge(r);
    else next_page(r);
}

static void purge(struct retention *r)
{
    size_t n = 0, most = r->n_items == RETENTION_PAGE ? RETENTION_BULK : RETENTION_CHUNK;
    r->state = RETENTION_PURGING;
    for (int64_t bytes = 0; r->at + n < r->n_items && n < most && (n == 0 || bytes < RETENTION_BYTES); n++)
        bytes += r->bytes[r->at + n];
    r->purge = (struct store_purge){.items = r->items + r->at, .n = n};
    store_purge(r->server->store, &r->purge, on_purged, r);
}

/* ---- looking ---- */

static struct retain_item item_of(const struct store_kept_item *k)
{
    unsigned there = (k->input_bytes ? RETAIN_INPUT : 0) | (k->result_bytes ? RETAIN_RESULT : 0) |
                     (k->log_bytes ? RETAIN_LOG : 0) | (k->has_files ? RETAIN_FILES : 0);
    return (struct retain_item){.state = k->state, .finished_at_ms = k->finished_at_ms, .own_ms = k->retain_ms, .there = there,
                                .bytes = (int64_t)(k->input_bytes + k->result_bytes + k->log_bytes)};
}

static void count(struct retention_counts *c, const struct store_kept_item *k, unsigned due)
{
    bool record = due & RETAIN_RECORD;
    c->records += record;
    c->inputs += !record && due & RETAIN_INPUT;
    c->results += !record && due & RETAIN_RESULT;
    c->logs += !record && due & RETAIN_LOG;
    c->files += k->has_files && due & (RETAIN_RECORD | RETAIN_FILES);
    if (due & (RETAIN_RECORD | RETAIN_INPUT)) c->bytes += (int64_t)k->input_bytes;
    if (due & (RETAIN_RECORD | RETAIN_RESULT)) c->bytes += (int64_t)k->result_bytes;
    if (due & (RETAIN_RECORD | RETAIN_LOG)) c->bytes += (int64_t)k->log_bytes;
}

static void judge(struct retention *r, const struct store_kept_item *k)
{
    struct server *s = r->server;
    const struct retain_rules *rules = rules_of(s, k->type);
    struct retain_item it = item_of(k);
    unsigned due = retain_due(rules, &it, seen_of(r, k->type, k->state), turn_wall_ms(s->turn));
    r->counts.looked++;
    r->wishes = r->wishes || k->retain_ms != RETAIN_AS_TYPE;
    it.there &= ~due;
    if (!r->dry && !(due & RETAIN_RECORD)) r->next_due_ms = earlier(r->next_due_ms, retain_next_ms(rules, &it));
    if (!due) return;
    count(&r->counts, k, due);
    if (r->dry) return;
    if (k->has_files && due & (RETAIN_RECORD | RETAIN_FILES)) {
        server_forget_files(s, &k->id, k->run, k->attempt);
        server_forget_steps(s, &k->id, k->steps, k->n_steps);
    }
    r->bytes[r->n_items] = it.bytes;
    r->items[r->n_items++] = (struct store_purge_item){.id = k->id, .run = k->run, .parts = due};
}

static void on_looked(struct store_req *req)
{
    struct retention *r = req->user;
    int err = req->err;
    r->n_items = r->at = 0;
    for (size_t i = 0; !err && i < r->kept.n && !r->stopped; i++) judge(r, &r->kept.items[i]);
    store_release(req);
    if (err) rest(r, err);
    else if (r->n_items) purge(r);
    else next_page(r);
}

static void look(struct retention *r)
{
    bool on = r->state == RETENTION_PAUSING;
    r->state = RETENTION_LOOKING;
    r->kept = (struct store_kept){.limit = RETENTION_PAGE, .has_after = on, .after = r->kept.last};
    store_kept(r->server->store, &r->kept, on_looked, r);
}

/* ---- the whole ---- */

void retention_init(struct retention *r, struct server *s)
{
    *r = (struct retention){.server = s, .next_due_ms = INT64_MAX};
    map_init(&r->seen);
}

void retention_begin(struct retention *r)
{
    turn_watch_wall(r->server->turn, &r->wall, on_wall_set);
    r->next_due_ms = 0; /* what an earlier server left is looked at once */
    arm(r);
}

void retention_stop(struct retention *r)
{
    r->stopped = true;
    turn_unwatch_wall(&r->wall);
    turn_timer_stop(r->server->turn, &r->timer);
    if (r->state == RETENTION_PAUSING) rest(r, ERR_DRAINING);
}

bool retention_is_idle(const struct retention *r)
{
    return r->state == RETENTION_RESTING || r->state == RETENTION_PAUSING;
}

void retention_release(struct retention *r)
{
    forget_seen(r);
    map_release(&r->seen);
}
