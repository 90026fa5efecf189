/* SPDX-License-Identifier: Apache-2.0
 *
 * /v1/tasks: submit, list.
 */
#include "api/tasks.h"

#include "api/call.h"
#include "api/event_stream.h"
#include "api/file_refs.h"
#include "api/filter.h"
#include "api/idempotency.h"
#include "api/key_held.h"
#include "api/page.h"
#include "api/prefer.h"
#include "api/route_callback.h"
#include "api/route_uploads.h"
#include "api/submission.h"
#include "api/task_json.h"
#include "api/trace_headers.h"
#include "api/wait.h"

static void submit(struct call *c);
static void list(struct call *c);
static void latest(struct call *c);

const struct route tasks_routes[] = {
    {"POST", "/v1/tasks", " share ", submit},
    {"GET", "/v1/tasks/latest", " subject type wait ", latest},
    {"GET", "/v1/tasks", FILTER_QUERY "limit cursor ", list},
    {0},
};

/* ---- submit ---- */

struct submit {
    struct call *call;
    int64_t wait_ms;
    bool busy; /* its idempotency key is among those in use */
    struct task_body body;
    struct store_add_item item;
    struct store_add add;
};

static void accepted(struct submit *m)
{
    struct call *c = m->call;
    char location[TASK_JSON_PATH];
    struct str path = task_json_path(&m->body.id, location);
    struct task t = store_added(&m->item);
    struct buf b = call_buf(c);
    bool minimal = !c->through && !c->shares && str_eq_nocase(prefer_find(c->req, "return"), STR("minimal"));
    if (minimal) task_json_write_id(&b, &m->body.id);
    else task_json_write(&b, c->api->server, &t, c->through && t.input_bytes <= LIMIT_INLINE ? TASK_SHOW_WHOLE : task_json_of(c));
    struct http_header headers[] = {{STR("Location"), path}, {STR("Retry-After"), STR("1")},
                                    {STR("Preference-Applied"), STR("return=minimal")}};
    call_answer_buf(c, 202, CALL_JSON, &b, headers, minimal ? 3 : 2);
}

/* A route's answer may be made of it. */
static void drop_body(struct call *c)
{
    if (!c->through) http_drop_body(c->req);
}

/* It may take a minute, and the body is stored: nothing that lies in it is used from here on. */
static void wait(struct submit *m)
{
    drop_body(m->call);
    wait_start(m->call, &m->body.id, m->wait_ms);
}

/* From its creation on. */
static void follow(struct submit *m)
{
    struct task t = store_added(&m->item);
    event_stream_submitted(m->call, &t);
}

static void refuse_held(struct call *c, const struct store_add_item *item)
{
    struct err e;
    char extra[KEY_HELD_EXTRA];
    (void)key_held(item, &e, extra);
    call_problem_with(c, &e, NULL, 0, str_of(extra));
}

static void on_added(struct store_req *req)
{
    struct submit *m = req->user;
    struct call *c = m->call;
    int err = req->err ? req->err : m->item.err;
    store_release(req);
    struct server *s = c->api->server;
    if (m->busy) idempotency_end(c->api, m->item.key);
    if (!err && (m->item.replayed || m->item.existing)) {
        c->replayed = m->item.replayed;
        c->existing = m->item.existing;
        drop_body(c);
        route_uploads_drop(c);
        if (event_stream_is_asked(c->req) && !c->through)
            event_stream_start(c, c->existing ? &m->item.holder : &m->item.first, NULL, BUS_ALL, STR_NONE);
        else wait_start(c, c->existing ? &m->item.holder : &m->item.first, m->wait_ms);
        return;
    }
    if (!err) {
        server_added(s, &m->item);
        route_uploads_keep(c, m->body.files, m->body.n_files);
    }
    metrics_submitted(&s->metrics, m->body.queue, server_type_label(s, m->body.type), err != 0);
    if (err == ERR_QUEUE_FULL)
        call_refuse(c, err, "queue %.*s has its %lld waiting tasks; try again later", STR_ARG(m->body.queue),
                    (long long)m->item.capacity);
    else if (err == ERR_KEY_HELD)
        refuse_held(c, &m->item);
    else if (err == ERR_UNKNOWN_FILE)
        call_problem(c, file_refs_missing(&m->item, &(struct err){0}));
    else if (err == ERR_KEY_REUSED)
        call_refuse(c, err, "this Idempotency-Key was used for a submit with another body; nothing was stored");
    else if (err)
        call_refuse(c, err, "%s; nothing was stored, try again later", err_text(err));
    else if (event_stream_is_asked(c->req) && !c->through)
        follow(m);
    else if (m->wait_ms > 0)
        wait(m);
    else
        accepted(m);
}

static bool is_json(struct str type)
{
    struct str media = str_trim(str_cut(&type, ';'));
    return str_eq_nocase(media, STR("application/json"));
}

