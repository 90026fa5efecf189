/* SPDX-License-Identifier: Apache-2.0
 */
#include "api/arrival.h"

#include "base/list.h"
#include "base/log.h"

#include <errno.h>

/* ---- chores: in any thread ---- */

static struct arrivals *of(struct chore *k) { return CONTAINER_OF(k, struct arrivals, chore); }

static void work_open(struct chore *k)
{
    struct arrivals *a = of(k);
    a->sys = a->blob->ops->begin(a->blob, &a->current->file.id, &a->current->writer);
}

static void work_add(struct chore *k)
{
    struct arrivals *a = of(k);
    hash_add(&a->current->hash, a->bytes);
    a->sys = a->blob->ops->write(&a->current->writer, a->bytes);
}

static void work_close(struct chore *k)
{
    struct arrivals *a = of(k);
    hash_end(&a->current->hash, a->current->file.sha256);
    a->sys = a->blob->ops->sync(a->blob, &a->current->writer);
}

static void work_settle(struct chore *k)
{
    struct arrivals *a = of(k);
    for (size_t i = 0; i < a->n; i++) {
        int sys = a->blob->ops->settle(a->blob, &a->all[i].file.id);
        if (sys) a->sys = sys;
    }
}

static void work_drop(struct chore *k)
{
    struct arrivals *a = of(k);
    for (size_t i = 0; i < a->n; i++) a->blob->ops->drop(a->blob, &a->all[i].writer);
}

/* ---- in the loop ---- */

static void on_done(struct chore *k)
{
    struct arrivals *a = of(k);
    a->on_done(a);
}

static void give(struct arrivals *a, void (*work)(struct chore *k), arrival_done *done)
{
    a->on_done = done;
    a->sys = 0;
    a->chore = (struct chore){work, on_done};
    chores_give(a->chores, &a->chore);
}

void arrival_open(struct arrivals *a, const struct file *file, arrival_done *done)
{
    a->current = &a->all[a->n++];
    *a->current = (struct arrival){.writer = {.id = file->id, .fd = -1}, .file = *file};
    hash_init(&a->current->hash);
    give(a, work_open, done);
}

void arrival_add(struct arrivals *a, struct str bytes, arrival_done *done)
{
    a->bytes = bytes;
    a->current->file.bytes += (int64_t)bytes.len;
    give(a, work_add, done);
}

void arrival_close(struct arrivals *a, arrival_done *done) { give(a, work_close, done); }
void arrival_settle(struct arrivals *a, arrival_done *done) { give(a, work_settle, done); }
void arrival_drop(struct arrivals *a, arrival_done *done) { give(a, work_drop, done); }

int arrival_failed(const struct arrivals *a, struct err *e)
{
    int sys = a->sys;
    if (!sys) return 0;
    bool full = sys == ENOSPC || sys == EDQUOT, scarce = sys == EMFILE || sys == ENFILE || sys == ENOMEM;
    int code = full ? ERR_FULL : scarce ? ERR_AGAIN : ERR_IO;
    (void)err_set_errno(e, code, sys, "the file cannot be stored");
    if (code == ERR_IO) log_warn("an upload: %s", e->text);
    return code;
}
