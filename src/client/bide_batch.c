/* SPDX-License-Identifier: Apache-2.0
 *
 * Reads what bide says. A `run` frame becomes tasks that own copies of all they need, so that the channel may read on
 * while they run; a `cancel` marks the task it names, by id and fence, and one that names no open task is dropped: it
 * came too late. Members and ops that are not known are ignored, so that a newer bide can talk to an older worker.
 */
#include "client/bide_batch.h"

#include "base/json_write.h"
#include "base/limits.h"
#include "client/bide_error.h"
#include "client/bide_task.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

void bide_batch_init(struct bide_batch *b, struct bide_channel *channel)
{
    *b = (struct bide_batch){.channel = channel};
    json_init(&b->json);
    b->json.envelope = LIMIT_JSON_ENVELOPE;
    b->json.any_size = true;       /* the channel bounds the line */
    b->json.closed = STR("input"); /* {"tasks":[{"input": ...}]} */
    b->json.closed_level = 2;
}

void bide_batch_clear(struct bide_batch *b)
{
    for (size_t i = 0; i < b->n; i++) bide_batch_drop(b->tasks[i]);
    free((void *)b->tasks);
    b->tasks = NULL;
    b->n = 0;
}

void bide_batch_drop(struct bide_task *t)
{
    if (!t) return;
    buf_release(&t->input);
    buf_release(&t->resume);
    buf_release(&t->frame);
    buf_release(&t->files);
    buf_release(&t->followers);
    free(t);
}

void bide_batch_release(struct bide_batch *b)
{
    bide_batch_clear(b);
    json_release(&b->json);
}

/* Copies the string member `key`; "" when absent. false: it does not fit, or is not a string. */
static bool copy_member(const struct json *j, const struct json_node *object, struct str key, char *to, size_t cap)
{
    *to = '\0';
    const struct json_node *v = json_member(j, object, key);
    if (!v || v->kind == JSON_NULL) return true;
    if (v->kind != JSON_STRING) return false;
    struct buf text = {.p = to, .cap = cap, .max = cap - 1}; /* full before it would grow: allocates nothing */
    json_add_string(j, v, &text);
    return !buf_err(&text);
}

static int64_t int_member(const struct json *j, const struct json_node *object, struct str key, int64_t otherwise)
{
    const struct json_node *v = json_member(j, object, key);
    int64_t value;
    return v && json_int(j, v, &value) == 0 ? value : otherwise;
}

static int read_file(const char *path, struct buf *b, struct bide_error *error)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return bide_error_errno(error, errno, path);
    ssize_t len;
    do {
        char *room = buf_room(b, 64 * 1024);
        if (!room) {
            close(fd);
            if (buf_err(b) == ERR_NOMEM) return bide_error_nomem(error);
            return bide_error_set(error, "too_large", "%s is larger than %zu bytes", path, b->max - 64 * 1024);
        }
        len = read(fd, room, 64 * 1024);
        if (len > 0) buf_wrote(b, (size_t)len);
    } while (len > 0 || (len < 0 && errno == EINTR));
    int sys = errno;
    close(fd);
    if (len < 0) return bide_error_errno(error, sys, path);
    return 0;
}

/* Into `b` what the frame has under `name`, or what is in the file that it names under `name_file`; else `otherwise`. */
static int read_payload(struct bide_task *t, const struct json *j, const struct json_node *v, const char *name, struct buf *b,
                        struct str otherwise)
{
    char key[32], file[PATH_MAX];
    snprintf(key, sizeof key, "%s_file", name);
    if (!copy_member(j, v, str_of(key), file, sizeof file)) return bide_error_set(&t->error, "invalid", "%s is not a path", key);
    if (file[0]) {
        char path[2 * PATH_MAX];
        snprintf(path, sizeof path, "%s%s%s", file[0] == '/' ? "" : t->dir, file[0] == '/' ? "" : "/", file);
        return read_file(path, b, &t->error);
    }
    const struct json_node *payload = json_member(j, v, str_of(name));
    if (!payload && otherwise.len == 0) return 0;
    buf_add_str(b, payload ? json_span(j, payload) : otherwise);
    return buf_err(b) ? bide_error_nomem(&t->error) : 0;
}

static int read_resume(struct bide_task *t, const struct json *j, const struct json_node *v)
{
    const struct json_node *resume = json_member(j, v, STR("resume"));
    return resume && resume->kind == JSON_NULL ? 0 : read_payload(t, j, v, "resume", &t->resume, STR(""));
}

/* 0, ERR_NOMEM, ERR_INVALID: bide sent what is not a task. A task whose input or checkpoint is not to be had comes out with t->error
 * set. */
