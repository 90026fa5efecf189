/* SPDX-License-Identifier: Apache-2.0
 *
 * YAML as a tree of nodes with places: the thin layer over libfyaml's document API. Syntax errors, duplicate keys and
 * what is not UTF-8 become config_errors here, so that its user only meets trees.
 */
#ifndef SERVER_CONFIG_YAML_H
#define SERVER_CONFIG_YAML_H

#include "base/arena.h"
#include "server/config_errors.h"
#include <libfyaml.h>

struct config_yaml {
    struct fy_parser *parser;     /* owned */
    struct fy_diag *diag;         /* owned */
    struct fy_document *document; /* owned; NULL: nothing in it */
};

/* Reads the file into `ret_text`, at most LIMIT_CONFIG bytes. False: the reason is in `errors`. */
bool config_yaml_read(const char *path, struct buf *ret_text, struct config_errors *errors);
/* Parses; `text` must stay until config_yaml_close. False: the reason is in `errors`. Close it in either case. */
bool config_yaml_open(struct config_yaml *y, struct str text, struct config_errors *errors);
void config_yaml_close(struct config_yaml *y);
struct fy_node *config_yaml_root(const struct config_yaml *y); /* NULL: nothing in it */

/* The text of a scalar; false for a map, a list, and for nothing (empty, ~, null without quotes). */
bool config_yaml_text(struct fy_node *node, struct str *ret_text);
/* A map or a list as JSON: plain words that are numbers, true, false or null are that, all others are strings. In the arena. */
bool config_yaml_json(struct fy_node *node, struct arena *a, struct str *ret_json);
/* Where a node stands: a scalar itself, a map or list by its first scalar; `around` when there is none. */
struct config_mark config_yaml_mark(struct fy_node *node, struct config_mark around);
const char *config_yaml_kind(struct fy_node *node); /* "a map", "a list", "nothing", "a text": for messages */

#endif
