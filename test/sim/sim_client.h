/* SPDX-License-Identifier: Apache-2.0
 *
 * Whoever asks a server for things: tasks in, cancel, retry, and waiting for endings, as the API does them. Remembers
 * every task it sent and everything it was told about it.
 */
#ifndef SIM_SIM_CLIENT_H
#define SIM_SIM_CLIENT_H

#include "server/server.h"
#include "test/sim/sim_history.h"

struct sim_ask {           /* what is 0 or NULL: */
    const char *type;      /* the first of the configuration */
    const char *queue;     /* the type's */
    const char *plan;      /* "done"; words as in sim_process.h */
    int64_t ms;            /* of each attempt */
    const char *more;      /* further members of the input: ",\"progress\":2" */
    int32_t priority;
    int key;               /* its limit_key */
    int once;              /* its key, of those that one task at a time holds */
    enum task_conflict on_conflict;
    bool cache;            /* the result of another with its type and input may answer it, and its own others */
    bool bypass;           /* it runs all the same */
    int64_t delay_ms;      /* run_at */
    int64_t start_in_ms;   /* start_by */
    int64_t timeout_ms;    /* an hour */
    int64_t grace_ms;      /* 10 s */
    int32_t max_attempts;  /* 3 */
    int64_t retry_ms;      /* 1 s, fixed */
    const char *batch_key; /* none */
    double cost;           /* 1 */
    int64_t steps;         /* of a type that is a chain: those it is to do (sim_fact.h); not a chain */
};

struct sim_task {
    struct sim_client *client;
    int64_t number;        /* from 1, in its history */
    struct task_body body; /* strs: text below, the configuration */
    char text[512];        /* the input */
    char type[64], queue[64], key[16], once[16];
    struct store_add add;
    struct store_add_item item;
    bool answered, accepted;
    bool chain;
    struct waiter waiter;
    int told;              /* endings it was told of as a waiter */
};

struct sim_control {
    struct server_control control;
    struct sim_client *client;
    struct sim_task *task;
    enum store_verb verb;
    bool answered;         /* then err and the rest of control.one are valid */
    struct store_patch *patch; /* owned; NULL */
    struct sim_control *next;
};

struct sim_client {
    struct server *server;   /* borrowed, both */
    struct sim_history *history;
    const char *type;        /* of who does not say */
    struct sim_task **tasks; /* owned */
    size_t n, cap;
    struct map by_id;        /* of struct sim_task */
    struct sim_control *controls; /* owned, newest first */
    struct store_get get;    /* of the last look */
    bool looked;
};

void sim_client_open(struct sim_client *c, struct server *server, struct sim_history *history, const char *type);
void sim_client_leave(struct sim_client *c); /* nobody waits any more */
void sim_client_close(struct sim_client *c);
/* Asked at once, answered when the store has: t->answered, t->accepted. A waiter for its ending joins when accepted. */
struct sim_task *sim_submit(struct sim_client *c, const struct sim_ask *ask);
struct sim_control *sim_cancel(struct sim_client *c, struct sim_task *t);
struct sim_control *sim_retry(struct sim_client *c, struct sim_task *t);
struct sim_control *sim_delete(struct sim_client *c, struct sim_task *t);
struct sim_control *sim_complete(struct sim_client *c, struct sim_task *t); /* the work was done elsewhere; the next: it failed */
struct sim_control *sim_fail(struct sim_client *c, struct sim_task *t);
struct sim_control *sim_patch(struct sim_client *c, struct sim_task *t, int32_t priority, int64_t delay_ms);
/* A verdict from nowhere: of an attempt that is long over, or never was. What becomes of it the history says. */
void sim_ghost(struct sim_client *c, struct sim_task *t, uint64_t fence, enum life_event verdict);
/* The server is another one: what was asked of the old one and not answered is forgotten, and whoever waited for an
 * ending has to wait again. */
void sim_client_move(struct sim_client *c);
void sim_client_wait(struct sim_task *t);
struct sim_task *sim_task_of(const struct sim_client *c, const struct id *id); /* NULL: not one of ours */
/* As the engine itself has it, past all faults. Turns the turn. Valid until the next look. */
const struct task *sim_look(struct sim_client *c, struct store *engine, const struct sim_task *t);
struct str sim_log(struct sim_client *c, struct store *engine, const struct sim_task *t, int run, int number, struct arena *a);

#endif
