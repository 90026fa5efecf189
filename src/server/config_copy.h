/* SPDX-License-Identifier: Apache-2.0
 *
 * Parts of a configuration that outlive it, and whether they changed: both by the rows of the table, so that a new key
 * is copied and compared without being named here.
 */
#ifndef SERVER_CONFIG_COPY_H
#define SERVER_CONFIG_COPY_H

#include "server/config_table.h"

/* What the section's rows point to in *base is copied into the arena; the struct itself is the caller's copy. */
void config_copy_deep(struct arena *a, const struct config_section *s, void *base);
/* Are the values of this row the same? */
bool config_copy_same_key(const struct config_key *k, const void *a, const void *b);
/* Are those of all rows; `only`: of that row and those that need it. */
bool config_copy_same(const struct config_section *s, const void *a, const void *b, const char *only);

#endif
