/* SPDX-License-Identifier: Apache-2.0
 *
 * Whoever asks a server for things: tasks in, cancel, retry, and waiting for endings, as the API does them. Remembers
 * every task it sent and everything it was told about it.
 */
#ifndef SIM_SIM_CLIENT_H
#define SIM_SIM_CLIENT_H

#include "server/server.h"

struct sim_ask {           /* what is 0 or NULL: */
    const char *type;      /* the first of the configuration */
    const char *queue;     /* the type's */
    const char *plan;      /* "done"; words as in sim_process.h */
    int64_t ms;            /* of each attempt */
    const char *more;      /* further members of the input: ",\"progress\":2" */
    int32_t priority;
    int64_t delay_ms;      /* run_at */
    int64_t start_in_ms;   /* start_by */
    int64_t timeout_ms;    /* an hour */
    int64_t grace_ms;      /* 10 s */
    int32_t max_attempts;  /* 3 */
    int64_t retry_ms;      /* 1 s, fixed */
};

struct sim_task {
    struct sim_client *client;
    struct task_body body; /* strs: text below, the configuration */
    char text[512];        /* the input */
    char type[64], queue[64];
    struct store_add add;
    struct store_add_item item;
    bool answered, accepted;
    struct waiter waiter;
    int told;              /* endings it was told of as a waiter */
    int64_t cancelled_ms;  /* mono: when it was told that a running attempt is being cancelled; 0: never */
    /* kept by sim_check from the store's answers: */
    struct life life;
    int32_t endings;       /* of the current run */
    int32_t runs_ended;
    uint64_t fences[16];   /* the last ones it had */
    int n_fences;
};

struct sim_control {
    struct server_control control;
    struct sim_client *client;
    struct sim_task *task;
    bool answered;         /* then err and the rest of control.one are valid */
    struct sim_control *next;
};

struct sim_client {
    struct server *server;   /* borrowed */
    const char *type;        /* of who does not say */
    struct sim_task **tasks; /* owned */
    size_t n, cap;
    struct map by_id;        /* of struct sim_task */
    struct sim_control *controls; /* owned, newest first */
    struct store_get get;    /* of the last look */
    bool looked;
};

void sim_client_open(struct sim_client *c, struct server *server, const char *type);
void sim_client_leave(struct sim_client *c); /* nobody waits any more */
void sim_client_close(struct sim_client *c);
/* Asked at once, answered when the store has: t->answered, t->accepted. A waiter for its ending joins when accepted. */
struct sim_task *sim_submit(struct sim_client *c, const struct sim_ask *ask);
struct sim_control *sim_cancel(struct sim_client *c, struct sim_task *t);
struct sim_control *sim_retry(struct sim_client *c, struct sim_task *t);
struct sim_task *sim_task_of(const struct sim_client *c, const struct id *id); /* NULL: not one of ours */
/* As the engine itself has it, past all faults. Turns the turn. Valid until the next look. */
const struct task *sim_look(struct sim_client *c, struct store *engine, const struct sim_task *t);
struct str sim_log(struct sim_client *c, struct store *engine, const struct sim_task *t, int run, int number, struct arena *a);

#endif
