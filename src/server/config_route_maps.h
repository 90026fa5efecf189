/* SPDX-License-Identifier: Apache-2.0
 *
 * The mappings of a route, checked: each over the sources that there are where it is used. For config_routes.c.
 */
#ifndef SERVER_CONFIG_ROUTE_MAPS_H
#define SERVER_CONFIG_ROUTE_MAPS_H

#include "server/config_routes.h"
#include "task/route_path.h"

struct config_route_maps {
    struct config *config;
    struct config_errors *errors;
    const struct config_route *route; /* NULL: none, what is checked is of all */
    size_t place;
    const struct route_path *path;
    void (*tell)(const struct config_route_maps *m, const char *key, const char *what); /* key NULL: the route itself */
};

/* What a request has: body, query, path, form, header. Ends with NULL. */
extern const char *const config_route_maps_asked[];

void config_route_maps_check(const struct config_route_maps *m, enum config_verb verb, const char *word, const char *value);
void config_route_maps_words(const struct config_route_maps *m, const char *key, const char *json);

#endif
