/* SPDX-License-Identifier: Apache-2.0
 *
 * Directories that attempts were given and have not touched, for attempts to come. Making and removing one costs the
 * journal of a disk that syncs all the time from 0.15 to 1 ms, and even another name for it waits for a sync that is
 * under way; most attempts of short tasks never look at theirs. So one that is over and found as it was made becomes
 * data_dir/attempts/.spare-<whose>.<number> and is given to attempt after attempt for as long as that is so. Only those in a
 * stream of short ones (ahead.c) are given one as it is; any other has one of its own name.
 *
 *   made under the attempt's own name ──untouched──▶ spare ──given──▶ in use ──untouched──▶ spare
 *                  │                                                    │ files in it are the result: its own name
 *                  └─touched──▶ removed ◀───────────touched─────────────┘
 *
 * The warm-ups of workers (handler/worker_warmup.h) work in directories named as these, which are never given to attempts.
 *
 * What a killed server leaves of them goes with attempt_dir_sweep.
 */
#ifndef SERVER_ATTEMPT_SPARE_H
#define SERVER_ATTEMPT_SPARE_H

#include "base/rng.h"
#include "server/attempt_dir.h"

#include <sys/stat.h>

#define ATTEMPT_SPARES 64

struct attempt_spare { /* zeroed: the directory is not a spare one */
    unsigned number;   /* from 1 */
    ino_t inode;
    struct timespec changed; /* its status, last */
    int64_t since_ms;        /* mono: when it was looked at first */
};

struct attempt_spares {
    char own[48]; /* what its names begin with: of this server alone, also in a container where its pid is always the same */
    struct attempt_spare all[ATTEMPT_SPARES];
    size_t n;
    unsigned made;
};

/* What the two below are about. */
struct attempt_place {
    char path[ATTEMPT_DIR_PATH]; /* empty: it has none */
    struct attempt_spare spare;  /* inside */
};

void attempt_spare_init(struct attempt_spares *s, struct rng *rng);
/* A spare directory for an attempt, which exists and is empty. ERR_NOT_FOUND: there is none. */
int attempt_spare_give(struct attempt_spares *s, struct attempt_place *p, const char *data_dir, struct chores *chores) MUST_USE;
/* A new one under the name of a spare, for what is no attempt of a task; to be discarded (attempt_dir_discard). ERR_FULL, ERR_IO. */
int attempt_spare_make(struct attempt_spares *s, char path[ATTEMPT_DIR_PATH], const char *data_dir, struct chores *chores,
                       struct err *e) MUST_USE;
/* The attempt is over and nothing in it is needed. */
void attempt_spare_take_back(struct attempt_spares *s, struct attempt_place *p, const char *data_dir, struct chores *chores,
                             int64_t mono_ms);
/* Files in it are the attempt's result: it gets the name under which they are found; what has that name is discarded. ERR_IO,
 * ERR_FULL. */
int attempt_spare_make_own(struct attempt_place *p, const char *data_dir, const struct id *id, int run, int number,
                           struct chores *chores, struct err *e) MUST_USE;
void attempt_spare_release(struct attempt_spares *s, const char *data_dir); /* removes them */

#endif
