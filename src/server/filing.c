/* SPDX-License-Identifier: Apache-2.0
 *
 * Callbacks move the machine of filing.h on; rest() is where a pass ends.
 */
#include "server/filing.h"

#include "base/limits.h"
#include "server/server.h"

#include <errno.h>

#define PACE 20 /* times as long as a pass took */
#define SOON_MS 100

static void next_pending(struct filing *f);
static void start(struct filing *f);
static void sweep(struct filing *f, bool on);

static void give(struct filing *f, void (*work)(struct chore *k), void (*on_done)(struct chore *k))
{
    f->chore = (struct chore){work, on_done};
    chores_give(f->server->conf.chores, &f->chore);
}

static void complain(struct filing *f, const char *what)
{
    if (f->sys) log_warn("files of data_dir: %s: %s", what, strerror(f->sys));
    f->sys = 0;
}

/* ---- when ---- */

static void on_time(struct timer *t)
{
    struct filing *f = CONTAINER_OF(t, struct filing, timer);
    if (f->state == FILING_RESTING && !f->stopped) f->known ? sweep(f, false) : start(f);
}

static void wake_in(struct filing *f, int64_t in_ms)
{
    if (f->stopped || f->state != FILING_RESTING) return;
    if (in_ms < f->pace_ms) in_ms = f->pace_ms;
    turn_timer(f->server->turn, &f->timer, in_ms, on_time);
}

static int64_t between_passes(const struct filing *f)
{
    int64_t tenth = f->server->conf.config->files.retain_ms / 10;
    return tenth < 100 ? 100 : tenth < FILING_EVERY_MS ? tenth : FILING_EVERY_MS;
}

static void tried(struct filing *f)
{
    if (f->tried) return;
    f->tried = true;
    server_serve_step(f->server);
}

static void rest(struct filing *f, int64_t in_ms)
{
    f->state = FILING_RESTING;
    f->pace_ms = PACE * (turn_mono_ms(f->server->turn) - f->began_ms);
    if (f->left && in_ms > FILING_EVERY_MS) in_ms = FILING_EVERY_MS;
    if (f->again) in_ms = 0;
    f->again = false;
    if (in_ms != INT64_MAX) wake_in(f, in_ms);
    tried(f);
    server_drain_step(f->server);
}

static int64_t until_due(const struct filing *f)
{
    return f->next_due_ms == INT64_MAX ? INT64_MAX : turn_until_wall_ms(f->server->turn, f->next_due_ms);
}

static void on_wall_set(struct wall_watch *w)
{
    struct filing *f = CONTAINER_OF(w, struct filing, wall);
    if (f->known && timer_is_set(&f->timer) && until_due(f) != INT64_MAX) wake_in(f, until_due(f));
}

void filing_rules_changed(struct filing *f) { filing_look(f); }

void filing_look(struct filing *f)
{
    if (!f->known || f->total.n == 0) return;
    if (f->state == FILING_RESTING) wake_in(f, 0);
    else f->again = true;
}

void filing_ended(struct filing *f)
{
    if (!f->by_task) return;
    bool soon = timer_is_set(&f->timer) && f->timer.due_at_ms <= turn_mono_ms(f->server->turn) + (f->pace_ms > SOON_MS ? f->pace_ms : SOON_MS);
    if (f->state != FILING_RESTING) f->again = true;
    else if (!soon) wake_in(f, SOON_MS);
}

/* ---- what an earlier server had under way ---- */

static void work_pending(struct chore *k)
{
    struct filing *f = CONTAINER_OF(k, struct filing, chore);
    f->sys = f->blob->ops->pending(f->blob, f->ids, FILING_PAGE, &f->n);
}

static void work_end(struct chore *k)
{
    struct filing *f = CONTAINER_OF(k, struct filing, chore);
    if (f->wanted) f->sys = f->blob->ops->settle(f->blob, &f->ids[f->at]);
    else f->blob->ops->drop(f->blob, &(struct blob_writer){.id = f->ids[f->at], .fd = -1});
}

static void on_ended(struct chore *k)
{
    struct filing *f = CONTAINER_OF(k, struct filing, chore);
    complain(f, "what was uploaded last");
    f->at++;
    next_pending(f);
}

static void on_asked(struct store_req *req)
{
    struct filing *f = req->user;
    int err = req->err;
    f->wanted = f->get.found == 0;
    store_release(req);
    if (err) {
        rest(f, FILING_EVERY_MS / 60);
        return;
    }
    f->state = FILING_ENDING;
    give(f, work_end, on_ended);
}

static void next_pending(struct filing *f)
{
    if (f->stopped) {
        rest(f, INT64_MAX);
    } else if (f->at == f->n) {
        sweep(f, false);
    } else {
        f->state = FILING_ASKING;
        f->get = (struct store_file_get){.id = f->ids[f->at]};
        store_file_get(f->server->store, &f->get, on_asked, f);
    }
}

