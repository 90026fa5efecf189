/* SPDX-License-Identifier: Apache-2.0
 *
 * The table of keys told to people and programs: `bide config --keys`, and with it doc/config.md.
 */
#ifndef SERVER_CONFIG_KEYS_H
#define SERVER_CONFIG_KEYS_H

#include "server/config_table.h"

struct config_row { /* "" where there is nothing to say; borrowed for the call */
    const char *section, *key, *type, *unit, *range, *initial, *meaning;
};

/* Every row of every section, sections in the order of the page. */
void config_keys_each(void (*f)(void *user, const struct config_row *row), void *user);

#endif
