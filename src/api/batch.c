/* SPDX-License-Identifier: Apache-2.0
 *
 * /v1/tasks:batch: many submits in one request, in chunks of one transaction each; told as they are committed.
 *
 *                 ┌────────────── nothing at hand: http_read ──────────────▶ READING
 *                 │ ┌──────────── a piece, the end, trouble: on_body ──────────┘
 *                 │ ▼
 *   begin ──▶ COLLECTING ──full, or all that is at hand──▶ COMMITTING ──▶ told ──the kernel is full──▶ FULL
 *                 │ ▲                                                      │                            │ on_room
 *                 │ └──────────────────────────────────────────────────────┴────────────────────────────┘
 *                 └── nothing more will come ──▶ the answer's end
 *   the client has gone ──▶ over, when no commit is under way; what was committed stays
 *
 * The two forms differ in where the texts come from. An array is a whole body; as NDJSON the body comes in pieces, and
 * none is asked for while a chunk is being committed or the client does not take its answers: so a stream of any length
 * is a chunk and a line in memory.
 */
#include "api/api.h"

#include "api/batch_array.h"
#include "api/batch_chunk.h"
#include "api/batch_lines.h"
#include "api/call.h"
#include "api/idempotency.h"

static void submit_many(struct call *c);

const struct route batch_routes[] = {
    {"POST", "/v1/tasks:batch", " ", submit_many},
    {0},
};

#define NDJSON "application/x-ndjson"
#define OUT_KEPT (64 * 1024)

enum batch_state { COLLECTING, COMMITTING, FULL, READING };

struct batch {
    struct call *call;
    enum batch_state state;
    bool lines;              /* NDJSON, else an array */
    bool begun;              /* the answer is */
    bool over;               /* nothing more will be taken */
    int64_t index;           /* of the next item */
    const struct str *items; /* array: texts, in the request's body */
    int64_t n_items;
    struct batch_lines in; /* NDJSON */
    struct buf out;        /* what is to be told */
    struct batch_chunk chunk;
};

static void collect(struct batch *m);

static void release(struct batch *m)
{
    batch_chunk_release(&m->chunk);
    batch_lines_release(&m->in);
    buf_release(&m->out);
}

static void give_up(struct batch *m)
{
    struct http_request *r = m->call->req;
    release(m);
    http_abort(r);
}

/* ---- the answer ---- */

static void on_room(struct http_request *r)
{
    struct batch *m = r->user;
    if (m->state != FULL) return; /* it has gone: seen by the next http_more or on_body */
    if (http_more(r, STR("")) == ERR_AWAY) give_up(m);
    else collect(m);
}

static int send_out(struct batch *m)
{
    struct call *c = m->call;
    if (!m->begun) call_begin(c, 200, m->lines ? NDJSON : CALL_JSON, NULL, 0, -1, on_room);
    m->begun = true;
    int rc = buf_err(&m->out) ? ERR_AWAY : http_more(c->req, buf_str(&m->out));
    if (m->out.cap > OUT_KEPT) buf_release(&m->out);
    else buf_clear(&m->out);
    return rc;
}

static void finish(struct batch *m)
{
    struct http_request *r = m->call->req;
    if (!m->lines) buf_add_text(&m->out, "]}");
    (void)send_out(m); /* whatever comes of it, this is the end */
    release(m);
    http_end(r);
}

static void on_chunk_done(struct batch_chunk *k)
{
    struct batch *m = CONTAINER_OF(k, struct batch, chunk);
    if (!m->lines && m->begun) buf_add_char(&m->out, ',');
    batch_chunk_write(k, &m->out, m->lines);
    batch_chunk_clear(k);
    batch_lines_drop(&m->in);
    if (m->lines) http_let_go(m->call->req, batch_lines_size(&m->in));
    int rc = send_out(m);
    if (rc == ERR_AWAY) give_up(m);
    else if (rc == ERR_AGAIN) m->state = FULL;
    else collect(m);
}

/* ---- the items ---- */

static void commit(struct batch *m)
{
    m->state = COMMITTING;
    batch_chunk_commit(&m->chunk, on_chunk_done);
}

static void refuse(struct batch *m, const struct err *e) { batch_chunk_refuse(&m->chunk, m->index++, e); }

/* Nothing more of the body will come, and that was not its end. */
static void break_off(struct batch *m, const struct err *e)
{
    struct call *c = m->call;
    if (e->code == ERR_AWAY) {
        give_up(m);
    } else if (m->begun) {
        m->over = true;
        batch_lines_release(&m->in);
        refuse(m, e);
        commit(m);
    } else {
        release(m);
        call_problem(c, e);
    }
}

