/* SPDX-License-Identifier: Apache-2.0
 *
 * See config_file.h. Walks the YAML tree by the rows of config_table.c: keys that have no row are errors, rows are read
 * in the table's order (not the file's), because types name queues and pools and inherit the defaults. A problem is
 * noted with its place and reading goes on, so that one look shows them all. What is said outside the file wins as its
 * key is read, so that types inherit it like any other; where the file says nothing, the walk goes on without nodes.
 */
#include "server/config_file.h"
#include "base/limits.h"
#include "base/text.h"
#include "handler/command.h"
#include "server/config_amounts.h"
#include "server/config_http.h"
#include "server/config_list.h"
#include "server/config_outside.h"
#include "server/config_routes.h"
#include "server/config_sandbox.h"
#include "server/config_schema.h"
#include "server/config_notify.h"
#include "server/config_sequel.h"
#include "server/config_steps.h"
#include "server/config_value.h"
#include "server/config_warmup.h"
#include "server/config_webhooks.h"
#include "server/config_yaml.h"
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#define OUTSIDE_ITEMS 32 /* addresses in one BIDE_LISTEN */

struct reader {
    struct config *c;
    const struct config_outside *outside;
    struct config_errors *errors;
    const char *cwd; /* what paths outside the file are relative to */
};

/* Where a value goes, and a bit for each row that was set. */
struct target {
    const struct config_section *section;
    void *base;
    struct str path; /* of the section: "", "defaults.retry", "queues.gpu" */
    uint64_t seen;
};

static void read_named(struct reader *r, const struct config_key *k, struct fy_node *map, struct config_mark around);

static struct str path_under(struct reader *r, struct str path, const char *key)
{
    return path.len ? arena_format(&r->c->arena, "%.*s.%s", STR_ARG(path), key) : str_of(key);
}

static void keep_origin(struct reader *r, struct str path, struct config_origin from)
{
    struct config_origin *kept = arena_alloc(&r->c->arena, sizeof *kept);
    *kept = from;
    (void)map_put(&r->c->origins, path, kept);
}

static void tell_wrong(struct reader *r, const struct config_key *k, struct fy_node *node, struct config_mark at)
{
    char wanted[160];
    config_errors_add(r->errors, at, "\"%s\": expected %s; found %s", k->key,
                      config_value_wanted(k, wanted, sizeof wanted), config_yaml_kind(node));
}

/* What pools need is of what there is. */
static void read_amounts(struct reader *r, const struct target *t, const struct config_key *k, struct fy_node *node,
                         struct config_mark at)
{
    static const struct ration_amount none[1];
    const struct ration_amount *of = t->section == &config_table_top ? NULL : r->c->resources ? r->c->resources : none;
    const void *amounts = config_amounts_read(&r->c->arena, k, node, of, at, r->errors);
    memcpy((char *)t->base + k->offset, &amounts, sizeof amounts);
}

/* One that is known of and not there yet is told so. */
static bool is_later(struct reader *r, const struct config_section *s, struct str key, struct config_mark at)
{
    for (const char *const *name = s->later; name && *name; name += 2) {
        if (!str_eq(key, str_of(*name))) continue;
        config_errors_add(r->errors, at, "\"%s\" is not there yet: %s", name[0], name[1]);
        return true;
    }
    return false;
}

/* Notes keys without a row; what is in `map` afterwards is known. */
static void check_keys(struct reader *r, const struct config_section *s, struct fy_node *map, struct config_mark around)
{
    void *place = NULL;
    for (struct fy_node_pair *pair; (pair = fy_node_mapping_iterate(map, &place));) {
        struct str key;
        struct config_mark at = config_yaml_mark(fy_node_pair_key(pair), around);
        if (!config_yaml_text(fy_node_pair_key(pair), &key)) {
            config_errors_add(r->errors, at, "a key must be a text");
            continue;
        }
        if (config_table_find(s, key)) continue;
        if (is_later(r, s, key, at)) continue;
        const char *near = config_table_nearest(s, key);
        config_errors_add(r->errors, at, "unknown key \"%.*s\"%s%s%s", (int)(key.len < 80 ? key.len : 80), key.p,
                          near ? " (did you mean \"" : "", near ? near : "", near ? "\"?)" : "");
    }
}

