/* SPDX-License-Identifier: Apache-2.0
 *
 * What a worker may ask about its task and say while it runs. Each word is one frame with the task's id and fence;
 * after the verdict nothing more is sent, because bide would drop and count it. Exactly one verdict leaves per task:
 * done or failed by the worker, else what bide_task_settle says for it.
 */
#include "client/bide_task.h"

#include "base/json_write.h"
#include "client/bide_error.h"
#include "client/bide_payload.h"

#include <math.h>
#include <stdio.h>
#include <sys/stat.h>

#define PIECE (64 * 1024) /* of an output or log: small enough for any escaping to stay under LIMIT_FRAME */

const char *bide_task_id(const struct bide_task *t) { return t->id; }
const char *bide_task_type(const struct bide_task *t) { return t->type; }
int bide_task_attempt(const struct bide_task *t) { return t->attempt; }
int64_t bide_task_timeout_ms(const struct bide_task *t) { return t->timeout_ms; }
const char *bide_task_dir(const struct bide_task *t) { return t->dir; }
const char *bide_task_input(const struct bide_task *t) { return t->input.p ? t->input.p : ""; }
size_t bide_task_input_len(const struct bide_task *t) { return t->input.len; }
const char *bide_task_resume(const struct bide_task *t) { return t->resume.p; }
const struct bide_error *bide_task_error(const struct bide_task *t) { return &t->error; }

/* A frame about the task, or NULL (t->error) when its verdict is already given. */
static struct buf *frame_open(struct bide_task *t, const char *op)
{
    if (t->ended) {
        bide_error_set(&t->error, "conflict", "%s: the verdict on this task is already given", op);
        return NULL;
    }
    struct buf *f = &t->frame;
    bide_channel_begin(f, op);
    json_write_member_text(f, "id", t->id);
    if (t->fence[0]) json_write_member_text(f, "fence", t->fence);
    return f;
}

static int frame_send(struct bide_task *t) { return bide_channel_write(t->batch->channel, &t->frame, &t->error); }

/* The longest front of `s` of at most `max` bytes that does not cut a character of UTF-8 in two. */
static struct str front(struct str s, size_t max)
{
    if (s.len <= max) return s;
    size_t len = max;
    while (len > 0 && len + 4 > max && ((unsigned char)s.p[len] & 0xC0) == 0x80) len--;
    return (struct str){s.p, len ? len : max};
}

int bide_task_progress(struct bide_task *t, double percent, const char *message)
{
    return bide_task_progress_data(t, percent, message, NULL);
}

int bide_task_progress_data(struct bide_task *t, double percent, const char *message, const char *data)
{
    struct str object = str_of(data);
    if (object.len > LIMIT_PROGRESS_DATA)
        return bide_error_set(&t->error, "too_large", "progress data of %zu bytes: at most %d are taken", object.len,
                              LIMIT_PROGRESS_DATA);
    if (data && bide_payload_check(&t->error, "invalid_json", "progress data", object)) return -1;
    if (data && !str_starts(str_trim(object), STR("{")))
        return bide_error_set(&t->error, "invalid", "progress data is a JSON object");
    struct buf *f = frame_open(t, "progress");
    if (!f) return -1;
    if (isfinite(percent) && percent >= 0) {
        json_write_key(f, "percent");
        json_write_double(f, percent > 100 ? 100 : percent);
    }
    if (message) json_write_member_str(f, "message", front(str_of(message), LIMIT_MESSAGE));
    if (data) bide_payload_add(f, "data", object);
    return frame_send(t);
}

int bide_task_log(struct bide_task *t, const char *level, const char *text)
{
    struct str rest = str_of(text);
    do {
        struct str piece = front(rest, PIECE);
        rest = str_sub(rest, piece.len, rest.len);
        struct buf *f = frame_open(t, "log");
        if (!f) return -1;
        json_write_member_text(f, "level", level ? level : "info");
        json_write_member_str(f, "text", piece);
        if (frame_send(t)) return -1;
    } while (rest.len > 0);
    return 0;
}

int bide_task_output(struct bide_task *t, const char *data, size_t len)
{
    struct str rest = {data, len};
    while (rest.len > 0) {
        struct str piece = front(rest, PIECE);
        rest = str_sub(rest, piece.len, rest.len);
        struct buf *f = frame_open(t, "output");
        if (!f) return -1;
        json_write_member_int(f, "n", t->n_outputs);
        json_write_member_str(f, "data", piece);
        if (frame_send(t)) return -1;
        t->n_outputs++;
    }
    return 0;
}

static bool stays_inside(const char *name)
{
    if (name[0] == '/') return false;
    for (struct str rest = str_of(name); rest.len > 0;)
        if (str_eq(str_cut(&rest, '/'), STR(".."))) return false;
    return true;
}

