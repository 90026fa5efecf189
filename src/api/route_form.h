/* SPDX-License-Identifier: Apache-2.0
 *
 * A multipart/form-data body of a configured route that submits. Parts with a filename become uploaded files, as by
 * POST /v1/files, and their text in the form is file:ID; the others are texts, bounded.
 */
#ifndef API_ROUTE_FORM_H
#define API_ROUTE_FORM_H

#include "api/api.h"

/* By its head: is it one? Then its body comes in pieces. */
bool route_form_is(const struct http_request *r);
/* Reads it. on_read: the form is in c->through, its files are stored. Or else answers the call. */
void route_form_read(struct call *c, void (*on_read)(struct call *c));

#endif
