/* SPDX-License-Identifier: Apache-2.0
 *
 * See openapi_routes.h. What a mapping says is what is known: the members of an object, constants, and that something is
 * a list; of a source it is not known what it holds.
 */
#include "api/openapi_routes.h"

#include "base/json.h"
#include "base/json_write.h"
#include "base/limits.h"
#include "server/config_routes.h"
#include "task/mapping.h"
#include "task/route_path.h"

#include <stdio.h>

/* ---- what a mapping makes ---- */

static void write_schema(struct buf *b, const struct json *j, const struct json_node *v);

static void write_members(struct buf *b, const struct json *j, const struct json_node *v)
{
    struct buf name;
    buf_init(&name, LIMIT_CONFIG);
    json_write_member_text(b, "type", "object");
    json_write_key(b, "properties");
    json_write_open(b, '{');
    for (const struct json_node *child = json_first(v); child; child = json_next(v, child)) {
        buf_clear(&name);
        json_add_key(j, child, &name);
        json_write_key_str(b, buf_str(&name));
        write_schema(b, j, child);
    }
    json_write_close(b, '}');
    buf_release(&name);
}

static void write_schema(struct buf *b, const struct json *j, const struct json_node *v)
{
    const struct json_node *each = v->count == 2 ? json_member(j, v, STR("each")) : NULL;
    const struct json_node *as = each ? json_member(j, v, STR("as")) : NULL;
    bool number = v->count == 1 && json_member(j, v, STR("number")), text = v->count == 1 && json_member(j, v, STR("text"));
    bool first = v->count == 1 && json_member(j, v, STR("first"));
    json_write_open(b, '{');
    if (as) {
        json_write_member_text(b, "type", "array");
        json_write_key(b, "items");
        write_schema(b, j, as);
    } else if (number || text) {
        json_write_member_raw(b, "type", number ? STR("[\"number\",\"null\"]") : STR("[\"string\",\"null\"]"));
    } else if (v->kind == JSON_OBJECT && !first) {
        write_members(b, j, v);
    } else if (v->kind == JSON_ARRAY) {
        json_write_member_text(b, "type", "array");
    } else if (v->kind == JSON_STRING && str_starts(json_span(j, v), STR("\"const."))) {
        json_write_key(b, "const");
        json_write_raw(b, STR("\""));
        buf_add_str(b, str_sub(json_span(j, v), 7, v->len));
    } else if (v->kind != JSON_STRING && v->kind != JSON_OBJECT) {
        json_write_member_raw(b, "const", json_span(j, v));
    }
    json_write_close(b, '}');
}

static void write_content(struct buf *b, const char *mapping)
{
    struct json j;
    json_init(&j);
    json_write_key(b, "content");
    json_write_open(b, '{');
    json_write_key(b, "application/json");
    json_write_open(b, '{');
    json_write_key(b, "schema");
    if (mapping && json_parse(&j, str_of(mapping), NULL) == 0) write_schema(b, &j, json_root(&j));
    else json_write_raw(b, STR("{}"));
    json_write_close(b, '}');
    json_write_close(b, '}');
    json_release(&j);
}

/* ---- what a request can say ---- */

#define NAMES 64

struct names {
    struct str root; /* "query" */
    struct arena arena;
    struct str found[NAMES];
    size_t n;
};

static void collect(void *user, struct str source)
{
    struct names *names = user;
    struct str rest = source, root = str_cut(&rest, '.'), name = str_cut(&rest, '.');
    if (!str_eq(root, names->root) || !name.len || names->n == NAMES) return;
    for (size_t i = 0; i < names->n; i++)
        if (str_eq(names->found[i], name)) return;
    names->found[names->n++] = arena_str(&names->arena, name);
}

static void names_init(struct names *names, const char *root, const struct config_route *r)
{
    const char *value;
    (void)config_routes_verb(r, &value);
    const char *const all[] = {value, r->fields, r->subject, r->priority, r->tags, r->key, r->limit_key, r->limit, r->cursor, r->reply};
    *names = (struct names){.root = str_of(root)};
    arena_init(&names->arena);
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (all[i]) mapping_sources(str_of(all[i]), collect, names);
}

static void write_parameter(struct buf *b, struct str name, const char *in, bool required)
{
    json_write_open(b, '{');
    json_write_member_str(b, "name", name);
    json_write_member_text(b, "in", in);
    json_write_member_bool(b, "required", required);
    json_write_member_raw(b, "schema", STR("{\"type\":\"string\"}"));
    json_write_close(b, '}');
}

static void write_parameters(struct buf *b, const struct config_route *r, const struct route_path *path)
{
    struct names query;
    names_init(&query, "query", r);
    json_write_key(b, "parameters");
    json_write_open(b, '[');
    for (size_t i = 0; i < path->n; i++) write_parameter(b, path->names[i], "path", true);
    for (size_t i = 0; i < query.n; i++) write_parameter(b, query.found[i], "query", false);
    json_write_close(b, ']');
    arena_release(&query.arena);
}

static void write_named(struct buf *b, const struct names *names)
{
    json_write_open(b, '{');
    for (size_t i = 0; i < names->n; i++) {
        if (i == 0) {
            json_write_member_text(b, "type", "object");
            json_write_key(b, "properties");
            json_write_open(b, '{');
        }
        json_write_key_str(b, names->found[i]);
        json_write_raw(b, STR("{}"));
    }
    if (names->n) json_write_close(b, '}');
    json_write_close(b, '}');
}

