/* SPDX-License-Identifier: Apache-2.0
 *
 * The store's contract. Callers fill a request, embedded in their own struct, and hand it to store_submit(); it is
 * answered exactly once, later, from the turn (never from inside the call), by `on_done`. An engine is three functions:
 * open (its own file), submit, close.
 *
 *   store_add      tasks in                       store_get      one task
 *   store_claim    the best tasks of some lanes   store_list     a page of tasks, newest first
 *   store_settle   how attempts ended             store_log      what an attempt printed or streamed
 *   store_control  cancel, retry, change, delete  store_history  attempts and runs of a task
 *   store_tick     what has come due              store_counts   tasks per queue and state
 *   store_queue    what was set for a queue       store_kept     ended tasks, for retention
 *   store_purge    what is not kept any longer     store_save     checkpoints of running attempts
 *   store_declare  what the configuration says of queues
 *   store_owed     an ending that something is to follow
 *   store_where    the place of a task in the line of its queue
 *   store_file_*   uploaded files: see store_file.h
 *   store_notice_* notifications: see store_notice.h; they come with what pays for an ending
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

#include "base/turn.h"
#include "store/news.h"
#include "store/store_ask.h"
#include "store/store_file.h"
#include "store/store_notice.h"

/* STORE_ADD. An item with an idempotency key that was used before adds nothing: with the same print it is told whose it
 * was, with another it is refused. A key is used by what was added with it, by nothing that was refused or was there
 * already; it outlives that task: when it was deleted, `first` is the id of one that is not there.
 *
 * Something else is the key of a task (body.key): of one tenant and type at most one that has not ended holds it. When
 * another does, body.on_conflict says what becomes of the item:
 *   TASK_REFUSE    ERR_KEY_HELD
 *   TASK_EXISTING  nothing is added: `existing`
 *   TASK_REPLACE   that one ends FAILURE_REPLACED and the new one has its place. When an attempt of it is under way its end
 *                  is asked for; the new one holds the key from now on and is blocked until that one has ended, however it
 *                  does. One that was blocked like that is replaced as any other that waits.
 * Each time `holder` says which it was. A manual retry (STORE_RETRY) takes the key of its task again: ERR_KEY_HELD.
 *
 * With body.cache.ttl_ms the result of what is added is kept under body.cache.print when it completes, for so long, and
 * instead of what was kept there; not when it has output files, which belong to its attempt. What is added while one is
 * kept there, with its result still in the store, is stored as completed with a copy of it in that same commit: `cached`;
 * no capacity holds that up. bypass: it is not looked up. What a manual retry runs is an ordinary run: not kept.
 *
 * With body.sequel, or next of the verdict that completes it, its ending is owed what is to follow it, in the commit of that
 * ending: STORE_OWED tells of it until an add that pays for it was committed. So it is made once, whatever goes away when. Until
 * then the record stays: a delete is ERR_CONFLICT, a purge leaves it out.
 *
 * When none is kept and one of that print is in flight, what is added follows it (`follows`): of the same queue, not behind
 * it in priority, claimable or tried before, not asked to stop, and neither bypasses, waits for a time nor replaces another. A
 * tick ends one that follows when a result is kept that was made since it was created, and lets the oldest run when there
 * is none and nothing in flight to follow any more: the others follow that one. */
