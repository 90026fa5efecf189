/* SPDX-License-Identifier: Apache-2.0
 *
 * One process of our own, in a process group of its own: default signals, nothing blocked, and of our descriptors only those
 * that are given. Watched through a pidfd, so that it does not quarrel with anyone over SIGCHLD, and reaped by its
 * pidfd alone: other children of this program are none of our business.
 *
 *   running ──ended──▶ over (on_exit)         running ──close──▶ over (no on_exit)
 */
#ifndef LOOP_PROCESS_H
#define LOOP_PROCESS_H

#include "base/err.h"
#include "loop/loop.h"

#define PROCESS_FDS 16

struct process_spec {        /* all borrowed for the call */
    const char *path;        /* not searched for */
    const char *const *argv; /* NULL at the end */
    const char *const *env;  /* the whole environment, NULL at the end */
    const int *fds; /* fds[i] becomes descriptor i; -1: descriptor i is closed; the rest keep to close-on-exec */
    size_t n_fds;   /* at most PROCESS_FDS */
};

struct process_exit {
    int status; /* 0..255, or -1 when a signal ended it */
    int signal; /* the signal, else 0 */
};

/* The owner's struct; stays put until on_exit or process_close. */
struct process {
    void (*on_exit)(struct process *p, const struct process_exit *how); /* once; `p` may be freed in it */
    int pid;
    struct process_watch *inside; /* process.c's; NULL: over */
};

/* ERR_NOT_FOUND: no such program; ERR_AGAIN: out of descriptors or processes; ERR_TOO_BIG: argv and env are longer than
 * the system allows; else ERR_IO. */
int process_start(struct process *p, struct loop *l, const struct process_spec *spec, struct err *e) MUST_USE;
void process_signal(struct process *p, int signal); /* to this process alone; nothing when it is over */
bool process_is_stopped(const struct process *p);     /* by a signal, at this moment */
/* No on_exit any more. Blocks up to `wait_ms` for its end, so as not to leave a zombie; false: it still lives. */
bool process_close(struct process *p, int64_t wait_ms); /* accepts a zeroed process */

#endif
