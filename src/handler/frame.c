/* SPDX-License-Identifier: Apache-2.0
 *
 * Frames of bide/1. Every reader of a member takes what it can use and leaves the default otherwise.
 */
#include "handler/frame.h"
#include "base/json_write.h"
#include "base/limits.h"
#include "handler/traced.h"
#include "handler/utf8.h"
#include "task/pieces.h"

#define ITEM (8 * 1024) /* of a batch: what one of its tasks has in the frame beside its input, its directory's name for the most part */
#define QUOTED 80 /* bytes of a bad line shown in the complaint */

static const struct {
    const char *word;
    enum frame_op op;
} ops[] = {
    {"ready", FRAME_READY}, {"pong", FRAME_PONG}, {"progress", FRAME_PROGRESS}, {"log", FRAME_LOG}, {"output", FRAME_OUTPUT}, {"save", FRAME_SAVE},
    {"done", FRAME_DONE},   {"fail", FRAME_FAIL},         {"cancelled", FRAME_CANCELLED},
};

const char *const frame_files[] = {FRAME_INPUT_FILE, FRAME_RESUME_FILE, NULL};

void frame_parser_init(struct frame_parser *p)
{
    json_init(&p->json);
    p->json.envelope = 1; /* the frame itself: no result, no progress.data can be deeper than LIMIT_JSON_DEPTH */
    p->json.closed = STR("result"); /* passed on, never looked into */
    arena_init(&p->arena);
}

void frame_parser_release(struct frame_parser *p)
{
    json_release(&p->json);
    arena_release(&p->arena);
}

static const struct json_node *member(struct frame_parser *p, const char *name)
{
    return json_member(&p->json, json_root(&p->json), str_of(name));
}

/* The text of a string node, which lives as long as the arena; a copy only when it has escapes. */
static struct str text_of(struct frame_parser *p, const struct json_node *v)
{
    if (!v || v->kind != JSON_STRING) return STR_NONE;
    if (!v->escaped) return json_string(&p->json, v, NULL);
    struct buf text;
    buf_init(&text, v->len);
    json_add_string(&p->json, v, &text);
    struct str copy = arena_str(&p->arena, buf_str(&text));
    buf_release(&text);
    return copy;
}

static struct str read_text(struct frame_parser *p, const char *name) { return text_of(p, member(p, name)); }

static int64_t read_int(struct frame_parser *p, const char *name, int64_t otherwise)
{
    int64_t value;
    const struct json_node *v = member(p, name);
    if (!v || v->kind != JSON_NUMBER || json_int(&p->json, v, &value) != 0) return otherwise;
    return value;
}

static bool read_bool(struct frame_parser *p, const char *name)
{
    const struct json_node *v = member(p, name);
    return v && v->kind == JSON_TRUE;
}

static void read_progress(struct frame_parser *p, struct progress *ret)
{
    double percent;
    const struct json_node *v = member(p, "percent");
    ret->percent = -1;
    if (v && v->kind == JSON_NUMBER && json_double(&p->json, v, &percent) == 0)
        ret->percent = percent < 0 ? 0 : percent > 100 ? 100 : percent;
    ret->message = utf8_head(read_text(p, "message"), LIMIT_MESSAGE);
    v = member(p, "data");
    if (v && v->kind == JSON_OBJECT && v->len <= LIMIT_PROGRESS_DATA) ret->data = json_span(&p->json, v);
}

static void read_files(struct frame_parser *p, struct frame *f)
{
    const struct json_node *list = member(p, "files");
    if (!list || list->kind != JSON_ARRAY) return;
    f->has_files = true;
    struct str *names = arena_alloc(&p->arena, sizeof *names * (list->count < LIMIT_FILES ? list->count : LIMIT_FILES));
    for (const struct json_node *v = json_first(list); v; v = json_next(list, v)) {
        if (v->kind == JSON_STRING && f->n_files < LIMIT_FILES)
            names[f->n_files++] = text_of(p, v);
        else
            f->n_files_over++;
    }
    f->files = names;
}

