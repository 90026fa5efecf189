/* SPDX-License-Identifier: Apache-2.0
 *
 * Every call asks first whether it is its turn to fail.
 */
#include "test/unit/store/bad_shelf.h"

static int fails(struct shelf *s)
{
    struct bad_shelf *b = CONTAINER_OF(s, struct bad_shelf, shelf);
    return ++b->calls >= b->fail_at && b->fail_at > 0 ? b->err : 0;
}

static struct shelf *behind(struct shelf *s)
{
    return &CONTAINER_OF(s, struct bad_shelf, shelf)->behind.shelf;
}

static int begin(struct shelf *s)
{
    int err = fails(s);
    if (!err) CONTAINER_OF(s, struct bad_shelf, shelf)->begun++;
    return err;
}
static int commit(struct shelf *s)
{
    int err = fails(s);
    if (!err) CONTAINER_OF(s, struct bad_shelf, shelf)->committed++;
    if (err) CONTAINER_OF(s, struct bad_shelf, shelf)->rolled_back++;
    return err;
}
static void rollback(struct shelf *s)
{
    CONTAINER_OF(s, struct bad_shelf, shelf)->rolled_back++;
}
static int add(struct shelf *s, const struct task_body *body, const struct life *life)
{
    int err = fails(s);
    return err ? err : behind(s)->ops->add(behind(s), body, life);
}
static int change(struct shelf *s, const struct id *id, const struct ready_lane *lane, const struct life *life)
{
    int err = fails(s);
    return err ? err : behind(s)->ops->change(behind(s), id, lane, life);
}
static int end(struct shelf *s, const struct id *id, const struct ready_lane *lane, const struct task_ending *ending)
{
    int err = fails(s);
    return err ? err : behind(s)->ops->end(behind(s), id, lane, ending);
}
static int again(struct shelf *s, const struct id *id, const struct life *life)
{
    int err = fails(s);
    return err ? err : behind(s)->ops->again(behind(s), id, life);
}
static int note(struct shelf *s, const struct task_attempt *a)
{
    int err = fails(s);
    return err ? err : behind(s)->ops->note(behind(s), a);
}
static int set_queue(struct shelf *s, struct str queue, unsigned parts, const struct store_queue_set *set)
{
    int err = fails(s);
    return err ? err : behind(s)->ops->set_queue(behind(s), queue, parts, set);
}
static int tally(struct shelf *s, struct str queue, enum task_state ending, int64_t total)
{
    int err = fails(s);
    return err ? err : behind(s)->ops->tally(behind(s), queue, ending, total);
}
static int body(struct shelf *s, const struct id *id, struct arena *a, struct task_body *ret)
{
    int err = fails(s);
    if (!err && id->b[15] == CONTAINER_OF(s, struct bad_shelf, shelf)->broken) err = ERR_STORE;
    return err ? err : behind(s)->ops->body(behind(s), id, a, ret);
}
static int ended(struct shelf *s, const struct id *id, struct life *ret_life)
{
    int err = fails(s);
    return err ? err : behind(s)->ops->ended(behind(s), id, ret_life);
}

static int patch(struct shelf *s, const struct task_body *body)
{
    int err = fails(s);
    return err ? err : behind(s)->ops->patch(behind(s), body);
}
static int erase(struct shelf *s, const struct id *id)
{
    int err = fails(s);
    return err ? err : behind(s)->ops->erase(behind(s), id);
}
static int remember(struct shelf *s, const struct store_add_item *it, int64_t now_ms)
{
    int err = fails(s);
    return err ? err : behind(s)->ops->remember(behind(s), it, now_ms);
}
static int recall(struct shelf *s, const struct store_add_item *it, uint8_t ret_print[STORE_PRINT], struct id *ret_first)
{
    int err = fails(s);
    return err ? err : behind(s)->ops->recall(behind(s), it, ret_print, ret_first);
}

