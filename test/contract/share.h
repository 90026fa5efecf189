/* SPDX-License-Identifier: Apache-2.0
 *
 * Tasks with `cache`, all of queue q and type t, and what becomes of them: what contract_share.c and contract_follow.c say it
 * with. A header: a failed check leaves the test of the file it is in.
 */
#ifndef TEST_CONTRACT_SHARE_H
#define TEST_CONTRACT_SHARE_H

#include "test/contract/contract.h"

#define TTL 60000

struct share {
    struct task_body body;
    struct store_add_item item;
    struct store_add add;
};

/* With that print, for later */
static inline void share_make(struct contract *c, struct share *a, uint8_t print)
{
    *a = (struct share){.body = contract_body(c, "q", "t")};
    a->body.cache = (struct task_cache){.ttl_ms = TTL, .print = {print}};
    a->item = (struct store_add_item){.body = &a->body};
    a->add = (struct store_add){.items = &a->item, .n = 1};
}

/* Must be taken */
static inline void share_ask(struct contract *c, struct share *a)
{
    ASK(c, add, &a->add);
    CHECK_INT(a->add.req.err, 0);
    CHECK_INT(a->item.err, 0);
    store_release(&a->add.req);
}

/* One of print 1, that follows or waits for its turn */
static inline struct id share_put(struct contract *c, bool follows)
{
    struct share a;
    share_make(c, &a, 1);
    share_ask(c, &a);
    CHECK(a.item.follows == follows && !a.item.cached);
    CHECK_INT(a.item.life.state, follows ? TASK_BLOCKED : TASK_PENDING);
    return a.body.id;
}

/* Of an engine that survives it */
static inline void share_reopen(struct contract *c)
{
    if (c->engine->survives) contract_reopen(c);
    (void)contract_count(c, "q");
}

/* Ticks until nothing is due: how many ended, and began to run themselves */
static inline void share_settle_down(struct contract *c, size_t *ret_ended, size_t *ret_leads)
{
    *ret_ended = *ret_leads = 0;
    for (bool more = true; more;) {
        struct store_tick t = contract_tick(c, 2);
        *ret_ended += t.n_ended;
        *ret_leads += t.n_leads;
        more = t.more;
        store_release(&t.req);
    }
}

/* So many of each */
static inline void share_settles(struct contract *c, size_t ended, size_t leads)
{
    size_t n_ended, n_leads;
    share_settle_down(c, &n_ended, &n_leads);
    CHECK_INT(n_ended, ended);
    CHECK_INT(n_leads, leads);
}

static inline void share_state(struct contract *c, const struct id *id, enum task_state state)
{
    struct arena keep;
    CHECK_INT(contract_get(c, id, &keep).life.state, state);
    arena_release(&keep);
}

/* That one, as it is shown */
static inline void share_follows(struct contract *c, const struct id *id, const struct id *leader)
{
    struct arena keep;
    struct task t = contract_get(c, id, &keep);
    CHECK(t.life.state == TASK_BLOCKED && t.follows && t.has_leader && id_cmp(&t.leader, leader) == 0);
    arena_release(&keep);
}

/* It has completed without a run */
static inline void share_answered(struct contract *c, const struct id *id, const struct id *from, const char *result)
{
    struct arena keep;
    struct task t = contract_get(c, id, &keep);
    CHECK(t.life.state == TASK_COMPLETED && t.life.attempt == 0 && t.life.started_at_ms == 0 && !t.follows);
    CHECK(t.ending.cached && id_cmp(&t.ending.cached_from, from) == 0);
    CHECK_STR(t.ending.result, result);
    arena_release(&keep);
}

/* Claimed as the first of its lane; files NULL: none */
static inline void share_done(struct contract *c, const struct id *id, const char *result, const char *files)
{
    struct store_claim_item got = contract_claim_one(c, "q", "t");
    CHECK(id_cmp(&got.body.id, id) == 0);
    struct store_settle_item v = contract_verdict(c, &got.life, id, LIFE_DONE);
    v.result = str_of(result);
    if (files) v.files = str_of(files);
    CHECK(contract_settle(c, &v).outcome.ended);
}

#endif
