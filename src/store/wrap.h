/* SPDX-License-Identifier: Apache-2.0
 *
 * What every decorator of a store does the same way: puts itself between a request and its owner, and passes a close
 * through. Decorators may be stacked, so what was there before is kept in a frame of its own, not in the request.
 *
 *   owner ── submit ──▶ decorator (wrap_push) ──▶ engine
 *   owner ◀─ on_done ── decorator (wrap_pop)  ◀── engine
 */
#ifndef STORE_WRAP_H
#define STORE_WRAP_H

#include "store/store.h"

struct wrap { /* common head of a decorator's struct, which was made with mem_new */
    struct store store;
    struct store *inner; /* owned: closed with the decorator */
    void (*on_closed)(void *user);
    void *closed_user;
};

void wrap_init(struct wrap *w, const struct store_engine *engine, struct store *inner);
/* The answer of this request goes to `on_done` first. */
void wrap_push(struct wrap *w, struct store_req *r, void (*on_done)(struct store_req *r));
/* In that on_done: the request is its owner's again; r->on_done(r) hands it on. Returns the decorator. */
struct wrap *wrap_pop(struct store_req *r);
void wrap_pass(struct wrap *w, struct store_req *r); /* to the inner store, times left as they are */
void wrap_close(struct store *s, void (*on_closed)(void *user), void *user); /* an engine's close: inner first, then frees */
size_t wrap_items(const struct store_req *r); /* items of an answered request: those given or, for reads, those found */

#endif