#define STORE_PRINT 32 /* bytes: SHA-256 of what was asked */
struct store_add_item {
    const struct task_body *body; /* borrowed until on_done */
    int64_t capacity;             /* of its queue: waiting tasks allowed; 0: no limit */
    struct str key;               /* borrowed until on_done; p NULL: none */
    uint8_t print[STORE_PRINT];
    bool replayed;                /* out: `first` was added with this key and print */
    struct id first;
    size_t missing;               /* ERR_UNKNOWN_FILE: of body.files, the first that is not there */
    int err;                      /* 0, ERR_QUEUE_FULL, ERR_KEY_REUSED, ERR_KEY_HELD, ERR_UNKNOWN_FILE */
    struct life life;             /* as stored; existing: the holder's */
    bool existed;                 /* it was there already */
    bool existing;                /* `holder` has the key: nothing was added */
    bool replaced;                /* `holder` had it: it has ended, or is asked to */
    struct id holder;
    struct life holder_life;      /* replaced: after it */
    struct str holder_queue;      /* replaced: borrowed until on_done returns */
    bool cached;                  /* it has completed with the result of `cached_from` */
    struct id cached_from;
    bool follows;                 /* it is blocked on `leader`, for its result */
    struct id leader;
    size_t result_bytes;          /* cached: of it */
    int64_t finished_at_ms;       /* cached: wall */
};
struct store_add {
    struct store_req req;
    struct store_add_item *items; /* borrowed until on_done */
    size_t n;
    bool pays;                    /* they are what follows the ending of run `paid_run` of `paid` (STORE_OWED); n may be 0 */
    struct id paid;
    int32_t paid_run;
    struct notice *notices;       /* with `pays`: notifications that come with it; borrowed until on_done; their serials are out */
    size_t n_notices;
    bool unowed;                  /* out: that was done already, or is not there: nothing was added */
};
struct task store_added(const struct store_add_item *item); /* as it stands, without asking; borrows from its body */

/* A task that ended without an attempt: it did not start in time, or has the result of `cached_from`, which it followed. */
struct store_tick_item {
    struct id id;
    struct life life;
    struct str queue, type; /* borrowed until on_done returns */
    bool cached;
    struct id cached_from;
};

#define STORE_CLAIM_ENDED 64 /* tasks one claim ends because they are too late; the next goes on */
#define STORE_CLAIM_BYTES (32 * 1024 * 1024) /* of inputs and checkpoints, after which a claim takes no further task */

/* STORE_CLAIM: up to `max` best tasks, all from the one lane among `lanes` with the best head. The first is taken
 * whatever its rank and cost, as many as `fill` whatever their rank; a further one only while its rank is not above
 * `until_rank` (others come before it) and the costs together stay within `cost`. A task that must run alone (life.alone)
 * is taken as the first and then it is the only one. */
struct store_claim_item {
    struct task_body body;
    struct life life;        /* running, with its fence */
    const struct task_step *steps; /* of a chain: those that are done, with their results, in the arena */
    size_t n_steps;
    struct str resume;       /* the checkpoint of this run, JSON text; empty: none */
    int32_t resumed_from;    /* the attempt that saved it; 0: none */
    struct file *files;      /* that its input refers to and that are there */
    size_t n_files;
};
struct store_claim {
    struct store_req req;
    const uint32_t *lanes;   /* lane numbers from hints; borrowed until on_done */
    size_t n_lanes;
    const uint64_t *fences;  /* `max` fresh ones, made by the caller; borrowed until on_done */
    size_t max;
    int64_t until_rank;      /* 0: no bound */
    size_t fill;             /* of them, those that until_rank does not concern; 0 is 1 */
    double cost;             /* of all taken together; 0: no ceiling */
    bool leased;             /* for a puller: what runs stays so when this process goes, until its lease runs out */
    struct store_claim_item *items; /* out, in the arena */
    size_t n;                       /* out; 0: nothing was there */
    uint32_t lane;                  /* out: the lane they came from */
    struct store_tick_item *ended;  /* out, in the arena: those it came upon too late to start them */
    size_t n_ended;
};

/* STORE_SETTLE: every way out of running. An attempt of a chain that is done with another step behind it puts its task into the
 * lane of that one, pending, at its place in the order, with no failures; it ends when somebody had asked for that. A manual
 * retry goes on at the step where the run ended. */
