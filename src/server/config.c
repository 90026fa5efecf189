/* SPDX-License-Identifier: Apache-2.0
 *
 * See config.h: the life of a struct config, what comes from outside the file, and look-ups.
 */
#include "server/config.h"
#include "server/config_file.h"
#include "server/config_value.h"
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#define OVERRIDES 32 /* addresses in one BIDE_LISTEN */

static const char *working_dir(struct arena *a)
{
    char cwd[PATH_MAX];
    return arena_text(a, str_of(getcwd(cwd, sizeof cwd) ? cwd : "/"));
}

/* Everything as if the file in `dir` were empty. */
static void begin(struct config *c, const char *path, const char *dir)
{
    memset(c, 0, sizeof *c);
    arena_init(&c->arena);
    c->path = path ? arena_text(&c->arena, str_of(path)) : NULL;
    c->dir = dir ? arena_text(&c->arena, str_of(dir)) : working_dir(&c->arena);
    c->queues = arena_alloc(&c->arena, sizeof *c->queues);
    c->n_queues = 1;
    c->queues[0].name = "default";
    struct config_into queue = {c, c->dir, &c->queues[0]}, top = {c, c->dir, c};
    config_value_init(&queue, &config_table_queue);
    config_value_init(&top, &config_table_top);
}

void config_default(struct config *c)
{
    begin(c, NULL, NULL);
    const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
    if (state && state[0] == '/') c->data_dir = arena_format(&c->arena, "%s/bide", state).p;
    else if (home && home[0] == '/') c->data_dir = arena_format(&c->arena, "%s/.local/state/bide", home).p;
    c->store = arena_format(&c->arena, "sqlite:%s/bide.db", c->data_dir).p;
}

int config_load(struct config *c, const char *path, struct config_errors *errors)
{
    char real[PATH_MAX];
    config_errors_init(errors, path);
    memset(c, 0, sizeof *c);
    if (!realpath(path, real)) {
        struct err e;
        err_set_errno(&e, ERR_CONFIG, errno, "cannot open it");
        config_errors_add(errors, (struct config_mark){0, 0}, "%s", e.text);
        return ERR_CONFIG;
    }
    char *slash = strrchr(real, '/');
    slash[slash == real] = '\0';
    begin(c, path, real);
    config_file_read(c, errors);
    if (errors->n == 0) return 0;
    config_errors_sort(errors);
    config_release(c);
    return ERR_CONFIG;
}

void config_release(struct config *c)
{
    arena_release(&c->arena);
    memset(c, 0, sizeof *c);
}

int config_override(struct config *c, const char *key, const char *value, enum config_origin from, struct err *e)
{
    const struct config_key *k = config_table_find(&config_table_top, str_of(key));
    if (!k || !k->origin) return err_set(e, ERR_CONFIG, "\"%s\" cannot be set from outside the file", key);
    struct config_into into = {c, working_dir(&c->arena), c};
    struct str items[OVERRIDES], rest = str_of(value);
    size_t n = 0;
    while (k->kind == KIND_ADDRESSES && rest.len && n < OVERRIDES) items[n++] = str_cut(&rest, ',');
    struct err why;
    int err = k->kind == KIND_ADDRESSES ? config_value_set_list(&into, k, items, n, &why)
                                        : config_value_set(&into, k, str_of(value), &why);
    if (err) return err_set(e, err, "%s: %s", key, why.text);
    memcpy((char *)c + k->origin, &from, sizeof from);
    return 0;
}

int config_override_env(struct config *c, struct err *e)
{
    static const char *const names[][2] = {
        {"BIDE_LISTEN", "listen"}, {"BIDE_STORE", "store"}, {"BIDE_DATA_DIR", "data_dir"}};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const char *value = getenv(names[i][0]);
        struct err why;
        if (!value || !*value || config_override(c, names[i][1], value, CONFIG_ENV, &why) == 0) continue;
        return err_set(e, ERR_CONFIG, "%s: %s", names[i][0], why.text);
    }
    return 0;
}

static int name_against_type(const void *key, const void *item)
{
    const struct str *name = key;
    const struct config_type *type = item;
    return str_cmp(*name, str_of(type->name));
}

const struct config_type *config_type_find(const struct config *c, struct str name)
{
    const struct config_type *found =
        c->n_exact ? bsearch(&name, c->types, c->n_exact, sizeof *c->types, name_against_type) : NULL;
    for (size_t i = c->n_exact; !found && i < c->n_types; i++) {
        struct str prefix = str_of(c->types[i].name);
        prefix.len--; /* its star */
        if (str_starts(name, prefix)) found = &c->types[i];
    }
    return found;
}

const struct config_queue *config_queue_find(const struct config *c, struct str name)
{
    for (size_t i = 0; i < c->n_queues; i++)
        if (str_eq(str_of(c->queues[i].name), name)) return &c->queues[i];
    return NULL;
}

const struct worker_pool_conf *config_worker_find(const struct config *c, struct str name)
{
    for (size_t i = 0; i < c->n_workers; i++)
        if (str_eq(str_of(c->workers[i].name), name)) return &c->workers[i];
    return NULL;
}

const char *config_origin_word(enum config_origin from)
{
    static const char *const words[] = {
        [CONFIG_DEFAULT] = "default", [CONFIG_FILE] = "file", [CONFIG_ENV] = "environment", [CONFIG_FLAG] = "flag"};
    return words[from];
}
