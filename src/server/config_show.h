/* SPDX-License-Identifier: Apache-2.0
 *
 * A configuration told back: every value that holds, by its path, and the text it would be written as. Values that are
 * secret, or whose name says so, are masked.
 */
#ifndef SERVER_CONFIG_SHOW_H
#define SERVER_CONFIG_SHOW_H

#include "server/config_table.h"

struct config_item {
    struct str path; /* queues.gpu.concurrency; borrowed for the call */
    const struct config_section *section;
    const struct config_key *key;
    const void *base; /* the struct whose members the section's rows describe */
};

/* Every value, in the table's order; keys that do not apply (those of exec where a worker runs the type) are left out. */
void config_show_each(const struct config *c, void (*f)(void *user, const struct config_item *item), void *user);
/* The value as JSON, which is YAML too; null: not set. */
void config_show_value(struct buf *b, const struct config_item *item);
/* "bide.yaml:4", "BIDE_STORE", "--store", "default"; a type's rule that it does not set itself: "defaults.timeout". */
void config_show_origin(struct buf *b, const struct config *c, const struct config_item *item);
const char *config_show_from(enum config_from from); /* file env flag default */

#endif
