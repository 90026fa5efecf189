/* SPDX-License-Identifier: Apache-2.0
 *
 *   READING ──a piece──▶ step: what of it is next ──▶ a text is noted: step ..──all of it taken──▶ READING
 *      │ the end              └──▶ of a file: open, add, close (arrival.h) ──▶ step ..
 *      ▼
 *   STORING (rows) ──▶ SETTLING ──▶ on_read      whatever is refused or fails: DROPPING ──▶ answered
 *
 * One piece is in memory, and none is asked for while it is worked on.
 */
#include "api/route_form.h"

#include "api/arrival.h"
#include "api/file_json.h"
#include "api/file_part.h"
#include "api/route_call.h"
#include "base/text.h"
#include "http/multipart.h"

#define PIECE_MAX (1024 * 1024)
#define REF "file:"

struct form {
    struct arrivals arrivals;
    struct call *call;
    void (*on_read)(struct call *c);
    bool ended; /* nothing more comes */
    struct multipart parts;
    enum { FORM_TEXT, FORM_FILE, FORM_NO_FILE } kind; /* of the part under way; the last: a field for a file, left empty */
    struct str name; /* of it */
    struct buf text;
    size_t texts;    /* bytes that are kept of texts and names */
    struct query_pair *pairs;
    struct str *prints; /* of each pair, what is the same when the same is sent again */
    size_t n_pairs;
    struct buf piece;
    struct str rest; /* of the piece */
    size_t held;     /* as http_hold was told */
    int64_t counted; /* of what filing counts as arriving */
    struct store_file_add add;
    struct err why;  /* dropping */
};

static void on_body(struct http_request *r, struct str piece, const struct err *e);
static void pump(struct form *f);

static struct form *of(struct arrivals *a) { return CONTAINER_OF(a, struct form, arrivals); }

static struct server *server_of(const struct form *f) { return f->call->api->server; }

static void release(struct form *f, const struct store_file_total *total)
{
    filing_arrived(&server_of(f)->filing, f->counted, total);
    buf_release(&f->piece);
    buf_release(&f->text);
    multipart_release(&f->parts);
}

static void on_dropped(struct arrivals *a)
{
    struct form *f = of(a);
    release(f, NULL);
    call_problem(f->call, &f->why);
}

/* `why` is set. */
static void drop(struct form *f) { arrival_drop(&f->arrivals, on_dropped); }

static bool has_failed(struct form *f)
{
    if (!arrival_failed(&f->arrivals, &f->why)) return false;
    drop(f);
    return true;
}

/* ---- the end: rows, then names, then the form ---- */

/* All that was sent, files by their hashes; only who says a key is asked again. */
static struct str asked(struct form *f)
{
    struct call *c = f->call;
    if (!http_header(c->req, "Idempotency-Key").p) return STR("");
    struct buf b = call_buf(c);
    json_write_open(&b, '[');
    for (size_t i = 0; i < f->n_pairs; i++) {
        json_write_str(&b, f->pairs[i].name);
        json_write_str(&b, f->prints[i]);
    }
    json_write_close(&b, ']');
    struct str text = arena_str(&c->req->arena, buf_str(&b));
    buf_release(&b);
    return text;
}

static void finish(struct form *f, const struct store_file_total *total)
{
    struct call *c = f->call;
    struct route_call *t = c->through;
    size_t n = f->arrivals.n;
    t->uploads = arena_alloc(&c->req->arena, n * sizeof *t->uploads + 1);
    for (size_t i = 0; i < n; i++) t->uploads[i] = f->arrivals.all[i].file.id;
    t->n_uploads = n;
    release(f, total);
    if (n && arrival_failed(&f->arrivals, &f->why)) {
        call_problem(c, &f->why);
        return;
    }
    if (f->texts >= CALL_LARGE && call_claim(c, 4 * f->texts)) return;
    t->pairs = f->pairs;
    t->n_pairs = f->n_pairs;
    t->form = route_call_pairs(c, f->pairs, f->n_pairs);
    t->asked = asked(f);
    c->req->user = NULL;
    f->on_read(c);
}

static void on_settled(struct arrivals *a) { finish(of(a), &of(a)->add.total); }