static int strip(struct shelf *s, const struct id *id, unsigned parts)
{
    int err = fails(s);
    return err ? err : behind(s)->ops->strip(behind(s), id, parts);
}
static int forget_keys(struct shelf *s, int64_t before_ms, size_t max, size_t *ret_n)
{
    int err = fails(s);
    return err ? err : behind(s)->ops->forget_keys(behind(s), before_ms, max, ret_n);
}

static int save(struct shelf *s, const struct id *id, int32_t run, const struct task_save *save)
{
    int err = fails(s);
    return err ? err : behind(s)->ops->save(behind(s), id, run, save);
}
static int saved(struct shelf *s, const struct id *id, int32_t run, struct arena *a, struct task_save *ret)
{
    int err = fails(s);
    return err ? err : behind(s)->ops->saved(behind(s), id, run, a, ret);
}
static int unsave(struct shelf *s, const struct id *id)
{
    int err = fails(s);
    return err ? err : behind(s)->ops->unsave(behind(s), id);
}

static int holders(struct shelf *s, const struct task_body *body, struct id ret[2], size_t *ret_n)
{
    int err = fails(s);
    return err ? err : behind(s)->ops->holders(behind(s), body, ret, ret_n);
}
static int hold(struct shelf *s, const struct task_body *body)
{
    int err = fails(s);
    return err ? err : behind(s)->ops->hold(behind(s), body);
}
static int let_go(struct shelf *s, const struct id *id, struct id *ret_other, bool *ret_has_other)
{
    int err = fails(s);
    return err ? err : behind(s)->ops->let_go(behind(s), id, ret_other, ret_has_other);
}

static int want(struct shelf *s, const struct task_body *body, bool follows)
{
    int err = fails(s);
    return err ? err : behind(s)->ops->want(behind(s), body, follows);
}
static int lead(struct shelf *s, const struct id *id)
{
    int err = fails(s);
    return err ? err : behind(s)->ops->lead(behind(s), id);
}
static int wanted(struct shelf *s, const uint8_t print_of[TASK_PRINT], bool follow, const struct id *after, struct id *ret, size_t max,
                     size_t *ret_n)
{
    int err = fails(s);
    return err ? err : behind(s)->ops->wanted(behind(s), print_of, follow, after, ret, max, ret_n);
}
static int print(struct shelf *s, const struct id *id, uint8_t ret[TASK_PRINT])
{
    int err = fails(s);
    return err ? err : behind(s)->ops->print(behind(s), id, ret);
}
static int keep(struct shelf *s, const struct id *id, int32_t run, int64_t now_ms)
{
    int err = fails(s);
    return err ? err : behind(s)->ops->keep(behind(s), id, run, now_ms);
}
static int unwant(struct shelf *s, const struct id *id)
{
    int err = fails(s);
    return err ? err : behind(s)->ops->unwant(behind(s), id);
}
static int kept(struct shelf *s, const uint8_t print[TASK_PRINT], int64_t now_ms, struct arena *a, struct id *ret_id,
                struct str *ret_result)
{
    int err = fails(s);
    return err ? err : behind(s)->ops->kept(behind(s), print, now_ms, a, ret_id, ret_result);
}
static int forget_kept(struct shelf *s, int64_t now_ms, size_t max, size_t *ret_n)
{
    int err = fails(s);
    return err ? err : behind(s)->ops->forget_kept(behind(s), now_ms, max, ret_n);
}

