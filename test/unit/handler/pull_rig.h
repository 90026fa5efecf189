/* SPDX-License-Identifier: Apache-2.0
 *
 * A desk with one handler, `transcribe` unless said otherwise, and claims that record what they were answered.
 */
#ifndef TEST_PULL_RIG_H
#define TEST_PULL_RIG_H

#include "fake.h"
#include "handler/pull_held.h"

static struct fake fake;
static struct pull_desk desk;
static struct pull_conf conf;
static struct handler *pull;

static inline void pull_open(const char *name)
{
    fake_init(&fake);
    pull_desk_init(&desk, &fake.turn);
    conf = (struct pull_conf){.name = name, .said = true, .lease_ms = 30000};
    CHECK_INT(pull_new(&pull, &fake.turn, &desk, &conf), 0);
    fake_watch(&fake, pull);
}

static inline void pull_close(void)
{
    if (fake.drained == 0) pull->ops->drain(pull, fake_on_drained, &fake);
    fake_run(&fake);
    CHECK_INT(fake.drained, 1);
    pull->ops->free(pull);
    pull_desk_release(&desk);
    fake_release(&fake);
}

struct asker {
    struct pull_claim claim;
    struct str types[4];
    int answers;
};

static void asker_answered(struct pull_claim *c) { ((struct asker *)c->user)->answers++; }

/* Asks for up to four types, separated by spaces. */
static inline int ask_for(struct asker *a, const char *types, int max, int64_t wait_ms)
{
    struct str rest = str_of(types);
    *a = (struct asker){.claim = {.types = a->types, .max = max, .worker = STR("box-1"), .host = STR("box"), .user = a,
                                  .on_answer = asker_answered}};
    while (rest.len) a->types[a->claim.n_types++] = str_cut(&rest, ' ');
    return pull_desk_claim(&desk, &a->claim, wait_ms);
}
#define ASK(a, types, max, wait_ms) CHECK_INT(ask_for(&(a), types, max, wait_ms), 0)

static inline int pull_room(const char *type) { return pull->typed->room(pull, str_of(type)); }

static inline int pull_start(struct heard *h)
{
    struct err e = {0};
    struct attempt *one = &h->attempt;
    return pull->ops->start(pull, &one, 1, &e);
}

/* As a server does it: a place is kept while the attempt is on its way. */
static inline void pull_give(struct heard *h)
{
    pull->typed->keep(pull, h->body.type, 1);
    fake_run(&fake);
    CHECK(pull->typed->has_place(pull, h->body.type));
    CHECK_INT(pull_start(h), 0);
    pull->typed->let_go(pull, h->body.type, 1);
    fake_run(&fake);
}

/* The store has its verdict. */
static inline void pull_over(struct heard *h, int err)
{
    CHECK_INT(h->n_verdicts, 1);
    h->attempt.on_over(&h->attempt, err);
}

/* One that a puller has: h, held. */
static struct heard h;
static struct asker asker;
static struct pull_held *held;

static inline void pull_open_held(void)
{
    pull_open("transcribe");
    heard_init(&h, pull, 1, "{}");
    ASK(asker, "transcribe", 1, 60000);
    pull_give(&h);
    CHECK_INT(asker.answers, 1);
    CHECK_INT(asker.claim.n_given, 1);
    held = asker.claim.given[0];
    CHECK(pull_held_find(&desk, &h.body.id, h.attempt.fence) == held);
}

static inline void pull_close_held(void)
{
    pull_close();
    heard_release(&h);
}

struct waiter {
    struct pull_wait wait;
    int overs, err;
};

static void waiter_over(struct pull_wait *w, int err)
{
    struct waiter *me = CONTAINER_OF(w, struct waiter, wait);
    me->overs++;
    me->err = err;
}

static inline int give_verdict(enum life_event event, struct waiter *w)
{
    *w = (struct waiter){.wait.on_over = waiter_over};
    list_init(&w->wait.link);
    return pull_held_verdict(held, &(struct verdict){.event = event, .result = STR("1")}, &w->wait);
}

#endif