static void on_stored(struct store_req *req)
{
    struct form *f = req->user;
    int err = req->err;
    store_release(req);
    if (!err) {
        arrival_settle(&f->arrivals, on_settled);
        return;
    }
    (void)err_set(&f->why, err, "%s; nothing was stored, try again later", err_text(err));
    drop(f);
}

static void store(struct form *f)
{
    struct arrivals *a = &f->arrivals;
    if (a->n == 0) {
        finish(f, NULL);
        return;
    }
    struct file *files = arena_alloc(&f->call->req->arena, a->n * sizeof *files);
    for (size_t i = 0; i < a->n; i++) files[i] = a->all[i].file;
    f->add = (struct store_file_add){.files = files, .n = a->n};
    store_file_add(server_of(f)->store, &f->add, on_stored, f);
}

/* ---- parts ---- */

static void add_pair(struct form *f, struct str value, struct str print)
{
    f->prints[f->n_pairs] = print;
    f->pairs[f->n_pairs++] = (struct query_pair){f->name, value};
}

static void on_step(struct arrivals *a)
{
    struct form *f = of(a);
    if (!has_failed(f)) pump(f);
}

static void on_closed(struct arrivals *a)
{
    struct form *f = of(a);
    struct arena *arena = &f->call->req->arena;
    const struct file *file = &a->current->file;
    char id[ID_TEXT], hex[FILE_JSON_HEX];
    if (has_failed(f)) return;
    id_format(&file->id, id);
    file_json_hex(file->sha256, hex);
    add_pair(f, arena_format(arena, REF "%s", id), arena_format(arena, "%s %.*s", hex, STR_ARG(file->name)));
    a->current = NULL;
    pump(f);
}

static int note(struct form *f, size_t bytes)
{
    f->texts += bytes;
    if (f->texts <= LIMIT_FORM_TEXTS) return 0;
    return err_set(&f->why, ERR_TOO_BIG, "the texts of a form must have at most %d bytes together; send what is large as a file, with a filename",
                   LIMIT_FORM_TEXTS);
}

static int open_file(struct form *f)
{
    const struct multipart_part *p = &f->parts.part;
    struct server *s = server_of(f);
    struct arena *a = &f->call->req->arena;
    struct file file = {.keep = f->call->through->conf.keep, .name = arena_str(a, file_part_last(p->filename))};
    int err = file_part_name(file.name, &f->why);
    if (!err) err = file_part_type(a, p->type, file.name, &file.type, &f->why);
    if (!err) err = filing_take(&s->filing, 0, 0, &f->why);
    if (err) return err;
    file.id = id_make(&s->ids);
    file.created_at_ms = turn_wall_ms(s->turn);
    arrival_open(&f->arrivals, &file, on_step);
    return 0;
}

/* Browsers send a field for a file that nobody chose as a file without name and bytes: then there is none. Each of these three:
 * 1: go on; 0: somebody else goes on; ERR_*: `why`. */
static int begin(struct form *f)
{
    const struct multipart_part *p = &f->parts.part;
    f->kind = !p->filename.p ? FORM_TEXT : p->filename.len ? FORM_FILE : FORM_NO_FILE;
    f->name = arena_str(&f->call->req->arena, p->name);
    buf_clear(&f->text);
    int err = note(f, p->name.len);
    if (err) return err;
    return f->kind == FORM_FILE ? open_file(f) : 1;
}

static int data(struct form *f)
{
    struct str bytes = f->parts.data;
    int shown = (int)(f->name.len > 60 ? 60 : f->name.len);
    if (f->kind == FORM_NO_FILE)
        return err_set(&f->why, ERR_INVALID, "the form's file '%.*s' has bytes, but an empty filename", shown, f->name.p);
    if (f->kind == FORM_FILE) {
        int err = filing_take(&server_of(f)->filing, f->arrivals.current->file.bytes, (int64_t)bytes.len, &f->why);
        if (err) return err;
        f->counted += (int64_t)bytes.len;
        arrival_add(&f->arrivals, bytes, on_step);
        return 0;
    }
    if (f->text.len + bytes.len > LIMIT_FORM_TEXT)
        return err_set(&f->why, ERR_TOO_BIG, "the form's field '%.*s' has more than %d bytes, and no filename that would make it a file", shown,
                       f->name.p, LIMIT_FORM_TEXT);
    buf_add_str(&f->text, bytes);
    int err = note(f, bytes.len);
    return err ? err : 1;
}

