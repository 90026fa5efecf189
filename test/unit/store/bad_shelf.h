/* SPDX-License-Identifier: Apache-2.0
 *
 * A shelf that fails, in front of a mem_shelf: it counts the calls and fails from number `fail_at` on, and whenever the
 * body of task `broken` is read. The changes of a batch that is rolled back stay in the records behind: who wants to try
 * again begins with a fresh one.
 */
#ifndef TEST_UNIT_STORE_BAD_SHELF_H
#define TEST_UNIT_STORE_BAD_SHELF_H

#include "store/mem/mem_shelf.h"

struct bad_shelf {
    struct shelf shelf;
    struct mem_shelf behind;
    int calls, fail_at, err;
    int broken; /* last byte of its id; -1: none */
    int begun, committed, rolled_back;
};

void bad_shelf_init(struct bad_shelf *b);
void bad_shelf_release(struct bad_shelf *b);

#endif
