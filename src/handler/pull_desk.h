/* SPDX-License-Identifier: Apache-2.0
 *
 * The desk: where workers elsewhere wait for attempts, and where those they have are looked up. One desk for all
 * handlers `pull` of a server, since a claim may ask for the types of several.
 *
 *              ┌── let go, and its attempt did not come ──┐
 *              ▼                                          │
 *   claim: waiting ──place kept for one on its way──▶ promised ──started──▶ given ──in the next turn──▶ answered
 *              ├── its time is up, the server drains: answered, with nothing
 *              └── cancelled (nobody listens any more): what it was given goes back, as if never started
 *
 * A place is promised once: while an attempt is on its way to it (that is a commit) no other is told of it. A claim
 * whose time is up waits for what was promised to it.
 */
#ifndef HANDLER_PULL_DESK_H
#define HANDLER_PULL_DESK_H

#include "base/limits.h"
#include "handler/pull.h"
#include "handler/puller.h"

struct pull_claim;
struct pull_held;
struct pull_recent;

struct pull_desk {
    struct turn *turn;    /* borrowed */
    struct list posts;    /* of struct pull */
    struct list patterns; /* of struct pull_pattern: what those who wait ask for */
    struct list promises; /* of struct pull_promise */
    struct list due;      /* of struct pull_claim: to be looked at */
    struct map held;      /* of struct pull_held, by the task's id */
    struct pullers pullers;
    uint64_t serial;      /* of the next claim */
    uint64_t looks;
    size_t waiting;       /* claims */
    int64_t lost;         /* leases that ran out */
    struct pull_recent *recent; /* owned: PULL_RECENT of them (pull_held.h) */
    size_t n_recent;      /* ever */
    struct later look;
    bool draining;
};

/* One question for work. The asker's, zeroed but for the first part; stays put until on_answer or pull_desk_cancel. */
struct pull_claim {
    const struct str *types; /* borrowed: names, or prefixes with a star; at most LIMIT_PULL_TYPES */
    size_t n_types;
    int max;                 /* attempts wanted: 1 .. LIMIT_PULL_MAX */
    struct str worker, host; /* borrowed for the call of pull_desk_claim */
    void *user;
    /* Once, later: `given` has n_given attempts, perhaps none. They are the asker's until they end or leases run out. */
    void (*on_answer)(struct pull_claim *c);

    struct pull_held *given[LIMIT_PULL_MAX];
    int n_given;
    int promised;
    bool late;               /* its time is up: it takes nothing more but what is promised */
    uint64_t serial, seen;
    struct pull_desk *desk;
    struct puller *puller;
    struct pull_ask *asks;   /* owned: one for each type */
    struct list due;
    struct timer time;
};

void pull_desk_init(struct pull_desk *d, struct turn *turn);
void pull_desk_release(struct pull_desk *d); /* no claim waits, no attempt is held */
/* Nobody waits any more, and nobody will: all claims are answered, with what they were given or with nothing. */
void pull_desk_drain(struct pull_desk *d);
/* Somebody is to be answered before this turn is over: till then what was given is not theirs and must not be left. */
bool pull_desk_owes(const struct pull_desk *d);

/* Waits up to wait_ms (0: takes what is there at this moment: nothing may have been started meanwhile). Of the types one
 * means at least one post, which is the caller's to see to. ERR_AGAIN: too many pullers; ERR_DRAINING. */
int pull_desk_claim(struct pull_desk *d, struct pull_claim *c, int64_t wait_ms) MUST_USE;
void pull_desk_cancel(struct pull_claim *c); /* before on_answer */

/* For pull.c */
int pull_desk_room(struct pull_desk *d, struct str type); /* places that are not kept */
bool pull_desk_has_place(const struct pull_desk *d, struct str type);
void pull_desk_keep(struct pull_desk *d, struct str type, int n);
void pull_desk_let_go(struct pull_desk *d, struct str type, int n);
bool pull_desk_is_asked(const struct pull_desk *d, struct str type); /* somebody asks for it, or has attempts and asked before */
/* The attempt goes to the one who waits and could take the fewest others, of those the longest. ERR_AGAIN: nobody. */
int pull_desk_give(struct pull_desk *d, struct pull *post, struct attempt *a, struct err *e) MUST_USE;

#endif
