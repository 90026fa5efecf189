/* SPDX-License-Identifier: Apache-2.0
 *
 * The store's contract. Callers fill a request, embedded in their own struct, and hand it to store_submit(); it is
 * answered exactly once, later, from the turn (never from inside the call), by `on_done`. An engine is three functions:
 * open (its own file), submit, close.
 *
 *   store_add      tasks in                       store_get      one task
 *   store_claim    the best tasks of some lanes   store_list     a page of tasks, newest first
 *   store_settle   how attempts ended             store_log      the captured output of an attempt
 *   store_control  cancel, retry, change, delete  store_history  attempts and runs of a task
 *   store_tick     what has come due              store_counts   tasks per queue and state
 *   store_queue    what was set for a queue       store_kept     ended tasks, for retention
 *   store_purge    what is not kept any longer
 *
 * Rules every engine keeps (the contract suite holds each against them):
 *  - A change is answered after the commit that holds it was synced. req.err says what became of the whole request;
 *    each item has a code of its own. With req.err set nothing of it happened.
 *  - Order inside a queue is (rank, id). Who may do what is answered by task/life; the engine only keeps.
 *  - Adding an id that is there already is 0 and changes nothing (a resend after a lost answer).
 *  - Times are the caller's: `now_ms` of the request, wall milliseconds.
 *  - Results live in the request's arena until the owner releases it (store_release).
 */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include "base/arena.h"
#include "base/list.h"
#include "base/turn.h"
#include "store/queue_set.h"
#include "task/task.h"

enum store_op {
    STORE_ADD,
    STORE_CLAIM,
    STORE_SETTLE,
    STORE_CONTROL,
    STORE_TICK,
    STORE_PURGE,
    STORE_QUEUE,
    STORE_GET,
    STORE_LIST,
    STORE_LOG,
    STORE_HISTORY,
    STORE_KEPT,
    STORE_COUNTS,
    STORE_OPS
};

/* First member of every request below. The owner sets on_done and user; the rest is the store's. */
struct store_req {
    enum store_op op;
    void (*on_done)(struct store_req *r);
    void *user;
    int err;            /* 0, ERR_STORE, ERR_FULL: the whole request */
    const char *why;    /* with err: the engine's own word for it, static; NULL: none */
    int64_t now_ms;     /* set by store_submit from the store's clock unless the owner did */
    int64_t since_ms;   /* mono, when submitted */
    struct arena arena; /* results; zeroed by the owner, released by store_release */
    struct list link;   /* linked in the engine's queue */
    void *inside;       /* a decorator's */
    void (*outer)(struct store_req *r); /* a decorator's: the owner's on_done kept aside */
};

/* STORE_ADD. An item with an idempotency key that was used before adds nothing: with the same print it is told whose it
 * was, with another it is refused. A key is used by what was added with it, by nothing that was refused or was there
 * already; it outlives that task: when it was deleted, `first` is the id of one that is not there. */
#define STORE_PRINT 32 /* bytes: SHA-256 of what was asked */
struct store_add_item {
    const struct task_body *body; /* borrowed until on_done */
    int64_t capacity;             /* of its queue: waiting tasks allowed; 0: no limit */
    struct str key;               /* borrowed until on_done; p NULL: none */
    uint8_t print[STORE_PRINT];
    bool replayed;                /* out: `first` was added with this key and print */
    struct id first;
    int err;                      /* 0, ERR_QUEUE_FULL, ERR_KEY_REUSED */
    struct life life;             /* as stored */
    bool existed;                 /* it was there already */
};
struct store_add {
    struct store_req req;
    struct store_add_item *items; /* borrowed until on_done */
    size_t n;
};

/* A task that ended without an attempt: it did not start in time. */
struct store_tick_item {
    struct id id;
    struct life life;
    struct str queue, type; /* borrowed until on_done returns */
};

