/* SPDX-License-Identifier: Apache-2.0
 *
 * See config_route_maps.h.
 */
#include "server/config_route_maps.h"
#include "base/json.h"
#include "base/limits.h"
#include "task/mapping.h"

#include <stdio.h>

const char *const config_route_maps_asked[] = {"body", "query", "path", "form", "file", "header", NULL};

/* What a reply can be made of, by verb. */
static const char *const of_task[] = {"task", "body", "query", "path", "form", "file", "header", NULL};
static const char *const of_ended[] = {"task", NULL};
static const char *const of_list[] = {"list", "tasks", "query", "path", "header", NULL};
static const char *const of_count[] = {"counts", "tasks", "query", "path", "header", NULL};
static const char *const of_health[] = {"health", "query", "path", "header", NULL};
static const char *const of_stats[] = {"stats", "query", "path", "header", NULL};
static const char *const of_ws_notices[] = {"notification", "event", "query", "path", "header", NULL};
static const char *const of_ws[] = {"task", "event", "query", "path", "header", NULL};
static const char *const of_notices[] = {"list", "notifications", "query", "path", "header", NULL};
static const char *const of_notice[] = {"notification", "body", "query", "path", "form", "header", NULL};
static const char *const of_error[] = {"error", "query", "path", "header", NULL};

static const char *const *reply_roots(enum config_verb verb, const char *value)
{
    switch (verb) {
    case CONFIG_LIST: return of_list;
    case CONFIG_COUNT: return of_count;
    case CONFIG_HEALTH: return of_health;
    case CONFIG_STATS: return of_stats;
    case CONFIG_WS: return strcmp(value, "\"notifications\"") == 0 ? of_ws_notices : of_ws;
    case CONFIG_NOTIFICATIONS: return of_notices;
    case CONFIG_READ: return of_notice;
    case CONFIG_SUBMIT:
    case CONFIG_RUN:
    case CONFIG_GET:
    case CONFIG_LATEST:
    case CONFIG_RETRY:
    case CONFIG_CANCEL:
    case CONFIG_VERBS: return of_task;
    }
    return of_task;
}

struct looking {
    const struct config_route_maps *m;
    bool lists;
    char why[200]; /* "": nothing is wrong */
};

static bool has_name(const struct route_path *path, struct str name)
{
    for (size_t i = 0; i < path->n; i++)
        if (str_eq(path->names[i], name)) return true;
    return false;
}

/* What a source can be wrong in beyond its root. */
static void look(void *user, struct str source)
{
    struct looking *l = user;
    struct str rest = source, root = str_cut(&rest, '.'), name = rest;
    name = str_cut(&name, '.');
    int shown = (int)(source.len < 80 ? source.len : 80);
    bool upper = false;
    for (size_t i = 0; i < name.len; i++) upper = upper || (name.p[i] >= 'A' && name.p[i] <= 'Z');
    if (str_eq(root, STR("path")) && name.len && !has_name(l->m->path, name))
        snprintf(l->why, sizeof l->why, "\"%.*s\": the path has no {%.*s}", shown, source.p, (int)(name.len < 80 ? name.len : 80), name.p);
    else if (str_eq(root, STR("header")) && upper)
        snprintf(l->why, sizeof l->why, "\"%.*s\": write the names of headers in small letters", shown, source.p);
    else if (l->lists && str_eq(root, STR("item")) && (str_eq(name, STR("input")) || str_eq(name, STR("result"))))
        snprintf(l->why, sizeof l->why, "\"%.*s\": lists have neither inputs nor results; put what they should say into tags", shown, source.p);
}

static void check(const struct config_route_maps *m, const char *key, const char *json, const char *const *roots, bool lists)
{
    struct looking l = {.m = m, .lists = lists};
    struct err e = {0};
    if (!json) return;
    if (mapping_check(str_of(json), roots, &e) != 0) {
        m->tell(m, key, e.text);
        return;
    }
    mapping_sources(str_of(json), look, &l);
    if (l.why[0]) m->tell(m, key, l.why);
}

/* ---- objects whose names are given ---- */

/* Each member's name is good, and its value a text (or whatever, with `any`). */
static void check_members(const struct config_route_maps *m, const char *key, const char *json, bool any,
                          bool (*is_good)(struct str name), const char *wanted)
{
    struct json j;
    struct buf name;
    char why[320];
    json_init(&j);
    buf_init(&name, LIMIT_CONFIG);
    struct err e = {0};
    int err = json_parse(&j, str_of(json), &e);
    const struct json_node *root = err ? NULL : json_root(&j);
    if (!root || root->kind != JSON_OBJECT) m->tell(m, key, wanted);
    for (const struct json_node *v = root ? json_first(root) : NULL; v; v = json_next(root, v)) {
        buf_clear(&name);
        json_add_key(&j, v, &name);
        if (is_good(buf_str(&name)) && (any || v->kind == JSON_STRING)) continue;
        snprintf(why, sizeof why, "\"%.60s\": %s", name.p ? name.p : "", wanted);
        m->tell(m, key, why);
    }
    buf_release(&name);
    json_release(&j);
}

