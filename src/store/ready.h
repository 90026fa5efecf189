/* SPDX-License-Identifier: Apache-2.0
 *
 * The in-memory index of all live tasks (about 115 bytes each, 16 more where there are keys): by id, by lane in the one order (rank, id) with counts
 * in the tree, by key what waits for a place of it (ready_key.h), by the next moment each must be looked at, and how many of each state a queue has. It belongs to the
 * thread that writes. SQLite (or nothing, for `mem`) is the record that survives; this is where "what next" is answered.
 *
 * Every change after the start goes through ready_put, ready_remove or ready_tally and is journalled, so that a batch whose COMMIT
 * failed is undone exactly: ready_undo. The state of the index is a function of the map id -> (lane, key, life) and of the
 * queues' limits, and of the tokens their keys have; trees, heap and counts follow from it, which is what makes undo short.
 */
#ifndef STORE_READY_H
#define STORE_READY_H

#include "base/buf.h"
#include "base/heap.h"
#include "base/map.h"
#include "store/queue_set.h"
#include "task/life.h"
#include "task/task.h"

#define READY_NONE UINT32_MAX

enum ready_tree { READY_OF_LANE, READY_OF_KEY };

struct ready_entry {
    struct id id;
    struct life life;
    uint32_t lane;
    struct ready_links {
        uint32_t left, right, size;
    } in_lane;                  /* when it could run now */
    uint32_t chain;             /* next of the same hash bucket; of the free list */
    uint32_t due_place;         /* index + 1 in the due heap, 0: not there */
};

/* Beside the entries, from the first that has a key on: most queues have none. */
struct ready_keyed {
    uint32_t key;               /* its place among the keys, READY_NONE: it has none */
    struct ready_links in_key;  /* when pending */
};

/* A lane lies in a slot; its number, which others know it by, is slot + LIMIT_LANES x how often the slot was used
 * again, so that a claim for a lane that is gone finds nothing rather than another type's tasks. */
struct ready_lane {
    struct str queue_name, type; /* owned: one text, NUL between them, the batch key behind the type */
    struct str batch_key;        /* the same; p NULL: none */
    uint32_t number;
    uint32_t live;               /* entries there are of it */
    uint32_t queue;
    uint32_t root;               /* of the tree of the tasks that could run now */
    bool touched;                /* changed since the last ready_touched */
};

struct ready_queue {
    struct str name; /* owned */
    int64_t n[TASK_STATES];
    int64_t retrying;
    struct store_queue_set set; /* over what is configured */
    bool pause_known;
    int32_t declared_keys;      /* key_concurrency as configured; 0: no limit */
    uint32_t key_limit;         /* what follows from both; READY_NONE: no limit */
    struct rate declared_key_rate;  /* as configured; n 0: no limit */
    struct rate_bucket key_rate;    /* what follows from that and from the set: of a key that has started nothing */
    bool declared_fair, fair;   /* as configured; what follows from that and from the set */
    bool moved;                 /* ranks may be others than rows say: since it was fair, or ceased to be */
    bool moved_by_rows;         /* there are rows of a fair queue, and it is not known yet whether it is one */
    int64_t fair_clock;         /* see order.h */
};

struct ready_bucket; /* of a key: ready_key_rate.c */
struct ready_key {
    struct str name;     /* owned: see name_of of ready_key.c */
    uint32_t queue;
    uint32_t live;       /* entries there are of it */
    uint32_t running;    /* of them */
    uint32_t root;       /* of the tree of its pending tasks */
    uint32_t ready;      /* the first so many of the tree could run now; the others are held */
    int64_t had;         /* in a fair queue: see order.h */
    uint32_t chain;      /* of the free list; of the idle */
    bool idle, touched;  /* may be without entries; changed since it was told */
    bool told;           /* as one that holds tasks */
    bool rated;          /* what it holds waits for tokens */
    struct ready_bucket *own; /* owned; NULL: it has the tokens of its queue's key_rate */
};