#define STORE_CLAIM_ENDED 64 /* tasks one claim ends because they are too late; the next goes on */
#define STORE_CLAIM_BYTES (32 * 1024 * 1024) /* of inputs, after which a claim takes no further task */

/* STORE_CLAIM: up to `max` best tasks, all from the one lane among `lanes` with the best head. The first is taken
 * whatever its rank; a further one only while its rank is not above `until_rank`: others come before it. */
struct store_claim_item {
    struct task_body body;
    struct life life;        /* running, with its fence */
};
struct store_claim {
    struct store_req req;
    const uint32_t *lanes;   /* lane numbers from hints; borrowed until on_done */
    size_t n_lanes;
    const uint64_t *fences;  /* `max` fresh ones, made by the caller; borrowed until on_done */
    size_t max;
    int64_t until_rank;      /* 0: no bound */
    struct store_claim_item *items; /* out, in the arena */
    size_t n;                       /* out; 0: nothing was there */
    uint32_t lane;                  /* out: the lane they came from */
    struct store_tick_item *ended;  /* out, in the arena: those it came upon too late to start them */
    size_t n_ended;
};

/* STORE_SETTLE: every way out of running. */
struct store_settle_item {
    struct task_attempt attempt; /* borrowed strs; id, fence, verdict, failure, log, times */
    const struct life_rules *rules; /* of the task's body, as the claim gave it; borrowed until on_done */
    bool retryable;
    int64_t retry_after_ms;
    uint64_t chance;
    struct str result, files, progress; /* borrowed until on_done */
    int err;                     /* 0, ERR_STALE, ERR_NOT_FOUND */
    struct life life;            /* out: after it */
    struct life_outcome outcome; /* out */
};
struct store_settle {
    struct store_req req;
    struct store_settle_item *items; /* borrowed until on_done */
    size_t n;
};

/* STORE_CONTROL: what people do to a task. */
enum store_verb {
    STORE_CANCEL,
    STORE_RETRY,
    STORE_PATCH,    /* while it waits: priority, run_at, tags */
    STORE_DELETE,   /* an ended task: every row of it */
    STORE_COMPLETE, /* the work was done elsewhere: a task that waits ends; ERR_CONFLICT while it runs here */
    STORE_FAIL
};
struct store_patch {
    bool has_priority, has_tags;
    int32_t priority;
    int64_t run_at_ms;           /* wall; 0: as it was */
    const struct task_tag *tags; /* all of them */
    size_t n_tags;
};
struct store_control_item {
    struct id id;
    enum store_verb verb;
    int64_t capacity;                /* STORE_RETRY: as for add */
    const struct store_patch *patch; /* STORE_PATCH; borrowed until on_done, as the rest */
    const struct task *expect;       /* PATCH, DELETE: only if it still is as here; NULL: however it is */
    struct str result;               /* STORE_COMPLETE */
    struct failure failure;          /* STORE_FAIL */
    int err;          /* 0, ERR_NOT_FOUND, ERR_CONFLICT, ERR_QUEUE_FULL, ERR_CHANGED (not as expected), ERR_GONE (retry: its input was purged) */
    struct life was;  /* retry, delete: the ending it had */
    bool changed;     /* cancel: it was not asked before and had not ended */
    bool ended;       /* this ended it */
    struct life life; /* after it */
    struct str queue, type; /* when changed: of the task; borrowed until on_done returns */
};
struct store_control {
    struct store_req req;
    struct store_control_item *items; /* borrowed until on_done */
    size_t n;
};

/* STORE_TICK: promotes what is due, ends what expired; at most `max` tasks. */
struct store_tick {
    struct store_req req;
    size_t max;
    struct store_tick_item *ended; /* out, in the arena: those that ended by it */
    size_t n_ended;
    bool more;                     /* out: there is more that is due */
};

/* STORE_PURGE: ended tasks, or parts of them, go; and idempotency keys older than a moment. A task that has been retried
 * meanwhile, or is gone, is left out. */