static void on_pending(struct chore *k)
{
    struct filing *f = CONTAINER_OF(k, struct filing, chore);
    if (f->sys == ENOENT) { /* there never was one: the store need not be asked */
        f->sys = 0;
        f->known = true;
        rest(f, INT64_MAX);
        return;
    }
    complain(f, "cannot be looked at");
    f->at = 0;
    next_pending(f);
}

static void start(struct filing *f)
{
    f->state = FILING_STARTING;
    f->began_ms = turn_mono_ms(f->server->turn);
    give(f, work_pending, on_pending);
}

/* ---- a pass ---- */

static void work_remove(struct chore *k)
{
    struct filing *f = CONTAINER_OF(k, struct filing, chore);
    size_t n = 0;
    for (size_t i = 0; i < f->n; i++) {
        int sys = f->blob->ops->remove(f->blob, &f->ids[i]);
        if (!sys || sys == ENOENT) f->ids[n++] = f->ids[i];
        else f->sys = sys; /* its row stays, and so it is tried again */
    }
    f->n = n;
}

static void on_removed(struct chore *k)
{
    struct filing *f = CONTAINER_OF(k, struct filing, chore);
    f->left = f->left || f->sys != 0;
    complain(f, "cannot be removed");
    sweep(f, true);
}

static void on_swept(struct store_req *req)
{
    struct filing *f = req->user;
    const struct store_file_sweep *w = &f->sweep;
    int err = req->err;
    f->n = err ? 0 : w->n_gone;
    for (size_t i = 0; i < f->n; i++) f->ids[i] = w->gone[i];
    if (!err) {
        f->total = w->total;
        f->known = true;
        f->by_task = f->by_task || w->by_task;
        if (w->next_due_ms < f->next_due_ms) f->next_due_ms = w->next_due_ms;
    }
    store_release(req);
    if (f->known) tried(f);
    if (f->n && !f->stopped) {
        f->state = FILING_REMOVING;
        give(f, work_remove, on_removed);
    } else if (err || f->stopped || !w->more) {
        int64_t in_ms = until_due(f), least_ms = between_passes(f);
        rest(f, err ? FILING_EVERY_MS : in_ms < least_ms ? least_ms : in_ms);
    } else {
        sweep(f, true);
    }
}

/* `on`: from where the last one ended, forgetting those whose bytes have gone by now. */
static void sweep(struct filing *f, bool on)
{
    bool more = !on || f->sweep.more;
    struct id last = f->sweep.last;
    if (!on) {
        f->n = 0;
        f->left = false;
        f->began_ms = turn_mono_ms(f->server->turn);
        f->by_task = false;
        f->next_due_ms = INT64_MAX;
    }
    f->state = FILING_SWEEPING;
    f->sweep = (struct store_file_sweep){.forget = f->ids, .n_forget = f->n, .retain_ms = f->server->conf.config->files.retain_ms,
                                         .max = FILING_PAGE, .has_after = on, .after = last};
    if (!more) memset(f->sweep.after.b, 0xff, sizeof last.b); /* nothing is left to look at */
    store_file_sweep(f->server->store, &f->sweep, on_swept, f);
}

/* ---- uploads ---- */

int filing_take(struct filing *f, int64_t size, int64_t more, struct err *e)
{
    const struct config_files *c = &f->server->conf.config->files;
    if (!f->known) return err_set(e, ERR_AGAIN, "the files that are there are still being counted; try again in a moment");
    if (size + more > c->max) return err_set(e, ERR_TOO_BIG, "a file must be at most %lld bytes (files.max)", (long long)c->max);
    if (c->quota > 0 && f->total.bytes + f->arriving + more > c->quota)
        return err_set(e, ERR_FULL, "the uploaded files have their %lld bytes (files.quota); remove some, or try again later",
                       (long long)c->quota);
    int err = server_check_disk(f->server, e);
    if (!err) f->arriving += more;
    return err;
}

void filing_arrived(struct filing *f, int64_t bytes, const struct store_file_total *total)
{
    f->arriving -= bytes;
    if (!total) return;
    f->total = *total;
    f->by_task = true; /* as far as is known before the next pass */
    if (f->state == FILING_RESTING && !timer_is_set(&f->timer)) wake_in(f, between_passes(f));
}

/* ---- the whole ---- */

void filing_init(struct filing *f, struct server *s)
{
    *f = (struct filing){.server = s};
    blob_dir_init(&f->dir, s->conf.config->data_dir);
    f->blob = &f->dir.blob;
}

void filing_begin(struct filing *f)
{
    turn_watch_wall(f->server->turn, &f->wall, on_wall_set);
    start(f);
}

void filing_stop(struct filing *f)
{
    f->stopped = true;
    turn_unwatch_wall(&f->wall);
    turn_timer_stop(f->server->turn, &f->timer);
}

bool filing_is_idle(const struct filing *f) { return f->state == FILING_RESTING; }
