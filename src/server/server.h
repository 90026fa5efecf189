/* SPDX-License-Identifier: Apache-2.0
 *
 * The one who decides: claim -> run -> settle -> tell. Wires store, queues, handlers and runs together; the API asks
 * here. Knows nothing of HTTP.
 *
 *   opening ──store told what stands──▶ serving ──drain──▶ draining ──no runs, handlers ended──▶ closed
 */
#ifndef SERVER_SERVER_H
#define SERVER_SERVER_H

#include "base/id.h"
#include "server/command_key.h"
#include "server/config.h"
#include "server/disk.h"
#include "server/dispatch.h"
#include "server/eta.h"
#include "server/filing.h"
#include "server/keys.h"
#include "server/leases.h"
#include "server/metrics.h"
#include "server/news.h"
#include "server/notices.h"
#include "server/queue.h"
#include "server/reload.h"
#include "server/retention.h"
#include "server/roster.h"
#include "server/run.h"
#include "server/sequel.h"
#include "server/ticker.h"
#include "server/waiters.h"

#define SERVER_DRAIN_MS 30000 /* running tasks may finish for so long after a drain was asked for; then they are released */

struct server_conf {             /* all borrowed until the server is released, the configuration until a reload */
    struct turn *turn;
    const struct config *config;
    struct spawner *spawner;
    struct fetcher *fetcher;     /* NULL: the configuration has no http type */
    struct chores *chores;       /* NULL: long work is done where it comes up */
    const struct command_key *command_key; /* NULL: nobody may submit command lines */
    const struct disk_look *disk; /* NULL: there is always room */
    void (*on_serving)(void *user); /* once: queues and pause switches are known, tasks are being claimed */
    void (*on_run_over)(void *user); /* an attempt is over: run_by_id holds one less; may be NULL */
    void *user;
};

struct server {
    struct server_conf conf;
    struct turn *turn;
    struct store *store;   /* borrowed; set by server_start */
    struct store_events events;
    struct id_maker ids;
    struct disk disk;
    struct queues queues;
    struct keys keys;
    struct roster roster;
    struct dispatch dispatch;
    struct ticker ticker;
    struct retention retention;
    struct sequel sequel;
    struct filing filing;
    struct notices notices;
    struct waiters waiters;
    struct news news;
    struct metrics metrics;
    struct eta eta;
    struct reload reload;
    struct leases leases;
    struct list runs;      /* of struct run */
    struct map run_by_id;
    struct attempt_spares spares;
    struct store_counts first_counts;
    bool asking;           /* first_counts is on its way */
    bool counted;          /* it was answered */
    bool serving, draining;
    struct timer drain_begin, drain_deadline, first_again;
    void (*on_drained)(void *user);
    void *drained_user;
};

void server_init(struct server *s, const struct server_conf *conf); /* s->events is ready to be given to an engine */
void server_start(struct server *s, struct store *store);           /* the store, opened with s->events */
/* Claims nothing more, lets running tasks finish (SERVER_DRAIN_MS), ends the workers; then on_drained, with no store
 * request of the server on its way. Legal at any time, also when the store has never answered. */
void server_drain(struct server *s, void (*on_drained)(void *user), void *user);
void server_hurry(struct server *s);  /* while draining: give running tasks back now */
void server_drain_step(struct server *s); /* for the server's parts: what a drain may wait for is over */
void server_serve_step(struct server *s); /* the same for the beginning */
void server_release(struct server *s); /* after on_drained */

/* Is it the built-in type, which takes the key of those who may have programs run? */
bool server_is_command(const struct server *s, struct str type);
bool server_may_command(const struct server *s, struct str key);
/* ERR_FULL with the reason when the disk has no room for another task. */
int server_check_disk(struct server *s, struct err *e) MUST_USE;

struct run *server_run(const struct server *s, const struct id *id); /* the live attempt of a task; NULL */
void server_run_over(struct server *s, struct run *r); /* its verdict is committed: r->item; frees it */
void server_run_forget(struct server *s, struct run *r); /* frees it */
/* An ending was committed: waiters are told, it is counted. The type may be that of a lane. */
void server_ended(struct server *s, const struct id *id, struct str queue, struct str type, const struct life *life);

void server_ended_apart(struct server *s, const struct id *id, struct str queue, struct str type, const struct life *life); /* by no verdict of an attempt: told to streams, too */

/* A submit was answered by the store, well: who was replaced by it ends here, too, and it itself when it was answered from
 * what is kept. */
void server_added(struct server *s, const struct store_add_item *it);

/* The output files of an attempt are not needed any more. */
void server_forget_files(struct server *s, const struct id *id, int32_t run, int32_t attempt);
void server_forget_steps(struct server *s, const struct id *id, const struct task_step *steps, size_t n); /* nor those of these */

/* The name a type is counted under: as declared, a prefix with its star. */
struct str server_type_label(const struct server *s, struct str type);

/* What people do to tasks (store.h: STORE_CONTROL), with all that follows from it: attempts are stopped, waiters told.
 * The caller fills `one`, or sets store.items and store.n itself. */
struct server_control {
    struct store_control store;
    struct store_control_item one;
    struct server *server;
    void (*on_done)(struct server_control *c); /* store.req.err; of each item err, changed, ended, life */
};
void server_control(struct server *s, struct server_control *c, void (*on_done)(struct server_control *c));

#endif
