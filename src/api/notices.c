/* SPDX-License-Identifier: Apache-2.0
 *
 * /v1/notifications: list, one, read one and all, remove.
 */
#include "api/call_body.h"
#include "api/notice_json.h"
#include "api/page.h"
#include "api/route_call.h"
#include "api/route_notices.h"
#include "base/text.h"

static void list(struct call *c);
static void get(struct call *c);
static void mark_read(struct call *c);
static void read_all(struct call *c);
static void drop(struct call *c);

const struct route notices_routes[] = {
    {"GET", "/v1/notifications", " unread_only subject task limit cursor ", list},
    {"GET", "/v1/notifications/{}", " ", get},
    {"POST", "/v1/notifications/{}/read", " ", mark_read},
    {"POST", "/v1/notifications/read-all", " ", read_all},
    {"DELETE", "/v1/notifications/{}", " ", drop},
    {0},
};

#define NONE "there is no such notification"
#define READ_CHUNK 500 /* of those that are read by one commit */

static void refuse_change(struct call *c, int err)
{
    if (err == ERR_NOT_FOUND) call_refuse(c, err, NONE);
    else call_refuse(c, err, "%s; nothing was changed, try again later", err_text(err));
}

/* ---- one ---- */

struct wanted {
    struct call *call;
    struct store_notice_get get;
};

static void on_get(struct store_req *req)
{
    struct wanted *w = req->user;
    struct buf b = call_buf(w->call);
    int err = req->err ? req->err : w->get.found;
    if (!err) notice_json_write(&b, &w->get.notice);
    store_release(req);
    if (err) call_store_failed_or(w->call, err, NONE);
    else call_answer(w->call, 200, &b);
}

static void get(struct call *c)
{
    struct wanted *w = arena_alloc(&c->req->arena, sizeof *w);
    w->call = c;
    if (!call_id_or(c, NONE, &w->get.id)) store_notice_get(c->api->server->store, &w->get, on_get, w);
}

/* ---- read ---- */

struct reading {
    struct call *call;
    struct store_notice_read read;
    struct store_notice_list newest; /* all: those that come later are not meant */
    struct str subject;
    int64_t n;
};

static void on_read(struct store_req *req)
{
    struct reading *r = req->user;
    struct buf b = call_buf(r->call);
    int err = req->err ? req->err : r->read.err;
    if (!err && r->call->through) route_notices_write(r->call, &b, &r->read.notice);
    else if (!err) notice_json_write(&b, &r->read.notice);
    store_release(req);
    if (err) {
        refuse_change(r->call, err);
        return;
    }
    notices_changed(&r->call->api->server->notices, r->read.unread);
    call_answer(r->call, 200, &b);
}

/* In some routes their numbers are their ids. */
static bool is_number(struct call *c, int64_t *ret)
{
    return c->through && c->through->conf.serial && text_int(ret, c->params[0]) == 0 && *ret > 0;
}

static void mark_read(struct call *c)
{
    struct reading *r = arena_alloc(&c->req->arena, sizeof *r);
    int64_t number;
    r->call = c;
    if (call_body_nothing(c)) return;
    if (is_number(c, &number)) r->read.serial = number;
    else if (call_id_or(c, NONE, &r->read.id)) return;
    store_notice_read(c->api->server->store, &r->read, on_read, r);
}

static void read_some(struct reading *r);

static void on_some(struct store_req *req)
{
    struct reading *r = req->user;
    int err = req->err;
    store_release(req);
    r->n += (int64_t)r->read.n;
    if (!err) notices_changed(&r->call->api->server->notices, r->read.unread);
    if (err) {
        call_refuse(r->call, err, "%s; %lld were read, try again later", err_text(err), (long long)r->n);
    } else if (r->read.more) {
        read_some(r);
    } else {
        struct buf b = call_buf(r->call);
        json_write_open(&b, '{');
        json_write_member_int(&b, "read", r->n);
        json_write_close(&b, '}');
        call_answer(r->call, 200, &b);
    }
}

