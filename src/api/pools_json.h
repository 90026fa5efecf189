/* SPDX-License-Identifier: Apache-2.0
 *
 * The worker pools and what the configuration says of them: a member of the list of workers. Every key of a pool is there, in
 * the units of the API. Of its variables, secret or not, only the names are: values may be tokens, and whoever may read the
 * list is not always who may read the configuration.
 */
#ifndef API_POOLS_JSON_H
#define API_POOLS_JSON_H

#include "base/json_write.h"
#include "server/roster.h"

void pools_json_write(struct buf *b, const struct roster *r); /* the member, in an object that is open */

#endif
