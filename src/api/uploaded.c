/* SPDX-License-Identifier: Apache-2.0
 *
 * /v1/files: what was uploaded: list, bytes, facts, remove.
 */
#include "api/api.h"

#include "api/call.h"
#include "api/download.h"
#include "api/file_json.h"
#include "api/page.h"

static void list(struct call *c);
static void bytes(struct call *c);
static void info(struct call *c);
static void drop(struct call *c);

const struct route uploaded_routes[] = {
    {"GET", "/v1/files", " limit cursor ", list},
    {"GET", "/v1/files/{}", " ", bytes},
    {"GET", "/v1/files/{}/info", " ", info},
    {"DELETE", "/v1/files/{}", " ", drop},
    {0},
};

#define NONE "there is no such file"

/* ---- one ---- */

struct wanted {
    struct call *call;
    struct store_file_get get;
    struct download_file file;
};

static void get(struct call *c, void (*on_done)(struct store_req *req))
{
    struct wanted *w = arena_alloc(&c->req->arena, sizeof *w);
    w->call = c;
    if (!call_id_or(c, NONE, &w->get.id)) store_file_get(c->api->server->store, &w->get, on_done, w);
}

/* True: it is there. */
static bool is_there(struct wanted *w)
{
    int err = w->get.req.err ? w->get.req.err : w->get.found;
    if (!err) return true;
    store_release(&w->get.req);
    call_store_failed_or(w->call, err, NONE);
    return false;
}

static void on_info(struct store_req *req)
{
    struct wanted *w = req->user;
    if (!is_there(w)) return;
    struct buf b = call_buf(w->call);
    file_json_write(&b, &w->get.file);
    store_release(req);
    call_answer(w->call, 200, &b);
}

static void info(struct call *c) { get(c, on_info); }

static void on_bytes(struct store_req *req)
{
    struct wanted *w = req->user;
    struct arena *a = &w->call->req->arena;
    const struct file *f = &w->get.file;
    if (!is_there(w)) return;
    char hex[FILE_JSON_HEX], id[ID_TEXT];
    hash_hex(f->sha256, HASH_SHA256, hex);
    id_format(&f->id, id);
    w->file = (struct download_file){.blob = w->call->api->server->filing.blob,
                                     .id = f->id,
                                     .shown = arena_str(a, f->name.len ? f->name : str_of(id)),
                                     .type = arena_text(a, f->type),
                                     .etag = arena_text(a, arena_format(a, "\"%s\"", hex))};
    store_release(req);
    download_start_file(w->call, &w->file);
}

static void bytes(struct call *c) { get(c, on_bytes); }

/* ---- remove ---- */

struct dropping {
    struct call *call;
    struct store_file_drop drop;
};

static void on_drop(struct store_req *req)
{
    struct dropping *d = req->user;
    int err = req->err ? req->err : d->drop.err;
    store_release(req);
    if (err == ERR_CONFLICT) {
        call_refuse(d->call, err, "a task that has not ended refers to this file");
    } else if (err == ERR_NOT_FOUND) {
        call_store_failed_or(d->call, err, NONE);
    } else if (err) {
        call_refuse(d->call, err, "%s; nothing was removed, try again later", err_text(err));
    } else {
        filing_look(&d->call->api->server->filing);
        call_answer_with(d->call, 204, NULL, STR_NONE, NULL, 0);
    }
}

static void drop(struct call *c)
{
    struct dropping *d = arena_alloc(&c->req->arena, sizeof *d);
    d->call = c;
    if (!call_id_or(c, NONE, &d->drop.id)) store_file_drop(c->api->server->store, &d->drop, on_drop, d);
}

/* ---- list ---- */

struct page {
    struct call *call;
    struct store_file_list list;
};

static void on_listed(struct store_req *req)
{
    struct page *p = req->user;
    struct call *c = p->call;
    if (req->err) {
        int err = req->err;
        store_release(req);
        call_store_failed(c, err);
        return;
    }
    struct buf b = call_buf(c);
    struct id last;
    bool more = p->list.more;
    call_list_open(&b);
    for (size_t i = 0; i < p->list.n; i++) file_json_write(&b, &p->list.items[i]);
    if (more) last = p->list.items[p->list.n - 1].id;
    store_release(req);
    page_answer(c, &b, more ? &last : NULL);
}

static void list(struct call *c)
{
    struct page *p = arena_alloc(&c->req->arena, sizeof *p);
    struct page_ask ask;
    if (page_ask(c, &ask)) return;
    *p = (struct page){c, {.limit = (size_t)ask.limit, .has_after = ask.has_after, .after = ask.after}};
    store_file_list(c->api->server->store, &p->list, on_listed, p);
}
