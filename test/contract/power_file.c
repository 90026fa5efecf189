/* SPDX-License-Identifier: Apache-2.0
 */
#include "test/contract/power_file.h"

static void (*leave)(void);
#define test_fail() leave()

static struct {
    struct id ids[2];
    bool asked, added;     /* both */
    bool drops, dropped;   /* the second */
    bool forgotten;        /* it, too */
} files;

void power_file_begin(void) { memset(&files, 0, sizeof files); }

static int add(struct contract *c)
{
    struct file all[2];
    for (int i = 0; i < 2; i++) {
        files.ids[i] = id_make(&c->ids);
        all[i] = (struct file){.id = files.ids[i], .type = STR("a/b"), .bytes = 10 + i, .created_at_ms = c->clock.wall_ms};
    }
    struct store_file_add r = {.files = all, .n = 2};
    files.asked = true;
    ASK(c, file_add, &r);
    files.added = r.req.err == 0;
    store_release(&r.req);
    return r.req.err;
}

static int drop(struct contract *c)
{
    struct store_file_drop r = {.id = files.ids[1]};
    files.drops = true;
    ASK(c, file_drop, &r);
    files.dropped = r.req.err == 0 && r.err == 0;
    store_release(&r.req);
    return r.req.err ? r.req.err : r.err;
}

static int sweep(struct contract *c)
{
    struct store_file_sweep r = {.forget = &files.ids[1], .n_forget = 1, .retain_ms = FILE_FOREVER, .max = 10};
    ASK(c, file_sweep, &r);
    store_release(&r.req);
    files.forgotten = r.req.err == 0;
    return r.req.err ? r.req.err : r.total.n != 1 || r.total.bytes != 10;
}

int power_file_do(struct contract *c, enum store_op op, void (*fail)(void))
{
    leave = fail;
    return op == STORE_FILE_ADD ? add(c) : op == STORE_FILE_DROP ? drop(c) : sweep(c);
}

static bool is_there(struct contract *c, int i)
{
    struct store_file_get r = {.id = files.ids[i]};
    ASK(c, file_get, &r);
    CHECK_INT(r.req.err, 0);
    store_release(&r.req);
    return r.found == 0;
}

/* With those that are gone and not forgotten. */
static int64_t count(struct contract *c)
{
    struct store_file_sweep r = {.retain_ms = FILE_FOREVER, .max = 10};
    ASK(c, file_sweep, &r);
    CHECK_INT(r.req.err, 0);
    store_release(&r.req);
    return r.total.n;
}

int power_file_check(struct contract *c, void (*fail)(void))
{
    leave = fail;
    if (!files.asked) return 0;
    bool first = is_there(c, 0), second = is_there(c, 1);
    if (!files.added) return files.drops || first != second; /* as one, or not at all */
    return !first || (second ? files.dropped : !files.drops) || (files.forgotten && count(c) != 1);
}
