/* SPDX-License-Identifier: Apache-2.0
 *
 * /openapi.json: doc/openapi.yaml as main_openapi.c made JSON of it. OPENAPI_JSON is its path, set by the build. The routes
 * of the configuration are put in behind its paths.
 */
#include "api/api.h"
#include "api/call.h"
#include "api/etag.h"
#include "api/openapi_routes.h"

__asm__(".section .rodata\n"
        "openapi_start: .incbin \"" OPENAPI_JSON "\"\n"
        "openapi_end:\n"
        ".previous\n");
extern const char openapi_start[], openapi_end[];

static void document(struct call *c);

const struct route openapi_routes[] = {
    {"GET", "/openapi.json", " ", document},
    {0},
};

/* The bytes of the document up to where a path may be put in behind the others. */
static size_t paths_end(struct str json)
{
    struct json j;
    json_init(&j);
    const struct json_node *paths = json_parse(&j, json, NULL) == 0 ? json_member(&j, json_root(&j), STR("paths")) : NULL;
    size_t end = paths ? paths->start + paths->len - 1 : 0;
    json_release(&j);
    return end;
}

static struct str with_routes(struct call *c, struct str json)
{
    const struct config *config = c->api->server->conf.config;
    size_t end = config->n_routes ? paths_end(json) : 0;
    if (!end) return json;
    struct buf b = call_buf(c);
    buf_add(&b, json.p, end);
    openapi_routes_write(&b, config);
    buf_add(&b, json.p + end, json.len - end);
    if (!buf_err(&b)) json = arena_str(&c->req->arena, buf_str(&b));
    buf_release(&b);
    return json;
}

static void document(struct call *c)
{
    struct str json = with_routes(c, (struct str){openapi_start, (size_t)(openapi_end - openapi_start)});
    char etag[ETAG_TEXT];
    etag_of(json, etag);
    struct http_header header = {STR("ETag"), str_of(etag)};
    if (etag_is_known(c->req, etag)) call_answer_with(c, 304, NULL, STR_NONE, &header, 1);
    else call_answer_with(c, 200, CALL_JSON, json, &header, 1);
}