struct store_purge_item {
    struct id id;
    int32_t run;      /* of which it was seen */
    unsigned parts;   /* bits of enum retain_part */
    bool purged;      /* out */
};
struct store_purge {
    struct store_req req;
    struct store_purge_item *items; /* borrowed until on_done */
    size_t n;
    int64_t keys_before_ms;         /* wall; 0: no keys */
    size_t keys_max;
    size_t n_keys;                  /* out: keys that went */
};

/* STORE_QUEUE: remembers what was set for a queue, over what the configuration says. */
struct store_queue {
    struct store_req req;
    struct str queue;    /* borrowed until on_done */
    unsigned parts;      /* of STORE_QUEUE_*: those that `set` sets; the others stay */
    struct store_queue_set set;
};

/* STORE_GET */
struct store_get {
    struct store_req req;
    struct id id;
    size_t input_max, result_max; /* texts longer than this are left out (their sizes are given) */
    int found;                    /* out: 0 or ERR_NOT_FOUND */
    struct task task;             /* out, strs in the arena */
};

#define STORE_TAGS 8 /* in one filter */

/* STORE_LIST: newest first. A short page with `more` is legal: go on with the cursor. */
struct store_filter { /* borrowed until on_done; p NULL: any */
    struct str type, queue, subject;
    struct task_tag tags[STORE_TAGS]; /* all of them must fit */
    size_t n_tags;
    const char *word; /* a word as life_word shows it ("retrying" too), NULL: any */
    bool has_from;
    struct id from;   /* no id below this one */
};
struct store_list {
    struct store_req req;
    struct store_filter filter;
    size_t limit;           /* 1..LIMIT_PAGE */
    bool has_after;
    struct id after;        /* go on below this id */
    struct task *items;     /* out, in the arena; inputs and results left out */
    size_t n;
    bool more;              /* out */
    struct id last;         /* out: cursor for the next page, valid when more */
};

/* STORE_LOG: the log of one attempt. */
struct store_log {
    struct store_req req;
    struct id id;
    int32_t run, number;    /* 0: the latest run, the latest attempt that is over */
    int found;              /* out: 0 or ERR_NOT_FOUND (no such task); a task without a log is 0 with an empty log */
    struct str log;         /* out, in the arena */
};

/* STORE_HISTORY: the attempts that are over and the runs that have ended, newest first of each; at most `limit` of each. */
struct store_attempt {
    struct task_attempt attempt; /* its log left out */
    size_t log_bytes;
};
struct store_history {
    struct store_req req;
    struct id id;
    size_t limit;                 /* 1..LIMIT_PAGE */
    int found;                    /* out: 0 or ERR_NOT_FOUND */
    struct life life;             /* out: as it stands; what `runs` does not have while it lives */
    struct store_attempt *attempts; /* out, in the arena. A plain first success has no row: it is only among the runs */
    size_t n_attempts;
    struct task_ending *runs;     /* out, in the arena; results left out */
    size_t n_runs;
};

/* STORE_KEPT: ended tasks, newest first, narrow. A short page with `more` is legal: go on with the cursor. */
struct store_kept_item {
    struct id id;
    enum task_state state;
    int32_t run, attempt;
    struct str type;           /* in the arena */
    int64_t finished_at_ms;
    int64_t retain_ms;         /* the task's own: see task/retain.h */
    size_t input_bytes, result_bytes, log_bytes;
    bool has_files;
};
struct store_kept {
    struct store_req req;
    size_t limit;              /* 1..LIMIT_PAGE */
    bool has_after;
    struct id after;           /* go on below this id */
    struct store_kept_item *items; /* out, in the arena */
    size_t n;
    bool more;                 /* out */
    struct id last;            /* out: cursor for the next page, valid when more */
};

