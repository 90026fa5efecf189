/* SPDX-License-Identifier: Apache-2.0
 */
#include "api/incoming.h"

#include "api/file_part.h"

#define PIECE_MAX (1024 * 1024)

static struct incoming *of(struct arrivals *a) { return CONTAINER_OF(a, struct incoming, arrivals); }

static struct server *server_of(const struct incoming *in) { return in->call->api->server; }

int incoming_init(struct incoming *in, struct call *c, const struct incoming_kind *kind, size_t max_files, struct err *e)
{
    struct server *s = c->api->server;
    *in = (struct incoming){.call = c, .kind = kind};
    if (s->draining) return err_set(e, ERR_DRAINING, "the server is stopping; send it again when it is back");
    in->arrivals = (struct arrivals){.blob = s->filing.blob, .chores = s->conf.chores, .max = max_files};
    in->arrivals.all = arena_alloc(&c->req->arena, max_files * sizeof *in->arrivals.all);
    buf_init(&in->piece, PIECE_MAX);
    return 0;
}

static void release(struct incoming *in, const struct store_file_total *total)
{
    filing_arrived(&server_of(in)->filing, in->counted, total);
    buf_release(&in->piece);
    multipart_release(&in->parts);
    if (in->kind->on_release) in->kind->on_release(in);
}

static void on_dropped(struct arrivals *a)
{
    struct incoming *in = of(a);
    release(in, NULL);
    call_problem(in->call, &in->why);
}

void incoming_drop(struct incoming *in) { arrival_drop(&in->arrivals, on_dropped); }

static bool has_failed(struct incoming *in)
{
    if (!arrival_failed(&in->arrivals, &in->why)) return false;
    incoming_drop(in);
    return true;
}

/* ---- pieces ---- */

static void on_body(struct http_request *r, struct str piece, const struct err *e)
{
    struct incoming *in = r->user;
    if (e) {
        in->why = *e;
        incoming_drop(in);
        return;
    }
    buf_clear(&in->piece);
    buf_add_str(&in->piece, piece);
    in->held = in->kept + piece.len;
    if (buf_err(&in->piece) || http_hold(r, in->held) != 0) {
        (void)err_set(&in->why, ERR_AGAIN, "too many large request bodies are arriving at this moment");
        incoming_drop(in);
        return;
    }
    in->rest = buf_str(&in->piece);
    in->ended = piece.len == 0;
    in->kind->pump(in);
}

void incoming_read(struct incoming *in)
{
    struct http_request *r = in->call->req;
    r->user = in;
    if (in->held) http_let_go(r, in->kept < in->held ? in->kept : in->held);
    http_read(r, on_body);
}

/* ---- a file ---- */

static void on_step(struct arrivals *a)
{
    struct incoming *in = of(a);
    if (!has_failed(in)) in->kind->pump(in);
}

void incoming_open(struct incoming *in, struct file *file)
{
    struct server *s = server_of(in);
    file->id = id_make(&s->ids);
    file->created_at_ms = turn_wall_ms(s->turn);
    arrival_open(&in->arrivals, file, on_step);
}

int incoming_open_part(struct incoming *in, struct file *file)
{
    const struct multipart_part *p = &in->parts.part;
    struct arena *a = &in->call->req->arena;
    file->name = arena_str(a, file_part_last(p->filename));
    int err = file_part_name(file->name, &in->why);
    if (!err) err = file_part_type(a, p->type, file->name, &file->type, &in->why);
    if (!err) err = filing_take(&server_of(in)->filing, 0, 0, &in->why);
    if (!err) incoming_open(in, file);
    return err;
}

int incoming_add(struct incoming *in, struct str bytes)
{
    int err = filing_take(&server_of(in)->filing, in->arrivals.current->file.bytes, (int64_t)bytes.len, &in->why);
    if (err) return err;
    in->counted += (int64_t)bytes.len;
    arrival_add(&in->arrivals, bytes, on_step);
    return 0;
}

static void on_closed(struct arrivals *a)
{
    struct incoming *in = of(a);
    if (has_failed(in)) return;
    const struct file *file = &a->current->file;
    a->current = NULL;
    in->kind->on_closed(in, file);
}

void incoming_close(struct incoming *in) { arrival_close(&in->arrivals, on_closed); }

/* ---- the end: rows, then names ---- */

static void on_settled(struct arrivals *a)
{
    struct incoming *in = of(a);
    int err = arrival_failed(a, &in->why);
    release(in, &in->add.total);
    in->kind->on_kept(in, err);
}

static void on_stored(struct store_req *req)
{
    struct incoming *in = req->user;
    int err = req->err;
    store_release(req);
    if (!err) {
        arrival_settle(&in->arrivals, on_settled);
        return;
    }
    (void)err_set(&in->why, err, "%s; nothing was stored, try again later", err_text(err));
    incoming_drop(in);
}

void incoming_store(struct incoming *in)
{
    const struct arrivals *a = &in->arrivals;
    if (a->n == 0) {
        release(in, NULL);
        in->kind->on_kept(in, 0);
        return;
    }
    in->files = arena_alloc(&in->call->req->arena, a->n * sizeof *in->files);
    for (size_t i = 0; i < a->n; i++) in->files[i] = a->all[i].file;
    in->add = (struct store_file_add){.files = in->files, .n = a->n};
    store_file_add(server_of(in)->store, &in->add, on_stored, in);
}
