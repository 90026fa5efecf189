/* SPDX-License-Identifier: Apache-2.0
 *
 * The configured routes as OpenAPI paths, for /openapi.json.
 */
#ifndef API_OPENAPI_ROUTES_H
#define API_OPENAPI_ROUTES_H

#include "base/buf.h"
#include "server/config.h"

/* Appends `"/path":{..}` for each path of the configuration's routes, as members of an object that is open. */
void openapi_routes_write(struct buf *b, const struct config *c);

#endif
