/* SPDX-License-Identifier: Apache-2.0
 */
#include "test/contract/power_notice.h"

static void (*leave)(void);
#define test_fail() leave()

enum { ENDED, PAID, READ, DROPPED, SWEPT, STEPS };

static struct {
    struct notice notices[2];
    struct id delivery;
    bool asked[STEPS], done[STEPS]; /* done: answered well */
} seen;

void power_notice_begin(void) { memset(&seen, 0, sizeof seen); }

static int did(int step, int err)
{
    seen.done[step] = err == 0;
    return err;
}

static int end(struct contract *c, struct id *ret)
{
    struct task_body body = contract_body(c, "n", "n");
    struct store_add_item item = {.body = &body};
    struct store_add add = {.items = &item, .n = 1};
    body.sequel = STR("{}");
    *ret = body.id;
    ASK(c, add, &add);
    store_release(&add.req);
    if (add.req.err) return add.req.err;
    struct store_control_item over = {.id = body.id, .verb = STORE_COMPLETE, .result = STR("1")};
    struct store_control r = {.items = &over, .n = 1};
    seen.asked[ENDED] = true;
    ASK(c, control, &r);
    store_release(&r.req);
    return did(ENDED, r.req.err ? r.req.err : over.err);
}

static int pay(struct contract *c)
{
    struct id task;
    int err = end(c, &task);
    if (err) return err;
    for (int i = 0; i < 2; i++)
        seen.notices[i] = (struct notice){.id = id_make(&c->ids), .task = task, .run = 1, .type = STR("n"), .kind = STR("n"), .subject = STR("s"),
                                          .status = TASK_COMPLETED, .title = STR("t"), .created_at_ms = c->clock.wall_ms};
    struct task_body delivery = contract_body(c, "n", "webhook");
    struct store_add_item item = {.body = &delivery};
    struct store_add r = {.items = &item, .n = 1, .pays = true, .paid = task, .paid_run = 1, .notices = seen.notices, .n_notices = 2};
    seen.delivery = delivery.id;
    seen.asked[PAID] = true;
    ASK(c, add, &r);
    store_release(&r.req);
    return did(PAID, r.req.err ? r.req.err : item.err ? item.err : r.unowed);
}

static int read_first(struct contract *c)
{
    struct store_notice_read r = {.id = seen.notices[0].id};
    seen.asked[READ] = true;
    ASK(c, notice_read, &r);
    store_release(&r.req);
    return did(READ, r.req.err ? r.req.err : r.err);
}

static int drop_second(struct contract *c)
{
    struct store_notice_drop r = {.id = seen.notices[1].id};
    seen.asked[DROPPED] = true;
    ASK(c, notice_drop, &r);
    store_release(&r.req);
    return did(DROPPED, r.req.err ? r.req.err : r.err);
}

static int sweep(struct contract *c)
{
    struct store_notice_sweep r = {.before_ms = c->clock.wall_ms + 1, .max = 10};
    seen.asked[SWEPT] = true;
    ASK(c, notice_sweep, &r);
    store_release(&r.req);
    return did(SWEPT, r.req.err ? r.req.err : r.n != 1 || r.total.n != 0);
}

int power_notice_do(struct contract *c, enum store_op op, void (*fail)(void))
{
    leave = fail;
    return op == STORE_ADD ? pay(c) : op == STORE_NOTICE_READ ? read_first(c) : op == STORE_NOTICE_DROP ? drop_second(c) : sweep(c);
}

static bool is_there(struct contract *c, int i, bool *ret_read)
{
    struct store_notice_get r = {.id = seen.notices[i].id};
    ASK(c, notice_get, &r);
    CHECK_INT(r.req.err, 0);
    *ret_read = r.found == 0 && r.notice.read_at_ms > 0;
    store_release(&r.req);
    return r.found == 0;
}

static bool is_owed(struct contract *c)
{
    struct store_owed r = {.found = false};
    ASK(c, owed, &r);
    CHECK_INT(r.req.err, 0);
    store_release(&r.req);
    return r.found;
}

static bool is_delivered(struct contract *c)
{
    struct store_get r = {.id = seen.delivery};
    ASK(c, get, &r);
    CHECK_INT(r.req.err, 0);
    store_release(&r.req);
    return r.found == 0;
}

/* It may be so, and after the answer it must. */
static bool fits(int step, bool is) { return is ? seen.asked[step] : !seen.done[step]; }

int power_notice_check(struct contract *c, void (*fail)(void))
{
    bool read, unused;
    leave = fail;
    if (!seen.asked[ENDED]) return 0;
    bool first = is_there(c, 0, &read), second = is_there(c, 1, &unused), owed = is_owed(c);
    if (!seen.asked[PAID]) return first || second || !fits(ENDED, owed);
    bool delivery = is_delivered(c);
    if (!seen.done[PAID]) return first != second || first != delivery || first == owed; /* with what is paid, or not at all */
    return owed || !delivery || !fits(SWEPT, !first) || (first && !fits(READ, read)) || (second ? seen.done[DROPPED] : !seen.asked[DROPPED]);
}
