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

/* Everything as if the file in `dir` were empty. */
static void begin(struct config *c, const char *path, const char *dir)
{
    memset(c, 0, sizeof *c);
    arena_init(&c->arena);
    map_init(&c->origins);
    c->path = path ? arena_text(&c->arena, str_of(path)) : NULL;
    c->dir = arena_text(&c->arena, str_of(dir));
    c->queues = arena_alloc(&c->arena, sizeof *c->queues);
    c->n_queues = 1;
    c->queues[0].name = "default";
    struct config_into queue = {c, c->dir, &c->queues[0]}, top = {c, c->dir, c};
    config_value_init(&queue, &config_table_queue);
    config_value_init(&top, &config_table_top);
}

static void begin_without_file(struct config *c)
{
    char cwd[PATH_MAX];
    begin(c, NULL, getcwd(cwd, sizeof cwd) ? cwd : "/");
    const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
    if (state && state[0] == '/') c->data_dir = arena_format(&c->arena, "%s/bide", state).p;
    else if (home && home[0] == '/') c->data_dir = arena_format(&c->arena, "%s/.local/state/bide", home).p;
    c->store = arena_format(&c->arena, "sqlite:%s/bide.db", c->data_dir).p;
}

static int begin_with_file(struct config *c, const char *path, struct config_errors *errors)
{
    char real[PATH_MAX];
    if (!realpath(path, real)) {
        struct err e;
        err_set_errno(&e, ERR_CONFIG, errno, "cannot open it");
        config_errors_add(errors, (struct config_mark){0, 0}, "%s", e.text);
        return ERR_CONFIG;
    }
    char *slash = strrchr(real, '/');
    slash[slash == real] = '\0';
    begin(c, path, real);
    return 0;
}

int config_load(struct config *c, const char *path, const struct config_outside *outside, struct config_errors *errors)
{
    static const struct config_outside nothing = {NULL, NULL, 0};
    config_errors_init(errors, path ? path : "");
    memset(c, 0, sizeof *c);
    if (!path) begin_without_file(c);
    else if (begin_with_file(c, path, errors) != 0) return ERR_CONFIG;
    config_file_read(c, outside ? outside : &nothing, errors);
    if (errors->n == 0) return 0;
    config_errors_sort(errors);
    config_release(c);
    return ERR_CONFIG;
}

void config_release(struct config *c)
{
    map_release(&c->origins);
    arena_release(&c->arena);
    memset(c, 0, sizeof *c);
}

struct config_origin config_origin(const struct config *c, struct str path)
{
    const struct config_origin *o = map_get(&c->origins, path);
    return o ? *o : (struct config_origin){.from = CONFIG_DEFAULT};
}

static int name_against_type(const void *key, const void *item)
{
    const struct str *name = key;
    const struct config_type *type = item;
    return str_cmp(*name, str_of(type->name));
}

static const struct config_type *find_declared(const struct config *c, struct str name)
{
    return c->n_exact ? bsearch(&name, c->types, c->n_exact, sizeof *c->types, name_against_type) : NULL;
}

bool config_type_is_declared(const struct config *c, struct str name) { return find_declared(c, name) != NULL; }

const struct config_type *config_type_find(const struct config *c, struct str name)
{
    const struct config_type *found = find_declared(c, name);
    if (!found && c->delivery.name && str_eq(name, str_of(c->delivery.name))) return &c->delivery;
    if (!found && c->command.name && str_eq(name, str_of(c->command.name))) return &c->command;
    for (size_t i = c->n_exact; !found && i < c->n_types; i++) {
        struct str prefix = str_of(c->types[i].name);
        prefix.len--; /* its star */
        if (str_starts(name, prefix)) found = &c->types[i];
    }
    return found;
}

const struct config_step *config_step_find(const struct config *c, struct str lane)
{
    const struct config_type *t = config_type_find(c, task_lane_type(lane));
    struct str step = task_lane_step(lane);
    if (t && t->n_steps && !step.p) return &t->steps[0];
    for (size_t i = 0; t && step.p && i < t->n_steps; i++)
        if (str_eq(str_of(t->steps[i].name), step)) return &t->steps[i];
    return NULL;
}

struct str config_works(const struct config *c, struct str lane)
{
    const struct config_step *step = config_step_find(c, lane);
    if (step) return str_of(step->type);
    const struct config_type *t = task_lane_step(lane).p ? NULL : config_type_find(c, lane);
    return t && t->n_steps == 0 ? lane : STR_NONE;
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
