/* SPDX-License-Identifier: Apache-2.0
 *
 * See routes.h: which route, what its request has, then its verb.
 */
#include "api/routes.h"

#include "api/route_call.h"
#include "api/route_form.h"
#include "api/route_list.h"
#include "api/route_notices.h"
#include "api/route_serial.h"
#include "api/route_submit.h"
#include "api/route_ws.h"
#include "server/config_copy.h"
#include "server/config_table.h"

static bool reads(const struct config_route *r)
{
    const char *unused;
    return config_routes_reads(config_routes_verb(r, &unused));
}

/* HEAD asks for what GET would say, and for that nothing may happen. */
static bool method_fits(const struct config_route *r, const struct route_path *p, struct str method)
{
    return str_eq(p->method, method) || (str_eq(method, STR("HEAD")) && str_eq(p->method, STR("GET")) && reads(r));
}

static bool fits(const struct config_route *r, struct str path, struct route_path *ret, struct str values[ROUTE_PATH_PARAMS])
{
    return route_path_read(ret, str_of(r->path), NULL) == 0 && route_path_fits(ret, path, values);
}

static const struct config_route *best(const struct config *config, const struct http_request *req)
{
    const struct config_route *found = NULL;
    struct route_path before, path;
    struct str values[ROUTE_PATH_PARAMS];
    for (size_t i = 0; i < config->n_routes; i++) {
        const struct config_route *r = &config->routes[i];
        if (!fits(r, req->path, &path, values) || !method_fits(r, &path, req->method)) continue;
        if (found && route_path_cmp(&before, &path) < 0) continue;
        found = r;
        before = path;
    }
    return found;
}

static bool submits(enum config_verb verb) { return verb == CONFIG_SUBMIT || verb == CONFIG_RUN; }

bool routes_in_pieces(const struct api *a, const struct http_request *req)
{
    const char *unused;
    const struct config_route *r = route_form_is(req) ? best(a->server->conf.config, req) : NULL;
    return r && submits(config_routes_verb(r, &unused));
}

bool routes_find(struct call *c)
{
    const struct config *config = c->api->server->conf.config;
    struct arena *a = &c->req->arena;
    const struct config_route *r = best(config, c->req);
    if (!r) return false;
    struct route_call *t = arena_alloc(a, sizeof *t);
    t->conf = *r;
    config_copy_deep(a, &config_table_route, &t->conf);
    t->verb = config_routes_verb(&t->conf, &t->value);
    t->words_json[0] = t->conf.words;
    t->words_json[1] = config->words ? arena_text(a, str_of(config->words)) : NULL;
    t->schema = t->conf.schema; /* as long as there is no waiting for the body */
    (void)fits(&t->conf, c->req->path, &t->path, t->values);
    route_call_words(t, a);
    c->through = t;
    return true;
}

void routes_allow(struct call *c, struct buf *b)
{
    const struct config *config = c->api->server->conf.config;
    for (size_t i = 0; i < config->n_routes; i++) {
        const struct config_route *r = &config->routes[i];
        struct route_path path;
        struct str values[ROUTE_PATH_PARAMS];
        if (!fits(r, c->req->path, &path, values)) continue;
        bool head = str_eq(path.method, STR("GET")) && reads(r);
        buf_add_format(b, "%s%.*s%s", b->len ? ", " : "", STR_ARG(path.method), head ? ", HEAD" : "");
    }
}

/* Decodes path and query; names that the route does not know are the application's. False: answered already. */
static bool prepare(struct call *c)
{
    struct route_call *t = c->through;
    struct err e = {0};
    for (size_t i = 0; i < t->path.n; i++) {
        if (query_decode(&c->req->arena, t->values[i], false, &t->values[i]) == 0) continue;
        t->path.n = 0; /* none of them is good for an answer */
        call_refuse(c, ERR_INVALID, "the path has a percent escape that is not valid");
        return false;
    }
    if (query_parse(&c->req->arena, c->req->query, &c->query, &e) == 0) return true;
    call_problem(c, &e);
    return false;
}

/* A notification, by its id or number. */
static void one_notice(struct call *c)
{
    if (route_call_text(c, "read", c->through->value, &c->params[0])) return;
    if (c->params[0].p) api_handle(c, "POST", "/v1/notifications/{}/read");
    else call_refuse(c, ERR_NOT_FOUND, "the request names no notification");
}

/* By its id. */
static void one_task(struct call *c, const char *method, const char *pattern)
{
    const struct route_call *t = c->through;
    if (route_call_text(c, config_routes_word(t->verb), t->value, &c->params[0])) return;
    if (c->params[0].p && t->conf.serial) route_serial(c, method, pattern);
    else if (c->params[0].p) api_handle(c, method, pattern);
    else call_refuse(c, ERR_NOT_FOUND, "the request names no task");
}

void routes_handle(struct call *c)
{
    if (!prepare(c)) return;
    if (submits(c->through->verb) && route_form_is(c->req)) {
        route_form_read(c, route_submit);
        return;
    }
    if (route_call_body(c)) return;
    switch (c->through->verb) {
    case CONFIG_SUBMIT:
    case CONFIG_RUN: route_submit(c); return;
    case CONFIG_GET: one_task(c, "GET", "/v1/tasks/{}"); return;
    case CONFIG_RETRY: one_task(c, "POST", "/v1/tasks/{}/retry"); return;
    case CONFIG_CANCEL: one_task(c, "POST", "/v1/tasks/{}/cancel"); return;
    case CONFIG_LATEST:
    case CONFIG_LIST:
    case CONFIG_COUNT: route_list(c); return;
    case CONFIG_HEALTH: api_handle(c, "GET", "/healthz"); return;
    case CONFIG_STATS: api_handle(c, "GET", "/v1/stats"); return;
    case CONFIG_NOTIFICATIONS: route_notices(c); return;
    case CONFIG_READ: one_notice(c); return;
    case CONFIG_WS: route_ws(c); return;
    case CONFIG_VERBS: return; /* no route has it: config_routes_check */
    }
}