static struct fy_node_pair *find_pair(struct fy_node *map, const char *key)
{
    void *place = NULL;
    struct str text;
    for (struct fy_node_pair *pair; map && (pair = fy_node_mapping_iterate(map, &place));)
        if (config_yaml_text(fy_node_pair_key(pair), &text) && str_eq(text, str_of(key))) return pair;
    return NULL;
}

static void read_section(struct reader *r, struct target *t, struct fy_node *map, struct config_mark around);

static bool is_nothing(struct fy_node *node)
{
    struct str text;
    return !node || (fy_node_get_type(node) == FYNT_SCALAR && !config_yaml_text(node, &text));
}

/* A list of sections: each is initialised and read in its place. */
static void read_sections(struct reader *r, struct target *t, const struct config_key *k, struct fy_node *list,
                          struct config_mark around)
{
    size_t n = 0, size = k->section->size, most = list ? (size_t)fy_node_sequence_item_count(list) : 0;
    char *all = arena_alloc(&r->c->arena, most * size + 1);
    struct str path = path_under(r, t->path, k->key);
    void *place = NULL;
    for (struct fy_node *item; list && (item = fy_node_sequence_iterate(list, &place)); n++) {
        struct config_mark at = config_yaml_mark(item, around);
        struct target nested = {k->section, all + n * size, arena_format(&r->c->arena, "%.*s.%zu", STR_ARG(path), n), 0};
        struct config_into into = {r->c, r->c->dir, nested.base};
        config_value_init(&into, k->section);
        keep_origin(r, nested.path, (struct config_origin){.from = CONFIG_FILE, .mark = at});
        if (fy_node_get_type(item) == FYNT_MAPPING) read_section(r, &nested, item, at);
        else
            config_errors_add(r->errors, at, "\"%s\": item %zu: expected a map of keys; found %s", k->key, n + 1,
                              config_yaml_kind(item));
    }
    memcpy((char *)t->base + k->offset, &all, sizeof all);
    memcpy((char *)t->base + k->count, &n, sizeof n);
}

static void read_value(struct reader *r, struct target *t, const struct config_key *k, struct fy_node *node,
                       struct config_mark key_at)
{
    struct config_into into = {r->c, r->c->dir, t->base};
    struct config_mark at = config_yaml_mark(node, key_at);
    enum fy_node_type type = node ? fy_node_get_type(node) : FYNT_SCALAR;
    struct str text;
    struct err e;
    bool nothing = is_nothing(node); /* of a section: a heading with nothing (left) under it */
    bool as_json = k->kind == KIND_JSON      ? type != FYNT_SCALAR
                   : k->kind == KIND_SCHEMA ? type == FYNT_MAPPING
                                            : k->kind == KIND_MAPPING && !nothing;
    if (k->kind == KIND_SECTION && (nothing || type == FYNT_MAPPING)) {
        struct target nested = {k->section, (char *)t->base + k->offset, path_under(r, t->path, k->key), 0};
        read_section(r, &nested, nothing ? NULL : node, key_at);
    } else if (k->kind == KIND_SECTION && k->section->plain && type == FYNT_SCALAR) {
        const struct config_key *plain = config_table_find(k->section, str_of(k->section->plain));
        struct target nested = {k->section, (char *)t->base + k->offset, path_under(r, t->path, k->key), 0};
        read_value(r, &nested, plain, node, key_at);
        keep_origin(r, path_under(r, nested.path, plain->key), (struct config_origin){.from = CONFIG_FILE, .mark = key_at});
        read_section(r, &nested, NULL, key_at); /* what flags and variables say */
    } else if (k->kind == KIND_NAMED && (nothing || type == FYNT_MAPPING)) {
        read_named(r, k, nothing ? NULL : node, key_at);
    } else if ((k->kind == KIND_COMMAND || k->kind == KIND_ADDRESSES || k->kind == KIND_WORDS || k->kind == KIND_PATHS) &&
               type == FYNT_SEQUENCE) {
        config_list_read(&into, k, node, at, r->errors);
    } else if ((k->kind == KIND_ENV || k->kind == KIND_SECRETS) && type == FYNT_MAPPING) {
        config_list_read_env(&into, k, node, at, r->errors);
    } else if (k->kind == KIND_AMOUNTS && type == FYNT_MAPPING) {
        read_amounts(r, t, k, node, at);
    } else if (k->kind == KIND_LIST && (nothing || type == FYNT_SEQUENCE)) {
        read_sections(r, t, k, nothing ? NULL : node, key_at);
    } else if (as_json ? !config_yaml_json(node, &r->c->arena, &text) : !config_yaml_text(node, &text)) {
        tell_wrong(r, k, node, at);
    } else if (config_value_set(&into, k, text, &e)) {
        config_errors_add(r->errors, at, "\"%s\": %s", k->key, e.text);
    }
}

