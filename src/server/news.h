/* SPDX-License-Identifier: Apache-2.0
 *
 * Makes events of what happens, where somebody listens. Mostly all of it is at hand when it happens; of a task that changed
 * without a run (cancelled while it waited, expired, a step of a chain) the store is asked how it stands, and until it has said
 * so everything about that task waits its turn behind it. Its state, step and progress are told as they were when it happened,
 * whatever the store has by then.
 *
 *   happened ──at hand, nothing of this task on its way──▶ told
 *      └──else──▶ looking ──the store has said──▶ told
 *                   └── NEWS_LOOKS on their way, the store does not say, or only how the next run of it stands ──▶ bus_gap:
 *                       everybody reads again
 *
 * Progress beyond NEWS_BURST in a second is told at its end, as it is then.
 */
#ifndef SERVER_NEWS_H
#define SERVER_NEWS_H

#include "base/buf.h"
#include "server/bus.h"
#include "store/store.h"
#include "task/notice.h"

#define NEWS_LOOKS 1000
#define NEWS_BURST 50

struct server;
struct run;

struct news_writer { /* who knows how a task is shown */
    void *user;
    void (*write)(void *user, struct buf *b, const struct task *t, bool with_result);
    void (*write_notice)(void *user, struct buf *b, const struct notice *n);
};

struct news {
    struct server *server;
    struct news_writer writer; /* write NULL: nobody listens, ever */
    struct bus bus;
    struct map looking;        /* tasks with questions on their way: of struct news_queue, owned */
    size_t n_looks;
};

struct news_pace { /* of a run's progress; zeroed at first */
    int64_t second_ms; /* mono: when it began */
    int32_t told;      /* in it */
    struct timer later;
};

void news_init(struct news *n, struct server *s);
void news_release(struct news *n);
bool news_is_idle(const struct news *n); /* no question to the store on its way */

void news_created(struct news *n, const struct store_add_item *it);
void news_started(struct news *n, const struct run *r);
void news_progress(struct news *n, struct run *r);
void news_log(struct news *n, const struct run *r, struct str bytes);
void news_output(struct news *n, const struct run *r, int64_t number, struct str text);
void news_over(struct news *n, const struct run *r); /* its verdict is committed: r->item */
void news_notice(struct news *n, const struct notice *notice); /* its commit stands */
/* Anything else, by which it came to stand so. */
void news_changed(struct news *n, enum bus_kind kind, const struct id *id, const struct life *life);

#endif
