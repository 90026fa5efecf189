/* SPDX-License-Identifier: Apache-2.0
 *
 * See route_form.h. The body is an incoming.h: texts are noted, files stored.
 */
#include "api/route_form.h"

#include "api/file_json.h"
#include "api/incoming.h"
#include "api/route_call.h"
#include "base/text.h"

#define REF "file:"

struct form {
    struct incoming in; /* `kept`: texts and names */
    void (*on_read)(struct call *c);
    enum { FORM_TEXT, FORM_FILE, FORM_NO_FILE } kind; /* of the part under way; the last: a field for a file, left empty */
    struct str name;    /* of it */
    struct buf text;
    struct query_pair *pairs;
    struct str *prints; /* of each pair, what is the same when the same is sent again */
    size_t n_pairs;
    struct str *fields; /* of each file, the form's field that brought it */
};

static void pump(struct incoming *in);

static struct form *of(struct incoming *in) { return CONTAINER_OF(in, struct form, in); }

/* ---- the end ---- */

/* All that was sent, files by their hashes; only who says a key is asked again. */
static struct str asked(struct form *f)
{
    struct call *c = f->in.call;
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

/* {"field": the file as a client sees it}; of several of one field, the first. */
static struct str files_json(struct form *f)
{
    struct call *c = f->in.call;
    struct buf b = call_buf(c);
    json_write_open(&b, '{');
    for (size_t i = 0; i < f->in.add.n; i++) {
        size_t before = 0;
        while (before < i && !str_eq(f->fields[before], f->fields[i])) before++;
        if (before < i) continue;
        json_write_key_str(&b, f->fields[i]);
        file_json_write(&b, &f->in.files[i]);
    }
    json_write_close(&b, '}');
    struct str json = arena_str(&c->req->arena, buf_str(&b));
    buf_release(&b);
    return json;
}

static void on_kept(struct incoming *in, int err)
{
    struct form *f = of(in);
    struct call *c = in->call;
    struct route_call *t = c->through;
    t->n_uploads = in->add.n;
    t->uploads = arena_alloc(&c->req->arena, t->n_uploads * sizeof *t->uploads + 1);
    for (size_t i = 0; i < t->n_uploads; i++) t->uploads[i] = in->files[i].id;
    if (err) {
        call_problem(c, &in->why);
        return;
    }
    if (in->kept >= CALL_LARGE && call_claim(c, 4 * in->kept)) return;
    t->pairs = f->pairs;
    t->n_pairs = f->n_pairs;
    t->form = route_call_pairs(c, f->pairs, f->n_pairs);
    t->file = files_json(f);
    t->asked = asked(f);
    c->req->user = NULL;
    f->on_read(c);
}

static void on_release(struct incoming *in) { buf_release(&of(in)->text); }

/* ---- parts ---- */

static void add_pair(struct form *f, struct str value, struct str print)
{
    f->prints[f->n_pairs] = print;
    f->pairs[f->n_pairs++] = (struct query_pair){f->name, value};
}

static void on_closed(struct incoming *in, const struct file *file)
{
    struct form *f = of(in);
    struct arena *arena = &in->call->req->arena;
    char id[ID_TEXT], hex[FILE_JSON_HEX];
    id_format(&file->id, id);
    hash_hex(file->sha256, HASH_SHA256, hex);
    f->fields[in->arrivals.n - 1] = f->name;
    add_pair(f, arena_format(arena, REF "%s", id), arena_format(arena, "%s %.*s", hex, STR_ARG(file->name)));
    pump(in);
}

static int note(struct form *f, size_t bytes)
{
    f->in.kept += bytes;
    if (f->in.kept <= LIMIT_FORM_TEXTS) return 0;
    return err_set(&f->in.why, ERR_TOO_BIG, "the texts of a form must have at most %d bytes together; send what is large as a file, with a filename",
                   LIMIT_FORM_TEXTS);
}

/* Browsers send a field for a file that nobody chose as a file without name and bytes: then there is none. Each of these three:
 * 1: go on; 0: somebody else goes on; ERR_*: `why`. */
static int begin(struct form *f)
{
    const struct multipart_part *p = &f->in.parts.part;
    struct file file = {.keep = f->in.call->through->conf.keep};
    f->kind = !p->filename.p ? FORM_TEXT : p->filename.len ? FORM_FILE : FORM_NO_FILE;
    f->name = arena_str(&f->in.call->req->arena, p->name);
    buf_clear(&f->text);
    int err = note(f, p->name.len);
    if (err) return err;
    return f->kind == FORM_FILE ? incoming_open_part(&f->in, &file) : 1;
}

static int data(struct form *f)
{
    struct str bytes = f->in.parts.data;
    int shown = (int)(f->name.len > 60 ? 60 : f->name.len);
    if (f->kind == FORM_NO_FILE)
        return err_set(&f->in.why, ERR_INVALID, "the form's file '%.*s' has bytes, but an empty filename", shown, f->name.p);
    if (f->kind == FORM_FILE) return incoming_add(&f->in, bytes);
    if (f->text.len + bytes.len > LIMIT_FORM_TEXT)
        return err_set(&f->in.why, ERR_TOO_BIG, "the form's field '%.*s' has more than %d bytes, and no filename that would make it a file", shown,
                       f->name.p, LIMIT_FORM_TEXT);
    buf_add_str(&f->text, bytes);
    int err = note(f, bytes.len);
    return err ? err : 1;
}

static int end(struct form *f)
{
    struct str text = buf_str(&f->text);
    if (f->kind == FORM_FILE) {
        incoming_close(&f->in);
        return 0;
    }
    if (f->kind == FORM_NO_FILE) return 1;
    if (text_utf8_valid(text) != text.len || (text.len && memchr(text.p, 0, text.len)))
        return err_set(&f->in.why, ERR_INVALID, "the form's field '%.*s' is not text in UTF-8; a file needs a filename",
                       (int)(f->name.len > 60 ? 60 : f->name.len), f->name.p);
    text = arena_str(&f->in.call->req->arena, text);
    add_pair(f, text, text);
    return 1;
}

/* ---- pieces ---- */

/* What is next. */
static void pump(struct incoming *in)
{
    int rc = 1;
    while (rc == 1) {
        enum multipart_event event;
        rc = multipart_take(&in->parts, &in->rest, &event, &in->why);
        if (rc == 0 && in->ended) rc = multipart_end(&in->parts, &in->why);
        if (rc == 0) {
            if (in->ended) incoming_store(in);
            else incoming_read(in);
        } else if (rc == 1) {
            struct form *f = of(in);
            rc = event == MULTIPART_BEGIN ? begin(f) : event == MULTIPART_DATA ? data(f) : end(f);
        }
    }
    if (rc < 0) incoming_drop(in);
}

static const struct incoming_kind kind = {.pump = pump, .on_closed = on_closed, .on_kept = on_kept, .on_release = on_release};

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
    struct arena *a = &c->req->arena;
    struct err e = {0};
    struct form *f = arena_alloc(a, sizeof *f);
    *f = (struct form){.on_read = on_read};
    int err = incoming_init(&f->in, c, &kind, LIMIT_FORM_PARTS, &e);
    if (!err) err = own_schema(c, &e);
    if (!err) err = multipart_init(&f->in.parts, http_header(c->req, "Content-Type"), &e);
    if (err) {
        call_problem(c, &e);
        return;
    }
    buf_init(&f->text, LIMIT_FORM_TEXT);
    f->pairs = arena_alloc(a, LIMIT_FORM_PARTS * sizeof *f->pairs);
    f->prints = arena_alloc(a, LIMIT_FORM_PARTS * sizeof *f->prints);
    f->fields = arena_alloc(a, LIMIT_FORM_PARTS * sizeof *f->fields);
    incoming_read(&f->in);
}
