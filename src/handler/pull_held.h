/* SPDX-License-Identifier: Apache-2.0
 *
 * An attempt that a worker elsewhere has: the right to run it until a moment, renewed by whatever is heard of it.
 *
 *   given ──told──▶ held ──beat, progress, log──▶ held
 *     │               │ ── a verdict ─────────────────────────────▶ settling ──committed──▶ gone
 *     │               │ ── nothing heard for the lease ── LOST ──▶    ▲
 *     │               └── stop ──▶ stopping ── a verdict, or grace ───┤
 *     └── nobody was there to be told ── UNSTARTED ───────────────────┘
 *
 * Time is the monotonic clock's. Leases do not end for what this server slept through: when its own timer comes late,
 * what the puller sent meanwhile is still unread, and it gets one full lease more. One that is slow is left alone; what
 * ends it is the task's own timeout. The end of this server does not end it: the next one takes it up with a full lease.
 */
#ifndef HANDLER_PULL_HELD_H
#define HANDLER_PULL_HELD_H

#include "handler/pull_desk.h"

#define PULL_LATE_MS 1000     /* a lease's timer that comes later than this was slept through */
#define PULL_BEAT_MOST_MS 5000 /* pullers are asked to beat at least this often, so that they soon hear of a cancel */
#define PULL_BEAT_LEAST_MS 100

enum pull_held_state { PULL_GIVEN, PULL_HELD, PULL_SETTLING };

struct pull_held {
    struct pull *post;       /* borrowed */
    struct pull_desk *desk;  /* borrowed */
    struct attempt *attempt; /* borrowed from its run, until on_over */
    struct puller *puller;   /* borrowed */
    struct id id;
    enum pull_held_state state;
    bool stopping;
    enum stop_reason why;      /* of stopping */
    enum life_event verdict;   /* settling: as it was given */
    int uploads;               /* files it has begun to send */
    struct list waits;         /* of struct pull_wait */
    struct list link;          /* in post->held */
    struct timer lease, grace;
};

/* Who gave a verdict and waits until it is in the store. */
struct pull_wait {
    struct list link;
    void (*on_over)(struct pull_wait *w, int err); /* once: 0, ERR_STALE */
};

/* Verdicts that are in the store, the last PULL_RECENT of them: one that is sent again because its answer was lost is
 * answered as the first one was. */
#define PULL_RECENT 256
struct pull_recent {
    struct id id;
    uint64_t fence; /* 0: none */
    enum life_event verdict;
};

/* What a beat is answered. */
struct pull_beat {
    int64_t lease_ms;
    int64_t beat_ms;    /* when the next one had better come */
    const char *cancel; /* user timeout shutdown; NULL: go on */
};

/* The attempt with that fence, if a puller has it. NULL: nobody has (any more). */
struct pull_held *pull_held_find(const struct pull_desk *d, const struct id *id, uint64_t fence);
/* Heard of: a full lease from now. ERR_STALE: too late, its verdict is on its way to the store. */
int pull_held_beat(struct pull_held *h, struct pull_beat *ret) MUST_USE;
/* The attempt with that fence is over, and this is the verdict that its puller gave. */
bool pull_held_is_settled(const struct pull_desk *d, const struct id *id, uint64_t fence, enum life_event verdict);
/* Gives the verdict. 0: on_over follows, also when the same was given before. ERR_STALE: another was. */
int pull_held_verdict(struct pull_held *h, const struct verdict *v, struct pull_wait *w) MUST_USE;
void pull_held_leave(struct pull_wait *w); /* nobody waits for it any more */

/* For the desk and the handler */
struct pull_held *pull_held_new(struct pull_desk *d, struct pull *post, struct attempt *a, struct puller *p);
void pull_held_told(struct pull_held *h);      /* its puller is being answered: the lease begins */
void pull_held_take_back(struct pull_held *h); /* its puller is not there to be told */
void pull_held_stop(struct pull_held *h, enum stop_reason why);
void pull_held_resume(struct pull_desk *d, struct pull *post, struct attempt *a); /* given by an earlier server */
void pull_held_forget(struct pull_held *h); /* held: it goes on without this server */

#endif
