/* SPDX-License-Identifier: Apache-2.0
 *
 * See config_sandbox.h.
 */
#include "server/config_sandbox.h"

static bool is_below(const char *path, const char *above)
{
    size_t len = strlen(above);
    while (len > 1 && above[len - 1] == '/') len--;
    return strncmp(path, above, len) == 0 && (len == 1 || path[len] == '/' || path[len] == '\0');
}

/* Landlock has permissions and no prohibitions. */
static void check_paths(const struct sandbox_conf *s, const char *name, struct config_mark at,
                        struct config_errors *errors)
{
    for (const char *const *r = s->read_only; r && *r; r++)
        for (const char *const *w = s->writable; w && *w; w++)
            if (is_below(*r, *w))
                config_errors_add(
                    errors, at,
                    "\"%s\": \"read_only\": %s is below %s, which is \"writable\" with all that is below it", name, *r,
                    *w);
}

void config_sandbox_check(const struct sandbox_conf *s, const char *name, struct config_mark at,
                          struct config_errors *errors)
{
    check_paths(s, name, at, errors);
    if (sandbox_has_paths(s) && !s->no_new_privileges)
        config_errors_add(errors, at, "\"%s\": \"no_new_privileges: false\" cannot go with \"%s\"", name,
                          s->writable ? "writable" : "read_only");
}

/* ---- warnings ---- */

struct warnings {
    struct config *config;
    const char **list;
    size_t n, cap;
};

static void add(struct warnings *w, const char *text)
{
    struct arena *a = &w->config->arena;
    if (w->n + 1 >= w->cap) {
        const char **more = arena_alloc(a, (w->cap * 2 + 16) * sizeof *more);
        if (w->n) memcpy(more, w->list, w->n * sizeof *more);
        w->list = more;
        w->cap = w->cap * 2 + 16;
    }
    w->list[w->n++] = text;
    w->list[w->n] = NULL;
}

static void warn_of(struct warnings *w, const char *section, const char *name, const struct sandbox_conf *s)
{
    struct arena *a = &w->config->arena;
    for (const char *const *doubt = sandbox_doubts(s, a); *doubt; doubt++)
        add(w, arena_format(a, "%s.%s: %s", section, name, *doubt).p);
}

void config_sandbox_warn(struct config *c)
{
    struct warnings w = {.config = c};
    for (const char *const *old = c->warnings; *old; old++) add(&w, *old);
    for (size_t i = 0; i < c->n_workers; i++) warn_of(&w, "workers", c->workers[i].name, &c->workers[i].sandbox);
    for (size_t i = 0; i < c->n_types; i++)
        if (!c->types[i].worker) warn_of(&w, "types", c->types[i].name, &c->types[i].exec.sandbox);
    if (w.n) c->warnings = w.list;
}
