/* SPDX-License-Identifier: Apache-2.0
 *
 * One attempt that this puller has: its directory here, what is to be told of it, when the next beat is due. Private to
 * libbide. All in the thread of bide_pull.c. How it ends: bide_pull_verdict.h.
 */
#ifndef CLIENT_BIDE_PULL_ATTEMPT_H
#define CLIENT_BIDE_PULL_ATTEMPT_H

#include "base/json.h"
#include "client/bide_pull_clock.h"
#include "client/bide_pull_output.h"
#include "client/bide_request.h"

#include <limits.h>

#define BIDE_PULL_LOG (64 * 1024)     /* bytes of log that are told before their time */
#define BIDE_PULL_LOG_HELD 1000000    /* bytes of log that are kept for a server that is away; it takes 1 MiB at a time */

struct bide_pull_attempt {
    struct bide_client *client;  /* borrowed */
    struct bide_client *beats;   /* borrowed: another, for beats while the first is busy; NULL: there are none then */
    /* called many times a second while a request is under way or waited for, so that all that are open beat; NULL:
     * nothing is called */
    void (*meanwhile)(void *user);
    void *user;
    const volatile int *stop;    /* borrowed; NULL: none. Not 0: what cannot be told at once is not told */
    char id[64], fence[32];
    char dir[PATH_MAX];          /* "": not made yet */
    const struct json_node *given; /* borrowed from the answer to the claim, until the worker has it */
    int64_t beat_ms, beat_at_ms; /* mono */
    int64_t told_at_ms;          /* mono: the last beat */
    struct buf progress, log, save; /* to be told; empty: nothing */
    struct bide_pull_output output;
    int64_t log_dropped;         /* lines of log for which there was no room */
    char cancel[16];             /* "": none */
    bool lost;                   /* the server gave it to somebody else, or ended it */
    bool ending;                 /* its verdict is being told: the worker has nothing to do with it any more */
};

/* As the claim was answered: `v` of `j`. -1: no memory, not a task. */
int bide_pull_attempt_open(struct bide_pull_attempt *a, const struct json *j, const struct json_node *v, struct bide_error *error);
void bide_pull_attempt_close(struct bide_pull_attempt *a); /* removes the directory and all in it */
/* Makes the directory and, with the name of a file, fetches the input into it. -1: it cannot be had or stored, or was not
 * wanted any more (a->cancel, a->lost, *a->stop). */
int bide_pull_attempt_prepare(struct bide_pull_attempt *a, const char *input_file, struct bide_error *error);

void bide_pull_attempt_progress(struct bide_pull_attempt *a, const struct json *j); /* a progress frame */
void bide_pull_attempt_save(struct bide_pull_attempt *a, const struct json *j);
void bide_pull_attempt_log(struct bide_pull_attempt *a, const struct json *j);      /* a log frame */
void bide_pull_attempt_output(struct bide_pull_attempt *a, const struct json *j);
bool bide_pull_attempt_says(const struct bide_pull_attempt *a);                     /* something is to be told */
int64_t bide_pull_attempt_due_ms(const struct bide_pull_attempt *a);                /* mono: when something is to be told */
void bide_pull_attempt_beat(struct bide_pull_attempt *a);

#endif