/* STORE_COUNTS */
struct store_count {
    struct str queue;
    int64_t n[TASK_STATES];
    int64_t retrying;         /* of n[TASK_SCHEDULED] */
    int64_t oldest_ready_ms;  /* wall: when the first in line became eligible; 0: none is ready */
    struct store_queue_set set; /* what was set and remembered */
    bool pause_known;           /* a pause or resume is among it */
};
struct store_counts {
    struct store_req req;
    struct store_count *items; /* out, in the arena; queues that were ever used */
    size_t n;
    int64_t bytes;             /* out: size of the store on disk, 0 when it has none */
};

/* What changed in a lane by a commit. A number below LIMIT_LANES is the lane's; when a lane without tasks had to make
 * room, the next one there has that number + LIMIT_LANES, and so on: a claim that names a lane that is gone finds
 * nothing. */
struct store_hint {
    uint32_t lane;
    struct str queue, type; /* borrowed for the call */
    uint32_t ready;         /* tasks that could run now */
    int64_t head_rank;      /* of the first, when ready > 0 */
    struct id head;         /* the first */
};

/* An attempt of a predecessor that is gone: ended `lost` at open. */
struct store_lost {
    struct id id;
    int32_t run, number;
};

struct store;
struct store_events { /* called from the turn; the hints of a commit come before the answers of its requests; what stands
                      * at open is told in the first turn */
    void (*on_hints)(void *user, const struct store_hint *hints, size_t n);
    void (*on_next_due)(void *user, int64_t due_at_ms); /* wall; INT64_MAX: nothing waits for a time. When it changed */
    void *user;
    void (*on_lost)(void *user, const struct store_lost *lost, size_t n); /* once, in the first turn, when there were some; may be NULL */
};

struct store_engine {
    const char *name; /* "mem", "sqlite" */
    /* Takes the request; answers later. Never fails: what goes wrong is the answer. */
    void (*submit)(struct store *s, struct store_req *r);
    /* Requests that are outstanding, and those that their answers submit, are answered first. on_closed once, later. Frees. */
    void (*close)(struct store *s, void (*on_closed)(void *user), void *user);
};

/* Common head of every engine's and decorator's struct. */
struct store {
    const struct store_engine *engine;
    struct turn *turn;                 /* borrowed */
    const struct store_events *events; /* borrowed; given at open, may be NULL */
};

void store_submit(struct store *s, struct store_req *r);
void store_release(struct store_req *r); /* frees the results; accepts a request never submitted */
void store_close(struct store *s, void (*on_closed)(void *user), void *user);
const char *store_op_word(enum store_op op);
bool store_op_is_change(enum store_op op);

/* Typed starts: set op, on_done, user. */
void store_add(struct store *s, struct store_add *r, void (*on_done)(struct store_req *r), void *user);
void store_claim(struct store *s, struct store_claim *r, void (*on_done)(struct store_req *r), void *user);
void store_settle(struct store *s, struct store_settle *r, void (*on_done)(struct store_req *r), void *user);
void store_control(struct store *s, struct store_control *r, void (*on_done)(struct store_req *r), void *user);
void store_tick(struct store *s, struct store_tick *r, void (*on_done)(struct store_req *r), void *user);
void store_queue(struct store *s, struct store_queue *r, void (*on_done)(struct store_req *r), void *user);
void store_get(struct store *s, struct store_get *r, void (*on_done)(struct store_req *r), void *user);
void store_list(struct store *s, struct store_list *r, void (*on_done)(struct store_req *r), void *user);
void store_log(struct store *s, struct store_log *r, void (*on_done)(struct store_req *r), void *user);
void store_history(struct store *s, struct store_history *r, void (*on_done)(struct store_req *r), void *user);
void store_kept(struct store *s, struct store_kept *r, void (*on_done)(struct store_req *r), void *user);
void store_purge(struct store *s, struct store_purge *r, void (*on_done)(struct store_req *r), void *user);
void store_counts(struct store *s, struct store_counts *r, void (*on_done)(struct store_req *r), void *user);

#endif
