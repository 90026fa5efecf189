/* SPDX-License-Identifier: Apache-2.0
 *
 * Routes of the configuration: found after the API's own, and handled by them in the end. Of two that fit, the one with a
 * text where the other has a name.
 */
#ifndef API_ROUTES_H
#define API_ROUTES_H

#include "api/api.h"

/* Is there one for the request's method and path? It is in c->through then. */
bool routes_find(struct call *c);
/* By its head: is it a form for one that submits, which comes in pieces? */
bool routes_in_pieces(const struct api *a, const struct http_request *r);
void routes_handle(struct call *c); /* answers it */
/* Adds the methods of those that fit the request's path, as in Allow. */
void routes_allow(struct call *c, struct buf *b);

#endif
