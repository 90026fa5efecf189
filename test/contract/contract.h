/* SPDX-License-Identifier: Apache-2.0
 *
 * The contract of store.h as cases written once, over struct store only. Each engine's test program names how a store
 * is opened and runs all of them with contract_main. The wall clock is the test's; answers are waited for by turning the
 * turn (mem) or the loop (sqlite).
 *
 *   contract_life.c   what adds, claims, verdicts, ticks and controls do to a task
 *   contract_read.c   what is seen: get, counts, hints; what survives
 *   contract_text.c   what attempts printed and streamed out
 *   contract_list.c   lists against a naive model
 *   contract_patch.c  change and delete
 *   contract_outside.c  settled from outside, history
 *   contract_set.c    settings of queues, idempotency keys
 *   contract_save.c   checkpoints
 *   contract_batch.c  lanes by batch key, what stops a claim, leases
 *   contract_key.c    limits per key
 *   contract_key_rate.c  rates per key
 *   contract_fair.c   fair queues
 *   contract_where.c  places in the line of a queue
 *   contract_once.c   keys that one task holds
 *   contract_cache.c  results kept for others
 *   contract_share.c  identical tasks in flight that share one run
 *   contract_follow.c  which of them follow whom
 *   contract_steps.c  chains
 *   contract_sequel.c  what follows an ending
 *   contract_notice.c  notifications
 *   contract_file.c   uploaded files
 *
 * Beside them: test_history (random histories against two engines at once), test_power (power loss), test_migrate and
 * test_migrate_cut (files of earlier versions).
 */
#ifndef TEST_CONTRACT_CONTRACT_H
#define TEST_CONTRACT_CONTRACT_H

#include "base/limits.h"
#include "loop/loop.h"
#include "store/store.h"
#include "test.h"

#define CONTRACT_LANES 96
#define NO_LANE UINT32_MAX
#define T0 INT64_C(1700000000000)

struct contract;
struct contract_engine {
    const char *name;
    bool has_loop;  /* answers come through a loop, not by turning the turn alone */
    bool survives;  /* what was answered is there after contract_reopen */
    struct store *(*open)(struct contract *c); /* aborts the test when it cannot */
    const char *folder; /* stores are made in there; NULL: /tmp */
};

struct contract_clock {
    struct clock clock; /* first member */
    int64_t wall_ms, mono_ms;
    bool real_mono; /* that of the system is added: what a case waits for takes its time */
};

struct contract_lane { /* as last told by a hint */
    char queue[LIMIT_NAME + 1], type[LIMIT_NAME + 1], batch_key[LIMIT_NAME + 1];
    bool known;
    uint32_t ready;
    int64_t head_rank;
    struct id head;
};

struct contract_key {
    char queue[LIMIT_NAME + 1], key[LIMIT_NAME + 1];
    struct store_key told; /* its names are not kept; held 0: a free place */
};

struct contract {
    const struct contract_engine *engine;
    struct contract_clock clock;
    struct rng_seeded rng;
    struct turn turn;
    struct loop *loop; /* NULL for engines that need none */
    struct id_maker ids;
    struct store_events events;
    struct store *store;
    void *user;        /* the engine's own, kept beside the store */
    struct contract_lane lanes[CONTRACT_LANES];
    uint32_t n_hints;  /* calls of on_hints */
    struct store_lost lost[8]; /* told since the last open; n_lost counts all */
    size_t n_lost;
    struct store_leased leased[8]; /* the same; their names are not kept */
    size_t n_leased;
    struct contract_key keys[16]; /* that hold tasks, as last told */
    int n_owed;        /* calls of on_owed since the last open */
    int64_t next_due_ms;
    int pending;       /* requests not yet answered */
    const struct store_req *answered[16]; /* the last answers, in order; n_answered counts all */
    int n_answered;
    bool closed;
    char dir[64], path[96];
};

