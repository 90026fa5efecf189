/* SPDX-License-Identifier: Apache-2.0
 *
 * From a request to its handler: web pages of other sites kept out (origin.h), path and method looked up in the tables,
 * unknown query names refused, the rest is the handler's.
 */
#include "api/api.h"

#include "api/call.h"
#include "api/notice_json.h"
#include "api/origin.h"
#include "api/pull_upload.h"
#include "api/routes.h"
#include "api/sequel.h"
#include "api/shared.h"
#include "api/task_json.h"

#include <assert.h>

static const struct route *const tables[] = {dashboard_routes, tasks_routes, task_routes, queues_routes,
                                             workers_routes, health_routes, openapi_routes,
                                             stats_routes, analytics_routes, metrics_page_routes,
                                             bulk_routes,    history_routes, change_routes,
                                             gc_routes,      batch_routes,   files_routes,
                                             pull_claim_routes, pull_attempt_routes, pull_upload_routes,
                                             callbacks_routes,
                                             upload_routes,  uploaded_routes, files_zip_routes,
                                             events_routes, deliveries_routes, notices_routes, ws_routes};

static void write_news(void *user, struct buf *b, const struct task *t, bool with_result)
{
    task_json_write(b, ((struct api *)user)->server, t, with_result ? TASK_SHOW_RESULT : TASK_SHOW_NEITHER);
}

static void write_notice(void *user, struct buf *b, const struct notice *n)
{
    (void)user;
    notice_json_write(b, n);
}

void api_init(struct api *a, struct server *server)
{
    *a = (struct api){.server = server, .started_at_ms = turn_wall_ms(server->turn)};
    server->sequel.maker = sequel_maker(a);
    server->news.writer = (struct news_writer){a, write_news, write_notice};
    json_init(&a->json);
    map_init(&a->busy_keys);
    a->json.closed = STR("input"); /* passed on, never looked into */
}

void api_release(struct api *a)
{
    json_release(&a->json);
    map_release(&a->busy_keys);
}

/* Does the raw path fit? `{}` takes one segment that is not empty; those are left undecoded in params. */
static bool fits(const char *pattern, struct str path, struct str params[API_PARAMS])
{
    size_t n = 0;
    while (*pattern) {
        if (pattern[0] == '{') {
            size_t len = str_find(path, '/');
            if (len == 0) return false;
            /* a colon verb stands behind its noun, not inside an id */
            params[n++] = str_sub(path, 0, len);
            path = str_sub(path, len, path.len - len);
            pattern += 2;
        } else {
            if (path.len == 0 || path.p[0] != *pattern) return false;
            path = str_sub(path, 1, path.len - 1);
            pattern++;
        }
    }
    return path.len == 0;
}

/* Is it a pattern itself, as /v1/tasks/latest? Then no {} means it. */
static bool is_pattern(struct str path)
{
    for (size_t t = 0; t < sizeof tables / sizeof *tables; t++)
        for (const struct route *r = tables[t]; r->method; r++)
            if (str_eq(path, str_of(r->pattern)) && !strchr(r->pattern, '{')) return true;
    return false;
}

static bool path_fits(const struct route *r, struct str path, struct str params[API_PARAMS])
{
    return fits(r->pattern, path, params) && !(strchr(r->pattern, '{') && is_pattern(path));
}

static bool method_fits(const struct route *r, struct str method)
{
    return str_eq(method, str_of(r->method)) || (str_eq(method, STR("HEAD")) && strcmp(r->method, "GET") == 0);
}

#define OWN 1 /* the first of those that no route of the configuration can have: before it is the dashboard's */
#define TABLES (sizeof tables / sizeof *tables)

static size_t first_table(const struct call *c) { return c->api->server->conf.config->dashboard ? 0 : OWN; }

/* All methods of this path, for Allow; NULL when the path is unknown. */
static const char *allowed(struct call *c, struct str path)
{
    struct buf b;
    buf_init(&b, 256);
    struct str unused[API_PARAMS];
    for (size_t t = first_table(c); t < TABLES; t++) {
        for (const struct route *r = tables[t]; r->method; r++) {
            if (!path_fits(r, path, unused)) continue;
            buf_add_format(&b, "%s%s%s", b.len ? ", " : "", r->method, strcmp(r->method, "GET") == 0 ? ", HEAD" : "");
        }
    }
    routes_allow(c, &b);
    if (b.len) buf_add_text(&b, ", OPTIONS");
    const char *text = b.len ? arena_text(&c->req->arena, buf_str(&b)) : NULL;
    buf_release(&b);
    return text;
}

