/* SPDX-License-Identifier: Apache-2.0
 *
 * POST /v1/files: the body is the file, or a form whose parts are files (incoming.h), answered 201 when all are kept.
 */
#include "api/api.h"

#include "api/file_json.h"
#include "api/file_part.h"
#include "api/incoming.h"
#include "base/text.h"

static void post(struct call *c);

const struct route upload_routes[] = {
    {"POST", "/v1/files", " name keep sha256 ", post},
    {0},
};

struct upload {
    struct incoming in;
    bool form;
    struct file wanted; /* keep; of one that is the body also name and type */
    struct str sha256;  /* that it must have; p NULL: any */
};

static struct upload *of(struct incoming *in) { return CONTAINER_OF(in, struct upload, in); }

/* ---- the end ---- */

static void on_kept(struct incoming *in, int err)
{
    struct call *c = in->call;
    if (err) {
        call_problem(c, &in->why);
        return;
    }
    char path[FILE_JSON_PATH];
    size_t n = in->add.n;
    struct buf b = call_buf(c);
    struct http_header location = {STR("Location"), arena_str(&c->req->arena, file_json_path(&in->files[0].id, path))};
    if (n > 1) call_list_open(&b);
    for (size_t i = 0; i < n; i++) file_json_write(&b, &in->files[i]);
    if (n > 1) call_list_close(&b, NULL);
    call_answer_buf(c, 201, CALL_JSON, &b, &location, n == 1);
}

static int check_sha256(struct upload *u, const struct file *file)
{
    char hex[FILE_JSON_HEX];
    if (!u->sha256.p) return 0;
    hash_hex(file->sha256, HASH_SHA256, hex);
    if (str_eq_nocase(u->sha256, str_of(hex))) return 0;
    return err_set(&u->in.why, ERR_INVALID, "what arrived has another SHA-256 than was said: %s; nothing was stored", hex);
}

/* ---- pieces: each of these is what is next; ERR_*: `why` ---- */

static int begin_part(struct upload *u)
{
    const struct multipart_part *p = &u->in.parts.part;
    struct file file = u->wanted;
    if (!p->filename.p)
        return err_set(&u->in.why, ERR_INVALID, "the form's field '%.*s' is no file; only parts with a filename are taken",
                       (int)(p->name.len > 60 ? 60 : p->name.len), p->name.p);
    return incoming_open_part(&u->in, &file);
}

static int end_form(struct incoming *in)
{
    if (in->arrivals.n == 0) return err_set(&in->why, ERR_INVALID, "the form has no part with a filename");
    incoming_store(in);
    return 0;
}

static int pump_form(struct upload *u)
{
    struct incoming *in = &u->in;
    enum multipart_event event;
    int rc = multipart_take(&in->parts, &in->rest, &event, &in->why);
    if (rc == 0 && in->ended) rc = multipart_end(&in->parts, &in->why);
    if (rc < 0) return rc;
    if (rc == 0 && in->ended) return end_form(in);
    if (rc == 0) incoming_read(in);
    else if (event == MULTIPART_BEGIN) return begin_part(u);
    else if (event == MULTIPART_DATA) return incoming_add(in, in->parts.data);
    else incoming_close(in);
    return 0;
}

static int pump_body(struct incoming *in)
{
    struct str bytes = in->rest;
    in->rest = STR_NONE;
    if (bytes.len) return incoming_add(in, bytes);
    if (in->ended) incoming_close(in);
    else incoming_read(in);
    return 0;
}

static void pump(struct incoming *in)
{
    if (of(in)->form ? pump_form(of(in)) : pump_body(in)) incoming_drop(in);
}

static void on_closed(struct incoming *in, const struct file *file)
{
    if (of(in)->form) pump(in);
    else if (check_sha256(of(in), file)) incoming_drop(in);
    else incoming_store(in);
}

static const struct incoming_kind kind = {.pump = pump, .on_closed = on_closed, .on_kept = on_kept};

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
    struct call *c = u->in.call;
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
    struct str said = http_header(u->in.call->req, "Content-Length");
    if (u->form || !said.p || text_int(&length, said) != 0) length = 0;
    struct filing *filing = &u->in.call->api->server->filing;
    int err = filing_take(filing, 0, length, e);
    if (!err) filing_arrived(filing, length, NULL);
    return err;
}

static int read_head(struct upload *u, struct str type, struct err *e)
{
    struct call *c = u->in.call;
    int err = read_query_of(u, e);
    if (!err && !u->form) err = file_part_type(&c->req->arena, type, u->wanted.name, &u->wanted.type, e);
    if (!err) err = check_length(u, e);
    if (!err && u->form) err = multipart_init(&u->in.parts, type, e);
    return err;
}

static void post(struct call *c)
{
    struct err e = {0};
    struct str type = http_header(c->req, "Content-Type");
    struct upload *u = arena_alloc(&c->req->arena, sizeof *u);
    *u = (struct upload){.form = type.p && multipart_is(type)};
    int err = incoming_init(&u->in, c, &kind, u->form ? LIMIT_FORM_PARTS : 1, &e);
    if (!err) err = read_head(u, type, &e);
    if (err) call_problem(c, &e);
    else if (u->form) incoming_read(&u->in);
    else incoming_open(&u->in, &u->wanted);
}