static int move(struct shelf *s, const struct id *id, const struct ready_lane *from, const struct ready_lane *to, const struct life *life)
{
    int err = fails(s);
    return err ? err : behind(s)->ops->move(behind(s), id, from, to, life);
}
static int step(struct shelf *s, const struct id *id, const struct task_step *step)
{
    int err = fails(s);
    return err ? err : behind(s)->ops->step(behind(s), id, step);
}
static int steps(struct shelf *s, const struct id *id, bool results, struct arena *a, const struct task_step **ret, size_t *ret_n)
{
    int err = fails(s);
    return err ? err : behind(s)->ops->steps(behind(s), id, results, a, ret, ret_n);
}
static int sequel(struct shelf *s, const struct task_body *body)
{
    int err = fails(s);
    return err ? err : behind(s)->ops->sequel(behind(s), body);
}
static int owes(struct shelf *s, const struct id *id, bool *ret_asked, bool *ret_owed)
{
    int err = fails(s);
    return err ? err : behind(s)->ops->owes(behind(s), id, ret_asked, ret_owed);
}
static int owe(struct shelf *s, const struct id *id, int32_t run, struct str next)
{
    int err = fails(s);
    return err ? err : behind(s)->ops->owe(behind(s), id, run, next);
}
static int pay(struct shelf *s, const struct id *id, int32_t run)
{
    int err = fails(s);
    return err ? err : behind(s)->ops->pay(behind(s), id, run);
}

static int file_add(struct shelf *s, const struct file *f)
{
    int err = fails(s);
    return err ? err : behind(s)->ops->files->add(behind(s), f);
}
static int file_get(struct shelf *s, const struct id *id, struct arena *a, struct file *ret)
{
    int err = fails(s);
    return err ? err : behind(s)->ops->files->get(behind(s), id, a, ret);
}
static int file_refer(struct shelf *s, const struct id *file, const struct id *task)
{
    int err = fails(s);
    return err ? err : behind(s)->ops->files->refer(behind(s), file, task);
}
static int file_unrefer(struct shelf *s, const struct id *task)
{
    int err = fails(s);
    return err ? err : behind(s)->ops->files->unrefer(behind(s), task);
}
static int file_look(struct shelf *s, const struct id *after, struct shelf_file *ret, size_t max, size_t *ret_n)
{
    int err = fails(s);
    return err ? err : behind(s)->ops->files->look(behind(s), after, ret, max, ret_n);
}
static int file_look_at(struct shelf *s, const struct id *id, struct shelf_file *ret)
{
    int err = fails(s);
    return err ? err : behind(s)->ops->files->look_at(behind(s), id, ret);
}
static int file_mark(struct shelf *s, const struct id *id)
{
    int err = fails(s);
    return err ? err : behind(s)->ops->files->mark(behind(s), id);
}
static int file_forget(struct shelf *s, const struct id *id)
{
    int err = fails(s);
    return err ? err : behind(s)->ops->files->forget(behind(s), id);
}
static int file_total(struct shelf *s, struct store_file_total *ret)
{
    int err = fails(s);
    return err ? err : behind(s)->ops->files->total(behind(s), ret);
}

static const struct shelf_files files = {.add = file_add, .get = file_get, .refer = file_refer, .unrefer = file_unrefer, .look = file_look,
                                         .look_at = file_look_at, .mark = file_mark, .forget = file_forget, .total = file_total};

static const struct shelf_ops ops = {
    .begin = begin, .commit = commit, .rollback = rollback,  .add = add,     .change = change, .end = end,
    .again = again, .note = note,     .set_queue = set_queue, .tally = tally, .body = body,     .ended = ended,
    .patch = patch, .erase = erase,   .remember = remember,   .recall = recall,
    .strip = strip, .forget_keys = forget_keys, .save = save, .saved = saved, .unsave = unsave,
    .holders = holders, .hold = hold, .let_go = let_go,
    .want = want, .lead = lead, .wanted = wanted, .print = print, .keep = keep, .unwant = unwant, .kept = kept, .forget_kept = forget_kept,
    .move = move, .step = step, .steps = steps, .sequel = sequel, .owes = owes, .owe = owe, .pay = pay,
    .files = &files,
};

void bad_shelf_init(struct bad_shelf *b)
{
    *b = (struct bad_shelf){.shelf.ops = &ops, .broken = -1};
    mem_shelf_init(&b->behind);
}

void bad_shelf_release(struct bad_shelf *b)
{
    mem_shelf_release(&b->behind);
}
