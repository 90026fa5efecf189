/* SPDX-License-Identifier: Apache-2.0
 *
 * See config_routes.h. What holds of mappings is in config_route_maps.c.
 */
#include "server/config_routes.h"
#include "server/config_route_maps.h"
#include "server/config_table.h"
#include "task/route_path.h"

#include <assert.h>

#define ROUTES_MOST 200

static const char *const words[CONFIG_VERBS] = {"submit", "run",   "get",    "latest", "list",
                                                "count",  "retry", "cancel", "health", "stats",
                                                "notifications", "read", "ws"};

const char *config_routes_word(enum config_verb verb) { return words[verb]; }

bool config_routes_reads(enum config_verb verb)
{
    return verb != CONFIG_SUBMIT && verb != CONFIG_RUN && verb != CONFIG_RETRY && verb != CONFIG_CANCEL && verb != CONFIG_READ;
}

/* Where the values of the verbs are, in their order. */
static const char *verb_value(const struct config_route *r, enum config_verb verb)
{
    const char *const values[CONFIG_VERBS] = {r->submit, r->run,   r->get,    r->latest, r->list,
                                              r->count,  r->retry, r->cancel, r->health, r->stats,
                                              r->notifications, r->read, r->ws};
    return values[verb];
}

enum config_verb config_routes_verb(const struct config_route *r, const char **ret_value)
{
    for (int v = 0; v < CONFIG_VERBS; v++) {
        *ret_value = verb_value(r, (enum config_verb)v);
        if (*ret_value) return (enum config_verb)v;
    }
    assert(!"a route without a verb");
    return CONFIG_VERBS;
}

bool config_routes_is_source(const char *json)
{
    for (const char *const *root = config_route_maps_asked; *root; root++) {
        size_t len = strlen(*root);
        if (json[0] == '"' && strncmp(json + 1, *root, len) == 0 && json[1 + len] == '.') return true;
    }
    return strncmp(json, "\"const.", 7) == 0;
}

/* ---- telling ---- */

static void tell(const struct config_route_maps *m, const char *key, const char *what)
{
    struct config *c = m->config;
    struct str path = arena_format(&c->arena, "routes.%zu%s%s", m->place, key ? "." : "", key ? key : "");
    struct config_origin said = config_origin(c, path);
    if (said.from == CONFIG_FILE) config_errors_add(m->errors, said.mark, "%s%s%s%s", key ? "\"" : "", key ? key : "", key ? "\": " : "", what);
    else config_errors_add_outside(m->errors, "%s: %s", said.name ? said.name : path.p, what);
}

/* ---- paths ---- */

static bool is_taken(struct str path)
{
    static const char *const own[] = {"/metrics", "/livez", "/readyz", "/healthz", "/openapi.json"};
    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        if (str_eq(path, str_of(own[i]))) return true;
    return str_eq(path, STR("/v1")) || str_starts(path, STR("/v1/"));
}

static bool begins_with_name(struct str path) { return path.len > 1 && path.p[1] == '{'; }

static bool check_path(const struct config_route_maps *m, struct route_path *path)
{
    const struct config *c = m->config;
    struct err e;
    if (route_path_read(path, str_of(m->route->path), &e) != 0) {
        tell(m, "path", e.text);
        return false;
    }
    if (is_taken(path->path) || begins_with_name(path->path)) {
        tell(m, "path", begins_with_name(path->path) ? "a path begins with a text, not with a name in braces"
                                                     : "the server's own routes are there");
        return false;
    }
    for (size_t i = 0; i < m->place; i++) {
        struct route_path other;
        if (route_path_read(&other, str_of(c->routes[i].path), NULL) != 0 || !str_eq(other.method, path->method) ||
            route_path_cmp(&other, path) != 0)
            continue;
        struct config_origin before = config_origin(c, arena_format(&m->config->arena, "routes.%zu.path", i));
        tell(m, "path", arena_format(&m->config->arena, "the route of line %d has this method and path already", before.mark.line).p);
        return false;
    }
    return true;
}

/* ---- verbs ---- */

#define SUBMITS (1U << CONFIG_SUBMIT | 1U << CONFIG_RUN)
#define LISTS (1U << CONFIG_LIST | 1U << CONFIG_COUNT | 1U << CONFIG_NOTIFICATIONS)
#define RUNS (1U << CONFIG_RUN)