struct store_settle_item {
    struct task_attempt attempt; /* borrowed strs; id, fence, verdict, failure, log, times */
    const struct life_rules *rules; /* of the task's body, as the claim gave it; borrowed until on_done */
    bool retryable;
    int32_t batch_size;          /* as in task_ending */
    bool shared;                 /* LIFE_CRASHED: several attempts were open in the worker that died */
    int64_t retry_after_ms;
    uint64_t chance;
    struct str result, files, progress; /* borrowed until on_done */
    struct str next;             /* what is to follow when the task completes by it: JSON text, see STORE_OWED; the same */
    struct task_step step;       /* LIFE_DONE, of a chain: what was done, kept unless the task goes with it; name.p NULL: none; borrowed */
    struct str next_step;        /* the same: what comes after it; p NULL: nothing, the task is done; borrowed */
    struct task_save save;       /* not stored yet, for the next attempt if there is one; attempt 0: none; borrowed */
    int err;                     /* 0, ERR_STALE, ERR_NOT_FOUND */
    struct life life;            /* out: after it */
    struct life_outcome outcome; /* out */
};
struct store_settle {
    struct store_req req;
    struct store_settle_item *items; /* borrowed until on_done */
    size_t n;
};

/* STORE_SAVE: checkpoints of running attempts: one a task, the last one. It is handed to the attempts of the same run that
 * come after (STORE_CLAIM) and goes with the run's ending. */
struct store_save_item {
    struct id id;
    uint64_t fence;
    struct task_save save; /* borrowed until on_done */
    int err;               /* 0, ERR_STALE, ERR_NOT_FOUND */
};
struct store_save {
    struct store_req req;
    struct store_save_item *items; /* borrowed until on_done */
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
    int err;          /* 0, ERR_NOT_FOUND, ERR_CONFLICT, ERR_QUEUE_FULL, ERR_CHANGED (not as expected), ERR_GONE (retry: its input was
                         purged), ERR_KEY_HELD (retry: by another) */
    struct life was;  /* retry, delete: the ending it had */
    bool changed;     /* cancel: it was not asked before and had not ended */
    bool ended;       /* this ended it */
    const struct task_step *steps; /* delete, of a chain: those that were done, results left out, in the arena */
    size_t n_steps;
    struct life life; /* after it */
    struct str queue, type; /* when changed: of the task, as of its lane (task_lane); borrowed until on_done returns */
};
struct store_control {
    struct store_req req;
    struct store_control_item *items; /* borrowed until on_done */
    size_t n;
};

/* STORE_TICK: promotes what is due, ends what expired, and what follows: see STORE_ADD; at most `max` tasks, and no more of
 * those once their inputs and results together have more bytes than STORE_TICK_BYTES. */
#define STORE_TICK_BYTES (32 * 1024 * 1024)
struct store_tick {
    struct store_req req;
    size_t max;
    struct store_tick_item *ended; /* out, in the arena: those that ended by it */
    size_t n_ended;
    struct store_tick_item *leads; /* the same: those that followed and run themselves now */
    size_t n_leads;
    bool more;                     /* out: there is more that is due */
};

/* STORE_PURGE: ended tasks, or parts of them, go; idempotency keys older than a moment; and what is kept of results whose
 * time is over (it answers nobody from then on, gone or not; nor when its task is gone). A task that has been retried
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
    size_t results_max;             /* 0: none */
    size_t n_results;               /* out: of kept results, those that went */
};

/* STORE_QUEUE: remembers what was set for a queue, over what the configuration says. */
struct store_queue {
    struct store_req req;
    struct str queue;    /* borrowed until on_done */
    unsigned parts;      /* of STORE_QUEUE_*: those that `set` sets; the others stay */
    struct store_queue_set set;
};

/* STORE_DECLARE: what the configuration says, for where nothing was set. Known until the store is closed, never stored;
 * queues that are not named have no limit. Tells of what follows before it is answered. It cannot fail. */
struct store_declared {
    struct str queue;
    int32_t key_concurrency; /* tasks with one limit_key that may run at a time; 0: no limit */
    bool fair;               /* one task of each limit_key after the other, instead of by age */
    struct rate key_rate;    /* of the starts of each limit_key; n 0: no limit */
};
struct store_declare {
    struct store_req req;
    const struct store_declared *items; /* borrowed until on_done */
    size_t n;
};

