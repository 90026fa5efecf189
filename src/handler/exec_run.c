/* SPDX-License-Identifier: Apache-2.0
 *
 * One exec process: start, what it writes, stop, end.
 */
#include "handler/exec_run.h"
#include "base/limits.h"
#include "base/mem.h"
#include "handler/attempt.h"
#include "handler/command.h"
#include "handler/dir.h"
#include "handler/exec_verdict.h"
#include "handler/template.h"
#include "handler/traced.h"
#include "handler/verdict.h"
#include <stdlib.h>

#define NICENESS 5

static void release(struct exec_run *r)
{
    ladder_stop(&r->ladder);
    turn_later_cancel(&r->refusal);
    buf_release(&r->out);
    capture_release(&r->err);
    lines_release(&r->lines);
    frame_parser_release(&r->parser);
    free((char *)r->said.p);
    free((char *)r->fault.p);
    free((char *)r->program.p);
    free(r);
}

static void over(struct exec_run *r, const struct verdict *v)
{
    struct attempt *a = r->item.attempt;
    a->inside = NULL;
    single_decided(&r->item, v);
    single_settled(&r->item);
    release(r);
}

static void kill_for(struct exec_run *r, struct str fault)
{
    if (fault.len) {
        attempt_note(r->item.attempt, "bide: the program %.*s", STR_ARG(fault));
        r->fault = mem_str(fault);
    }
    r->item.stopping = true;
    ladder_start(&r->ladder, 0, 0);
}

static void on_stdout(struct exec_run *r, struct str bytes)
{
    if (r->too_large) return;
    buf_add_str(&r->out, bytes);
    if (!buf_err(&r->out)) return;
    if (r->said.len) return; /* with a verdict of its own, stdout is only log */
    r->too_large = true;
    kill_for(r, STR_NONE);
}

/* The id may be left out: there is one task only. */
static bool is_ours(const struct exec_run *r, const struct frame *f)
{
    struct id id;
    if (f->has_fence && f->fence != r->item.attempt->fence) return false;
    return f->id.len == 0 || (id_parse(&id, f->id) == 0 && id_cmp(&id, &r->item.attempt->task->id) == 0);
}

static void on_frame(struct exec_run *r, const struct frame *f, struct str line)
{
    if (!is_ours(r, f)) return;
    switch (f->op) {
    case FRAME_PROGRESS: attempt_progress(r->item.attempt, f); break;
    case FRAME_LOG: attempt_log(r->item.attempt, f); break;
    case FRAME_OUTPUT: attempt_output(r->item.attempt, f->n, f->text); break;
    case FRAME_SAVE: attempt_save(r->item.attempt, f); break;
    case FRAME_DONE:
    case FRAME_FAIL:
        if (!r->said.len) r->said = mem_str(line);
        break;
    case FRAME_READY:
    case FRAME_PONG:
    case FRAME_CANCELLED: /* its exit says it */
    case FRAME_OTHER: break;
    }
}

/* The process is of no use any more, for what it wrote to descriptor 4. */
static void junk(struct exec_run *r, struct str what)
{
    struct arena arena = {0};
    kill_for(r, arena_format(&arena, "wrote a line to descriptor 4 that is %.*s", STR_ARG(what)));
    arena_release(&arena);
}

static void on_frames(struct exec_run *r, struct str bytes)
{
    struct str line;
    struct frame f;
    struct err e = {0};
    for (int rc; !r->fault.len && (rc = lines_next(&r->lines, &bytes, &line)) != 0;) {
        if (rc < 0)
            junk(r, STR("longer than the limit"));
        else if ((rc = frame_parse(&r->parser, line, &f, &e)) != 0)
            junk(r, frame_complaint(&r->parser, line, rc, &e));
        else
            on_frame(r, &f, line);
    }
}

static void on_data(struct child *c, enum child_stream from, struct str bytes)
{
    struct exec_run *r = c->user;
    switch (from) {
    case CHILD_STDOUT: on_stdout(r, bytes); break;
    case CHILD_STDERR: attempt_captured(r->item.attempt, &r->err, bytes); break;
    case CHILD_FRAMES: on_frames(r, bytes); break;
    }
}

static void on_exit_of(struct child *c, const struct child_exit *how)
{
    struct exec_run *r = c->user;
    struct arena arena = {0};
    struct verdict v;
    bool stdout_used;
    ladder_stop(&r->ladder);
    attempt_capture_ended(r->item.attempt, &r->err);
    exec_verdict(r, how, &arena, &v, &stdout_used);
    if (!stdout_used && r->out.len) { /* not the result: then it is log */
        struct str tail = buf_str(&r->out);
        if (tail.len > LIMIT_LOG) tail = str_sub(tail, tail.len - LIMIT_LOG, LIMIT_LOG);
        attempt_captured(r->item.attempt, &r->err, tail);
        attempt_capture_ended(r->item.attempt, &r->err);
    }
    over(r, &v);
    arena_release(&arena);
}