static void read_fail(struct frame_parser *p, struct frame *f)
{
    const struct json_node *retry = member(p, "retry");
    f->code = read_text(p, "code");
    f->message = read_text(p, "message");
    f->detail = read_text(p, "detail");
    f->type = read_text(p, "type");
    f->has_retry = retry && (retry->kind == JSON_TRUE || retry->kind == JSON_FALSE);
    f->retry = f->has_retry && retry->kind == JSON_TRUE;
    f->retry_after_ms = read_int(p, "retry_after_ms", 0);
    if (f->retry_after_ms < 0) f->retry_after_ms = 0;
    if (f->retry_after_ms > LIMIT_DELAY_MS) f->retry_after_ms = LIMIT_DELAY_MS;
    f->recycle = read_bool(p, "recycle");
}

static void read_members(struct frame_parser *p, struct frame *f)
{
    const struct json_node *result, *data, *next;
    switch (f->op) {
    case FRAME_OTHER:
    case FRAME_PONG:
    case FRAME_CANCELLED: break;
    case FRAME_READY:
        f->proto = read_int(p, "proto", 1);
        f->max_batch = read_int(p, "max_batch", 1);
        f->concurrency = read_int(p, "concurrency", 1);
        f->ping = read_bool(p, "ping");
        break;
    case FRAME_PROGRESS: read_progress(p, &f->progress); break;
    case FRAME_LOG:
        f->level = read_text(p, "level");
        f->text = read_text(p, "text");
        break;
    case FRAME_OUTPUT:
        f->n = read_int(p, "n", -1);
        if (f->n < 0 || f->n > PIECES_LAST) f->n = -1;
        f->text = read_text(p, "data");
        break;
    case FRAME_SAVE:
        data = member(p, "data");
        if (data) f->data = json_span(&p->json, data);
        break;
    case FRAME_DONE:
        result = member(p, "result");
        if (result) f->result = json_span(&p->json, result);
        f->result_file = read_text(p, "result_file");
        next = member(p, "next");
        if (next && next->kind != JSON_NULL) f->next = json_span(&p->json, next);
        read_files(p, f);
        break;
    case FRAME_FAIL: read_fail(p, f); break;
    }
}

int frame_parse(struct frame_parser *p, struct str line, struct frame *ret, struct err *e)
{
    arena_clear(&p->arena);
    int rc = json_parse(&p->json, line, e);
    if (rc != 0) return rc;
    const struct json_node *root = json_root(&p->json), *op = member(p, "op");
    if (root->kind != JSON_OBJECT) return err_set(e, ERR_INVALID, "%s, not an object", json_kind_name(root->kind));
    if (!op || op->kind != JSON_STRING) return err_set(e, ERR_INVALID, "an object without a string \"op\"");

    struct frame f = {.op = FRAME_OTHER, .id = read_text(p, "id")};
    struct str word = text_of(p, op);
    for (size_t i = 0; i < sizeof ops / sizeof *ops; i++)
        if (str_eq(word, str_of(ops[i].word))) f.op = ops[i].op;
    const struct json_node *fence = member(p, "fence");
    f.has_fence = fence && fence->kind != JSON_NULL;
    if (f.has_fence && id_fence_parse(&f.fence, text_of(p, fence)) != 0) f.fence = 0;
    read_members(p, &f);
    *ret = f;
    return 0;
}

struct str frame_complaint(struct frame_parser *p, struct str line, int rc, const struct err *e)
{
    struct buf quote;
    buf_init(&quote, 6 * QUOTED + 2);
    json_write_str(&quote, utf8_head(line, QUOTED));
    struct str words = arena_format(&p->arena, "not %s: %.*s (%s)", rc == ERR_INVALID ? "a frame" : "JSON",
                                    STR_ARG(buf_str(&quote)), e->text);
    buf_release(&quote);
    return words;
}

