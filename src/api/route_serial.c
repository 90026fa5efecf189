/* SPDX-License-Identifier: Apache-2.0
 *
 * See route_serial.h.
 */
#include "api/route_serial.h"

#include "api/call.h"
#include "base/text.h"
#include "store/store.h"

struct finding {
    struct call *call;
    const char *method, *pattern;
    void (*handle)(struct call *c); /* instead of those; NULL: it is they */
    struct store_list list;
};

static void handle(const struct finding *f)
{
    if (f->handle) f->handle(f->call);
    else api_handle(f->call, f->method, f->pattern);
}

static void go_on(struct finding *f, const struct id *id)
{
    struct call *c = f->call;
    char text[ID_TEXT];
    id_format(id, text);
    c->params[0] = arena_str(&c->req->arena, str_of(text));
    handle(f);
}

/* Two could only be of two processes, or of one whose clock was put back between two starts. */
static void on_listed(struct store_req *req)
{
    struct finding *f = req->user;
    int err = req->err;
    size_t n = f->list.n;
    bool more = f->list.more;
    struct id id = !err && n ? f->list.items[0].body.id : f->list.last;
    store_release(req);
    if (err) {
        call_store_failed(f->call, err);
    } else if (n > 1) {
        call_refuse(f->call, ERR_CONFLICT, "two tasks have this number; ask by their ids");
    } else if (n == 1) {
        go_on(f, &id);
    } else if (more) { /* its time was up before it found one */
        struct store_list next = {.filter = f->list.filter, .limit = 2, .has_after = true, .after = id};
        f->list = next;
        store_list(f->call->api->server->store, &f->list, on_listed, f);
    } else {
        call_refuse(f->call, ERR_NOT_FOUND, "there is no task with this number");
    }
}

static void find(struct finding *f)
{
    struct call *c = f->call;
    struct id id;
    int64_t serial;
    f->list = (struct store_list){.limit = 2, .has_after = true};
    if (id_parse(&id, c->params[0]) == 0) {
        handle(f);
    } else if (text_int(&serial, c->params[0]) != 0 || id_of_serial(&f->list.filter.from, serial) != 0 ||
               id_of_serial(&f->list.after, serial + 1) != 0) {
        call_refuse(c, ERR_NOT_FOUND, "there is no task with this number");
    } else {
        f->list.filter.has_from = true;
        store_list(c->api->server->store, &f->list, on_listed, f);
    }
}

void route_serial(struct call *c, const char *method, const char *pattern)
{
    struct finding *f = arena_alloc(&c->req->arena, sizeof *f);
    *f = (struct finding){.call = c, .method = method, .pattern = pattern};
    find(f);
}

void route_serial_to(struct call *c, void (*handle_it)(struct call *c))
{
    struct finding *f = arena_alloc(&c->req->arena, sizeof *f);
    *f = (struct finding){.call = c, .handle = handle_it};
    find(f);
}