int bide_task_add_file(struct bide_task *t, const char *name)
{
    if (t->ended)
        return bide_error_set(&t->error, "conflict", "file %s: the verdict on this task is already given", name);
    if (!t->dir[0]) return bide_error_set(&t->error, "invalid", "file %s: this task has no directory", name);
    if (t->n_files >= LIMIT_FILES) return bide_error_set(&t->error, "too_large", "more than %d files", LIMIT_FILES);
    char path[2 * PATH_MAX];
    if (snprintf(path, sizeof path, "%s/%s", t->dir, name) >= (int)sizeof path)
        return bide_error_set(&t->error, "too_large", "the name of the file is too long");
    struct stat st;
    if (!stays_inside(name) || stat(path, &st) || !S_ISREG(st.st_mode))
        return bide_error_set(&t->error, "invalid",
                              "%s is not a file in the task's directory: names are relative to bide_task_dir()", name);
    json_write_text(&t->files, name);
    if (buf_err(&t->files)) return bide_error_nomem(&t->error);
    t->n_files++;
    return 0;
}

bool bide_task_cancelled(struct bide_task *t)
{
    bool is_cancelled = __atomic_load_n(&t->cancelled, __ATOMIC_RELAXED);
    if (is_cancelled || t->batch->on_cancel) return is_cancelled; /* another thread listens */
    (void)bide_batch_listen(t->batch, 0);                         /* a broken channel shows at the next frame */
    return t->cancelled;
}

int bide_task_save(struct bide_task *t, const char *json)
{
    struct str text = str_of(json);
    if (text.len > LIMIT_FRAME_PAYLOAD)
        return bide_error_set(&t->error, "too_large", "a checkpoint of %zu bytes: at most %d are kept", text.len,
                              LIMIT_FRAME_PAYLOAD);
    if (bide_payload_check(&t->error, "invalid_json", "checkpoint", text)) return -1;
    struct buf *f = frame_open(t, "save");
    if (!f) return -1;
    bide_payload_add(f, "data", text);
    return frame_send(t);
}

static void write_list(struct buf *f, const char *key, const struct buf *inside)
{
    json_write_key(f, key);
    json_write_open(f, '[');
    json_write_raw(f, buf_str(inside));
    json_write_close(f, ']');
}

int bide_task_done(struct bide_task *t, const char *result_json)
{
    struct str result = str_of(result_json);
    if (!result_json)
        return bide_error_set(&t->error, "bad_result",
                              "there is no result (a worker with nothing to say gives \"null\")");
    if (result.len > LIMIT_RESULT)
        return bide_error_set(&t->error, "output_too_large", "a result of %zu bytes: at most %d are kept", result.len,
                              LIMIT_RESULT);
    if (bide_payload_check(&t->error, "bad_result", "result", result)) return -1;
    if (buf_err(&t->followers)) return bide_error_nomem(&t->error); /* not all that is to follow is there */
    bool by_file = result.len + t->files.len + t->followers.len > LIMIT_FRAME_PAYLOAD;
    if (by_file && !t->ended && bide_payload_write(&t->error, t->dir, result)) return -1;
    struct buf *f = frame_open(t, "done");
    if (!f) return -1;
    if (by_file) json_write_member_text(f, "result_file", BIDE_PAYLOAD_FILE);
    else bide_payload_add(f, "result", result);
    if (t->n_files) write_list(f, "files", &t->files);
    if (t->n_followers) write_list(f, "next", &t->followers);
    if (frame_send(t)) return -1;
    t->ended = true;
    return 0;
}

int bide_task_fail(struct bide_task *t, const struct bide_failure *failure)
{
    struct buf *f = frame_open(t, "fail");
    if (!f) return -1;
    const char *code = failure->code ? failure->code : "worker_error";
    json_write_member_str(f, "code", front(str_of(code), LIMIT_NAME));
    json_write_member_str(f, "message", front(str_of(failure->message ? failure->message : code), LIMIT_MESSAGE));
    if (failure->detail) json_write_member_str(f, "detail", front(str_of(failure->detail), LIMIT_DETAIL));
    if (failure->type) json_write_member_str(f, "type", front(str_of(failure->type), LIMIT_NAME));
    json_write_member_bool(f, "retry", failure->retry);
    if (failure->retry_after_ms > 0) json_write_member_int(f, "retry_after_ms", failure->retry_after_ms);
    if (failure->recycle) json_write_member_bool(f, "recycle", true);
    if (frame_send(t)) return -1;
    t->ended = true;
    return 0;
}

int bide_task_settle(struct bide_task *t, int ret)
{
    if (t->ended) return 0;
    if (__atomic_load_n(&t->cancelled, __ATOMIC_RELAXED)) {
        struct buf *f = frame_open(t, "cancelled");
        if (!f || frame_send(t)) return -1;
        t->ended = true;
        return 0;
    }
    char message[sizeof t->error.text + 64];
    if (t->error.text[0]) snprintf(message, sizeof message, "%s", t->error.text);
    else if (ret) snprintf(message, sizeof message, "the worker returned %d", ret);
    else snprintf(message, sizeof message, "the worker returned without a verdict");
    const char *code = ret || t->error.text[0] ? "worker_error" : "no_reply";
    bool too_large = strcmp(t->error.code, "output_too_large") == 0;
    if (too_large) code = "output_too_large";
    if (strcmp(t->error.code, "bad_result") == 0) code = "bad_result";
    return bide_task_fail(t, &(struct bide_failure){.code = code, .message = message, .retry = !too_large});
}
