/* SPDX-License-Identifier: Apache-2.0
 *
 * One call of a command.
 */
#include "handler/exec_call.h"
#include "base/limits.h"
#include "base/text.h"
#include "handler/attempt.h"
#include "handler/traced.h"
#include "handler/verdict.h"

#define NICENESS 5
#define END_MS 1000 /* from SIGTERM to SIGKILL for a call that took too long */

static void on_limit(struct timer *t)
{
    struct exec_call *c = CONTAINER_OF(t, struct exec_call, limit);
    c->too_long = true;
    if (c->ladder.rung == LADDER_DOWN) ladder_start(&c->ladder, 0, END_MS);
}

static void on_stdout(struct exec_call *c, struct str bytes)
{
    if (c->too_large) return;
    buf_add_str(&c->out, bytes);
    if (!buf_err(&c->out)) return;
    c->too_large = true;
    ladder_start(&c->ladder, 0, 0);
}

static void on_data(struct child *child, enum child_stream from, struct str bytes)
{
    struct exec_call *c = child->user;
    if (from == CHILD_STDOUT) on_stdout(c, bytes);
    if (from == CHILD_STDERR) attempt_captured(c->attempt, &c->err, bytes);
}

static void on_exit_of(struct child *child, const struct child_exit *how)
{
    struct exec_call *c = child->user;
    ladder_stop(&c->ladder);
    turn_timer_stop(c->turn, &c->limit);
    attempt_capture_ended(c->attempt, &c->err);
    child->pid = 0;
    c->how = *how;
    c->running = false;
    c->on_over(c);
}

void exec_call_init(struct exec_call *c, const struct exec_conf *conf, struct turn *turn, struct spawner *spawner,
                    struct attempt *a, void (*on_over)(struct exec_call *c))
{
    *c = (struct exec_call){.conf = conf, .turn = turn, .spawner = spawner, .attempt = a, .on_over = on_over};
    c->child = (struct child){.user = c, .on_data = on_data, .on_exit = on_exit_of};
    ladder_init(&c->ladder, turn, &c->child, NULL);
    buf_init(&c->out, LIMIT_RESULT);
    capture_init(&c->err);
}

void exec_call_release(struct exec_call *c)
{
    ladder_stop(&c->ladder);
    turn_timer_stop(c->turn, &c->limit);
    buf_release(&c->out);
    capture_release(&c->err);
}

int exec_call_start(struct exec_call *c, const char *const *argv, struct str input, int64_t limit_ms, struct err *e)
{
    struct arena arena = {0};
    struct child_spec spec = {.argv = argv, .env = traced_env(c->conf->env, c->attempt, &arena), .secret_env = c->conf->secret_env, .cwd = c->conf->cwd,
                              .input = input, .nice = NICENESS, .sandbox = &c->conf->sandbox, .dir = c->attempt->dir};
    buf_release(&c->out);
    buf_init(&c->out, LIMIT_RESULT);
    capture_forget(&c->err);
    c->too_large = c->too_long = false;
    c->child.pid = 0;
    int rc = child_start(c->spawner, &c->child, &spec, e);
    arena_release(&arena);
    if (rc != 0) return rc;
    c->running = true;
    if (limit_ms > 0) turn_timer(c->turn, &c->limit, limit_ms, on_limit);
    return 0;
}

void exec_call_stop(struct exec_call *c, int64_t term_in_ms, int64_t kill_in_ms)
{
    if (c->running) ladder_start(&c->ladder, term_in_ms, kill_in_ms);
}

bool exec_call_is_good(const struct exec_call *c)
{
    return c->how.started && c->how.signal == 0 && c->how.status == 0 && !c->too_large && !c->too_long;
}

struct str exec_call_why(const struct exec_call *c, struct arena *arena, const char *program)
{
    if (c->too_large) return arena_format(arena, "stdout is longer than %d bytes", LIMIT_RESULT);
    if (c->too_long) {
        struct buf limit;
        buf_init(&limit, 64);
        text_add_duration(&limit, c->conf->poll.call_timeout_ms);
        struct str words = arena_format(arena, "ran longer than %.*s", STR_ARG(buf_str(&limit)));
        buf_release(&limit);
        return words;
    }
    struct str last = capture_last_line(capture_tail(&c->err));
    if (c->how.started && c->how.signal == 0 && last.len) return arena_str(arena, last);
    return verdict_death(arena, "the program", program, &c->how);
}
