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

/* Has this configuration something else, or nothing, at a path of the document? Of the dashboard's that may be. */
static bool is_left_out(const struct config *config, struct str path)
{
    bool dashboard = str_eq(path, STR("/")) || str_eq(path, STR("/ui")) || str_starts(path, STR("/ui/"));
    for (size_t i = 0; dashboard && i < config->n_routes; i++) {
        struct str theirs = str_of(config->routes[i].path);
        (void)str_cut(&theirs, ' ');
        if (str_eq(theirs, path)) return true;
    }
    return dashboard && !config->dashboard;
}

static void write_paths(struct buf *b, const struct json *j, const struct json_node *paths, const struct config *config)
{
    json_write_open(b, '{');
    for (const struct json_node *child = json_first(paths); child; child = json_next(paths, child)) {
        if (is_left_out(config, json_key(j, child))) continue;
        json_write_key_str(b, json_key(j, child));
        json_write_raw(b, json_span(j, child));
    }
    openapi_routes_write(b, config);
    json_write_close(b, '}');
}

static struct str with_routes(struct call *c, struct str json)
{
    const struct config *config = c->api->server->conf.config;
    if (config->n_routes == 0 && config->dashboard) return json;
    struct json j;
    json_init(&j);
    const struct json_node *paths = json_parse(&j, json, NULL) == 0 ? json_member(&j, json_root(&j), STR("paths")) : NULL;
    struct buf b = call_buf(c);
    if (paths) {
        size_t end = paths->start + paths->len;
        buf_add(&b, json.p, paths->start);
        write_paths(&b, &j, paths, config);
        buf_add(&b, json.p + end, json.len - end);
        if (!buf_err(&b)) json = arena_str(&c->req->arena, buf_str(&b));
    }
    buf_release(&b);
    json_release(&j);
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
