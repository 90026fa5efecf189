/* SPDX-License-Identifier: Apache-2.0
 *
 * Frames are a stack a request: `inside` points to the newest, which remembers the one before.
 */
#include "store/wrap.h"

#include "base/mem.h"

#include <stdlib.h>

struct frame {
    struct wrap *who;
    void *inside;
    void (*outer)(struct store_req *r);
    void (*on_done)(struct store_req *r);
};

void wrap_init(struct wrap *w, const struct store_engine *engine, struct store *inner)
{
    *w = (struct wrap){.store = *inner, .inner = inner};
    w->store.engine = engine;
}

void wrap_push(struct wrap *w, struct store_req *r, void (*on_done)(struct store_req *r))
{
    struct frame *f = mem_new(sizeof *f);
    *f = (struct frame){w, r->inside, r->outer, r->on_done};
    r->inside = f;
    r->outer = r->on_done;
    r->on_done = on_done;
}

struct wrap *wrap_pop(struct store_req *r)
{
    struct frame *f = r->inside;
    struct wrap *who = f->who;
    r->inside = f->inside;
    r->outer = f->outer;
    r->on_done = f->on_done;
    free(f);
    return who;
}

void wrap_pass(struct wrap *w, struct store_req *r)
{
    w->inner->engine->submit(w->inner, r);
}

static void on_inner_closed(void *user)
{
    struct wrap *w = user;
    void (*on_closed)(void *user) = w->on_closed;
    void *closed_user = w->closed_user;
    free(w);
    on_closed(closed_user);
}

void wrap_close(struct store *s, void (*on_closed)(void *user), void *user)
{
    struct wrap *w = CONTAINER_OF(s, struct wrap, store);
    w->on_closed = on_closed;
    w->closed_user = user;
    store_close(w->inner, on_inner_closed, w);
}

size_t wrap_items(const struct store_req *r)
{
    switch (r->op) {
    case STORE_ADD: return ((const struct store_add *)r)->n;
    case STORE_CLAIM: return ((const struct store_claim *)r)->n;
    case STORE_SETTLE: return ((const struct store_settle *)r)->n;
    case STORE_SAVE: return ((const struct store_save *)r)->n;
    case STORE_CONTROL: return ((const struct store_control *)r)->n;
    case STORE_TICK: return ((const struct store_tick *)r)->n_ended;
    case STORE_LIST: return ((const struct store_list *)r)->n;
    case STORE_COUNTS: return ((const struct store_counts *)r)->n;
    case STORE_FILE_ADD: return ((const struct store_file_add *)r)->n;
    case STORE_FILE_SWEEP: return ((const struct store_file_sweep *)r)->n_gone;
    case STORE_FILE_GET: return ((const struct store_file_get *)r)->found == 0;
    case STORE_FILE_LIST: return ((const struct store_file_list *)r)->n;
    case STORE_NOTICE_READ: return ((const struct store_notice_read *)r)->n;
    case STORE_NOTICE_SWEEP: return ((const struct store_notice_sweep *)r)->n;
    case STORE_NOTICE_GET: return ((const struct store_notice_get *)r)->found == 0;
    case STORE_NOTICE_LIST: return ((const struct store_notice_list *)r)->n;
    case STORE_NOTICE_DROP:
    case STORE_FILE_DROP:
    case STORE_QUEUE:
    case STORE_DECLARE: return 1;
    case STORE_WHERE: return ((const struct store_where *)r)->position > 0;
    case STORE_GET: return ((const struct store_get *)r)->found == 0;
    case STORE_LOG: return ((const struct store_log *)r)->found == 0;
    case STORE_KEPT: return ((const struct store_kept *)r)->n;
    case STORE_OWED: return ((const struct store_owed *)r)->found;
    case STORE_PURGE: return ((const struct store_purge *)r)->n;
    case STORE_HISTORY: return ((const struct store_history *)r)->found == 0;
    case STORE_OPS: break;
    }
    abort();
}