/* True: a flag or a variable says it. */
static bool read_outside(struct reader *r, struct target *t, const struct config_key *k, struct str path)
{
    struct config_origin from;
    const char *value = config_outside_find(r->c, r->outside, path, &from);
    if (!value) return false;
    struct config_into into = {r->c, r->cwd, t->base};
    struct str items[OUTSIDE_ITEMS], rest = str_of(value);
    struct err e;
    size_t n = 0;
    while (k->kind == KIND_ADDRESSES && rest.len && n < OUTSIDE_ITEMS) items[n++] = str_cut(&rest, ',');
    int err = !config_table_is_scalar(k->kind) ? err_set(&e, ERR_CONFIG, "only the file can say this")
              : k->kind == KIND_ADDRESSES      ? config_value_set_list(&into, k, items, n, &e)
                                               : config_value_set(&into, k, str_of(value), &e);
    if (err) config_errors_add_outside(r->errors, "%s: %s", from.name, e.text);
    else keep_origin(r, path, from);
    return true;
}

static void read_section(struct reader *r, struct target *t, struct fy_node *map, struct config_mark around)
{
    if (map) check_keys(r, t->section, map, around);
    for (size_t i = 0; i < t->section->n; i++) {
        const struct config_key *k = &t->section->keys[i];
        struct fy_node_pair *pair = find_pair(map, k->key);
        struct config_mark at = pair ? config_yaml_mark(fy_node_pair_key(pair), around) : around;
        if (k->kind == KIND_SECTION || k->kind == KIND_NAMED || k->kind == KIND_LIST) {
            bool said = pair && !is_nothing(fy_node_pair_value(pair));
            if (said) t->seen |= UINT64_C(1) << i;
            if (said && k->section->optional) *(bool *)((char *)t->base + k->offset + k->section->said) = true;
            if (said || !(config_table_required(k->section) || k->section->optional) || k->kind != KIND_SECTION)
                read_value(r, t, k, pair ? fy_node_pair_value(pair) : NULL, at);
            continue;
        }
        struct str path = path_under(r, t->path, k->key);
        if (pair) read_value(r, t, k, fy_node_pair_value(pair), at);
        if (pair) keep_origin(r, path, (struct config_origin){.from = CONFIG_FILE, .mark = at});
        if (read_outside(r, t, k, path) || pair) t->seen |= UINT64_C(1) << i;
        else if (k->required) config_errors_add(r->errors, around, "\"%s\" is missing", k->key);
    }
}

