/* SPDX-License-Identifier: Apache-2.0
 *
 * See config_outside.h. A variable is never shown with its value: it may be somebody's secret.
 */
#include "server/config_outside.h"
#include "base/text.h"
#include "server/config_show.h"
#include <stdlib.h>

#define PREFIX "BIDE_"

/* Variables that are not for the configuration. */
static const char *const others[] = {"BIDE_SERVER", "BIDE_TOKEN", "BIDE_RUN_KEY", "BIDE_TRACE", "BIDE_IN", "BIDE_OUT", "BIDE_SOCK"};

static const char *variable(struct arena *a, struct str path)
{
    char *name = arena_alloc(a, sizeof PREFIX + path.len);
    memcpy(name, PREFIX, sizeof PREFIX);
    for (size_t i = 0; i < path.len; i++) {
        char c = path.p[i];
        bool small = c >= 'a' && c <= 'z', kept = (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        name[sizeof PREFIX - 1 + i] = small ? (char)(c - 'a' + 'A') : kept ? c : '_';
    }
    return name;
}

static const char *value_of(const char *const *env, const char *name)
{
    size_t len = strlen(name);
    for (; env && *env; env++)
        if (strncmp(*env, name, len) == 0 && (*env)[len] == '=' && (*env)[len + 1]) return *env + len + 1;
    return NULL;
}

const char *config_outside_find(struct config *c, const struct config_outside *outside, struct str path,
                                struct config_origin *ret_origin)
{
    for (size_t i = 0; i < outside->n_flags; i++) {
        if (!outside->flags[i].value || !str_eq(str_of(outside->flags[i].key), path)) continue;
        *ret_origin =
            (struct config_origin){.from = CONFIG_FLAG, .name = arena_text(&c->arena, str_of(outside->flags[i].name))};
        return outside->flags[i].value;
    }
    if (!outside->env) return NULL;
    const char *name = variable(&c->arena, path), *value = value_of(outside->env, name);
    if (value) *ret_origin = (struct config_origin){.from = CONFIG_ENV, .name = name};
    return value;
}

/* ---- variables that nobody reads ---- */

struct known {
    struct config *c;
    const char **names; /* of the variables of all keys; ends with NULL */
    size_t n, cap;
};

static void count_key(void *user, const struct config_item *item)
{
    (void)item;
    ((struct known *)user)->cap++;
}

static void note_key(void *user, const struct config_item *item)
{
    struct known *k = user;
    k->names[k->n++] = variable(&k->c->arena, item->path);
}

/* Is it nobody's? Then *ret_near is the nearest one that is, if any is near. */
static bool is_strange(const struct known *k, struct str name, const char **ret_near)
{
    static const char *const sections[] = {"BIDE_DEFAULTS_", "BIDE_QUEUES_", "BIDE_WORKERS_", "BIDE_TYPES_"};
    if (!str_starts(name, STR(PREFIX))) return false;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (str_eq(name, str_of(others[i]))) return false;
    for (size_t i = 0; i < k->n; i++)
        if (str_eq(name, str_of(k->names[i]))) return false;
    *ret_near = text_nearest(name, k->names);
    bool ours = *ret_near != NULL;
    for (size_t i = 0; i < sizeof sections / sizeof *sections; i++)
        ours = ours || str_starts(name, str_of(sections[i]));
    return ours;
}

void config_outside_warn(struct config *c, const struct config_outside *outside)
{
    struct known k = {c, NULL, 0, 0};
    size_t n_env = 0, n = 0;
    config_show_each(c, count_key, &k);
    k.names = arena_alloc(&c->arena, (k.cap + 1) * sizeof *k.names);
    config_show_each(c, note_key, &k);
    while (outside->env && outside->env[n_env]) n_env++;
    const char **warnings = arena_alloc(&c->arena, (n_env + 1) * sizeof *warnings);
    for (size_t i = 0; i < n_env; i++) {
        const char *near;
        struct str rest = str_of(outside->env[i]), name = str_cut(&rest, '=');
        if (!is_strange(&k, name, &near)) continue;
        warnings[n++] = arena_format(&c->arena, "the variable %.*s sets nothing: %s%s%s", STR_ARG(name),
                                     near ? "did you mean " : "the configuration has no such key", near ? near : "",
                                     near ? "?" : "")
                            .p;
    }
    c->warnings = warnings;
}