static const struct route *find(struct call *c, struct str method, struct str path, size_t from, size_t to)
{
    for (size_t t = from; t < to; t++)
        for (const struct route *r = tables[t]; r->method; r++)
            if (method_fits(r, method) && path_fits(r, path, c->params)) return r;
    return NULL;
}

static void refuse_path(struct call *c)
{
    const char *allow = allowed(c, c->req->path);
    if (!allow) {
        call_refuse(c, ERR_NOT_FOUND, "there is no %.*s; the routes are under /v1", (int)(c->req->path.len > 200 ? 200 : c->req->path.len),
                    c->req->path.p);
        return;
    }
    struct http_header header = {STR("Allow"), str_of(allow)};
    if (str_eq(c->req->method, STR("OPTIONS"))) {
        call_answer_with(c, 204, NULL, STR_NONE, &header, 1);
        return;
    }
    struct err e;
    (void)err_set(&e, ERR_METHOD, "%.*s is not allowed here; allowed: %s", STR_ARG(c->req->method), allow);
    call_problem_with(c, &e, &header, 1, STR_NONE);
}

static bool knows(const struct route *r, struct str name)
{
    struct str words = str_of(r->query);
    while (words.len) {
        struct str word = str_cut(&words, ' ');
        if (word.len && str_eq(word, name)) return true;
    }
    return false;
}

/* Known to the route and given once. False: answered already. */
static bool query_name_is_good(struct call *c, const struct route *r, size_t at)
{
    struct str name = c->query.pairs[at].name;
    int shown = (int)(name.len > 60 ? 60 : name.len);
    if (!knows(r, name)) {
        call_refuse(c, ERR_UNKNOWN_FIELD, "the query parameter '%.*s' is not known here; known:%s", shown, name.p,
                    strcmp(r->query, " ") == 0 ? " none" : r->query);
        return false;
    }
    for (size_t i = 0; i < at && !str_eq(name, STR("tag")); i++) { /* of tags there may be several */
        if (!str_eq(c->query.pairs[i].name, name)) continue;
        call_refuse(c, ERR_INVALID, "the query parameter '%.*s' is given twice; one is all it takes", shown, name.p);
        return false;
    }
    return true;
}

/* Decodes path and query. False: answered already. */
static bool prepare(struct call *c, const struct route *r)
{
    struct err e = {0};
    for (size_t i = 0; i < API_PARAMS; i++) {
        if (!c->params[i].p) continue;
        int err = query_decode(&c->req->arena, c->params[i], false, &c->params[i]);
        if (!err) continue;
        call_refuse(c, err, "the path has a percent escape that is not valid");
        return false;
    }
    int err = query_parse(&c->req->arena, c->req->query, &c->query, &e);
    if (err) {
        call_problem(c, &e);
        return false;
    }
    for (size_t i = 0; i < c->query.n; i++)
        if (!query_name_is_good(c, r, i)) return false;
    return true;
}

bool api_in_pieces(void *user, const struct http_request *r)
{
    return batch_in_pieces(r) || upload_in_pieces(r) || pull_upload_in_pieces(r) || routes_in_pieces(user, r);
}

static void handle(struct call *c, const struct route *r)
{
    if (prepare(c, r)) r->handle(c);
}

static void on_shared(struct call *c)
{
    const struct route *r = find(c, STR("GET"), shared_path(c), OWN, TABLES);
    if (!r || !shared_has(r)) shared_refuse(c);
    else if (shared_open(c)) handle(c, r);
}

void api_on_request(void *user, struct http_request *req)
{
    struct call *c = arena_alloc(&req->arena, sizeof *c);
    c->api = user;
    c->req = req;
    struct err e = {0};
    if (shared_is(req->path)) {
        on_shared(c);
        return;
    }
    if (origin_check(req, &e)) {
        call_problem(c, &e);
        return;
    }
    const struct route *r = find(c, req->method, req->path, OWN, TABLES);
    if (!r && routes_find(c)) {
        routes_handle(c);
        return;
    }
    if (!r) r = find(c, req->method, req->path, first_table(c), OWN);
    if (r) handle(c, r);
    else refuse_path(c);
}

void api_handle(struct call *c, const char *method, const char *pattern)
{
    for (size_t t = 0; t < sizeof tables / sizeof *tables; t++) {
        for (const struct route *r = tables[t]; r->method; r++) {
            if (strcmp(r->method, method) != 0 || strcmp(r->pattern, pattern) != 0) continue;
            r->handle(c);
            return;
        }
    }
    assert(!"there is no such route");
}
