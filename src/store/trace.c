/* SPDX-License-Identifier: Apache-2.0
 *
 * One line an answer. Nothing is kept, nothing is changed.
 */
#include "store/trace.h"

#include "base/err.h"
#include "base/mem.h"
#include "store/wrap.h"

#include <stdio.h>

struct trace {
    struct wrap wrap; /* first: freed by wrap_close */
    void (*on_line)(void *user, const char *line);
    void *user;
};

static void on_done(struct store_req *r)
{
    struct trace *t = CONTAINER_OF(wrap_pop(r), struct trace, wrap);
    char line[128];
    snprintf(line, sizeof line, "op=%s items=%zu ms=%lld err=%s", store_op_word(r->op), r->err ? 0 : wrap_items(r),
             (long long)(turn_mono_ms(t->wrap.store.turn) - r->since_ms), err_word(r->err));
    t->on_line(t->user, line);
    r->on_done(r);
}

static void submit(struct store *s, struct store_req *r)
{
    struct wrap *w = CONTAINER_OF(s, struct wrap, store);
    wrap_push(w, r, on_done);
    wrap_pass(w, r);
}

static const struct store_engine engine = {.name = "trace", .submit = submit, .close = wrap_close};

struct store *trace_open(struct store *inner, void (*on_line)(void *user, const char *line), void *user)
{
    struct trace *t = mem_new(sizeof *t);
    wrap_init(&t->wrap, &engine, inner);
    t->on_line = on_line;
    t->user = user;
    return &t->wrap.store;
}

void trace_to_file(void *file, const char *line)
{
    fprintf(file, "%s\n", line);
}
