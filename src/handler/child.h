/* SPDX-License-Identifier: Apache-2.0
 *
 * The spawn seam: one supervised process tree. Handlers know only this; behind it is the keeper (child_keeper.c, real
 * processes) or a test's or simulation's fake. A child is over when its keeper says that every descendant is dead.
 */
#ifndef HANDLER_CHILD_H
#define HANDLER_CHILD_H

#include "base/err.h"
#include "base/str.h"

enum child_stream { CHILD_STDOUT, CHILD_STDERR, CHILD_FRAMES }; /* fd 1, 2, 4 of the program */

struct sandbox_conf;

struct child_spec { /* all borrowed for the call */
    const char *const *argv;  /* program (searched in PATH when it has no slash; with a slash relative to cwd) and arguments, NULL at the end */
    const char *const *env;   /* NAME=VALUE to add to or replace in bide's own environment, NULL at the end */
    const char *const *secret_env; /* the same, after those; NULL: none */
    const char *cwd;          /* NULL: bide's */
    bool frames;              /* open fd 3 (frames in) and fd 4 (frames out); BIDE_IN and BIDE_OUT are set then */
    struct str input;         /* written to stdin, then closed; empty: stdin is /dev/null */
    int nice;                 /* added niceness; 5 for workers */
    const struct sandbox_conf *sandbox; /* what it and its descendants are confined to; NULL: to no new privileges only */
    const char *dir;          /* of the one attempt that it is for; NULL: it has many */
};

#define CHILD_AT 300

struct child_exit {
    bool started;     /* false: the program could not be executed; `sys` says why */
    int sys;          /* errno of what failed, else 0 */
    int status;       /* exit status 0..255, or -1 when a signal ended it */
    int signal;       /* the signal, else 0 */
    char at[CHILD_AT]; /* not started: what failed, "its working directory"; empty: the exec itself */
};

/* One child. The struct is the owner's and stays put until on_exit. */
struct child {
    void *user;                                                            /* the owner's */
    void (*on_data)(struct child *c, enum child_stream from, struct str bytes); /* borrowed for the call */
    void (*on_frames_end)(struct child *c);                                /* at most once: nobody has its fd 4 any more; may be NULL */
    void (*on_exit)(struct child *c, const struct child_exit *how);        /* once, last: the whole tree is dead, all output read that was there */
    struct spawner *spawner;                                               /* set by child_start */
    void *inside;                                                          /* the spawner's */
    int pid;                                                               /* of the program, 0 until known */
};

/* Starts, writes and stops children. `start`: 0 and later exactly one on_exit, or an error and nothing; ERR_TOO_BIG: argv
 * and env are together longer than the system lets a program have. */
struct spawner {
    int (*start)(struct spawner *s, struct child *c, const struct child_spec *spec, struct err *e);
    int (*send)(struct child *c, struct str frame);  /* to fd 3; queued, bounded (4 x LIMIT_FRAME): ERR_TOO_BIG over it, ERR_IO when closed */
    void (*close_input)(struct child *c);            /* end of file on fd 3 */
    void (*signal_tree)(struct child *c, int signal); /* SIGTERM or SIGKILL to every descendant; after SIGKILL on_exit follows */
    void (*pause)(struct child *c, bool paused);     /* stop or go on reading its output (back-pressure) */
    void (*catch_up)(struct child *c); /* on_data for what stdout and stderr hold at this moment; may be called from on_data of frames */
};

static inline int child_start(struct spawner *s, struct child *c, const struct child_spec *spec, struct err *e)
{
    c->spawner = s;
    return s->start(s, c, spec, e);
}
static inline int child_send(struct child *c, struct str frame) { return c->spawner->send(c, frame); }
static inline void child_close_input(struct child *c) { c->spawner->close_input(c); }
static inline void child_signal_tree(struct child *c, int signal) { c->spawner->signal_tree(c, signal); }
static inline void child_pause(struct child *c, bool paused) { c->spawner->pause(c, paused); }
static inline void child_catch_up(struct child *c) { c->spawner->catch_up(c); }

#endif
