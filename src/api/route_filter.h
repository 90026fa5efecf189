/* SPDX-License-Identifier: Apache-2.0
 *
 * Which tasks a configured route means: its filter, a map of sources, made of what the request has.
 */
#ifndef API_ROUTE_FILTER_H
#define API_ROUTE_FILTER_H

#include "api/api.h"

/* What the verb was given, texts in the request's arena. `on_status`: takes a status, false: there is no such word; NULL: the
 * filter has none. Answers a refusal itself. */
int route_filter_read(struct call *c, struct store_filter *f, bool (*on_status)(void *user, struct str word), void *user) MUST_USE;

#endif
