/* SPDX-License-Identifier: Apache-2.0
 *
 * Every member, in the order of the documentation.
 */
#include "api/task_json.h"

#include "api/capability.h"
#include "api/steps_json.h"
#include "api/webhook.h"
#include "server/waiting_on.h"

#define ROOM 1536 /* most tasks without their payload */

void task_json_write_error(struct buf *b, const struct failure *f)
{
    if (f->code.len == 0) {
        json_write_null(b);
        return;
    }
    json_write_open(b, '{');
    json_write_member_str(b, "code", f->code);
    json_write_member_str(b, "message", f->message);
    json_write_member_nullable(b, "detail", f->detail);
    json_write_member_nullable(b, "type", f->type);
    json_write_key(b, "attempt");
    if (f->attempt) json_write_int(b, f->attempt);
    else json_write_null(b);
    json_write_member_time(b, "at", f->at_ms);
    json_write_close(b, '}');
}

static void standing(struct buf *b, struct server *s, const struct task *t)
{
    const struct life *l = &t->life;
    bool ended = state_is_ending(l->state);
    const struct run *run = l->state == TASK_RUNNING ? server_run(s, &t->body.id) : NULL;
    json_write_member_text(b, "status", life_word(l, turn_wall_ms(s->turn)));
    json_write_member_int(b, "priority", t->body.rules.priority);
    json_write_member_int(b, "attempt", l->attempt);
    json_write_member_int(b, "max_attempts", t->body.rules.max_attempts);
    json_write_member_bool(b, "cancel_requested", l->cancel_requested);
    char detail[WAITING_ON_DETAIL];
    const char *reason = waiting_on_reason(s, t, detail);
    json_write_key(b, "waiting_on");
    if (reason) {
        json_write_open(b, '{');
        json_write_member_text(b, "reason", reason);
        json_write_member_text(b, "detail", detail);
        json_write_close(b, '}');
    } else {
        json_write_null(b);
    }
    struct str progress = ended ? t->ending.progress : t->progress;
    json_write_member_raw(b, "progress", run && !progress.p ? buf_str(&run->progress) : progress);
}

static void write_place(struct buf *b, const struct task_place *place)
{
    if (place->position > 0) json_write_member_int(b, "position", place->position);
    else json_write_member_null(b, "position");
    json_write_member_time(b, "eta_at", place->eta_at_ms);
}

static void payload(struct buf *b, const struct task *t, unsigned show)
{
    bool done = t->life.state == TASK_COMPLETED;
    if (show & TASK_SHOW_INPUT) json_write_member_raw(b, "input", t->body.input);
    json_write_member_int(b, "input_bytes", (int64_t)t->input_bytes);
    if (show & TASK_SHOW_RESULT) json_write_member_raw(b, "result", done ? t->ending.result : STR_NONE);
    json_write_member_int(b, "result_bytes", (int64_t)t->result_bytes);
    json_write_key(b, "error");
    task_json_write_error(b, state_is_ending(t->life.state) ? &t->ending.failure : &t->last);
    json_write_member_raw(b, "files", t->ending.files.len ? t->ending.files : STR("[]"));
    json_write_member_nullable(b, "subject", t->body.subject);
    json_write_key(b, "tags");
    json_write_open(b, '{');
    for (size_t i = 0; i < t->body.n_tags; i++) {
        json_write_key_str(b, t->body.tags[i].key);
        json_write_str(b, t->body.tags[i].value);
    }
    json_write_close(b, '}');
    json_write_member_null(b, "group_id");
    json_write_member_raw(b, "depends_on", STR("[]"));
}

/* From one moment to another, null until both are known. */
static void span(struct buf *b, const char *key, int64_t from_ms, int64_t to_ms)
{
    json_write_key(b, key);
    if (from_ms && to_ms) json_write_int(b, to_ms > from_ms ? to_ms - from_ms : 0);
    else json_write_null(b);
}

/* Tasks that this one was handed over with; 0: it was not. */
static int32_t running_with(const struct server *s, const struct id *id)
{
    const struct run *r = server_run(s, id);
    return r && r->batch ? r->batch->size : 0;
}

static void times(struct buf *b, const struct server *s, const struct task *t, const struct task *delivery)
{
    const struct life *l = &t->life;
    bool ended = state_is_ending(l->state);
    int64_t finished = ended ? t->ending.finished_at_ms : 0;
    json_write_member_time(b, "created_at", t->body.created_at_ms);
    json_write_member_time(b, "run_at", l->state == TASK_SCHEDULED ? l->due_at_ms : t->body.run_at_ms);
    json_write_member_time(b, "start_by", t->body.rules.start_by_ms);
    json_write_member_time(b, "started_at", l->started_at_ms);
    json_write_member_time(b, "finished_at", finished);
    json_write_member_time(b, "purge_at", retention_purge_ms(s, t));
    int64_t since = t->body.run_at_ms > t->body.created_at_ms ? t->body.run_at_ms : t->body.created_at_ms;
    json_write_key(b, "timing"); /* only what stands: a member that grew by itself would make every answer new */
    json_write_open(b, '{');
    span(b, "queued_ms", since, l->started_at_ms);
    span(b, "run_ms", l->started_at_ms, finished);
    json_write_key(b, "batch_size");
    int32_t batch_size = ended ? t->ending.batch_size : running_with(s, &t->body.id);
    if (batch_size > 0) json_write_int(b, batch_size);
    else json_write_null(b);
    json_write_close(b, '}');
    json_write_key(b, "delivery");
    if (delivery) webhook_write_brief(b, delivery);
    else json_write_null(b);
}