static bool has(const struct target *t, const char *key)
{
    return t->seen & (UINT64_C(1) << (config_table_find(t->section, str_of(key)) - t->section->keys));
}

/* ---- queues, workers, types: a struct per name ---- */

static void read_queue(struct reader *r, const char *name, struct fy_node *map, struct config_mark at)
{
    struct config_queue *q = strcmp(name, "default") ? &r->c->queues[r->c->n_queues++] : &r->c->queues[0];
    struct config_into into = {r->c, r->c->dir, q};
    struct target t = {&config_table_queue, q, path_under(r, STR("queues"), name), 0};
    q->name = name;
    config_value_init(&into, &config_table_queue);
    read_section(r, &t, map, at);
}

static void read_worker(struct reader *r, const char *name, struct fy_node *map, struct config_mark at)
{
    struct worker_pool_conf *w = &r->c->workers[r->c->n_workers++];
    struct config_into into = {r->c, r->c->dir, w};
    struct target t = {&config_table_worker, w, path_under(r, STR("workers"), name), 0};
    w->name = name;
    config_value_init(&into, &config_table_worker);
    read_section(r, &t, map, at);
    config_sandbox_check(&w->sandbox, name, at, r->errors);
}

static void read_type(struct reader *r, const char *name, struct fy_node *map, struct config_mark at)
{
    struct config_type *type = &r->c->types[r->c->n_types++];
    struct config_into into = {r->c, r->c->dir, type};
    struct target t = {&config_table_type, type, path_under(r, STR("types"), name), 0};
    type->name = type->exec.name = type->pull.name = type->http.name = name;
    type->prefix = str_ends(str_of(name), STR("*"));
    type->rules = r->c->defaults;
    config_value_init(&into, &config_table_type);
    read_section(r, &t, map, at);
    config_sandbox_check(&type->exec.sandbox, name, at, r->errors);
    config_http_check(r->c, &type->http, name, at, r->errors);
    int n = has(&t, "worker") + has(&t, "exec") + has(&t, "pull") + has(&t, "http") + has(&t, "steps");
    if (n != 1)
        config_errors_add(r->errors, at, "\"%s\" needs %s of \"worker\", \"exec\", \"http\", \"pull\" and \"steps\"", name,
                          n ? "only one" : "one");
    for (size_t i = 0; n && i < t.section->n; i++) {
        const struct config_key *k = &t.section->keys[i];
        if (!k->needs || has(&t, k->needs) || !(t.seen & (UINT64_C(1) << i))) continue;
        config_errors_add(r->errors, at, "\"%s\": \"%s\" goes with \"%s\"%s", name, k->key, k->needs,
                          has(&t, "worker") ? "; a worker has its own" : has(&t, "pull") ? "; a puller has its own" : has(&t, "http") ? "; a request has none" : "");
    }
}

static void read_named(struct reader *r, const struct config_key *k, struct fy_node *map, struct config_mark around)
{
    struct arena *a = &r->c->arena;
    size_t n = map ? (size_t)fy_node_mapping_item_count(map) : 0;
    bool types = k->section == &config_table_type, queues = k->section == &config_table_queue;
    if (queues) {
        struct config_queue *grown = arena_alloc(a, (n + 1) * sizeof *grown);
        grown[0] = r->c->queues[0];
        r->c->queues = grown;
    } else if (types) {
        r->c->types = arena_alloc(a, (n + 1) * sizeof *r->c->types);
    } else {
        r->c->workers = arena_alloc(a, (n + 1) * sizeof *r->c->workers);
    }
    if (queues && !find_pair(map, "default")) read_queue(r, "default", NULL, around);
    void *place = NULL;
    for (struct fy_node_pair *pair; map && (pair = fy_node_mapping_iterate(map, &place));) {
        struct config_mark at = config_yaml_mark(fy_node_pair_key(pair), around);
        struct str name, plain;
        bool is_text = config_yaml_text(fy_node_pair_key(pair), &name);
        plain = is_text ? name : STR_NONE;
        if (types && str_ends(plain, STR("*"))) plain.len--;
        if (!is_text || !(text_is_name(plain) || (types && str_eq(name, STR("*"))))) {
            config_errors_add(r->errors, at, "a name in \"%s\" has 1 to %d characters of A-Z a-z 0-9 . _ - : /%s",
                              k->key, LIMIT_NAME, types ? ", and may end with *" : "");
            continue;
        }
        struct fy_node *value = fy_node_pair_value(pair);
        if (fy_node_get_type(value) != FYNT_MAPPING) {
            config_errors_add(r->errors, config_yaml_mark(value, at), "\"%.*s\": expected a map of keys; found %s",
                              STR_ARG(name), config_yaml_kind(value));
            continue;
        }
        (types ? read_type : queues ? read_queue : read_worker)(r, arena_text(a, name), value, at);
    }
}

