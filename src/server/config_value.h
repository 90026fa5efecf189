/* SPDX-License-Identifier: Apache-2.0
 *
 * One value: from text to the member its row names. Knows nothing of YAML, so that defaults, the environment, flags and
 * the file all go through here.
 */
#ifndef SERVER_CONFIG_VALUE_H
#define SERVER_CONFIG_VALUE_H

#include "server/config_table.h"

struct config_into {
    struct config *config; /* names of queues and pools are looked up here; memory is its arena */
    const char *dir;       /* absolute: what relative paths are relative to */
    void *base;            /* the struct whose members the rows describe */
};

/* Sets a member from a scalar. ERR_CONFIG with "expected ..., found ..." in `e`. */
int config_value_set(const struct config_into *into, const struct config_key *k, struct str text,
                     struct err *e) MUST_USE;
/* Sets a list (KIND_ADDRESSES, KIND_COMMAND, KIND_PATHS, KIND_ENV, KIND_SECRETS) from its items, each a text of its own. */
int config_value_set_list(const struct config_into *into, const struct config_key *k, const struct str *items, size_t n,
                          struct err *e) MUST_USE;
/* Gives every member its initial value; the rows' values must be right. */
void config_value_init(const struct config_into *into, const struct config_section *s);
/* "a duration like 90s, 1h30m; ..." */
const char *config_value_wanted(const struct config_key *k, char *text, size_t cap);
/* `path` as it is when absolute, else under `dir`; in the arena. */
const char *config_value_path(struct arena *a, const char *dir, struct str path);

#endif