static void on_body(struct http_request *r, struct str piece, const struct err *e)
{
    struct batch *m = r->user;
    struct err trouble;
    int err = piece.len ? batch_lines_add(&m->in, piece) : 0;
    if (!err) err = http_hold(r, batch_lines_size(&m->in));
    if (err && !e) {
        (void)err_set(&trouble, ERR_AGAIN, "too many large request bodies are arriving at this moment");
        e = &trouble;
    }
    if (e) {
        break_off(m, e);
        return;
    }
    if (piece.len == 0) batch_lines_end(&m->in);
    collect(m);
}

/* 1: *ret is the next text; 0: there is none at hand; ERR_TOO_BIG: it is too long. */
static int next_text(struct batch *m, struct str *ret)
{
    if (m->over) return 0;
    if (m->lines) return batch_lines_next(&m->in, ret);
    if (m->index == m->n_items) return 0;
    *ret = m->items[m->index];
    return 1;
}

static bool has_all(const struct batch *m) { return m->over || !m->lines || m->in.over; }

static void read_on(struct batch *m)
{
    struct http_request *r = m->call->req;
    m->state = READING;
    http_read(r, on_body);
}

static void collect(struct batch *m)
{
    struct batch_chunk *k = &m->chunk;
    struct str text;
    int rc = 1;
    m->state = COLLECTING;
    while (!batch_chunk_is_full(k) && (rc = next_text(m, &text)) != 0) {
        if (rc < 0) {
            struct err e;
            (void)err_set(&e, rc, "the line is longer than %d bytes", LIMIT_BATCH_LINE);
            refuse(m, &e);
            continue;
        }
        batch_chunk_take(k, m->index++, text);
        if (m->lines && m->call->api->server->draining) m->over = true; /* and that one was told why */
    }
    if (k->n) commit(m);
    else if (has_all(m)) finish(m);
    else read_on(m);
}

/* ---- the request ---- */

static struct batch *batch_new(struct call *c, struct str key, bool lines)
{
    struct batch *m = arena_alloc(&c->req->arena, sizeof *m);
    m->call = c;
    m->lines = lines;
    m->out = call_buf(c);
    c->req->user = m;
    batch_lines_init(&m->in);
    batch_chunk_init(&m->chunk, c);
    m->chunk.key = key;
    return m;
}

/* The whole is JSON, and an array; its elements are looked into later, each with its own verdict. */
static int check_array(struct str text, struct err *e)
{
    struct json j;
    json_init(&j);
    j.root_only = true;
    j.envelope = 1;
    int err = json_parse(&j, text, e);
    if (!err && json_root(&j)->kind != JSON_ARRAY)
        err = err_set(e, ERR_INVALID, "a batch is an array of submits, not %s", json_kind_name(json_root(&j)->kind));
    json_release(&j);
    return err;
}

static void submit_array(struct call *c, struct str key)
{
    struct err e = {0};
    struct str *items = NULL;
    size_t n = 0;
    int err = check_array(c->req->body, &e);
    if (!err && batch_array_split(c->req->body, LIMIT_BATCH_ITEMS, &c->req->arena, &items, &n))
        err = err_set(&e, ERR_TOO_BIG, "an array has at most %d tasks; send more as " NDJSON, LIMIT_BATCH_ITEMS);
    if (err) {
        call_problem(c, &e);
        return;
    }
    struct batch *m = batch_new(c, key, false);
    m->items = items;
    m->n_items = (int64_t)n;
    buf_add_text(&m->out, "{\"items\":[");
    collect(m);
}

static bool has_type(const struct http_request *r, const char *type)
{
    struct str given = http_header(r, "Content-Type");
    return str_eq_nocase(str_trim(str_cut(&given, ';')), str_of(type));
}

bool batch_in_pieces(const struct http_request *r)
{
    return str_eq(r->path, STR("/v1/tasks:batch")) && str_eq(r->method, STR("POST")) && has_type(r, NDJSON);
}

static void submit_many(struct call *c)
{
    struct str key;
    if (idempotency_key(c, &key)) return;
    if (c->api->server->draining) call_refuse(c, ERR_DRAINING, "the server is stopping; submit again when it is back");
    else if (has_type(c->req, NDJSON)) collect(batch_new(c, key, true));
    else if (has_type(c->req, CALL_JSON)) submit_array(c, key);
    else
        call_refuse(c, ERR_MEDIA,
                    "a batch needs Content-Type: application/json, with an array of tasks, or " NDJSON
                    ", with one a line");
}
