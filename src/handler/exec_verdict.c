/* SPDX-License-Identifier: Apache-2.0
 *
 * The verdict of one exec process, made when its tree is dead and everything it wrote has been read.
 */
#include "handler/exec_verdict.h"
#include "base/json_write.h"
#include "base/limits.h"
#include "handler/attempt.h"
#include "handler/dir.h"
#include "handler/verdict.h"

#define EXIT_RETRY 75 /* EX_TEMPFAIL of sysexits.h */

static void too_large(struct verdict *v, struct arena *arena)
{
    verdict_failed(v, arena, FAILURE_OUTPUT_TOO_LARGE, "stdout is longer than %d bytes", LIMIT_RESULT);
}

void exec_verdict_stdout(struct verdict *v, struct arena *arena, enum exec_stdout wanted, struct str out)
{
    struct json json;
    struct err e = {0};
    json_init(&json);
    json.root_only = true;
    *v = (struct verdict){.event = LIFE_DONE};
    int rc = wanted == EXEC_STDOUT_TEXT ? ERR_SYNTAX : json_parse(&json, out, &e);
    if (rc == 0) {
        v->result = json_span(&json, json_root(&json));
    } else if (wanted == EXEC_STDOUT_JSON) {
        verdict_failed(v, arena, FAILURE_BAD_RESULT, "stdout is not JSON: %s", e.text);
    } else {
        struct buf wrapped;
        buf_init(&wrapped, LIMIT_RESULT);
        json_write_open(&wrapped, '{');
        json_write_member_str(&wrapped, "stdout", out);
        json_write_close(&wrapped, '}');
        if (buf_err(&wrapped))
            too_large(v, arena);
        else
            v->result = arena_str(arena, buf_str(&wrapped));
        buf_release(&wrapped);
    }
    json_release(&json);
}

void exec_verdict_files(struct verdict *v, struct arena *arena, struct attempt *a, struct str result_file)
{
    struct err e;
    struct str *names;
    size_t n, over;
    const struct str not_output[] = {STR(FRAME_INPUT_FILE), STR(FRAME_RESUME_FILE), result_file};
    int rc = dir_list(a->dir, not_output, sizeof not_output / sizeof *not_output, arena, &names, &n, &over, &e);
    if (rc == ERR_AGAIN) {
        verdict_shortage(v, arena, true, arena_format(arena, "the output files: %s", e.text));
    } else if (rc != 0) {
        attempt_note(a, "bide: the output files could not be listed: %s", e.text);
    } else {
        verdict_files(v, arena, names, n);
        if (over) attempt_note(a, "bide: %zu more files were left out: an attempt has at most %d", over, LIMIT_FILES);
    }
}

static void failed_by_status(struct verdict *v, struct arena *arena, const struct capture *err, int status)
{
    struct str tail = arena_str(arena, capture_tail(err)), last = capture_last_line(tail);
    if (last.len)
        verdict_failed(v, arena, FAILURE_WORKER_ERROR, "%.*s", STR_ARG(last));
    else
        verdict_failed(v, arena, FAILURE_WORKER_ERROR, "exit status %d", status);
    if (status == EXIT_RETRY) v->retryable = true;
    verdict_detail(v, arena, tail);
}

void exec_verdict_exit(struct verdict *v, struct arena *arena, const char *program, const struct capture *err,
                       const struct child_exit *how)
{
    if (how->started && how->signal == 0) {
        failed_by_status(v, arena, err, how->status);
        return;
    }
    struct str words = verdict_death(arena, "the program", program, how);
    if (verdict_is_shortage(how)) {
        verdict_shortage(v, arena, false, words);
        return;
    }
    verdict_failed(v, arena, how->started ? FAILURE_WORKER_CRASHED : FAILURE_LOAD_FAILED, "%.*s", STR_ARG(words));
    verdict_detail(v, arena, arena_str(arena, capture_tail(err)));
}

/* A command line is told how its program ended in a form that a program can read, too. */
static void failed(struct exec_run *r, const struct child_exit *how, struct arena *arena, struct verdict *v)
{
    bool command = r->conf->from_input;
    exec_verdict_exit(v, arena, command ? r->program.p : r->conf->command[0], &r->err, how);
    if (!command || !how->started || v->event != LIFE_FAILED) return;
    v->failure.type = how->signal ? arena_format(arena, "signal %d", how->signal) : arena_format(arena, "exit %d", how->status);
}

void exec_verdict(struct exec_run *r, const struct child_exit *how, struct arena *arena, struct verdict *v,
                  bool *ret_stdout_used)
{
    struct frame f = {.op = FRAME_OTHER};
    struct err e;
    *ret_stdout_used = false;
    if (r->said.len && frame_parse(&r->parser, r->said, &f, &e) != 0) f.op = FRAME_OTHER; /* it was a frame when it came */
    if (f.op == FRAME_DONE) {
        verdict_done(v, arena, r->item.attempt, &f);
    } else if (r->stopping) {
        verdict_stopped(v, arena, r->item.attempt, r->why);
    } else if (r->too_large) {
        too_large(v, arena);
    } else if (r->fault.len) {
        verdict_failed(v, arena, FAILURE_WORKER_CRASHED, "the program %.*s", STR_ARG(r->fault));
    } else if (f.op == FRAME_FAIL) {
        verdict_fail(v, arena, &f);
    } else {
        if (how->started && how->signal == 0 && how->status == 0)
            exec_verdict_stdout(v, arena, r->conf->result, buf_str(&r->out));
        else
            failed(r, how, arena, v);
        *ret_stdout_used = v->event == LIFE_DONE;
    }
    if (v->event == LIFE_DONE && !f.has_files) exec_verdict_files(v, arena, r->item.attempt, f.result_file);
}
