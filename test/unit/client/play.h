/* SPDX-License-Identifier: Apache-2.0
 *
 * The test plays bide: a worker runs in a thread of this process with pipes for descriptors, the test writes frames to
 * it and reads what it says. Every wait is bounded: a worker that says nothing fails the test after ten seconds.
 */
#ifndef TEST_UNIT_CLIENT_PLAY_H
#define TEST_UNIT_CLIENT_PLAY_H

#include "bide.h"
#include "test/test.h"
#include <pthread.h>

/* CHECK for the worker's thread, which must not jump out of the test's. */
#define MUST(condition)                                                                                                \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            fprintf(stderr, "%s:%d: not true: %s\n", __FILE__, __LINE__, #condition);                                  \
            abort();                                                                                                   \
        }                                                                                                              \
    } while (0)

/* A frame of one task, and what is said about it. */
#define RUN(id, input)                                                                                                 \
    "{\"op\":\"run\",\"tasks\":[{\"id\":\"" id "\",\"fence\":\"00000000000000a1\",\"type\":\"t\",\"attempt\":2,"       \
    "\"timeout_ms\":900,\"dir\":\"/d\",\"input\":" input ",\"resume\":null}]}"
#define SAID(op, id) "{\"op\":\"" op "\",\"id\":\"" id "\",\"fence\":\"00000000000000a1\""

struct play {
    const struct bide_worker *worker;
    pthread_t thread;
    int to, from; /* our ends */
    int theirs_in, theirs_out;
    char line[4 << 20];
    size_t len; /* bytes in `line` not yet given out */
    size_t given;
    int ret; /* what bide_worker_run returned */
};

void play_start(struct play *p, const struct bide_worker *worker);
void play_say(struct play *p, const char *frame); /* a line feed is added */
const char *play_hear(struct play *p);            /* the next line; fails the test when none comes */
void play_mute(struct play *p);                   /* closes our writing end: end of file for the worker */
void play_deafen(struct play *p);                 /* closes our reading end: its next write hits a broken pipe */
int play_end(struct play *p);                     /* mutes, waits for the worker, returns what it returned */

#endif