static void write_fence(struct buf *b, uint64_t fence)
{
    char text[FENCE_TEXT];
    id_fence_format(fence, text);
    json_write_member_text(b, "fence", text);
}

static void write_id(struct buf *b, const struct id *id)
{
    json_write_key(b, "id");
    json_write_id(b, id);
}

/* How long an input or a checkpoint may be that travels in the frame. */
static size_t share_of(const struct attempt *const *attempts, size_t n)
{
    size_t all = 0, payloads = n, room = LIMIT_FRAME_PAYLOAD - (n - 1) * ITEM;
    for (size_t k = 0; k < n; k++) {
        all += attempts[k]->task->input.len + attempts[k]->resume.len;
        payloads += attempts[k]->resume.len > 0;
    }
    return all > room ? room / payloads : room;
}

bool frame_input_is_file(const struct attempt *const *attempts, size_t n, size_t i)
{
    return attempts[i]->task->input.len > share_of(attempts, n);
}

bool frame_resume_is_file(const struct attempt *const *attempts, size_t n, size_t i)
{
    return attempts[i]->resume.len > share_of(attempts, n);
}

static void write_payload(struct buf *b, const char *name, struct str json)
{
    json_write_member_raw(b, name, json);
    if (buf_err(b)) return;
    for (char *c = b->p + b->len - json.len; c < b->p + b->len; c++)
        if (*c == '\n' || *c == '\r') *c = ' ';
}

void frame_write_run(struct buf *b, const struct attempt *const *attempts, size_t n)
{
    json_write_open(b, '{');
    json_write_member_text(b, "op", "run");
    json_write_key(b, "tasks");
    json_write_open(b, '[');
    size_t share = share_of(attempts, n);
    for (size_t i = 0; i < n; i++) {
        const struct attempt *a = attempts[i];
        json_write_open(b, '{');
        write_id(b, &a->task->id);
        write_fence(b, a->fence);
        json_write_member_str(b, "type", a->task->type);
        json_write_member_int(b, "attempt", a->number);
        json_write_member_int(b, "timeout_ms", a->task->timeout_ms);
        json_write_member_text(b, "dir", a->dir);
        traced_write(b, a);
        if (a->task->input.len > share) json_write_member_text(b, "input_file", FRAME_INPUT_FILE);
        else write_payload(b, "input", a->task->input.len ? a->task->input : STR("{}"));
        if (a->resume.len > share) json_write_member_text(b, "resume_file", FRAME_RESUME_FILE);
        else write_payload(b, "resume", a->resume.len ? a->resume : STR("null"));
        json_write_close(b, '}');
    }
    json_write_close(b, ']');
    json_write_close(b, '}');
    buf_add_char(b, '\n');
}

const char *frame_stop_word(enum stop_reason why)
{
    static const char *const words[] = {
        [STOP_CANCEL] = "user", [STOP_TIMEOUT] = "timeout", [STOP_SHUTDOWN] = "shutdown", [STOP_STALLED] = "stalled"};
    return words[why];
}

void frame_write_cancel(struct buf *b, const struct attempt *a, enum stop_reason why)
{
    json_write_open(b, '{');
    json_write_member_text(b, "op", "cancel");
    write_id(b, &a->task->id);
    write_fence(b, a->fence);
    json_write_member_text(b, "reason", frame_stop_word(why));
    json_write_close(b, '}');
    buf_add_char(b, '\n');
}

void frame_write_ping(struct buf *b, int64_t n)
{
    json_write_open(b, '{');
    json_write_member_text(b, "op", "ping");
    json_write_member_int(b, "n", n);
    json_write_close(b, '}');
    buf_add_char(b, '\n');
}

void frame_write_stop(struct buf *b) { buf_add_text(b, "{\"op\":\"stop\"}\n"); }