struct store;
struct store_engine {
    const char *name; /* "mem", "sqlite" */
    /* Takes the request; answers later. Never fails: what goes wrong is the answer. */
    void (*submit)(struct store *s, struct store_req *r);
    /* Requests that are outstanding, and those that their answers submit, are answered first. on_closed once, later. Frees. */
    void (*close)(struct store *s, void (*on_closed)(void *user), void *user);
};

#define STORE_SECRET 32 /* bytes */

/* Common head of every engine's and decorator's struct. */
struct store {
    const struct store_engine *engine;
    struct turn *turn;                 /* borrowed */
    const struct store_events *events; /* borrowed; given at open, may be NULL */
    uint8_t secret[STORE_SECRET];      /* made with the store, by chance: what is signed with it, each server over it knows again */
};

void store_submit(struct store *s, struct store_req *r);
void store_release(struct store_req *r); /* frees the results; accepts a request never submitted */
void store_close(struct store *s, void (*on_closed)(void *user), void *user);
const char *store_op_word(enum store_op op);
bool store_op_is_change(enum store_op op);
bool store_op_is_indexed(enum store_op op); /* no change, and answered from the index: by the thread that writes */

/* Typed starts: set op, on_done, user. */
void store_add(struct store *s, struct store_add *r, void (*on_done)(struct store_req *r), void *user);
void store_claim(struct store *s, struct store_claim *r, void (*on_done)(struct store_req *r), void *user);
void store_settle(struct store *s, struct store_settle *r, void (*on_done)(struct store_req *r), void *user);
void store_save(struct store *s, struct store_save *r, void (*on_done)(struct store_req *r), void *user);
void store_control(struct store *s, struct store_control *r, void (*on_done)(struct store_req *r), void *user);
void store_tick(struct store *s, struct store_tick *r, void (*on_done)(struct store_req *r), void *user);
void store_queue(struct store *s, struct store_queue *r, void (*on_done)(struct store_req *r), void *user);
void store_declare(struct store *s, struct store_declare *r, void (*on_done)(struct store_req *r), void *user);
void store_get(struct store *s, struct store_get *r, void (*on_done)(struct store_req *r), void *user);
void store_list(struct store *s, struct store_list *r, void (*on_done)(struct store_req *r), void *user);
void store_log(struct store *s, struct store_log *r, void (*on_done)(struct store_req *r), void *user);
void store_history(struct store *s, struct store_history *r, void (*on_done)(struct store_req *r), void *user);
void store_kept(struct store *s, struct store_kept *r, void (*on_done)(struct store_req *r), void *user);
void store_owed(struct store *s, struct store_owed *r, void (*on_done)(struct store_req *r), void *user);
void store_where(struct store *s, struct store_where *r, void (*on_done)(struct store_req *r), void *user);
void store_purge(struct store *s, struct store_purge *r, void (*on_done)(struct store_req *r), void *user);
void store_file_add(struct store *s, struct store_file_add *r, void (*on_done)(struct store_req *r), void *user);
void store_file_drop(struct store *s, struct store_file_drop *r, void (*on_done)(struct store_req *r), void *user);
void store_file_sweep(struct store *s, struct store_file_sweep *r, void (*on_done)(struct store_req *r), void *user);
void store_file_get(struct store *s, struct store_file_get *r, void (*on_done)(struct store_req *r), void *user);
void store_file_list(struct store *s, struct store_file_list *r, void (*on_done)(struct store_req *r), void *user);
void store_notice_read(struct store *s, struct store_notice_read *r, void (*on_done)(struct store_req *r), void *user);
void store_notice_drop(struct store *s, struct store_notice_drop *r, void (*on_done)(struct store_req *r), void *user);
void store_notice_sweep(struct store *s, struct store_notice_sweep *r, void (*on_done)(struct store_req *r), void *user);
void store_notice_get(struct store *s, struct store_notice_get *r, void (*on_done)(struct store_req *r), void *user);
void store_notice_list(struct store *s, struct store_notice_list *r, void (*on_done)(struct store_req *r), void *user);
void store_counts(struct store *s, struct store_counts *r, void (*on_done)(struct store_req *r), void *user);

#endif
