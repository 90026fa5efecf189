/* SPDX-License-Identifier: Apache-2.0
 *
 * The tasks of one `run` frame, and what bide says about them while they run. Private to libbide: here is the inside of
 * struct bide_task.
 *
 *     run frame ──▶ open ──▶ [ listen: cancel, ping, stop are handled, run is left for later ] ──▶ clear
 */
#ifndef CLIENT_BIDE_BATCH_H
#define CLIENT_BIDE_BATCH_H

#include "base/json.h"
#include "base/limits.h"
#include "client/bide_channel.h"

#include <limits.h>

struct bide_task {
    struct bide_batch *batch; /* borrowed: the one it belongs to, or was read by */
    struct bide_task *next;   /* linked in the crew that has it (bide_crew.c) */
    char id[64], fence[32];
    char type[LIMIT_NAME + 1];
    char dir[PATH_MAX];
    int attempt;
    int64_t timeout_ms;
    struct buf input, resume;
    struct buf frame; /* the frame about it that is being made */
    struct buf files; /* the names given to bide_task_add_file, as the inside of a JSON array */
    int n_files;
    struct buf followers; /* what was given to bide_task_add_next, in the same way */
    int n_followers;
    int64_t n_outputs;       /* number of the next `output` frame */
    bool cancelled;          /* bide asked for its end; read and set by __atomic_*, for the thread that reads may not be its own */
    bool ended;              /* the verdict is sent */
    struct bide_error error; /* of the last call that failed */
};

struct bide_batch {
    struct bide_channel *channel; /* borrowed */
    struct bide_task **tasks;     /* owned, and each of them, but for those that were taken out (NULL) */
    size_t n;
    /* Who has the tasks: told of a cancel, id and fence ("": any). NULL: they are run by the thread that reads, from `tasks`. */
    void (*on_cancel)(void *user, const char *id, const char *fence);
    void *user;
    bool stop;        /* bide said `stop`: nothing more after this */
    struct json json; /* of the frame being read */
};

void bide_batch_init(struct bide_batch *b, struct bide_channel *channel);
void bide_batch_release(struct bide_batch *b); /* accepts a zeroed one */

/* Reads a `run` frame (parsed in b->json) into tasks. -1: not a run frame, out of memory (channel->error). A task whose
 * input cannot be had is told to bide as failed and comes out `ended`. */
int bide_batch_open(struct bide_batch *b);
void bide_batch_clear(struct bide_batch *b); /* forgets its tasks */
void bide_batch_drop(struct bide_task *t);   /* one that was taken out; accepts NULL */
/* Cancels it, if a cancel for this id and fence is about it. */
void bide_batch_cancel(struct bide_task *t, const char *id, const char *fence);

/* The next frame: 1 it is a `run` (parsed, still in front), 0 no more within wait_ms (or the end), -1 channel->error.
 * Everything else is handled and dropped. While tasks are open a `run` is not looked behind. */
int bide_batch_listen(struct bide_batch *b, int wait_ms);

#endif
