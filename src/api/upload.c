/* SPDX-License-Identifier: Apache-2.0
 *
 * POST /v1/files: the body is the file, or a form whose parts are files.
 *
 *   READING ──a piece──▶ pump: what of it is next ──▶ open, add, close (arrival.h) ──▶ pump ..──all of it taken──▶ READING
 *      │ the end                    │ refused                 │ failed
 *      ▼                            ▼                         ▼
 *   STORING (rows) ──▶ SETTLING ──▶ answered 201        DROPPING ──▶ answered
 *
 * One piece is in memory, and none is asked for while it is worked on.
 */
#include "api/api.h"

#include "api/arrival.h"
#include "api/call.h"
#include "api/file_json.h"
#include "api/file_part.h"
#include "base/text.h"
#include "http/multipart.h"

static void post(struct call *c);

const struct route upload_routes[] = {
    {"POST", "/v1/files", " name keep sha256 ", post},
    {0},
};

#define PIECE_MAX (1024 * 1024)

struct upload {
    struct arrivals arrivals;
    struct call *call;
    bool form, ended; /* ended: nothing more comes */
    struct multipart parts;
    struct file wanted; /* keep; of one that is the body also name and type */
    struct str sha256;  /* that it must have; p NULL: any */
    struct buf piece;
    struct str rest;    /* of the piece */
    int64_t counted;    /* of what filing counts as arriving */
    struct file *files;
    struct store_file_add add;
    struct err why;     /* dropping */
};

static void on_body(struct http_request *r, struct str piece, const struct err *e);
static void pump(struct upload *u);

static struct upload *of(struct arrivals *a) { return CONTAINER_OF(a, struct upload, arrivals); }

static struct filing *filing_of(const struct upload *u) { return &u->call->api->server->filing; }

static void release(struct upload *u, const struct store_file_total *total)
{
    filing_arrived(filing_of(u), u->counted, total);
    buf_release(&u->piece);
    if (u->form) multipart_release(&u->parts);
}

static void on_dropped(struct arrivals *a)
{
    struct upload *u = of(a);
    release(u, NULL);
    call_problem(u->call, &u->why);
}

/* `why` is set. */
static void drop(struct upload *u) { arrival_drop(&u->arrivals, on_dropped); }

static bool has_failed(struct upload *u)
{
    if (!arrival_failed(&u->arrivals, &u->why)) return false;
    drop(u);
    return true;
}

/* ---- the end: rows, then names ---- */

static void on_settled(struct arrivals *a)
{
    struct upload *u = of(a);
    struct call *c = u->call;
    release(u, &u->add.total);
    if (arrival_failed(a, &u->why)) { /* the rows are there: the next start ends it */
        call_problem(c, &u->why);
        return;
    }
    char path[FILE_JSON_PATH];
    struct buf b = call_buf(c);
    struct http_header location = {STR("Location"), arena_str(&c->req->arena, file_json_path(&u->files[0].id, path))};
    if (u->add.n > 1) call_list_open(&b);
    for (size_t i = 0; i < u->add.n; i++) file_json_write(&b, &u->files[i]);
    if (u->add.n > 1) call_list_close(&b, NULL);
    call_answer_buf(c, 201, CALL_JSON, &b, &location, u->add.n == 1);
}

static void on_stored(struct store_req *req)
{
    struct upload *u = req->user;
    int err = req->err;
    store_release(req);
    if (!err) {
        arrival_settle(&u->arrivals, on_settled);
        return;
    }
    (void)err_set(&u->why, err, "%s; nothing was stored, try again later", err_text(err));
    drop(u);
}

static int check_sha256(struct upload *u)
{
    char hex[FILE_JSON_HEX];
    if (!u->sha256.p) return 0;
    file_json_hex(u->arrivals.all[0].file.sha256, hex);
    if (str_eq_nocase(u->sha256, str_of(hex))) return 0;
    return err_set(&u->why, ERR_INVALID, "what arrived has another SHA-256 than was said: %s; nothing was stored", hex);
}

static void store(struct upload *u)
{
    struct arrivals *a = &u->arrivals;
    if (a->n == 0) {
        (void)err_set(&u->why, ERR_INVALID, "the form has no part with a filename");
        drop(u);
        return;
    }
    if (check_sha256(u)) {
        drop(u);
        return;
    }
    u->files = arena_alloc(&u->call->req->arena, a->n * sizeof *u->files);
    for (size_t i = 0; i < a->n; i++) u->files[i] = a->all[i].file;
    u->add = (struct store_file_add){.files = u->files, .n = a->n};
    store_file_add(u->call->api->server->store, &u->add, on_stored, u);
}

/* ---- pieces ---- */

static void on_step(struct arrivals *a)
{
    struct upload *u = of(a);
    if (!has_failed(u)) pump(u);
}

static void on_closed(struct arrivals *a)
{
    struct upload *u = of(a);
    a->current = NULL;
    if (has_failed(u)) return;
    if (u->form) pump(u);
    else store(u);
}

static void add(struct upload *u, struct str bytes)
{
    if (filing_take(filing_of(u), u->arrivals.current->file.bytes, (int64_t)bytes.len, &u->why)) {
        drop(u);
        return;
    }
    u->counted += (int64_t)bytes.len;
    arrival_add(&u->arrivals, bytes, on_step);
}

