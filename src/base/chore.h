/* SPDX-License-Identifier: Apache-2.0
 *
 * Work that may take long and touches nothing of ours (a tree of files to remove): done beside the thread that decides.
 * Who may do it is reached through struct chores, so that a test or a simulation does it on the spot.
 */
#ifndef BASE_CHORE_H
#define BASE_CHORE_H

#include <stddef.h>

struct chore {
    void (*work)(struct chore *c);    /* in any thread: touches only the chore */
    void (*on_done)(struct chore *c); /* in the thread that gave it; the chore may be freed there */
};

struct chores {
    void (*give)(struct chores *all, struct chore *c); /* the chore stays put until on_done */
};

/* With no one to give it to, it is done here and now. */
static inline void chores_give(struct chores *all, struct chore *c)
{
    if (all) {
        all->give(all, c);
        return;
    }
    c->work(c);
    c->on_done(c);
}

#endif