void contract_use(const struct contract_engine *engine); /* of the next contract_new */
/* `fail` is the test_fail of the calling file: where the helpers below go when a check of theirs fails. */
struct contract *contract_new(void (*fail)(void));
void contract_free(struct contract *c);
void contract_reopen(struct contract *c); /* closes and opens again; hints start anew */
int contract_main(const struct contract_engine *engine, int argc, char **argv);
int contract_life(int argc, char **argv); /* the groups; exit status */
int contract_read(int argc, char **argv);
int contract_text(int argc, char **argv);
int contract_list(int argc, char **argv);
int contract_patch(int argc, char **argv);
int contract_outside(int argc, char **argv);
int contract_set(int argc, char **argv);
int contract_save(int argc, char **argv);
int contract_batch(int argc, char **argv);
int contract_key(int argc, char **argv);
int contract_key_rate(int argc, char **argv);
int contract_fair(int argc, char **argv);
int contract_where(int argc, char **argv);
int contract_once(int argc, char **argv);
int contract_cache(int argc, char **argv);
int contract_share(int argc, char **argv);
int contract_follow(int argc, char **argv);
int contract_steps(int argc, char **argv);
int contract_sequel(int argc, char **argv);
int contract_notice(int argc, char **argv);
int contract_file(int argc, char **argv);

/* on_done of every request, and the wait until none is outstanding. */
void contract_on_done(struct store_req *r);
void contract_wait(struct contract *c);
#define SUBMIT(c, op, r) ((c)->pending++, store_##op((c)->store, (r), contract_on_done, (c)))
#define ASK(c, op, r) (SUBMIT(c, op, r), contract_wait(c))

/* A task with sensible defaults: 3 attempts, fixed backoff of 1 s, no jitter. */
struct task_body contract_body(struct contract *c, const char *queue, const char *type);
struct life contract_add(struct contract *c, const struct task_body *body); /* must be accepted */
struct id contract_put(struct contract *c, const char *queue, const char *type); /* contract_body and contract_add */
uint32_t contract_lane(const struct contract *c, const char *queue, const char *type); /* without a batch key */
uint32_t contract_lane_of(const struct contract *c, const char *queue, const char *type, const char *batch_key);
/* Claims up to max from one lane; the request is the caller's to release. */
void contract_claim(struct contract *c, struct store_claim *r, uint32_t lane, size_t max);
struct store_claim_item contract_claim_one(struct contract *c, const char *queue, const char *type); /* must be one */
struct store_settle_item contract_verdict(const struct contract *c, const struct life *life, const struct id *id,
                                          enum life_event verdict);
struct store_settle_item contract_settle(struct contract *c, const struct store_settle_item *item); /* one; req.err 0 */
/* Claims the lane's first for a puller; its life. */
struct life contract_lease(struct contract *c, const char *queue, const char *type, uint64_t fence);
struct store_settle_item contract_end(struct contract *c, const struct id *id, const struct life *life, enum life_event verdict);
struct store_control_item contract_act(struct contract *c, const struct store_control_item *item); /* one; req.err 0 */
struct store_control_item contract_control(struct contract *c, const struct id *id, enum store_verb verb);
struct store_tick contract_tick(struct contract *c, size_t max); /* the caller releases */
struct task contract_get(struct contract *c, const struct id *id, struct arena *keep); /* must be there */
size_t contract_listed(struct contract *c, const struct store_filter *f); /* how many there are */
struct store_count contract_count(struct contract *c, const char *queue); /* zeroes when the queue is not known */
void contract_same_life(const struct life *seen, const struct life *wanted); /* all but what endings forget */
extern const struct life_rules contract_rules; /* of contract_body */

#define CASE(name)                                  \
    static void case_##name(struct contract *c);    \
    TEST(name)                                      \
    {                                               \
        struct contract *c = contract_new(test_fail); \
        case_##name(c);                             \
        contract_free(c);                           \
    }                                               \
    static void case_##name(struct contract *c)

#endif