void tasks_submit(struct call *c, struct str fields, struct str input, int64_t wait_ms)
{
    struct server *s = c->api->server;
    struct submit *m = arena_alloc(&c->req->arena, sizeof *m);
    *m = (struct submit){.call = c, .wait_ms = wait_ms};
    c->submits = true;
    if (s->draining) {
        call_refuse(c, ERR_DRAINING, "the server is stopping; submit again when it is back");
        return;
    }
    struct err e = {0};
    struct json *j = &c->api->json;
    int err = json_parse(j, fields, &e);
    if (!err) err = submission_read_with(c->req, &m->body, input, j, json_root(j), s, &c->req->arena, &e);
    if (err) {
        call_problem(c, &e);
        return;
    }
    if (route_callback_add(c, &m->body.sequel)) return;
    const struct queue *q = queue_find(&s->queues, m->body.queue);
    if (q->draining) {
        call_refuse(c, ERR_DRAINING, "queue %.*s takes no new tasks until it is resumed", STR_ARG(q->name));
        return;
    }
    m->body.id = id_make(&s->ids);
    m->body.trace = trace_headers_read(c->req);
    m->item = (struct store_add_item){.body = &m->body, .capacity = q->capacity};
    if (idempotency_begin(c, &m->item)) return;
    m->busy = m->item.key.p != NULL;
    m->add = (struct store_add){.items = &m->item, .n = 1};
    store_add(s->store, &m->add, on_added, m);
}

static void submit(struct call *c)
{
    int64_t wait_ms;
    if (!c->api->server->draining && !is_json(http_header(c->req, "Content-Type"))) {
        call_refuse(c, ERR_MEDIA, "a submit needs Content-Type: application/json (with curl: -H 'Content-Type: application/json')");
        return;
    }
    if (call_wait_ms(c, &wait_ms) || call_shares(c)) return;
    tasks_submit(c, c->req->body, STR_NONE, wait_ms);
}

/* ---- list ---- */

#define TASK_EXPECTED (8 * 1024) /* room claimed for each task of a page before its size is known: larger than most */

struct page {
    struct call *call;
    struct store_list list;
};

_Static_assert(LIMIT_PAGE_BYTES + TASK_JSON_MAX < ANSWER_MAX, "a page, its last task whole, must fit");

/* True: there is more behind list->last, in the store or because the page is large enough. */
static bool write_items(struct buf *b, struct server *s, struct store_list *list)
{
    for (size_t i = 0; i < list->n; i++) {
        if (b->len > LIMIT_PAGE_BYTES) {
            list->last = list->items[i - 1].body.id;
            return true;
        }
        task_json_write(b, s, &list->items[i], TASK_SHOW_NEITHER);
    }
    return list->more;
}

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
    call_list_open(&b);
    bool more = write_items(&b, c->api->server, &p->list);
    store_release(req);
    page_answer(c, &b, more ? &p->list.last : NULL);
}

static void list(struct call *c)
{
    struct page *p = arena_alloc(&c->req->arena, sizeof *p);
    struct filter filter;
    struct page_ask ask;
    if (page_ask(c, &ask) || filter_read_query(c, &filter)) return;
    *p = (struct page){c, {.limit = (size_t)ask.limit, .has_after = ask.has_after, .after = ask.after}};
    filter_begin(&filter, &p->list);
    if (call_claim(c, p->list.limit * TASK_EXPECTED)) return;
    store_list(c->api->server->store, &p->list, on_listed, p);
}

/* ---- the newest about a subject ---- */

struct newest {
    struct call *call;
    struct store_list list;
    int64_t wait_ms;
};

static void on_newest(struct store_req *req)
{
    struct newest *m = req->user;
    int err = req->err;
    bool found = !err && m->list.n > 0, more = m->list.more;
    struct id id = found ? m->list.items[0].body.id : m->list.last;
    store_release(req);
    if (found) {
        wait_start(m->call, &id, m->wait_ms);
    } else if (err) {
        call_store_failed(m->call, err);
    } else if (more) { /* its time was up before it found one */
        m->list = (struct store_list){.filter = m->list.filter, .limit = 1, .has_after = true, .after = id};
        store_list(m->call->api->server->store, &m->list, on_newest, m);
    } else {
        call_refuse(m->call, ERR_NOT_FOUND, "there is no task about this subject");
    }
}

static void latest(struct call *c)
{
    struct newest *m = arena_alloc(&c->req->arena, sizeof *m);
    *m = (struct newest){.call = c, .list = {.limit = 1}};
    m->list.filter.subject = query_get(&c->query, "subject");
    m->list.filter.type = query_get(&c->query, "type");
    if (call_wait_ms(c, &m->wait_ms)) return;
    if (!m->list.filter.subject.p) call_refuse(c, ERR_INVALID, "say which subject: /v1/tasks/latest?subject=chapter-123");
    else store_list(c->api->server->store, &m->list, on_newest, m);
}