struct str task_json_path(const struct id *id, char path[TASK_JSON_PATH])
{
    static const char tasks[] = "/v1/tasks/";
    memcpy(path, tasks, sizeof tasks - 1);
    id_format(id, path + sizeof tasks - 1);
    return (struct str){path, sizeof tasks - 1 + ID_TEXT - 1};
}

static void write_share(struct buf *b, const struct server *s, const struct id *id)
{
    char path[CAPABILITY_PATH];
    json_write_member_str(b, "share_url", capability_path(s->store, id, path));
}

/* The address of the task, or that of whoever holds its capability, and what is below it. */
static void write_urls(struct buf *b, struct server *s, const struct id *id, unsigned show)
{
    static const struct {
        const char *name;
        struct str verb;
        bool shared;
    } all[] = {{"self", STR(""), true},         {"result", STR("/result"), true}, {"events", STR("/events"), true},
               {"output", STR("/output"), true}, {"log", STR("/log"), false},      {"cancel", STR("/cancel"), false}};
    char path[CAPABILITY_PATH + 16];
    bool shared = show & TASK_SHOW_SHARED;
    size_t len = (shared ? capability_path(s->store, id, path) : task_json_path(id, path)).len;
    json_write_key(b, "urls");
    json_write_open(b, '{');
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        if (shared && !all[i].shared) continue;
        memcpy(path + len, all[i].verb.p, all[i].verb.len);
        json_write_member_str(b, all[i].name, (struct str){path, len + all[i].verb.len});
    }
    json_write_close(b, '}');
}

struct range {
    size_t from, to;
};

/* Returns where lies in it what is no part of its tag: the place, and the address to share, which is the same at all times. */
static struct range write_task(struct buf *b, struct server *s, const struct task *t, unsigned show,
                               const struct task_place *place)
{
    struct range at;
    (void)buf_room(b, ROOM); /* one growth instead of several; what is lacking shows when it is written */
    json_write_open(b, '{');
    json_write_key(b, "id");
    json_write_id(b, &t->body.id);
    json_write_member_int(b, "run", t->life.run);
    json_write_member_str(b, "type", t->body.type);
    json_write_member_str(b, "queue", t->body.queue);
    standing(b, s, t);
    at.from = b->len;
    write_place(b, place);
    if (show & TASK_SHOW_SHARE) write_share(b, s, &t->body.id);
    at.to = b->len;
    payload(b, t, show);
    times(b, s, t, place->delivery);
    write_urls(b, s, &t->body.id, show);
    json_write_member_nullable(b, "key", t->body.key);
    json_write_member_nullable(b, "limit_key", t->body.limit_key);
    json_write_member_nullable(b, "batch_key", t->body.batch_key);
    json_write_key(b, "cost");
    json_write_double(b, t->body.cost);
    json_write_key(b, "cached_from");
    if (state_is_ending(t->life.state) && t->ending.cached) json_write_id(b, &t->ending.cached_from);
    else json_write_null(b);
    json_write_member_nullable(b, "step", t->body.step);
    steps_json_write(b, s, t);
    json_write_close(b, '}');
    return at;
}

void task_json_write(struct buf *b, struct server *s, const struct task *t, unsigned show)
{
    static const struct task_place unknown;
    (void)write_task(b, s, t, show, &unknown);
}

struct str task_json_whole(struct arena *a, struct server *s, const struct task *t)
{
    struct buf b;
    buf_init(&b, LIMIT_INPUT);
    task_json_write(&b, s, t, TASK_SHOW_WHOLE);
    if (buf_err(&b)) {
        buf_clear(&b);
        task_json_write(&b, s, t, TASK_SHOW_NEITHER);
    }
    struct str json = arena_str(a, buf_str(&b));
    buf_release(&b);
    return json;
}

void task_json_write_placed(struct buf *b, struct server *s, const struct task *t, unsigned show,
                            const struct task_place *place, char etag[ETAG_TEXT])
{
    size_t start = b->len;
    struct range at = write_task(b, s, t, show, place);
    struct str body = str_sub(buf_str(b), start, b->len);
    etag_of_placed(body, at.from - start, at.to - start, place->position > 0 || place->eta_at_ms > 0, etag);
}

void task_json_write_id(struct buf *b, const struct id *id)
{
    json_write_open(b, '{');
    json_write_key(b, "id");
    json_write_id(b, id);
    json_write_close(b, '}');
}
