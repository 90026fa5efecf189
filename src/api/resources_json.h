/* SPDX-License-Identifier: Apache-2.0
 *
 * What pools share, and how much of it is held: a member of the list of workers.
 */
#ifndef API_RESOURCES_JSON_H
#define API_RESOURCES_JSON_H

#include "base/json_write.h"
#include "handler/resources.h"

void resources_json_write(struct buf *b, const struct resources *r); /* the member, in an object that is open */

#endif
