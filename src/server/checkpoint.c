/* SPDX-License-Identifier: Apache-2.0
 *
 * The machine of checkpoint.h. Two buffers: the one that the store reads, and the one that the next is said into.
 */
#include "server/checkpoint.h"

#include "base/mem.h"

#include <assert.h>
#include <stdlib.h>

static void release(struct checkpoint *c)
{
    buf_release(&c->next);
    buf_release(&c->sent);
    free(c);
}

static void on_stored(struct store_req *req);

static void send(struct checkpoint *c)
{
    struct buf free_again = c->sent;
    c->sent = c->next;
    c->next = free_again;
    buf_clear(&c->next);
    c->fresh = false;
    c->state = CHECKPOINT_SAVING;
    c->asked = true;
    c->sent_at_ms = turn_mono_ms(c->turn);
    c->item = (struct store_save_item){.id = c->id, .fence = c->fence, .save = c->last};
    c->item.save.data = buf_str(&c->sent);
    c->request = (struct store_save){.items = &c->item, .n = 1};
    store_save(c->store, &c->request, on_stored, c);
}

static void on_rested(struct timer *t)
{
    struct checkpoint *c = CONTAINER_OF(t, struct checkpoint, rested);
    c->state = CHECKPOINT_IDLE;
    if (c->fresh) send(c);
}

/* The store is away: the same again, unless there is a newer one. */
static void keep_for_later(struct checkpoint *c)
{
    if (c->fresh) return;
    struct buf newer = c->next;
    c->next = c->sent;
    c->sent = newer;
    c->fresh = true;
}

static void on_stored(struct store_req *req)
{
    struct checkpoint *c = req->user;
    int err = req->err;
    store_release(req);
    c->asked = false;
    if (c->left) {
        release(c);
        return;
    }
    if (c->state == CHECKPOINT_OVER) return; /* the settle has it */
    if (err) keep_for_later(c);
    else if (!c->fresh) c->stored = true;
    c->state = CHECKPOINT_RESTING;
    int64_t rested_ms = turn_mono_ms(c->turn) - c->sent_at_ms;
    turn_timer(c->turn, &c->rested, rested_ms < CHECKPOINT_REST_MS ? CHECKPOINT_REST_MS - rested_ms : 0, on_rested);
}

struct checkpoint *checkpoint_new(struct store *store, struct turn *turn, const struct id *id, uint64_t fence, int32_t attempt,
                                  int32_t resumed_from)
{
    struct checkpoint *c = mem_new(sizeof *c);
    *c = (struct checkpoint){
        .store = store, .turn = turn, .id = *id, .fence = fence, .last = {.attempt = attempt, .resumed_from = resumed_from}};
    buf_init(&c->next, LIMIT_SAVE);
    buf_init(&c->sent, LIMIT_SAVE);
    return c;
}

void checkpoint_say(struct checkpoint *c, struct str data)
{
    assert(c->state != CHECKPOINT_OVER && data.len <= LIMIT_SAVE);
    buf_clear(&c->next);
    buf_add_str(&c->next, data);
    c->last.at_ms = turn_wall_ms(c->turn);
    c->last.bytes = data.len;
    c->fresh = true;
    c->stored = false;
    if (c->state == CHECKPOINT_IDLE) send(c);
}

struct task_save checkpoint_finish(struct checkpoint *c)
{
    turn_timer_stop(c->turn, &c->rested);
    c->state = CHECKPOINT_OVER;
    if (c->stored || !c->last.at_ms) return (struct task_save){0};
    struct task_save unstored = c->last;
    unstored.data = buf_str(c->fresh ? &c->next : &c->sent);
    return unstored;
}

void checkpoint_leave(struct checkpoint *c)
{
    if (!c) return;
    turn_timer_stop(c->turn, &c->rested);
    if (c->asked) c->left = true;
    else release(c);
}
