/* SPDX-License-Identifier: Apache-2.0
 *
 * What has just happened to tasks, for those who listen: a bounded ring of events that all listeners read, each from its own
 * place, so that one more listener costs no copy and a slow one holds nothing up. Facts are rows in the store; events are news,
 * and only of what somebody listens to, or did BUS_LINGER_MS ago. Whoever is too slow, or comes back too late, is told that it
 * is cut, never left in the dark.
 *
 *   tell ──▶ ring ──▶ woken in this turn or the next: on_news ──▶ bus_read until it has no more
 *
 *   listener:  waiting ──told──▶ woken ──on_news──▶ reading ──nothing left──▶ waiting
 *                                                      └── its place has left the ring: cut, reads on from here ──▶ waiting
 */
#ifndef SERVER_BUS_H
#define SERVER_BUS_H

#include "base/map.h"
#include "base/turn.h"
#include "store/store_ask.h"

#define BUS_EVENTS 4096               /* in the ring, a power of two */
#define BUS_LINGER_MS 60000           /* news are collected for so long for who listened, so that it can go on where it was */
#define BUS_LINGERING 10000           /* tasks of whom that is so; the oldest go first */

enum bus_kind {
    BUS_CREATED, BUS_STARTED, BUS_PROGRESS, BUS_OUTPUT, BUS_LOG, BUS_RETRYING, /* in the order of doc/protocol.md */
    BUS_COMPLETED, BUS_FAILED, BUS_CANCELLED, BUS_EXPIRED,
    BUS_NOTIFICATION, /* of a task, and not told to who follows that: it has ended before */
    BUS_KINDS
};
#define BUS_BIT(kind) (1u << (kind))
#define BUS_WORDY (BUS_BIT(BUS_OUTPUT) | BUS_BIT(BUS_LOG)) /* what a task says while it runs: told of all tasks only to who asks */
#define BUS_ALL (BUS_BIT(BUS_KINDS) - 1)

#define BUS_OF_TASK (BUS_ALL & ~BUS_BIT(BUS_NOTIFICATION))

const char *bus_word(enum bus_kind kind); /* "task.created" */
int bus_kind_of(struct str word);         /* task.* with the prefix or without; -1: none */
enum bus_kind bus_ending(enum task_state ending);

struct bus_event {
    uint64_t seq;              /* set by bus_tell; from 1 */
    enum bus_kind kind;
    struct id id;              /* of the task */
    int32_t run, attempt;
    int64_t n;                 /* output: the number of the piece */
    struct str type, queue, subject;
    const struct task_tag *tags;
    size_t n_tags;
    struct str data;           /* JSON */
    struct str with_result;    /* an ending: the same with its result, for who follows this task; p NULL: as data */
    uint64_t next_of_task;     /* the bus's: seq of the next one of the same task; 0: none yet */
    size_t size;               /* the bus's: bytes it takes with all its parts */
};

struct listener {              /* the owner sets the first block, the rest is the bus's */
    bool one;                  /* of the task `id`; else of all that fit `filter` and `kinds` */
    struct id id;
    struct store_filter filter; /* type, queue, subject, tags; borrowed while it listens */
    unsigned kinds;            /* BUS_BIT of each */
    void (*on_news)(struct listener *l); /* from the turn; it may read, leave, and be freed */

    uint64_t next;             /* the first event for it; 0: there is none */
    bool cut;                  /* until bus_read has said so */
    bool over;                 /* the bus is closed: nothing will come */
    bool listening;
    struct bus_task *task;
    struct list link, woken;
};

struct bus_interest {          /* in events of some sort: from the first listener until BUS_LINGER_MS after the last one */
    size_t listeners;
    uint64_t number;           /* another one has another; all events were told since it began */
    int64_t until_ms;          /* mono; without listeners: how long it goes on */
};

struct bus_place {             /* how far somebody has read */
    uint64_t interest;         /* its number; 0: from now on */
    uint64_t seq;              /* of the last event read, or of the last that was there when it began */
};

struct bus {
    struct turn *turn;         /* borrowed */
    struct bus_event *ring[BUS_EVENTS]; /* owned; by seq */
    uint64_t last;             /* seq of the last event; 0: there was none */
    uint64_t first;            /* of the first in the ring */
    size_t bytes;              /* of all in the ring: at most LIMIT_EVENTS */
    struct map tasks;          /* of struct bus_task, owned: by id */
    struct list lingering;     /* those of them without listeners, the oldest first */
    size_t n_lingering;
    struct list all;           /* listeners that are not of one task */
    struct bus_interest states, words; /* of all tasks: what is not wordy, and what is */
    struct list woken;
    struct later wake;
    struct timer sweep;
    bool closed;
    uint64_t interests;        /* numbers given */
    uint64_t n_listeners, cuts; /* now; since the start */
};

void bus_init(struct bus *b, struct turn *turn);
void bus_release(struct bus *b); /* nobody may be listening */

/* Is this worth telling? Cheap. */
bool bus_wants(const struct bus *b, enum bus_kind kind, const struct id *id);
bool bus_follows(const struct bus *b, const struct id *id); /* somebody listens to this one task */
void bus_tell(struct bus *b, const struct bus_event *told); /* copied, in all its parts */
void bus_gap(struct bus *b);   /* something happened that could not be told: everybody is cut */
void bus_close(struct bus *b); /* everybody hears that it is over */

/* It hears of what happens from now on, and of what happened after that place. False: not all of that is known any more; it
 * begins here (and is not cut by this). */
bool bus_join(struct bus *b, struct listener *l, const struct bus_place *after);
void bus_leave(struct bus *b, struct listener *l); /* nothing when it does not listen */
/* The next one for it, borrowed until the next call to the bus; NULL: none, and on_news will tell. With *ret_cut some are
 * missing before what comes next. */
const struct bus_event *bus_read(struct bus *b, struct listener *l, bool *ret_cut);
/* The event of that number; NULL: it has left the ring, or never was. */
static inline const struct bus_event *bus_event_of(const struct bus *b, uint64_t seq)
{
    return b->last && seq >= b->first && seq <= b->last ? b->ring[seq % BUS_EVENTS] : NULL;
}
struct bus_place bus_place_after(const struct bus *b, const struct listener *l, const struct bus_event *e); /* NULL: all there are */

#endif
