/* SPDX-License-Identifier: Apache-2.0
 *
 * Which tasks or notifications a configured route means: its filter, a map of sources, made of what the request has.
 */
#ifndef API_ROUTE_FILTER_H
#define API_ROUTE_FILTER_H

#include "api/api.h"

/* Each member of what the verb was given that is not null, names and values in the request's arena. Answers a refusal itself. */
int route_filter_each(struct call *c, int (*set)(void *user, struct str name, struct str value, struct err *e), void *user) MUST_USE;
/* A filter of tasks. `on_status`: takes a status, false: there is no such word; NULL: the filter has none. Answers a refusal itself. */
int route_filter_read(struct call *c, struct store_filter *f, bool (*on_status)(void *user, struct str word), void *user) MUST_USE;

#endif
