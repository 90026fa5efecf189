/* SPDX-License-Identifier: Apache-2.0
 *
 * Some items of a batch on their way into the store: read one by one, added in one transaction, told in their order.
 * An item that is refused stops nobody else.
 */
#ifndef API_BATCH_CHUNK_H
#define API_BATCH_CHUNK_H

#include "api/api.h"
#include "base/limits.h"
#include "task/task.h"

struct batch_item;
struct batch_chunk {
    struct api *api;                             /* borrowed */
    const char *request_id;                      /* borrowed */
    struct str trace;                            /* of the request, and so of all its tasks; borrowed */
    struct str key;                              /* idempotency key of the whole, borrowed; p NULL: none. An item's: "key#index" */
    struct arena arena;                          /* all that lives as long as the chunk */
    struct batch_item *items[LIMIT_BATCH_CHUNK]; /* in the arena */
    size_t n, n_good;                            /* good: those to be added */
    size_t bytes;                                /* of their texts */
    struct store_add add;
    struct later later;
    void (*on_done)(struct batch_chunk *k);
};

void batch_chunk_init(struct batch_chunk *k, const struct call *c); /* zeroed before */
void batch_chunk_clear(struct batch_chunk *k);                      /* empty again, ready for the next items */
void batch_chunk_release(struct batch_chunk *k);
bool batch_chunk_is_full(const struct batch_chunk *k);

/* The submit in `text`, which must stay until the chunk is cleared. */
void batch_chunk_take(struct batch_chunk *k, int64_t index, struct str text);
/* An item that is known to be no good. */
void batch_chunk_refuse(struct batch_chunk *k, int64_t index, const struct err *e);

/* Adds the good ones; `on_done` once, later, when every item has its verdict. */
void batch_chunk_commit(struct batch_chunk *k, void (*on_done)(struct batch_chunk *k));
/* {"index":0,"status":202,"id":".."} or {"index":0,"status":400,"error":{problem}} for each; `lines`: each on a line.
 */
void batch_chunk_write(const struct batch_chunk *k, struct buf *b, bool lines);

#endif
