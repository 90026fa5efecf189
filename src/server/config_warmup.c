/* SPDX-License-Identifier: Apache-2.0
 *
 * Pools are read before types, so this is looked at when all is read, and told where the name was said.
 */
#include "server/config_warmup.h"
#include "base/limits.h"
#include <stdio.h>
#include <string.h>

static void tell(struct config *c, const struct worker_pool_conf *w, const char *key, const char *what, struct config_errors *errors)
{
    struct config_origin said = config_origin(c, arena_format(&c->arena, "workers.%s.warmup.%s", w->name, key));
    if (said.from == CONFIG_DEFAULT) said = config_origin(c, arena_format(&c->arena, "workers.%s.warmup.type", w->name));
    if (said.from == CONFIG_FILE) config_errors_add(errors, said.mark, "\"%s\": %s", key, what);
    else config_errors_add_outside(errors, "%s: %s", said.name, what);
}

/* It is a task like others: its input fits, and has its defaults. */
static void check_input(struct config *c, struct worker_pool_conf *w, const struct config_type *t, struct config_errors *errors)
{
    struct err e = {0};
    struct str input = str_of(w->warmup.input ? w->warmup.input : "{}");
    if (!t->schema) return;
    if (schema_apply(t->schema, &input, "", "input", &c->arena, &e)) tell(c, w, "input", e.text, errors);
    else w->warmup.input = arena_text(&c->arena, input);
}

static void check(struct config *c, struct worker_pool_conf *w, struct config_errors *errors)
{
    char what[3 * LIMIT_NAME + 128];
    const struct config_type *t = config_type_find(c, str_of(w->warmup.type));
    if (t && t->worker && strcmp(t->worker, w->name) == 0) {
        check_input(c, w, t, errors);
        return;
    }
    snprintf(what, sizeof what, "expected a type of the worker \"%s\"; %s\"%s\"%s", w->name, t ? "" : "no type ",
             w->warmup.type, t ? " is not one of its" : " is declared");
    tell(c, w, "type", what, errors);
}

void config_warmup_check(struct config *c, struct config_errors *errors)
{
    for (size_t i = 0; i < c->n_workers; i++)
        if (c->workers[i].warmup.type) check(c, &c->workers[i], errors);
}