static int end(struct form *f)
{
    struct str text = buf_str(&f->text);
    if (f->kind == FORM_FILE) {
        arrival_close(&f->arrivals, on_closed);
        return 0;
    }
    if (f->kind == FORM_NO_FILE) return 1;
    if (text_utf8_valid(text) != text.len || (text.len && memchr(text.p, 0, text.len)))
        return err_set(&f->why, ERR_INVALID, "the form's field '%.*s' is not text in UTF-8; a file needs a filename",
                       (int)(f->name.len > 60 ? 60 : f->name.len), f->name.p);
    text = arena_str(&f->call->req->arena, text);
    add_pair(f, text, text);
    return 1;
}

/* ---- pieces ---- */

static void read_on(struct form *f)
{
    http_let_go(f->call->req, f->texts < f->held ? f->texts : f->held);
    http_read(f->call->req, on_body);
}

/* What is next. */
static void pump(struct form *f)
{
    int rc = 1;
    while (rc == 1) {
        enum multipart_event event;
        rc = multipart_take(&f->parts, &f->rest, &event, &f->why);
        if (rc == 0 && f->ended) rc = multipart_end(&f->parts, &f->why);
        if (rc == 0) {
            if (f->ended) store(f);
            else read_on(f);
        } else if (rc == 1) {
            rc = event == MULTIPART_BEGIN ? begin(f) : event == MULTIPART_DATA ? data(f) : end(f);
        }
    }
    if (rc < 0) drop(f);
}

static void on_body(struct http_request *r, struct str piece, const struct err *e)
{
    struct form *f = r->user;
    if (e) {
        f->why = *e;
        drop(f);
        return;
    }
    buf_clear(&f->piece);
    buf_add_str(&f->piece, piece);
    f->held = f->texts + piece.len;
    if (buf_err(&f->piece) || http_hold(r, f->held) != 0) {
        (void)err_set(&f->why, ERR_AGAIN, "too many large request bodies are arriving at this moment");
        drop(f);
        return;
    }
    f->rest = buf_str(&f->piece);
    f->ended = piece.len == 0;
    pump(f);
}

/* ---- the head ---- */

bool route_form_is(const struct http_request *r)
{
    struct str type = http_header(r, "Content-Type");
    return type.p && multipart_is(type);
}

/* A reload may take the configuration away while the body comes. */
static int own_schema(struct call *c, struct err *e)
{
    struct route_call *t = c->through;
    return t->schema ? schema_compile(&t->schema, &c->req->arena, str_of(t->conf.schema_text), e) : 0;
}

void route_form_read(struct call *c, void (*on_read)(struct call *c))
{
    struct server *s = c->api->server;
    struct arena *a = &c->req->arena;
    struct err e = {0};
    struct form *f = arena_alloc(a, sizeof *f);
    *f = (struct form){.call = c, .on_read = on_read};
    f->arrivals = (struct arrivals){.blob = s->filing.blob, .chores = s->conf.chores, .max = LIMIT_FORM_PARTS};
    buf_init(&f->piece, PIECE_MAX);
    buf_init(&f->text, LIMIT_FORM_TEXT);
    int err = s->draining ? err_set(&e, ERR_DRAINING, "the server is stopping; send it again when it is back") : own_schema(c, &e);
    if (!err) err = multipart_init(&f->parts, http_header(c->req, "Content-Type"), &e);
    if (err) {
        multipart_release(&f->parts);
        call_problem(c, &e);
        return;
    }
    f->arrivals.all = arena_alloc(a, LIMIT_FORM_PARTS * sizeof *f->arrivals.all);
    f->pairs = arena_alloc(a, LIMIT_FORM_PARTS * sizeof *f->pairs);
    f->prints = arena_alloc(a, LIMIT_FORM_PARTS * sizeof *f->prints);
    c->req->user = f;
    http_read(c->req, on_body);
}
