/* SPDX-License-Identifier: Apache-2.0
 *
 * /v1/attempts/{task}.{fence}/...: what a worker elsewhere says about an attempt that it has. Whatever it says renews its
 * lease; a verdict is answered when it is in the store.
 */
#include "api/api.h"
#include "api/call_body.h"
#include "api/pull_word.h"
#include "handler/attempt.h"
#include "handler/utf8.h"
#include "handler/verdict.h"

static void beat(struct call *c);
static void progress(struct call *c);
static void log_text(struct call *c);
static void output(struct call *c);
static void save(struct call *c);
static void input(struct call *c);
static void done(struct call *c);
static void fail(struct call *c);
static void cancelled(struct call *c);
static void release(struct call *c);

const struct route pull_attempt_routes[] = {
    {"POST", "/v1/attempts/{}/beat", " ", beat},
    {"POST", "/v1/attempts/{}/progress", " ", progress},
    {"POST", "/v1/attempts/{}/log", " ", log_text},
    {"POST", "/v1/attempts/{}/output", " ", output},
    {"POST", "/v1/attempts/{}/save", " ", save},
    {"GET", "/v1/attempts/{}/input", " ", input},
    {"POST", "/v1/attempts/{}/done", " ", done},
    {"POST", "/v1/attempts/{}/fail", " ", fail},
    {"POST", "/v1/attempts/{}/cancelled", " ", cancelled},
    {"POST", "/v1/attempts/{}/release", " ", release},
    {0},
};

/* Everything that may be said, in the words of a frame. */
struct said {
    struct frame frame;
    bool has_progress, has_log, has_output, has_save;
    int64_t n;           /* of the piece; -1: not said */
    struct str piece;
    struct str files[LIMIT_FILES];
};

/* ---- members ---- */

static int read_percent(const struct members *r, void *to, const struct json_node *v, const char *pointer)
{
    struct said *m = to;
    double percent;
    m->has_progress = true;
    if (v->kind == JSON_NULL) return 0;
    if (v->kind != JSON_NUMBER) return members_expected(r, v, pointer, "a number from 0 to 100, or null");
    if (json_double(r->j, v, &percent) || percent < 0 || percent > 100)
        return err_set_at(r->e, ERR_INVALID, pointer, "%s must be a number from 0 to 100", pointer + 1);
    m->frame.progress.percent = percent;
    return 0;
}

static int read_progress_message(const struct members *r, void *to, const struct json_node *v, const char *pointer)
{
    struct said *m = to;
    m->has_progress = true;
    return members_text(r, v, pointer, LIMIT_MESSAGE, &m->frame.progress.message);
}

static int read_data(const struct members *r, void *to, const struct json_node *v, const char *pointer)
{
    struct said *m = to;
    m->has_progress = true;
    if (v->kind != JSON_OBJECT) return members_expected(r, v, pointer, "an object");
    if (v->len > LIMIT_PROGRESS_DATA)
        return err_set_at(r->e, ERR_TOO_BIG, pointer, "%s must be at most %d bytes", pointer + 1, LIMIT_PROGRESS_DATA);
    m->frame.progress.data = json_span(r->j, v);
    return 0;
}

static const struct member progress_members[] = {
    {"percent", read_percent}, {"message", read_progress_message}, {"data", read_data}, {NULL, NULL}};

static int read_progress(const struct members *r, void *to, const struct json_node *v, const char *pointer)
{
    if (v->kind != JSON_OBJECT) return members_expected(r, v, pointer, "an object");
    ((struct said *)to)->has_progress = true;
    return members_read(r, progress_members, v, pointer, to);
}

static int read_level(const struct members *r, void *to, const struct json_node *v, const char *pointer)
{
    return members_text(r, v, pointer, LIMIT_NAME, &((struct said *)to)->frame.level);
}

static int read_text(const struct members *r, void *to, const struct json_node *v, const char *pointer)
{
    struct said *m = to;
    m->has_log = true;
    return members_text(r, v, pointer, LIMIT_FRAME_PAYLOAD, &m->frame.text);
}

static int read_piece_number(const struct members *r, void *to, const struct json_node *v, const char *pointer)
{
    return members_int(r, v, pointer, 0, PIECES_LAST, &((struct said *)to)->n);
}

static int read_piece(const struct members *r, void *to, const struct json_node *v, const char *pointer)
{
    struct said *m = to;
    m->has_output = true;
    return members_text(r, v, pointer, LIMIT_FRAME_PAYLOAD, &m->piece);
}