struct ready_change; /* one line of the journal */
struct ready_name;   /* of a lane, its text */

struct ready {
    struct ready_entry *entries; /* owned slab */
    struct ready_keyed *keyed;   /* owned, as many; NULL: none has a key yet */
    uint32_t n, cap, free_list, live;
    uint32_t *buckets;           /* owned */
    uint32_t n_buckets;          /* 0 or a power of two */
    uint32_t *due;               /* owned heap of entry numbers */
    uint32_t n_due, cap_due;
    struct ready_lane *lanes;    /* owned */
    uint32_t n_lanes, cap_lanes;
    struct ready_queue *queues;  /* owned */
    uint32_t n_queues, cap_queues;
    struct ready_key *keys;      /* owned slab */
    uint32_t n_keys, cap_keys, free_key, idle_key;
    struct heap key_waiting, key_resting; /* buckets of keys: see ready_key_rate.h */
    int64_t mono_ms, wall_ms;    /* of the last request */
    struct map key_by_name;      /* number + 1; its keys are their names */
    uint32_t *touched_keys;
    uint32_t n_touched_keys, cap_touched_keys;
    struct map lane_by_name;     /* "queue\0type\0batch key" -> number + 1; keys owned */
    struct ready_change *journal;
    size_t n_journal, cap_journal;
    uint32_t *touched;           /* lanes changed since the last ready_touched */
    uint32_t n_touched;
    struct ready_name *retired;  /* of lanes that are gone, until ready_retired */
};

void ready_init(struct ready *r);
void ready_release(struct ready *r);

/* The place of a queue and of a lane, made on first use. READY_NONE when there are LIMIT_LANES already; the place of a
 * lane without live tasks is used again before that. */
uint32_t ready_queue_of(struct ready *r, struct str name);
uint32_t ready_lane_of(struct ready *r, struct str queue, struct str type, struct str batch_key); /* p NULL: none */
uint32_t ready_lane_at(const struct ready *r, uint32_t number); /* its place, READY_NONE when that lane is gone */
/* The names that nobody in this thread uses any more, now the caller's; those who were told them may use them until they
 * have heard what this batch has to say. */
struct ready_name *ready_retired(struct ready *r);
void ready_names_free(struct ready_name *names); /* all of them; NULL: none */

/* Pointers stay valid until the next ready_add. */
const struct ready_entry *ready_get(const struct ready *r, const struct id *id); /* NULL: not live */
void ready_add(struct ready *r, const struct id *id, uint32_t lane, uint32_t key, const struct life *life); /* must be new */
void ready_put(struct ready *r, const struct id *id, uint32_t lane, const struct life *life); /* changed, or new without a key */
void ready_load(struct ready *r, const struct id *id, uint32_t lane, uint32_t key, const struct life *life); /* at the start: new, not journalled */
void ready_remove(struct ready *r, const struct id *id);
void ready_tally(struct ready *r, uint32_t queue, enum task_state ending, int64_t delta); /* counts of ended tasks */
void ready_commit(struct ready *r); /* forget the journal */
void ready_undo(struct ready *r);   /* back to the last ready_commit */

const struct ready_entry *ready_head(const struct ready *r, uint32_t lane); /* the first in order, NULL when none */
uint32_t ready_waiting(const struct ready *r, uint32_t lane);               /* how many could run now */
uint32_t ready_before(const struct ready *r, uint32_t lane, int64_t rank, const struct id *id); /* how many come first */
bool ready_is_in_lane(const struct ready *r, const struct ready_entry *e); /* it could run now */
const struct ready_entry *ready_due(const struct ready *r);  /* whose time comes first, NULL when none waits */
/* The next lane that changed since the last time this returned it; READY_NONE when there is none. */
uint32_t ready_touched(struct ready *r);
int64_t ready_queued(const struct ready *r, uint32_t queue); /* blocked, scheduled and pending: what a capacity counts */

#endif
