/* SPDX-License-Identifier: Apache-2.0
 *
 * See config_sequel.h.
 */
#include "server/config_sequel.h"

#include "base/json.h"
#include "base/json_write.h"

struct look {
    struct config *c;
    struct config_mark mark;
    const char *type, *key;
    struct config_errors *errors;
};

static void tell(const struct look *l, const char *what) { config_errors_add(l->errors, l->mark, "%s: %s", l->key, what); }

/* The type that an item names; p NULL: none, which was told. */
static struct str type_of(const struct look *l, const struct json *j, const struct json_node *v)
{
    struct buf scratch;
    const struct json_node *type = v->kind == JSON_OBJECT ? json_member(j, v, STR("type")) : v;
    if (!type || type->kind != JSON_STRING) {
        tell(l, "expected a list of types, or of submissions with a \"type\"");
        return STR_NONE;
    }
    buf_init(&scratch, LIMIT_CONFIG);
    struct str name = arena_str(&l->c->arena, json_string(j, type, &scratch));
    buf_release(&scratch);
    if (str_eq(name, str_of(l->type))) {
        tell(l, "a type that follows itself never ends");
        return STR_NONE;
    }
    if (config_type_find(l->c, name)) return name;
    config_errors_add(l->errors, l->mark, "%s: no type \"%.*s\" is declared", l->key, STR_ARG(name));
    return STR_NONE;
}

static void write_item(struct buf *b, const struct look *l, const struct json *j, const struct json_node *v)
{
    struct str type = type_of(l, j, v);
    if (!type.p) return;
    if (v->kind == JSON_OBJECT) {
        json_write_raw(b, json_span(j, v));
        return;
    }
    json_write_open(b, '{');
    json_write_member_str(b, "type", type);
    json_write_close(b, '}');
}

static void read_list(const struct look *l, const char **list)
{
    struct json j;
    struct buf b;
    json_init(&j);
    buf_init(&b, 2 * LIMIT_CONFIG);
    if (json_parse(&j, str_of(*list), NULL) || json_root(&j)->kind != JSON_ARRAY || json_root(&j)->count > LIMIT_SEQUEL) {
        config_errors_add(l->errors, l->mark, "%s: expected a list of at most %d types or submissions", l->key, LIMIT_SEQUEL);
    } else {
        json_write_open(&b, '[');
        for (const struct json_node *v = json_first(json_root(&j)); v; v = json_next(json_root(&j), v)) write_item(&b, l, &j, v);
        json_write_close(&b, ']');
        *list = arena_text(&l->c->arena, buf_str(&b));
    }
    buf_release(&b);
    json_release(&j);
}

static void check(struct config *c, const struct config_type *t, const char *key, const char **list, struct config_errors *errors)
{
    if (!*list) return;
    struct str path = arena_format(&c->arena, "types.%s.%s", t->name, key);
    struct look l = {c, config_origin(c, path).mark, t->name, key, errors};
    read_list(&l, list);
}

void config_sequel_check(struct config *c, struct config_errors *errors)
{
    for (size_t i = 0; i < c->n_types; i++) {
        check(c, &c->types[i], "on_success", &c->types[i].on_success, errors);
        check(c, &c->types[i], "on_failure", &c->types[i].on_failure, errors);
    }
}