/* The order config_type_find needs. */
static int type_order(const void *a, const void *b)
{
    const struct config_type *left = a, *right = b;
    if (left->prefix != right->prefix) return left->prefix ? 1 : -1;
    size_t left_len = strlen(left->name), right_len = strlen(right->name);
    if (left->prefix && left_len != right_len) return left_len > right_len ? -1 : 1;
    return strcmp(left->name, right->name);
}

/* The type that is there without being declared. What it runs is not known to be harmless twice: one attempt. */
static void build_in(struct config *c)
{
    struct config_into into = {c, c->dir, &c->command};
    config_value_init(&into, &config_table_type);
    c->command.name = c->command.exec.name = COMMAND_TYPE;
    c->command.rules = c->defaults;
    c->command.rules.max_attempts = 1;
    c->command.exec.from_input = true;
    c->command.exec.result = EXEC_STDOUT_TEXT;
}

static void walk(struct reader *r, struct fy_node *root)
{
    struct config *c = r->c;
    struct target t = {&config_table_top, c, STR_NONE, 0};
    read_section(r, &t, root, (struct config_mark){1, 1});
    if (c->n_types) qsort(c->types, c->n_types, sizeof *c->types, type_order);
    while (c->n_exact < c->n_types && !c->types[c->n_exact].prefix) c->n_exact++;
    config_schema_read(c, r->errors);
    config_warmup_check(c, r->errors);
    config_steps_check(c, r->errors);
    config_sequel_check(c, r->errors);
    config_notify_check(c, r->errors);
    config_routes_check(c, r->errors);
    config_webhooks_read(c, r->errors);
    if (c->commands && !config_type_is_declared(c, STR(COMMAND_TYPE))) build_in(c);
}

static void parse(struct reader *r, struct str text)
{
    struct config_yaml y;
    struct fy_node *root = NULL;
    if (config_yaml_open(&y, text, r->errors)) {
        root = config_yaml_root(&y);
        if (!root || fy_node_get_type(root) == FYNT_MAPPING) walk(r, root);
        else
            config_errors_add(r->errors, config_yaml_mark(root, (struct config_mark){1, 1}),
                              "expected a map of keys; found %s", config_yaml_kind(root));
    }
    config_yaml_close(&y);
}

static void read_file(struct reader *r)
{
    struct buf b;
    buf_init(&b, LIMIT_CONFIG);
    if (config_yaml_read(r->c->path, &b, r->errors)) parse(r, buf_str(&b));
    buf_release(&b);
}

void config_file_read(struct config *c, const struct config_outside *outside, struct config_errors *errors)
{
    char cwd[PATH_MAX];
    struct reader r = {c, outside, errors, arena_text(&c->arena, str_of(getcwd(cwd, sizeof cwd) ? cwd : "/"))};
    if (c->path) read_file(&r);
    else walk(&r, NULL);
    if (errors->n) return;
    config_outside_warn(c, outside);
    config_sandbox_warn(c);
}
