/* SPDX-License-Identifier: Apache-2.0
 *
 * submit puts the request on a list; the next turn applies the list as one batch, tells the hints and answers.
 */
#include "store/mem/mem_engine.h"

#include "base/mem.h"
#include "store/apply.h"
#include "store/local.h"
#include "store/mem/mem_file.h"
#include "store/mem/mem_notice.h"
#include "store/mem/mem_read.h"
#include "store/mem/mem_sequel.h"
#include "store/ready_key_rate.h"

#include <stdlib.h>

struct mem_engine {
    struct store store;
    struct mem_shelf shelf;
    struct ready ready;
    struct apply apply;
    struct local_news news;
    struct list waiting;
    struct later turn;
    size_t outstanding;
    void (*on_closed)(void *user);
    void *closed_user;
};

static void split(struct list *from, struct list *changes, struct list *reads)
{
    for (struct list *l; (l = list_shift(from));) {
        enum store_op op = CONTAINER_OF(l, struct store_req, link)->op;
        list_push(store_op_is_change(op) || store_op_is_indexed(op) ? changes : reads, l);
    }
}

static void read_one(struct mem_engine *m, struct store_req *r)
{
    if (r->op == STORE_GET) mem_read_get(&m->shelf, (struct store_get *)r);
    if (r->op == STORE_LIST) mem_read_list(&m->shelf, (struct store_list *)r);
    if (r->op == STORE_LOG) mem_read_log(&m->shelf, (struct store_log *)r);
    if (r->op == STORE_KEPT) mem_read_kept(&m->shelf, (struct store_kept *)r);
    if (r->op == STORE_OWED) mem_sequel_owed(&m->shelf, (struct store_owed *)r);
    if (r->op == STORE_FILE_GET) mem_file_read(&m->shelf, (struct store_file_get *)r);
    if (r->op == STORE_FILE_LIST) mem_file_list(&m->shelf, (struct store_file_list *)r);
    if (r->op == STORE_NOTICE_GET) mem_notice_read(&m->shelf, (struct store_notice_get *)r);
    if (r->op == STORE_NOTICE_LIST) mem_notice_list(&m->shelf, (struct store_notice_list *)r);
    if (r->op == STORE_HISTORY) mem_read_history(&m->shelf, (struct store_history *)r);
}

static void on_close(struct later *l);

static void on_turn(struct later *l)
{
    struct mem_engine *m = CONTAINER_OF(l, struct mem_engine, turn);
    struct list changes, reads;
    list_init(&changes);
    list_init(&reads);
    split(&m->waiting, &changes, &reads);
    apply_batch(&m->apply, &changes);
    LIST_EACH(i, &reads) read_one(m, CONTAINER_OF(i, struct store_req, link));
    local_collect(&m->news, &m->apply);
    local_tell(&m->news, m->store.events);
    local_answer(&changes, &m->outstanding);
    local_answer(&reads, &m->outstanding);
    ready_names_free(m->news.retired);
    m->news.retired = NULL;
    if (m->on_closed && m->outstanding == 0) turn_later(m->store.turn, &m->turn, on_close);
}

static void submit(struct store *s, struct store_req *r)
{
    struct mem_engine *m = CONTAINER_OF(s, struct mem_engine, store);
    m->outstanding++;
    list_push(&m->waiting, &r->link);
    turn_later(s->turn, &m->turn, on_turn);
}

static void on_close(struct later *l)
{
    struct mem_engine *m = CONTAINER_OF(l, struct mem_engine, turn);
    void (*on_closed)(void *user) = m->on_closed;
    void *user = m->closed_user;
    ready_release(&m->ready);
    mem_shelf_release(&m->shelf);
    local_release(&m->news);
    free(m);
    on_closed(user);
}

static void close_mem(struct store *s, void (*on_closed)(void *user), void *user)
{
    struct mem_engine *m = CONTAINER_OF(s, struct mem_engine, store);
    m->on_closed = on_closed;
    m->closed_user = user;
    if (m->outstanding == 0) turn_later(s->turn, &m->turn, on_close);
}

static const struct store_engine engine = {.name = "mem", .submit = submit, .close = close_mem};

struct store *mem_engine_open(struct turn *turn, const struct store_events *events)
{
    struct mem_engine *m = mem_new(sizeof *m);
    m->store = (struct store){.engine = &engine, .turn = turn, .events = events};
    rng_fill(rng_system(), m->store.secret, sizeof m->store.secret);
    mem_shelf_init(&m->shelf);
    ready_init(&m->ready);
    ready_key_rate_now(&m->ready, turn_mono_ms(turn), turn_wall_ms(turn));
    m->apply = (struct apply){.ready = &m->ready, .shelf = &m->shelf.shelf};
    list_init(&m->waiting);
    list_init(&m->turn.link);
    return &m->store;
}
