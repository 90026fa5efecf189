/* SPDX-License-Identifier: Apache-2.0
 *
 * Values that are lists of texts, and maps of texts (variables): from the file to the member that the row names. For
 * config_file.c.
 */
#ifndef SERVER_CONFIG_LIST_H
#define SERVER_CONFIG_LIST_H

#include "server/config_value.h"
#include "server/config_yaml.h"

/* `node` is a list; what is wrong is told at `at`, or at the item. */
void config_list_read(const struct config_into *into, const struct config_key *k, struct fy_node *node,
                      struct config_mark at, struct config_errors *errors);
/* `node` is a map; the values of KIND_SECRETS are read from where it says. */
void config_list_read_env(const struct config_into *into, const struct config_key *k, struct fy_node *node,
                          struct config_mark at, struct config_errors *errors);

#endif
