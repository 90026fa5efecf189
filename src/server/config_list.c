/* SPDX-License-Identifier: Apache-2.0
 *
 * See config_list.h.
 */
#include "server/config_list.h"
#include "server/config_secret.h"

void config_list_read(const struct config_into *into, const struct config_key *k, struct fy_node *node,
                      struct config_mark at, struct config_errors *errors)
{
    struct str *items = arena_alloc(&into->config->arena, ((size_t)fy_node_sequence_item_count(node) + 1) * sizeof *items);
    size_t n = 0;
    void *place = NULL;
    struct err e;
    for (struct fy_node *item; (item = fy_node_sequence_iterate(node, &place)); n++) {
        if (config_yaml_text(item, &items[n])) continue;
        config_errors_add(errors, config_yaml_mark(item, at), "\"%s\": item %zu: expected a text; found %s", k->key,
                          n + 1, config_yaml_kind(item));
        return;
    }
    if (config_value_set_list(into, k, items, n, &e)) config_errors_add(errors, at, "\"%s\": %s", k->key, e.text);
}

void config_list_read_env(const struct config_into *into, const struct config_key *k, struct fy_node *node,
                          struct config_mark at, struct config_errors *errors)
{
    struct str *items = arena_alloc(&into->config->arena, ((size_t)fy_node_mapping_item_count(node) + 1) * sizeof *items);
    size_t n = 0;
    void *place = NULL;
    struct err e;
    for (struct fy_node_pair *pair; (pair = fy_node_mapping_iterate(node, &place));) {
        struct str name, value;
        struct config_mark here = config_yaml_mark(fy_node_pair_key(pair), at);
        if (!config_yaml_text(fy_node_pair_key(pair), &name) || name.len == 0 || str_find(name, '=') < name.len) {
            config_errors_add(errors, here, "\"%s\": this cannot be the name of a variable", k->key);
            return;
        }
        if (!config_yaml_text(fy_node_pair_value(pair), &value)) {
            config_errors_add(errors, here, "\"%s\": expected a text for \"%.*s\"; found %s", k->key, STR_ARG(name),
                              config_yaml_kind(fy_node_pair_value(pair)));
            return;
        }
        if (k->kind == KIND_SECRETS && config_secret_read(&value, &into->config->arena, into->dir, value, &e)) {
            config_errors_add(errors, here, "\"%s\": \"%.*s\": %s", k->key, STR_ARG(name), e.text);
            continue;
        }
        items[n++] = arena_format(&into->config->arena, "%.*s=%.*s", STR_ARG(name), STR_ARG(value));
    }
    if (config_value_set_list(into, k, items, n, &e)) config_errors_add(errors, at, "\"%s\": %s", k->key, e.text);
}
