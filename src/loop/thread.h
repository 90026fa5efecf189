/* SPDX-License-Identifier: Apache-2.0
 *
 * A thread beside the loop. The loop sends it links; it takes all that wait as one batch, works, and gives links back,
 * which arrive in the loop by one wake-up. What is sent during the work is the next batch: no timers, no delay when
 * idle. The only mutexes of bide are in this folder.
 *
 *   loop: thread_send ──▶ waiting ──batch──▶ on_work (thread) ──thread_give──▶ given ──one wake-up──▶ on_given (loop)
 */
#ifndef LOOP_THREAD_H
#define LOOP_THREAD_H

#include "base/list.h"
#include "loop/loop.h"

struct thread;

struct thread_conf {
    const char *name; /* at most 15 characters, shown by ps -T */
    void *user;
    void (*on_work)(void *user, struct list *batch); /* in the thread; takes the links out of the batch */
    void (*on_given)(void *user, struct list *given); /* in the loop; takes them out */
    void (*on_end)(void *user);                       /* in the thread, once, when it ends */
};

int thread_open(struct thread **ret, struct loop *l, const struct thread_conf *conf, struct err *e) MUST_USE;
void thread_send(struct thread *t, struct list *link); /* loop */
void thread_give(struct thread *t, struct list *links); /* thread: moves them all */
/* thread, in the middle of its work: takes what has been sent meanwhile, without waiting. False when nothing waits. */
bool thread_take(struct thread *t, struct list *ret_batch);
bool thread_has_more(struct thread *t); /* thread: something waits (cheap, for a look between two steps) */
/* Loop: after all that was sent has been worked on and given back, ends the thread; then on_closed, from the loop. */
void thread_close(struct thread *t, void (*on_closed)(void *user), void *user);

#endif