static const struct member output_members[] = {{"n", read_piece_number}, {"data", read_piece}, {NULL, NULL}};

static int read_output(const struct members *r, void *to, const struct json_node *v, const char *pointer)
{
    if (v->kind != JSON_OBJECT) return members_expected(r, v, pointer, "an object");
    return members_read(r, output_members, v, pointer, to);
}

static int read_save(const struct members *r, void *to, const struct json_node *v, const char *pointer)
{
    struct said *m = to;
    m->has_save = true;
    m->frame.data = json_span(r->j, v);
    if (m->frame.data.len <= LIMIT_SAVE) return 0;
    return err_set_at(r->e, ERR_TOO_BIG, pointer, "%s must be at most %d bytes", pointer + 1, LIMIT_SAVE);
}

static int read_result(const struct members *r, void *to, const struct json_node *v, const char *pointer)
{
    struct str result = json_span(r->j, v);
    ((struct said *)to)->frame.result = result;
    return result.len <= LIMIT_RESULT ? 0 : err_set_at(r->e, ERR_TOO_BIG, pointer, "result must be at most %d bytes", LIMIT_RESULT);
}

static int read_files(const struct members *r, void *to, const struct json_node *v, const char *pointer)
{
    struct said *m = to;
    if (v->kind != JSON_ARRAY) return members_expected(r, v, pointer, "an array of names");
    if (v->count > LIMIT_FILES) return err_set_at(r->e, ERR_INVALID, pointer, "files must be at most %d", LIMIT_FILES);
    for (const struct json_node *one = json_first(v); one; one = json_next(v, one)) {
        int err = members_text(r, one, pointer, LIMIT_NAME, &m->files[m->frame.n_files++]);
        if (err) return err;
    }
    m->frame.files = m->files;
    m->frame.has_files = true;
    return 0;
}

static int read_code(const struct members *r, void *to, const struct json_node *v, const char *pointer)
{
    return members_text(r, v, pointer, LIMIT_NAME, &((struct said *)to)->frame.code);
}

static int read_message(const struct members *r, void *to, const struct json_node *v, const char *pointer)
{
    return members_text(r, v, pointer, LIMIT_MESSAGE, &((struct said *)to)->frame.message);
}

static int read_detail(const struct members *r, void *to, const struct json_node *v, const char *pointer)
{
    return members_text(r, v, pointer, LIMIT_DETAIL, &((struct said *)to)->frame.detail);
}

static int read_failure_type(const struct members *r, void *to, const struct json_node *v, const char *pointer)
{
    return members_text(r, v, pointer, LIMIT_NAME, &((struct said *)to)->frame.type);
}

static int read_retry(const struct members *r, void *to, const struct json_node *v, const char *pointer)
{
    struct said *m = to;
    m->frame.has_retry = true;
    return members_bool(r, v, pointer, &m->frame.retry);
}

static int read_retry_after(const struct members *r, void *to, const struct json_node *v, const char *pointer)
{
    return members_int(r, v, pointer, 0, LIMIT_DELAY_MS, &((struct said *)to)->frame.retry_after_ms);
}

/* About a process, which is not ours: taken, so that a worker says the same here and there. */
static int read_recycle(const struct members *r, void *to, const struct json_node *v, const char *pointer)
{
    return members_bool(r, v, pointer, &((struct said *)to)->frame.recycle);
}

static const struct member beat_members[] = {{"progress", read_progress}, {"log", read_text}, {"output", read_output}, {"save", read_save}, {NULL, NULL}};
static const struct member save_members[] = {{"data", read_save}, {NULL, NULL}};
static const struct member log_members[] = {{"level", read_level}, {"text", read_text}, {NULL, NULL}};
static int read_next(const struct members *r, void *to, const struct json_node *v, const char *pointer)
{
    if (v->kind == JSON_NULL) return 0;
    if (v->kind != JSON_ARRAY) return members_expected(r, v, pointer, "a list of submissions, or null");
    ((struct said *)to)->frame.next = json_span(r->j, v);
    return 0;
}

static const struct member done_members[] = {{"result", read_result}, {"files", read_files}, {"next", read_next}, {NULL, NULL}};
static const struct member fail_members[] = {
    {"code", read_code},   {"message", read_message},          {"detail", read_detail},   {"type", read_failure_type},
    {"retry", read_retry}, {"retry_after_ms", read_retry_after}, {"recycle", read_recycle}, {NULL, NULL}};

