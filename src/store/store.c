/* SPDX-License-Identifier: Apache-2.0
 *
 * The typed doors to an engine's one submit.
 */
#include "store/store.h"

void store_submit(struct store *s, struct store_req *r)
{
    if (r->now_ms == 0) r->now_ms = turn_wall_ms(s->turn);
    r->since_ms = turn_mono_ms(s->turn);
    r->err = 0;
    r->why = NULL;
    s->engine->submit(s, r);
}

void store_release(struct store_req *r)
{
    arena_release(&r->arena);
}

void store_close(struct store *s, void (*on_closed)(void *user), void *user)
{
    s->engine->close(s, on_closed, user);
}

const char *store_op_word(enum store_op op)
{
    static const char *const words[STORE_OPS] = {
        [STORE_ADD] = "add",         [STORE_CLAIM] = "claim", [STORE_SETTLE] = "settle", [STORE_SAVE] = "save",
        [STORE_CONTROL] = "control", [STORE_TICK] = "tick",   [STORE_PURGE] = "purge",   [STORE_QUEUE] = "queue",
        [STORE_GET] = "get",         [STORE_LIST] = "list",   [STORE_LOG] = "log",       [STORE_HISTORY] = "history",
        [STORE_KEPT] = "kept",       [STORE_WHERE] = "where", [STORE_COUNTS] = "counts", [STORE_DECLARE] = "declare",
        [STORE_OWED] = "owed",
        [STORE_FILE_ADD] = "file_add", [STORE_FILE_DROP] = "file_drop", [STORE_FILE_SWEEP] = "file_sweep",
        [STORE_FILE_GET] = "file_get", [STORE_FILE_LIST] = "file_list",
        [STORE_NOTICE_READ] = "notice_read", [STORE_NOTICE_DROP] = "notice_drop", [STORE_NOTICE_SWEEP] = "notice_sweep",
        [STORE_NOTICE_GET] = "notice_get", [STORE_NOTICE_LIST] = "notice_list"};
    return words[op];
}

bool store_op_is_change(enum store_op op) { return op <= STORE_QUEUE; }

bool store_op_is_indexed(enum store_op op) { return op == STORE_DECLARE || op == STORE_WHERE || op == STORE_COUNTS; }

static void submit_as(struct store *s, struct store_req *r, enum store_op op, void (*on_done)(struct store_req *r),
                      void *user)
{
    r->op = op;
    r->on_done = on_done;
    r->user = user;
    store_submit(s, r);
}

#define STORE_DOOR(name, op)                                                                                  \
    void store_##name(struct store *s, struct store_##name *r, void (*on_done)(struct store_req *r), void *user) \
    {                                                                                                         \
        submit_as(s, &r->req, op, on_done, user);                                                             \
    }

STORE_DOOR(add, STORE_ADD)
STORE_DOOR(claim, STORE_CLAIM)
STORE_DOOR(settle, STORE_SETTLE)
STORE_DOOR(save, STORE_SAVE)
STORE_DOOR(control, STORE_CONTROL)
STORE_DOOR(tick, STORE_TICK)
STORE_DOOR(queue, STORE_QUEUE)
STORE_DOOR(declare, STORE_DECLARE)
STORE_DOOR(get, STORE_GET)
STORE_DOOR(list, STORE_LIST)
STORE_DOOR(log, STORE_LOG)
STORE_DOOR(history, STORE_HISTORY)
STORE_DOOR(kept, STORE_KEPT)
STORE_DOOR(owed, STORE_OWED)
STORE_DOOR(purge, STORE_PURGE)
STORE_DOOR(where, STORE_WHERE)
STORE_DOOR(counts, STORE_COUNTS)
STORE_DOOR(file_add, STORE_FILE_ADD)
STORE_DOOR(file_drop, STORE_FILE_DROP)
STORE_DOOR(file_sweep, STORE_FILE_SWEEP)
STORE_DOOR(file_get, STORE_FILE_GET)
STORE_DOOR(file_list, STORE_FILE_LIST)
STORE_DOOR(notice_read, STORE_NOTICE_READ)
STORE_DOOR(notice_drop, STORE_NOTICE_DROP)
STORE_DOOR(notice_sweep, STORE_NOTICE_SWEEP)
STORE_DOOR(notice_get, STORE_NOTICE_GET)
STORE_DOOR(notice_list, STORE_NOTICE_LIST)

struct task store_added(const struct store_add_item *item)
{
    struct task t = {.body = *item->body, .life = item->life, .input_bytes = item->body->input.len,
                     .follows = item->follows, .has_leader = item->follows, .leader = item->leader};
    if (!item->cached) return t;
    t.result_bytes = item->result_bytes;
    t.ending = (struct task_ending){.life = item->life, .finished_at_ms = item->finished_at_ms, .cached = true,
                                    .cached_from = item->cached_from};
    return t;
}