static void begin_part(struct upload *u)
{
    const struct multipart_part *p = &u->parts.part;
    struct arena *a = &u->call->req->arena;
    struct server *s = u->call->api->server;
    struct file file = u->wanted;
    int err = 0;
    if (!p->filename.p)
        err = err_set(&u->why, ERR_INVALID, "the form's field '%.*s' is no file; only parts with a filename are taken",
                      (int)(p->name.len > 60 ? 60 : p->name.len), p->name.p);
    file.name = arena_str(a, file_part_last(p->filename));
    if (!err) err = file_part_name(file.name, &u->why);
    if (!err) err = file_part_type(a, p->type, file.name, &file.type, &u->why);
    if (!err) err = filing_take(&s->filing, 0, 0, &u->why);
    file.id = id_make(&s->ids);
    file.created_at_ms = turn_wall_ms(s->turn);
    if (err) drop(u);
    else arrival_open(&u->arrivals, &file, on_step);
}

static void pump_form(struct upload *u)
{
    enum multipart_event event;
    int rc = multipart_take(&u->parts, &u->rest, &event, &u->why);
    if (rc == 0 && u->ended) rc = multipart_end(&u->parts, &u->why);
    if (rc < 0) {
        drop(u);
    } else if (rc == 0 && u->ended) {
        store(u);
    } else if (rc == 0) {
        http_let_go(u->call->req, 0);
        http_read(u->call->req, on_body);
    } else {
        switch (event) {
        case MULTIPART_BEGIN: begin_part(u); break;
        case MULTIPART_DATA: add(u, u->parts.data); break;
        case MULTIPART_END: arrival_close(&u->arrivals, on_closed); break;
        }
    }
}

/* What is next. */
static void pump(struct upload *u)
{
    struct str bytes = u->rest;
    if (u->form) {
        pump_form(u);
    } else if (bytes.len) {
        u->rest = STR_NONE;
        add(u, bytes);
    } else if (u->ended) {
        arrival_close(&u->arrivals, on_closed);
    } else {
        http_let_go(u->call->req, 0);
        http_read(u->call->req, on_body);
    }
}

static void on_body(struct http_request *r, struct str piece, const struct err *e)
{
    struct upload *u = r->user;
    if (e) {
        u->why = *e;
        drop(u);
        return;
    }
    buf_clear(&u->piece);
    buf_add_str(&u->piece, piece);
    if (buf_err(&u->piece) || http_hold(r, piece.len) != 0) {
        (void)err_set(&u->why, ERR_AGAIN, "too many large request bodies are arriving at this moment");
        drop(u);
        return;
    }
    u->rest = buf_str(&u->piece);
    u->ended = piece.len == 0;
    pump(u);
}

/* ---- the head ---- */

bool upload_in_pieces(const struct http_request *r)
{
    return str_eq(r->method, STR("POST")) && str_eq(r->path, STR("/v1/files"));
}

static bool is_hex(struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (!strchr("0123456789abcdefABCDEF", s.p[i])) return false;
    return s.len == 2 * HASH_SHA256;
}

static int read_query_of(struct upload *u, struct err *e)
{
    struct call *c = u->call;
    struct str name = query_get(&c->query, "name"), keep = query_get(&c->query, "keep");
    u->sha256 = query_get(&c->query, "sha256");
    if (keep.p && !file_keep_of(keep, &u->wanted.keep)) return err_set(e, ERR_INVALID, "keep must be record, task or forever");
    if (u->form && (name.p || u->sha256.p)) return err_set(e, ERR_INVALID, "name and sha256 are for a body that is the file, not for a form");
    if (u->sha256.p && !is_hex(u->sha256)) return err_set(e, ERR_INVALID, "sha256 must be 64 hex digits");
    if (name.p) u->wanted.name = arena_str(&c->req->arena, name);
    return name.p ? file_part_name(name, e) : 0;
}

/* Of a body that is the file: before anything of it was sent. */
static int check_length(struct upload *u, struct err *e)
{
    int64_t length = 0;
    struct str said = http_header(u->call->req, "Content-Length");
    if (u->form || !said.p || text_int(&length, said) != 0) length = 0;
    int err = filing_take(filing_of(u), 0, length, e);
    if (!err) filing_arrived(filing_of(u), length, NULL);
    return err;
}

static void post(struct call *c)
{
    struct server *s = c->api->server;
    struct err e = {0};
    struct str type = http_header(c->req, "Content-Type");
    struct upload *u = arena_alloc(&c->req->arena, sizeof *u);
    *u = (struct upload){.call = c, .form = type.p && multipart_is(type)};
    u->arrivals = (struct arrivals){.blob = s->filing.blob, .chores = s->conf.chores, .max = u->form ? LIMIT_FORM_PARTS : 1};
    buf_init(&u->piece, PIECE_MAX);
    int err = s->draining ? err_set(&e, ERR_DRAINING, "the server is stopping; send it again when it is back") : read_query_of(u, &e);
    if (!err && !u->form) err = file_part_type(&c->req->arena, type, u->wanted.name, &u->wanted.type, &e);
    if (!err) err = check_length(u, &e);
    if (!err && u->form) err = multipart_init(&u->parts, type, &e);
    if (err) {
        if (u->form) multipart_release(&u->parts);
        call_problem(c, &e);
        return;
    }
    u->arrivals.all = arena_alloc(&c->req->arena, u->arrivals.max * sizeof *u->arrivals.all);
    c->req->user = u;
    if (u->form) {
        http_read(c->req, on_body);
        return;
    }
    u->wanted.id = id_make(&s->ids);
    u->wanted.created_at_ms = turn_wall_ms(s->turn);
    arrival_open(&u->arrivals, &u->wanted, on_step);
}