/* The body into a frame; false: refused, and answered. What points into the parser is in the body or the arena. */
static struct said *read_said(struct call *c, const struct member *table)
{
    struct said *m = arena_alloc(&c->req->arena, sizeof *m);
    struct json j;
    m->frame.progress.percent = -1;
    m->n = -1;
    json_init(&j);
    j.envelope = 1; /* the object around it: no result, no data can be deeper than LIMIT_JSON_DEPTH */
    j.closed = STR("result");
    int err = call_body_members_by(c, &j, NULL, table, m);
    json_release(&j);
    return err ? NULL : m;
}

/* ---- while it runs ---- */

/* Renews the lease, passes on what came with it, and says how it stands. */
static void hear(struct call *c, const struct member *table)
{
    struct pull_beat now;
    const struct said *m = read_said(c, table);
    if (!m) return;
    struct pull_held *h = pull_word_find(c, LIFE_CLAIM);
    if (!h) return;
    if (pull_held_beat(h, &now)) {
        pull_word_stale(c);
        return;
    }
    if (m->has_progress) attempt_progress(h->attempt, &m->frame);
    if (m->has_log) attempt_log(h->attempt, &m->frame);
    if (m->has_output) attempt_output(h->attempt, m->n, m->piece);
    if (m->has_save) attempt_save(h->attempt, &m->frame);
    struct buf b = call_buf(c);
    json_write_open(&b, '{');
    json_write_member_int(&b, "lease_ms", now.lease_ms);
    json_write_member_int(&b, "beat_ms", now.beat_ms);
    json_write_member_text(&b, "cancel", now.cancel);
    json_write_close(&b, '}');
    call_answer(c, 200, &b);
}

static void beat(struct call *c) { hear(c, beat_members); }
static void progress(struct call *c) { hear(c, progress_members); }
static void log_text(struct call *c) { hear(c, log_members); }
static void output(struct call *c) { hear(c, output_members); }
static void save(struct call *c) { hear(c, save_members); }

static void input(struct call *c)
{
    struct pull_beat now;
    struct pull_held *h = pull_word_find(c, LIFE_CLAIM);
    if (!h) return;
    if (pull_held_beat(h, &now)) {
        pull_word_stale(c);
        return;
    }
    call_answer_with(c, 200, CALL_JSON, arena_str(&c->req->arena, h->attempt->task->input), NULL, 0);
}

/* ---- verdicts ---- */

struct settling {
    struct call *call;
    struct pull_wait wait;
};

static void on_over(struct pull_wait *w, int err)
{
    struct call *c = CONTAINER_OF(w, struct settling, wait)->call;
    http_set_on_gone(c->req, NULL);
    if (err) pull_word_stale(c);
    else call_answer_with(c, 200, CALL_JSON, STR("{}"), NULL, 0);
}

static void on_gone(struct http_request *r) { pull_held_leave(&((struct settling *)r->user)->wait); }

static void settle(struct call *c, struct pull_held *h, const struct verdict *v)
{
    struct settling *m = arena_alloc(&c->req->arena, sizeof *m);
    *m = (struct settling){.call = c, .wait.on_over = on_over};
    list_init(&m->wait.link);
    c->req->user = m;
    if (pull_held_verdict(h, v, &m->wait)) pull_word_stale(c);
    else http_set_on_gone(c->req, on_gone);
}

static void done(struct call *c)
{
    struct verdict v;
    const struct said *m = read_said(c, done_members);
    struct pull_held *h = m ? pull_word_find(c, LIFE_DONE) : NULL;
    if (!h) return;
    verdict_done(&v, &c->req->arena, h->attempt, &m->frame);
    settle(c, h, &v);
}

static void fail(struct call *c)
{
    struct verdict v;
    const struct said *m = read_said(c, fail_members);
    struct pull_held *h = m ? pull_word_find(c, LIFE_FAILED) : NULL;
    if (!h) return;
    verdict_fail(&v, &c->req->arena, &m->frame);
    settle(c, h, &v);
}

static void cancelled(struct call *c)
{
    if (call_body_nothing(c)) return;
    struct pull_held *h = pull_word_find(c, LIFE_STOPPED);
    if (!h) return;
    if (h->stopping || h->state == PULL_SETTLING) settle(c, h, &(struct verdict){.event = LIFE_STOPPED});
    else call_refuse(c, ERR_CONFLICT, "nobody has asked this attempt to stop; to give the task back, release it");
}

static void release(struct call *c)
{
    if (call_body_nothing(c)) return;
    struct pull_held *h = pull_word_find(c, LIFE_RELEASED);
    if (h) settle(c, h, &(struct verdict){.event = LIFE_RELEASED});
}
