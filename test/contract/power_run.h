/* SPDX-License-Identifier: Apache-2.0
 *
 * A scripted run against a store whose power may go, and what must hold when it is back. Every operation of the store
 * that writes is in the script. Of each task there are two shapes: what was answered, and what has been asked since; a
 * new engine on what is left of the files must show one of them, and all tasks of one request on the same side.
 */
#ifndef TEST_CONTRACT_POWER_RUN_H
#define TEST_CONTRACT_POWER_RUN_H

#include "test/contract/contract.h"
#include "test/contract/power.h"

struct power_plan {
    enum power_way way;
    uint64_t seed;
    int cut_at_open, cut_at_sync, cut_after_answer; /* counted from 1; 0: not */
    int cut_again_at_sync;                          /* while the new engine opens what is left */
    const char *extra_sql;                          /* a fault of the store that is cut */
    bool early;                                     /* another: it answers adds before it has them */
    bool only_files; /* what is left is looked at as a database, for faults after which no engine opens it */
};

struct power_seen {
    int broken; /* promises that were not kept */
    int syncs, answers;
    bool cut, cut_again; /* in the script; in the recovery */
    bool cut_open;       /* while the store was made */
    const char *in;      /* power_cut_in */
    bool did_everything; /* each kind of change was asked for, and answered well */
};

struct power_shape { /* of a task, as far as the script changes it */
    bool there, key;
    enum task_state state;
    int run, priority;
    bool tagged, input, result, log;
    size_t saved; /* bytes of its checkpoint */
};

struct power_promise {
    struct task_body body;
    struct store_add_item item;
    struct store_add add;
    struct power_shape was, will; /* answered; asked for since */
    int request;                  /* the one that asks; 0: none is open */
    char key[8];                  /* empty: added without */
};

static inline void power_ask(struct power_promise *p, int request, struct power_shape will)
{
    p->will = will;
    p->request = request;
}

/* `fail` is the test_fail of the calling file. */
struct power_seen power_run(const struct power_plan *plan, void (*fail)(void));
struct power_seen power_run_open(const struct power_plan *plan,
                                 void (*fail)(void)); /* makes a store, and nothing else */

struct power_shape power_after_verb(struct power_shape s, enum store_verb verb);
/* What does not hold of what is left, power_check.c: of tasks as a new engine shows them, of the rows of a store, and
 * of a file that is looked at only as a database. */
int power_check_tasks(struct contract *c, const struct power_promise *tasks, int n);
int power_check_rows(const char *path);
int power_check_files(const char *path, const struct power_promise *tasks, int n);

#endif
