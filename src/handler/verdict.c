/* SPDX-License-Identifier: Apache-2.0
 *
 * Verdicts of this floor's handlers, put into words.
 */
#include "handler/verdict.h"
#include "base/json_write.h"
#include "base/limits.h"
#include "base/text.h"
#include "handler/attempt.h"
#include "handler/dir.h"
#include "handler/utf8.h"
#include <errno.h>
#include <stdio.h>

static struct str repaired(struct arena *arena, struct str s)
{
    if (text_utf8_valid(s) == s.len) return s;
    struct buf text;
    buf_init(&text, 3 * s.len);
    utf8_add(&text, s, true);
    struct str copy = arena_str(arena, buf_str(&text));
    buf_release(&text);
    return copy;
}

void verdict_failed(struct verdict *v, struct arena *arena, enum failure_code code, const char *format, ...)
{
    char message[LIMIT_MESSAGE + 1]; /* over-long: cut by vsnprintf, and the half character at the end below */
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    struct str text = repaired(arena, arena_str(arena, str_of(message)));
    *v = (struct verdict){.event = LIFE_FAILED, .retryable = failure_retryable(code)};
    v->failure.code = failure_word(code);
    v->failure.message = utf8_head(text, LIMIT_MESSAGE);
}

void verdict_detail(struct verdict *v, struct arena *arena, struct str detail)
{
    v->failure.detail = utf8_tail(repaired(arena, detail), LIMIT_DETAIL);
}

void verdict_shortage(struct verdict *v, struct arena *arena, bool ran, struct str what)
{
    *v = (struct verdict){.event = ran ? LIFE_RELEASED : LIFE_UNSTARTED, .shortage = arena_str(arena, what)};
}

bool verdict_is_shortage(const struct child_exit *how)
{
    return !how->started && (how->sys == EAGAIN || how->sys == ENOMEM || how->sys == EMFILE || how->sys == ENFILE);
}

void verdict_stopped(struct verdict *v, struct arena *arena, const struct attempt *a, enum stop_reason why)
{
    struct buf timeout;
    switch (why) {
    case STOP_CANCEL: *v = (struct verdict){.event = LIFE_STOPPED}; break;
    case STOP_SHUTDOWN: *v = (struct verdict){.event = LIFE_RELEASED}; break;
    case STOP_STALLED:
        verdict_failed(v, arena, FAILURE_TIMEOUT, "nothing was heard of it for longer than its worker's stall_timeout");
        v->event = LIFE_TIMEOUT;
        break;
    case STOP_TIMEOUT:
        buf_init(&timeout, 64);
        text_add_duration(&timeout, a->task->timeout_ms);
        verdict_failed(v, arena, FAILURE_TIMEOUT, "ran longer than %.*s", STR_ARG(buf_str(&timeout)));
        v->event = LIFE_TIMEOUT;
        buf_release(&timeout);
        break;
    }
}

void verdict_files(struct verdict *v, struct arena *arena, const struct str *names, size_t n)
{
    if (n == 0) return;
    struct buf list;
    buf_init(&list, (size_t)LIMIT_FILES * 2048); /* a name has 255 bytes at most, each at most six when escaped */
    json_write_open(&list, '[');
    for (size_t i = 0; i < n; i++) json_write_str(&list, names[i]);
    json_write_close(&list, ']');
    v->files = arena_str(arena, buf_str(&list));
    buf_release(&list);
}

/* The named files that are there. */
static void check_files(struct verdict *v, struct arena *arena, struct attempt *a, const struct frame *f)
{
    size_t n = 0;
    struct str *names = arena_alloc(arena, (f->n_files + 1) * sizeof *names);
    for (size_t i = 0; i < f->n_files; i++) {
        if (dir_has(a->dir, f->files[i]))
            names[n++] = f->files[i];
        else
            attempt_note(a, "bide: \"%.*s\" is not a file in the directory of the attempt and was left out",
                         STR_ARG(utf8_head(f->files[i], LIMIT_NAME)));
    }
    if (f->n_files_over) attempt_note(a, "bide: %zu more files were left out", f->n_files_over);
    verdict_files(v, arena, names, n);
}

/* The content of the result file, checked; false: *v says what is wrong with it. */
static bool read_result(struct verdict *v, struct arena *arena, const struct attempt *a, struct str name)
{
    struct err e = {0};
    struct str text;
    int rc = dir_read(a->dir, name, LIMIT_RESULT, arena, &text, &e);
    if (rc == ERR_AGAIN) {
        verdict_shortage(v, arena, true, arena_format(arena, "result_file: %s", e.text));
        return false;
    }
    if (rc != 0) {
        verdict_failed(v, arena, rc == ERR_TOO_BIG ? FAILURE_OUTPUT_TOO_LARGE : FAILURE_BAD_RESULT, "result_file: %s", e.text);
        return false;
    }
    struct json json;
    json_init(&json);
    json.root_only = true;
    rc = json_parse(&json, text, &e);
    if (rc == 0)
        v->result = json_span(&json, json_root(&json));
    else
        verdict_failed(v, arena, FAILURE_BAD_RESULT, "the result file is not JSON: %s", e.text);
    json_release(&json);
    return rc == 0;
}

void verdict_done(struct verdict *v, struct arena *arena, struct attempt *a, const struct frame *f)
{
    *v = (struct verdict){.event = LIFE_DONE, .result = f->result.len ? f->result : STR("null"), .next = f->next};
    if (f->result_file.len && !read_result(v, arena, a, f->result_file)) return;
    if (v->result.len > LIMIT_RESULT) { /* only if a frame may one day be longer than a result */
        verdict_failed(v, arena, FAILURE_OUTPUT_TOO_LARGE, "the result has %zu bytes, the limit is %d", v->result.len, LIMIT_RESULT);
        return;
    }
    check_files(v, arena, a, f);
}

void verdict_fail(struct verdict *v, struct arena *arena, const struct frame *f)
{
    struct str code = f->code.len ? utf8_head(f->code, LIMIT_NAME) : failure_word(FAILURE_WORKER_ERROR);
    enum failure_code known = failure_of(code);
    if (known == FAILURE_NONE) known = FAILURE_WORKER_ERROR;
    *v = (struct verdict){.event = LIFE_FAILED, .retryable = f->has_retry ? f->retry : failure_retryable(known)};
    v->retry_after_ms = f->retry_after_ms;
    v->failure.code = code;
    v->failure.message = utf8_head(f->message.len ? f->message : failure_text(known), LIMIT_MESSAGE);
    v->failure.type = utf8_head(f->type, LIMIT_NAME);
    verdict_detail(v, arena, f->detail);
}

struct str verdict_death(struct arena *arena, const char *who, const char *program, const struct child_exit *how)
{
    if (!how->started) {
        const char *why = strerrordesc_np(how->sys);
        return arena_format(arena, "cannot run %s: %s%s%s", program, how->at, how->at[0] ? ": " : "",
                            why ? why : "unknown error");
    }
    if (how->signal == 0) return arena_format(arena, "%s ended with exit status %d", who, how->status);
    const char *name = sigdescr_np(how->signal);
    return arena_format(arena, "%s was ended by signal %d (%s)", who, how->signal, name ? name : "unknown");
}
