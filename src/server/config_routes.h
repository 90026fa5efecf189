/* SPDX-License-Identifier: Apache-2.0
 *
 * What must hold of the routes of a configuration that its rows cannot say: paths that differ and leave the server's own
 * alone, one verb each with the keys that go with it, sources that there are, types that are declared.
 */
#ifndef SERVER_CONFIG_ROUTES_H
#define SERVER_CONFIG_ROUTES_H

#include "server/config.h"

/* When all is read; what is wrong is told where it was said. */
void config_routes_check(struct config *c, struct config_errors *errors);

enum config_verb {
    CONFIG_SUBMIT, CONFIG_RUN, CONFIG_GET, CONFIG_LATEST, CONFIG_LIST, CONFIG_COUNT, CONFIG_RETRY, CONFIG_CANCEL,
    CONFIG_HEALTH, CONFIG_STATS, CONFIG_NOTIFICATIONS, CONFIG_READ, CONFIG_WS, CONFIG_VERBS
};
/* The one that the route has, and what it was given: JSON text. */
enum config_verb config_routes_verb(const struct config_route *r, const char **ret_value);
const char *config_routes_word(enum config_verb verb); /* "submit" */
/* Does it change anything? */
bool config_routes_reads(enum config_verb verb);
/* A type, be it a source: JSON text `"body.kind"`; or a name: false. */
bool config_routes_is_source(const char *json);

#endif
