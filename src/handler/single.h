/* SPDX-License-Identifier: Apache-2.0
 *
 * What the handlers have in common each of whose attempts is by itself: a process or a request, begun for it and over with
 * it. A list of them, `concurrency` at a time.
 *
 *   begin ──▶ open ──single_decided──▶ settling ──single_settled──▶ freed by its kind
 */
#ifndef HANDLER_SINGLE_H
#define HANDLER_SINGLE_H

#include "base/list.h"
#include "handler/child.h"
#include "handler/handler.h"
#include "handler/sandbox.h"

struct single;

struct single_item { /* embedded; one attempt */
    struct list link;          /* in the handler's list until single_decided */
    struct single *of;         /* borrowed, as is attempt */
    struct attempt *attempt;
    int64_t serial, started_wall_ms;
    const struct child *child; /* the process that runs now, or the last one; NULL: it has none */
    bool stopping;             /* its end is under way */
    void (*stop)(struct single_item *i, enum stop_reason why); /* the second time: no effect */
};

struct single_kind {
    const char *one, *many;    /* "request", "requests" */
    /* An item of single_item_init. Error: nothing follows. */
    int (*begin)(struct single *s, struct attempt *a, struct single_item **ret, struct err *e);
    void (*free)(struct single *s);
};

struct single {
    struct handler handler;
    const struct single_kind *kind;
    const char *name;          /* the type; borrowed */
    int concurrency;
    const struct sandbox_conf *sandbox; /* NULL: none */
    struct list items;         /* those without a verdict */
    int n_items;
    int n_settling;            /* with a verdict that is on its way to the store */
    int64_t serial;
    bool draining;
    void (*on_drained)(void *user); /* NULL: not asked for, or called */
    void *drained_user;
    struct later drained;
};

void single_init(struct single *s, const struct single_kind *kind, struct turn *turn, const char *name, int concurrency);
void single_item_init(struct single_item *i, struct attempt *a, struct turn *turn,
                      void (*stop)(struct single_item *i, enum stop_reason why));
/* The kind's, for each that was begun: first this with its verdict, which is given here, and then single_settled, after which
 * the handler may be gone in the next turn. */
void single_decided(struct single_item *i, const struct verdict *v);
void single_settled(struct single_item *i);

#endif