static int read_task(struct bide_task *t, const struct json *j, const struct json_node *v)
{
    buf_init(&t->input, LIMIT_INPUT + 64 * 1024); /* one read of room beyond the largest */
    buf_init(&t->resume, LIMIT_FRAME);
    buf_init(&t->frame, LIMIT_FRAME);
    buf_init(&t->files, LIMIT_FRAME / 2);
    buf_init(&t->followers, LIMIT_FRAME / 2);
    if (!copy_member(j, v, STR("id"), t->id, sizeof t->id) || !t->id[0]) return ERR_INVALID;
    if (!copy_member(j, v, STR("fence"), t->fence, sizeof t->fence)) return ERR_INVALID;
    if (!copy_member(j, v, STR("type"), t->type, sizeof t->type)) return ERR_INVALID;
    if (!copy_member(j, v, STR("dir"), t->dir, sizeof t->dir)) return ERR_INVALID;
    t->attempt = (int)int_member(j, v, STR("attempt"), 1);
    t->timeout_ms = int_member(j, v, STR("timeout_ms"), 0);
    /* what is not to be had is told to bide by the caller, once all tasks are there */
    if (read_payload(t, j, v, "input", &t->input, STR("{}")) == 0) (void)read_resume(t, j, v);
    return 0;
}

static int tell_lost_inputs(struct bide_batch *b)
{
    for (size_t i = 0; i < b->n; i++) {
        struct bide_task *t = b->tasks[i];
        if (!t || !t->error.code[0]) continue;
        char why[sizeof t->error.text];
        str_copy(why, sizeof why, str_of(t->error.text));
        if (bide_task_fail(t, &(struct bide_failure){.message = why, .retry = true})) return -1;
    }
    return 0;
}

int bide_batch_open(struct bide_batch *b)
{
    const struct json *j = &b->json;
    const struct json_node *tasks = json_member(j, json_root(j), STR("tasks"));
    if (!tasks || tasks->kind != JSON_ARRAY)
        return bide_error_set(&b->channel->error, "invalid", "a run frame without tasks");
    b->tasks = calloc(tasks->count ? tasks->count : 1, sizeof(struct bide_task *));
    if (!b->tasks) return bide_error_nomem(&b->channel->error);
    for (const struct json_node *v = json_first(tasks); v; v = json_next(tasks, v)) {
        struct bide_task *t = calloc(1, sizeof *t);
        if (!t) return bide_error_nomem(&b->channel->error);
        b->tasks[b->n++] = t;
        t->batch = b;
        int rc = read_task(t, j, v);
        if (rc == ERR_NOMEM) return bide_error_nomem(&b->channel->error);
        if (rc) return bide_error_set(&b->channel->error, "invalid", "a run frame with a task that cannot be read");
    }
    return tell_lost_inputs(b);
}

static void on_cancel(struct bide_batch *b)
{
    const struct json_node *root = json_root(&b->json);
    char id[64], fence[32];
    if (!copy_member(&b->json, root, STR("id"), id, sizeof id)) return;
    if (!copy_member(&b->json, root, STR("fence"), fence, sizeof fence)) return;
    if (b->on_cancel) b->on_cancel(b->user, id, fence);
    for (size_t i = 0; i < b->n; i++) bide_batch_cancel(b->tasks[i], id, fence);
}

void bide_batch_cancel(struct bide_task *t, const char *id, const char *fence)
{
    if (strcmp(t->id, id) != 0 || (fence[0] && strcmp(t->fence, fence) != 0)) return;
    __atomic_store_n(&t->cancelled, true, __ATOMIC_RELAXED);
}

static int on_ping(struct bide_batch *b)
{
    struct buf *f = bide_channel_frame(b->channel, "pong");
    json_write_member_int(f, "n", int_member(&b->json, json_root(&b->json), STR("n"), 0));
    return bide_channel_send(b->channel);
}

int bide_batch_listen(struct bide_batch *b, int wait_ms)
{
    struct str line;
    int got;
    while (!b->stop && (got = bide_channel_line(b->channel, wait_ms, &line)) != 0) {
        if (got < 0) return -1;
        struct err e = {0};
        char op[32];
        int rc = json_parse(&b->json, line, &e);
        if (rc == ERR_NOMEM) return bide_error_nomem(&b->channel->error);
        if (rc)
            return bide_error_set(&b->channel->error, "invalid_json", "bide sent a line that is not JSON: %s", e.text);
        if (!copy_member(&b->json, json_root(&b->json), STR("op"), op, sizeof op)) op[0] = '\0';
        if (strcmp(op, "run") == 0) return 1;
        if (strcmp(op, "cancel") == 0) on_cancel(b);
        if (strcmp(op, "stop") == 0) b->stop = true;
        if (strcmp(op, "ping") == 0 && on_ping(b)) return -1;
        bide_channel_drop(b->channel);
    }
    return 0;
}
