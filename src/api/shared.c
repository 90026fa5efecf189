/* SPDX-License-Identifier: Apache-2.0
 */
#include "api/shared.h"

#include "api/call.h"
#include "api/capability.h"

#define METHODS "GET, HEAD, OPTIONS"

static const char *const readable[] = {"/v1/tasks/{}",        "/v1/tasks/{}/result",   "/v1/tasks/{}/events",
                                       "/v1/tasks/{}/output", "/v1/tasks/{}/files/{}", "/v1/tasks/{}/files.zip"};

bool shared_has(const struct route *r)
{
    for (size_t i = 0; i < sizeof readable / sizeof *readable; i++)
        if (strcmp(r->pattern, readable[i]) == 0) return strcmp(r->method, "GET") == 0;
    return false;
}

bool shared_is(struct str path) { return str_starts(path, STR(CAPABILITY_PREFIX)); }

/* Before a browser sends a header that is not one of every request's (Fetch standard, section 4.8). */
static void answer_options(struct call *c)
{
    struct http_header headers[] = {{STR("Allow"), STR(METHODS)},
                                    {STR("Access-Control-Allow-Methods"), STR(METHODS)},
                                    {STR("Access-Control-Allow-Headers"), STR("Last-Event-ID, If-None-Match, Prefer, Range, X-Request-Id")},
                                    {STR("Access-Control-Max-Age"), STR("86400")}};
    call_answer_with(c, 204, NULL, STR_NONE, headers, sizeof headers / sizeof *headers);
}

static void refuse_method(struct call *c)
{
    struct http_header allow = {STR("Allow"), STR(METHODS)};
    struct err e;
    (void)err_set(&e, ERR_METHOD, "a shared task can only be read; allowed: " METHODS);
    call_problem_with(c, &e, &allow, 1, STR_NONE);
}

struct str shared_path(struct call *c)
{
    struct str rest = str_sub(c->req->path, sizeof CAPABILITY_PREFIX - 1, c->req->path.len);
    c->req->any_origin = c->shared = true;
    return arena_format(&c->req->arena, "/v1/tasks/%.*s", STR_ARG(rest));
}

bool shared_open(struct call *c)
{
    struct str method = c->req->method;
    struct id id;
    if (str_eq(method, STR("OPTIONS"))) {
        answer_options(c);
        return false;
    }
    if (!str_eq(method, STR("GET")) && !str_eq(method, STR("HEAD"))) {
        refuse_method(c);
        return false;
    }
    if (!capability_read(c->api->server->store, c->params[0], &id)) {
        call_refuse(c, ERR_NOT_FOUND, "this address is of no task that is shared here");
        return false;
    }
    char *text = arena_alloc(&c->req->arena, ID_TEXT);
    id_format(&id, text);
    c->params[0] = str_of(text);
    return true;
}

void shared_refuse(struct call *c)
{
    call_refuse(c, ERR_NOT_FOUND, "of a shared task there is its address, and below that /result, /events, /output, /files/NAME and /files.zip");
}