static void read_some(struct reading *r)
{
    struct id until = r->read.until;
    r->read = (struct store_notice_read){.all = true, .subject = r->subject, .has_until = true, .until = until, .max = READ_CHUNK};
    store_notice_read(r->call->api->server->store, &r->read, on_some, r);
}

static void on_newest(struct store_req *req)
{
    struct reading *r = req->user;
    int err = req->err;
    bool any = !err && r->newest.n > 0;
    if (any) r->read.until = r->newest.items[0].id;
    store_release(req);
    if (err) call_store_failed(r->call, err);
    else read_some(r); /* without any, up to the zeroed id: none */
}

static int read_subject(const struct members *m, void *to, const struct json_node *v, const char *pointer)
{
    return v->kind == JSON_NULL ? 0 : members_text(m, v, pointer, LIMIT_SUBJECT, to);
}

static const struct member read_members[] = {{"subject", read_subject}, {NULL, NULL}};

static void read_all(struct call *c)
{
    struct reading *r = arena_alloc(&c->req->arena, sizeof *r);
    r->call = c;
    if (call_body_members(c, NULL, read_members, &r->subject)) return;
    r->newest = (struct store_notice_list){.limit = 1, .unread_only = true, .subject = r->subject};
    store_notice_list(c->api->server->store, &r->newest, on_newest, r);
}

/* ---- remove ---- */

struct dropping {
    struct call *call;
    struct store_notice_drop drop;
};

static void on_drop(struct store_req *req)
{
    struct dropping *d = req->user;
    int err = req->err ? req->err : d->drop.err;
    store_release(req);
    if (err) {
        refuse_change(d->call, err);
        return;
    }
    notices_changed(&d->call->api->server->notices, d->drop.unread);
    call_answer_with(d->call, 204, NULL, STR_NONE, NULL, 0);
}

static void drop(struct call *c)
{
    struct dropping *d = arena_alloc(&c->req->arena, sizeof *d);
    d->call = c;
    if (!call_id_or(c, NONE, &d->drop.id)) store_notice_drop(c->api->server->store, &d->drop, on_drop, d);
}

/* ---- list ---- */

struct page {
    struct call *call;
    struct store_notice_list list;
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
    json_write_open(&b, '{');
    json_write_member_int(&b, "unread", p->list.unread);
    call_list_items(&b);
    for (size_t i = 0; i < p->list.n; i++) notice_json_write(&b, &p->list.items[i]);
    if (more) last = p->list.items[p->list.n - 1].id;
    store_release(req);
    page_answer(c, &b, more ? &last : NULL);
}

/* Of the query; answers a refusal itself. */
static int read_filter(struct call *c, struct store_notice_list *list)
{
    struct str unread = query_get(&c->query, "unread_only"), task = query_get(&c->query, "task");
    list->subject = query_get(&c->query, "subject");
    list->unread_only = str_eq(unread, STR("true"));
    list->has_task = task.p != NULL;
    if (unread.p && !list->unread_only && !str_eq(unread, STR("false"))) {
        call_refuse(c, ERR_INVALID, "unread_only must be true or false");
        return ERR_INVALID;
    }
    if (!task.p || id_parse(&list->task, task) == 0) return 0;
    call_refuse(c, ERR_INVALID, "task must be the id of a task");
    return ERR_INVALID;
}

static void list(struct call *c)
{
    struct page *p = arena_alloc(&c->req->arena, sizeof *p);
    struct page_ask ask;
    p->call = c;
    if (read_filter(c, &p->list) || page_ask(c, &ask) || call_claim(c, (size_t)ask.limit * NOTICE_EXPECTED)) return;
    p->list.limit = (size_t)ask.limit;
    p->list.has_after = ask.has_after;
    p->list.after = ask.after;
    store_notice_list(c->api->server->store, &p->list, on_listed, p);
}
