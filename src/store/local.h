/* SPDX-License-Identifier: Apache-2.0
 *
 * What the local engines tell the deciding thread after a batch: which lanes have what, and when something is due.
 * Collected in the thread that writes, told in the turn, before the answers.
 */
#ifndef STORE_LOCAL_H
#define STORE_LOCAL_H

#include "store/apply.h"

struct local_news {
    struct store_hint *hints; /* owned */
    size_t n, cap;
    int64_t next_due_ms, told_due_ms; /* wall; told 0: never */
    bool owed;                  /* an ending of the batch owes what is to follow it */
    struct ready_name *retired; /* owned: names that end when news and answers have been told */
    struct store_key *keys;     /* owned; their names live in the arena */
    size_t n_keys, cap_keys;
    struct arena names;
};

void local_collect(struct local_news *news, struct apply *a);
void local_tell(struct local_news *news, const struct store_events *events); /* and forgets the hints */
void local_release(struct local_news *news); /* after the answers, which may still use the names */
/* Calls each on_done, taking each off *outstanding first; the list is empty afterwards. */
void local_answer(struct list *requests, size_t *outstanding);

#endif