static void on_refused(struct later *l)
{
    struct exec_run *r = CONTAINER_OF(l, struct exec_run, refusal);
    struct arena arena = {0};
    struct verdict v;
    verdict_failed(&v, &arena, FAILURE_INVALID_INPUT, "%.*s", STR_ARG(r->fault));
    over(r, &v);
    arena_release(&arena);
}

static void refuse(struct exec_run *r, const char *why)
{
    r->fault = mem_str(str_of(why));
    turn_later(r->turn, &r->refusal, on_refused);
}

/* What the type's command is for others, this task's input is for the built-in type. Its stdin is empty. */
static int fill_from_input(struct exec_run *r, struct child_spec *spec, struct arena *arena, struct err *e)
{
    struct command c;
    int rc = command_read(r->item.attempt->task->input, arena, &c, e);
    if (rc) return rc;
    r->program = mem_str(str_of(c.argv[0]));
    spec->argv = c.argv;
    spec->env = c.env;
    spec->cwd = c.cwd ? c.cwd : r->item.attempt->dir;
    spec->input = STR_NONE;
    return 0;
}

static int fill(struct exec_run *r, struct child_spec *spec, struct arena *arena, struct err *e)
{
    if (r->conf->from_input) return fill_from_input(r, spec, arena, e);
    return template_fill_command(r->conf->command, r->item.attempt, STR_NONE, arena, &spec->argv, e);
}

/* What an earlier attempt saved is a file in the attempt's directory, which the environment names. */
static int hand_over_resume(const struct attempt *a, struct child_spec *spec, struct arena *arena, struct err *e)
{
    if (!a->resume.len) return 0;
    const char *more[] = {arena_format(arena, "BIDE_RESUME=%s/%s", a->dir, FRAME_RESUME_FILE).p, NULL};
    spec->env = traced_env_with(spec->env, more, arena);
    return dir_write(a->dir, FRAME_RESUME_FILE, a->resume, e);
}

static int start_process(struct exec_run *r, struct spawner *spawner, struct err *e)
{
    struct arena arena = {0};
    struct err wrong = {0};
    struct child_spec spec = {.env = r->conf->env, .secret_env = r->conf->secret_env, .cwd = r->conf->cwd, .frames = true,
                              .input = r->item.attempt->task->input, .nice = NICENESS,
                              .sandbox = &r->conf->sandbox, .dir = r->item.attempt->dir};
    int rc = 0;
    bool filled = fill(r, &spec, &arena, &wrong) == 0;
    spec.env = traced_env(spec.env, r->item.attempt, &arena);
    if (!filled) {
        refuse(r, wrong.text);
    } else {
        if (!r->conf->from_input) rc = dir_write(r->item.attempt->dir, FRAME_INPUT_FILE, r->item.attempt->task->input, e);
        if (rc == 0) rc = hand_over_resume(r->item.attempt, &spec, &arena, e);
        if (rc == 0) rc = sandbox_give_dir(&r->conf->sandbox, r->item.attempt->dir, frame_files, e);
        if (rc == 0) rc = child_start(spawner, &r->child, &spec, e);
        if (rc == 0) child_close_input(&r->child); /* there is nothing to be told */
        if (rc == ERR_TOO_BIG) { /* it would be so the next time, too */
            refuse(r, "the arguments are together longer than a program can be given: it is to read its input from stdin");
            rc = 0;
        }
    }
    arena_release(&arena);
    return rc;
}

static void stop(struct single_item *item, enum stop_reason why)
{
    struct exec_run *r = CONTAINER_OF(item, struct exec_run, item);
    bool refused = !list_empty(&r->refusal.link);
    if (r->stopping || refused || r->ladder.rung != LADDER_DOWN) return; /* it is being ended already */
    r->stopping = r->item.stopping = true;
    r->why = why;
    ladder_start(&r->ladder, 0, r->item.attempt->task->grace_ms);
}

int exec_run_start(struct single_item **ret, struct attempt *a, const struct exec_conf *conf, struct turn *turn,
                   struct spawner *spawner, struct err *e)
{
    struct exec_run *r = mem_new(sizeof *r);
    r->conf = conf;
    r->turn = turn;
    single_item_init(&r->item, a, turn, stop);
    r->item.child = &r->child;
    r->child = (struct child){.user = r, .on_data = on_data, .on_exit = on_exit_of};
    list_init(&r->refusal.link);
    ladder_init(&r->ladder, turn, &r->child, NULL);
    buf_init(&r->out, LIMIT_RESULT);
    capture_init(&r->err);
    lines_init(&r->lines);
    frame_parser_init(&r->parser);
    int rc = start_process(r, spawner, e);
    if (rc != 0) {
        release(r);
        return rc;
    }
    *ret = &r->item;
    return 0;
}
