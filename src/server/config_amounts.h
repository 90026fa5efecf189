/* SPDX-License-Identifier: Apache-2.0
 *
 * Amounts of named resources: `resources` of the configuration, `needs` of a pool. For the files config_*.c only.
 */
#ifndef SERVER_CONFIG_AMOUNTS_H
#define SERVER_CONFIG_AMOUNTS_H

#include "server/config_table.h"

struct fy_node;

/* The amounts of a map; what is not right is in `errors`. Those of a pool (`of` not NULL) are of what is in `of`, written in
 * its unit, and not more than that. */
const struct ration_amount *config_amounts_read(struct arena *a, const struct config_key *k, struct fy_node *map,
                                                const struct ration_amount *of, struct config_mark at,
                                                struct config_errors *errors);
const struct ration_amount *config_amounts_copy(struct arena *a, const struct ration_amount *amounts);
bool config_amounts_same(const struct ration_amount *a, const struct ration_amount *b);
void config_amounts_show(struct buf *b, const struct ration_amount *amounts); /* as JSON: {"vram":"24G","licences":3} */

#endif