/* The keys that do not go with every verb. */
static const struct {
    const char *key;
    unsigned verbs;
    const char *with;
} goes_with[] = {
    {"fields", SUBMITS, "submit and run"},  {"subject", SUBMITS, "submit and run"},     {"priority", SUBMITS, "submit and run"},
    {"tags", SUBMITS, "submit and run"},    {"key", SUBMITS, "submit and run"},         {"on_conflict", SUBMITS, "submit and run"},
    {"input", SUBMITS, "submit and run"},   {"keep", SUBMITS, "submit and run"},
    {"limit_key", SUBMITS, "submit and run"}, {"callback.url", SUBMITS, "submit and run"},  {"wait", RUNS, "run"},
    {"failed_status", RUNS, "run"},
    {"limit", LISTS, "list, count and notifications"}, {"cursor", 1U << CONFIG_LIST | 1U << CONFIG_NOTIFICATIONS, "list and notifications"},
};

static bool is_said(const struct config_route_maps *m, const char *key)
{
    struct str path = arena_format(&m->config->arena, "routes.%zu.%s", m->place, key);
    return config_origin(m->config, path).from != CONFIG_DEFAULT;
}

static bool check_verb(const struct config_route_maps *m, enum config_verb *ret)
{
    int n = 0;
    for (int v = 0; v < CONFIG_VERBS; v++) {
        if (!verb_value(m->route, (enum config_verb)v)) continue;
        if (n++) tell(m, words[v], arena_format(&m->config->arena, "a route does one thing, and this one has \"%s\" already", words[*ret]).p);
        else *ret = (enum config_verb)v;
    }
    if (n == 0) tell(m, NULL, "a route needs one of submit, run, get, latest, list, count, retry, cancel, health, stats, notifications, read, ws");
    return n == 1;
}

static void check_keys(const struct config_route_maps *m, enum config_verb verb)
{
    for (size_t i = 0; i < sizeof goes_with / sizeof *goes_with; i++)
        if (!(goes_with[i].verbs & 1U << verb) && is_said(m, goes_with[i].key))
            tell(m, goes_with[i].key, arena_format(&m->config->arena, "this goes with %s", goes_with[i].with).p);
    if (verb == CONFIG_WS && is_said(m, "status")) tell(m, "status", "a WebSocket begins with 101 and no other");
    if (is_said(m, "on_conflict") && !m->route->key) tell(m, "on_conflict", "this says what becomes of a \"key\" that is held: give one");
}

/* A type that stands there by its name has to be declared. */
static void check_type(const struct config_route_maps *m, const char *key, const char *json)
{
    struct str name = str_sub(str_of(json), 1, strlen(json) - 2);
    if (json[0] != '"') {
        tell(m, key, "expected the name of a type, or a source of it");
        return;
    }
    if (!config_routes_is_source(json) && !config_type_find(m->config, name))
        tell(m, key, arena_format(&m->config->arena, "no type \"%.*s\" is declared", STR_ARG(name)).p);
}

void config_routes_check(struct config *c, struct config_errors *errors)
{
    struct config_route_maps m = {.config = c, .errors = errors, .tell = tell, .place = ROUTES_MOST};
    if (c->n_routes > ROUTES_MOST) { /* each request may look at all of them */
        tell(&m, NULL, "there are more routes than 200");
        return;
    }
    config_route_maps_words(&m, "words", c->words);
    for (m.place = 0; m.place < c->n_routes; m.place++) {
        struct route_path path;
        enum config_verb verb = CONFIG_VERBS;
        m.route = &c->routes[m.place];
        if (!m.route->path) continue; /* told already */
        bool right = check_path(&m, &path), one = check_verb(&m, &verb);
        if (one) check_keys(&m, verb);
        if (one && (verb == CONFIG_SUBMIT || verb == CONFIG_RUN)) check_type(&m, words[verb], verb_value(m.route, verb));
        if (!right || !one) continue;
        if (verb == CONFIG_WS && !str_eq(path.method, STR("GET"))) tell(&m, "path", "a WebSocket begins with GET");
        m.path = &path;
        config_route_maps_check(&m, verb, words[verb], verb_value(m.route, verb));
    }
}
