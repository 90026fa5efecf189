/* SPDX-License-Identifier: Apache-2.0
 *
 * POST /v1/callbacks/{token}: the other side of an http type says what came of it. The body is its own: any JSON, or text. An
 * ending is answered when it is in the store.
 */
#include "api/call.h"

static void callback(struct call *c);

const struct route callbacks_routes[] = {
    {"POST", "/v1/callbacks/{}", " ", callback},
    {0},
};

struct told { /* in the request's arena: until the answer */
    struct web_caller caller;
    struct call *call;
};

static void take(struct call *c) { call_answer_with(c, 200, CALL_JSON, STR("{}"), NULL, 0); }

static void on_told(struct web_caller *caller, int err)
{
    struct call *c = CONTAINER_OF(caller, struct told, caller)->call;
    if (!err) take(c);
    else if (err == ERR_STALE) call_refuse(c, err, "the attempt is over; this changes nothing");
    else call_store_failed(c, err);
}

static void callback(struct call *c)
{
    struct told *t = arena_alloc(&c->req->arena, sizeof *t);
    struct err e = {0};
    *t = (struct told){{on_told}, c};
    int rc = web_desk_call(&c->api->server->roster.web_desk, c->params[0], c->req->body, &t->caller, &e);
    if (rc == 0) take(c);
    else if (rc < 0) call_problem(c, &e);
}