/* Of what a client sends; NULL: none that says it. Without `fields` the type takes the body as it is. */
static const char *schema_of(const struct config *c, const struct config_route *r)
{
    const char *value;
    (void)config_routes_verb(r, &value);
    if (r->schema_text || r->fields || config_routes_is_source(value)) return r->schema_text;
    const struct config_type *t = config_type_find(c, str_sub(str_of(value), 1, strlen(value) - 2));
    return t ? t->schema_text : NULL;
}

/* "#/.." within one begins at the nearest "$id": it gets one unless it has its own, of this place, for no two may be the same. */
static void write_said(struct buf *b, const char *text, size_t route, const char *media)
{
    struct str json = str_trim(str_of(text));
    bool refers = strstr(text, "\"$ref\"") && !strstr(text, "\"$id\"");
    if (!refers) {
        json_write_raw(b, json);
        return;
    }
    buf_add_format(b, "{\"$id\":\"urn:bide:routes:%zu:%s\",", route, media);
    buf_add_str(b, str_sub(json, 1, json.len));
}

static void write_body_schema(struct buf *b, const char *media, const struct config *c, const struct config_route *r, const struct names *names)
{
    const char *text = schema_of(c, r);
    json_write_key(b, media);
    json_write_open(b, '{');
    json_write_key(b, "schema");
    if (text) write_said(b, text, (size_t)(r - c->routes), media);
    else write_named(b, names);
    json_write_close(b, '}');
}

static void write_request_body(struct buf *b, const struct config *c, const struct config_route *r)
{
    struct names body, form;
    names_init(&body, "body", r);
    names_init(&form, "form", r);
    json_write_key(b, "requestBody");
    json_write_open(b, '{');
    json_write_key(b, "content");
    json_write_open(b, '{');
    write_body_schema(b, "application/json", c, r, &body);
    write_body_schema(b, "application/x-www-form-urlencoded", c, r, &form);
    write_body_schema(b, "multipart/form-data", c, r, &form);
    json_write_close(b, '}');
    json_write_close(b, '}');
    arena_release(&body.arena);
    arena_release(&form.arena);
}

/* ---- an operation ---- */

static void write_summary(struct buf *b, enum config_verb verb, const char *value)
{
    static const char *const texts[CONFIG_VERBS] = {"Submits a task",   "Runs a task and waits for it", "A task", "The newest task of a filter",
                                                    "Tasks of a filter", "Tasks counted by status", "Runs a task again", "Cancels a task",
                                                    "How the server is", "Counts of the server", "Notifications of a filter", "Marks a notification as read", "What happens to tasks, over WebSocket"};
    char text[LIMIT_NAME + 80];
    bool typed = (verb == CONFIG_SUBMIT || verb == CONFIG_RUN) && !config_routes_is_source(value);
    snprintf(text, sizeof text, "%s%s%.*s", texts[verb], typed ? ": " : "", typed ? (int)strlen(value) - 2 : 0, value + 1);
    json_write_member_text(b, "summary", text);
}

static void write_response(struct buf *b, const char *status, const char *description, const char *mapping)
{
    json_write_key(b, status);
    json_write_open(b, '{');
    json_write_member_text(b, "description", description);
    write_content(b, mapping);
    json_write_close(b, '}');
}

static void write_operation(struct buf *b, const struct config *c, const struct config_route *r, const struct route_path *path)
{
    const char *value;
    char status[16], method[8] = "";
    enum config_verb verb = config_routes_verb(r, &value);
    bool submits = verb == CONFIG_SUBMIT || verb == CONFIG_RUN;
    snprintf(status, sizeof status, "%d", r->status ? r->status : verb == CONFIG_SUBMIT ? 202 : 200);
    for (size_t i = 0; i < path->method.len && i < sizeof method - 1; i++) method[i] = (char)(path->method.p[i] - 'A' + 'a');
    json_write_key(b, method);
    json_write_open(b, '{');
    json_write_member_raw(b, "tags", STR("[\"routes\"]"));
    write_summary(b, verb, value);
    write_parameters(b, r, path);
    if (submits) write_request_body(b, c, r);
    json_write_key(b, "responses");
    json_write_open(b, '{');
    if (verb == CONFIG_WS) json_write_member_raw(b, "101", STR("{\"description\":\"A WebSocket.\"}"));
    else write_response(b, status, "It is well.", r->reply);
    if (r->errors) {
        write_response(b, "default", "It is refused.", r->errors);
    } else {
        json_write_key(b, "default");
        json_write_raw(b, STR("{\"$ref\":\"#/components/responses/Refused\"}"));
    }
    json_write_close(b, '}');
    json_write_close(b, '}');
}

static bool read_path(const struct config *c, size_t i, struct route_path *ret)
{
    return route_path_read(ret, str_of(c->routes[i].path), NULL) == 0;
}

void openapi_routes_write(struct buf *b, const struct config *c)
{
    for (size_t i = 0; i < c->n_routes; i++) {
        struct route_path path, other;
        bool before = false;
        if (!read_path(c, i, &path)) continue;
        for (size_t k = 0; k < i; k++) before = before || (read_path(c, k, &other) && str_eq(other.path, path.path));
        if (before) continue; /* with the first of its path */
        json_write_key_str(b, path.path);
        json_write_open(b, '{');
        for (size_t k = i; k < c->n_routes; k++)
            if (read_path(c, k, &other) && str_eq(other.path, path.path)) write_operation(b, c, &c->routes[k], &other);
        json_write_close(b, '}');
    }
}
