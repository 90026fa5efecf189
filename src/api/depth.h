/* SPDX-License-Identifier: Apache-2.0
 *
 * A queue's tasks by the words of the API. The store counts states; `retrying` is a word only, and what it counts is
 * not counted as `scheduled` again.
 */
#ifndef API_DEPTH_H
#define API_DEPTH_H

#include "base/buf.h"
#include "store/store.h"

#define DEPTH_WORDS (TASK_STATES + 1)

const struct store_count *depth_of(const struct store_counts *counts, struct str queue); /* zeros: it has no tasks */
const char *depth_word(size_t i); /* i < DEPTH_WORDS, in the order of life */
int64_t depth_count(const struct store_count *n, size_t i);
void depth_write(struct buf *b, const struct store_count *n); /* {"blocked":0,"scheduled":1,..} */

#endif