static bool is_status(struct str name) { return state_of(name) >= 0 || str_eq(name, STR("retrying")); }

static void tell_top(const struct config_route_maps *m, const char *key, const char *what)
{
    struct config_origin said = config_origin(m->config, str_of(key));
    if (said.from == CONFIG_FILE) config_errors_add(m->errors, said.mark, "\"%s\": %s", key, what);
    else config_errors_add_outside(m->errors, "%s: %s", said.name, what);
}

void config_route_maps_words(const struct config_route_maps *m, const char *key, const char *json)
{
    struct config_route_maps top = *m;
    if (!m->route) top.tell = tell_top;
    if (json)
        check_members(&top, key, json, false, is_status,
                      "expected a text for each of blocked, scheduled, retrying, pending, running, completed, failed, cancelled, expired");
}

static bool is_filter(struct str name)
{
    static const char *const names[] = {"type", "queue", "subject", "status"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (str_eq(name, str_of(names[i]))) return true;
    return str_starts(name, STR("tag.")) && name.len > 4 && name.len <= 4 + LIMIT_TAG_KEY;
}

static bool is_filter_of_events(struct str name) { return is_filter(name) && !str_eq(name, STR("status")); }

static bool is_notice_filter(struct str name)
{
    return str_eq(name, STR("unread_only")) || str_eq(name, STR("subject")) || str_eq(name, STR("task"));
}

static bool is_anything(struct str name) { return name.len > 0; }

static void check_filter(const struct config_route_maps *m, const char *key, const char *json, bool notices)
{
    check(m, key, json, config_route_maps_asked, false);
    if (notices) check_members(m, key, json, true, is_notice_filter, "expected a map of unread_only, subject, task, each with a source");
    else check_members(m, key, json, true, is_filter, "expected a map of type, queue, subject, status, tag.NAME, each with a source");
}

static void check_ws(const struct config_route_maps *m, const char *key, const char *json)
{
    check(m, key, json, config_route_maps_asked, false);
    if (json[0] == '{') check_members(m, key, json, true, is_filter_of_events, "expected a map of type, queue, subject, tag.NAME, each with a source");
    else if (json[0] != '"') m->tell(m, key, "expected events, notifications, a filter like {subject: query.subject}, or the source of a task's id, like path.task_id");
}

/* ---- the whole ---- */

static void check_verb(const struct config_route_maps *m, enum config_verb verb, const char *word, const char *value)
{
    switch (verb) {
    case CONFIG_SUBMIT:
    case CONFIG_RUN:
        if (config_routes_is_source(value)) check(m, word, value, config_route_maps_asked, false);
        return;
    case CONFIG_GET:
    case CONFIG_RETRY:
    case CONFIG_CANCEL:
        if (value[0] == '"') check(m, word, value, config_route_maps_asked, false);
        else m->tell(m, word, "expected the source of a task's id, like path.task_id");
        return;
    case CONFIG_LATEST:
    case CONFIG_LIST:
    case CONFIG_COUNT: check_filter(m, word, value, false); return;
    case CONFIG_NOTIFICATIONS: check_filter(m, word, value, true); return;
    case CONFIG_READ:
        if (value[0] == '"') check(m, word, value, config_route_maps_asked, false);
        else m->tell(m, word, "expected the source of a notification's id, like path.id");
        return;
    case CONFIG_HEALTH:
    case CONFIG_STATS:
        if (strcmp(value, "{}") != 0 && strcmp(value, "true") != 0) m->tell(m, word, "this takes nothing: write {}");
        return;
    case CONFIG_WS:
        if (strcmp(value, "\"events\"") != 0 && strcmp(value, "\"notifications\"") != 0) check_ws(m, word, value);
        return;
    case CONFIG_VERBS: return;
    }
}

void config_route_maps_check(const struct config_route_maps *m, enum config_verb verb, const char *word, const char *value)
{
    const struct config_route *r = m->route;
    check_verb(m, verb, word, value);
    check(m, "fields", r->fields, config_route_maps_asked, false);
    check(m, "subject", r->subject, config_route_maps_asked, false);
    check(m, "priority", r->priority, config_route_maps_asked, false);
    check(m, "tags", r->tags, config_route_maps_asked, false);
    if (r->tags) check_members(m, "tags", r->tags, true, is_anything, "expected a map of names, each with a source");
    check(m, "key", r->key, config_route_maps_asked, false);
    check(m, "limit_key", r->limit_key, config_route_maps_asked, false);
    check(m, "limit", r->limit, config_route_maps_asked, false);
    check(m, "cursor", r->cursor, config_route_maps_asked, false);
    check(m, "reply", r->reply, reply_roots(verb, value), verb == CONFIG_LIST || verb == CONFIG_COUNT);
    check(m, "callback.url", r->callback.url, config_route_maps_asked, false);
    check(m, "callback.reply", r->callback.reply, of_ended, false);
    check(m, "errors", r->errors, of_error, false);
    config_route_maps_words(m, "words", r->words);
}
