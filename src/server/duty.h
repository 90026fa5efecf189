/* SPDX-License-Identifier: Apache-2.0
 *
 * What a handler was made from: a copy of what the configuration says of a worker pool, or of an exec or pull type. The
 * handler borrows it, so that it outlives the configuration it came from.
 */
#ifndef SERVER_DUTY_H
#define SERVER_DUTY_H

#include "server/roster.h"

struct duty {
    struct arena arena; /* the texts below */
    bool is_pool;
    struct worker_pool_conf pool;
    struct config_type type; /* of its members only what concerns exec, or pull, is looked at */
    struct roster *roster;
    struct handler *handler; /* owned when it is retired or an heir (succession.h): no post has it */
    struct list link;        /* retired */
};

struct duty *duty_of_pool(struct roster *r, const struct worker_pool_conf *pool);
struct duty *duty_of_type(struct roster *r, const struct config_type *type);
void duty_free(struct duty *d); /* not the handler */
struct str duty_name(const struct duty *d);
bool duty_is_same(const struct duty *a, const struct duty *b);        /* the configuration says the same of both */
bool duty_is_same_place(const struct duty *a, const struct duty *b);  /* both of the pool, or both of the type, of one name */
struct handler *duty_open(struct duty *d); /* makes its handler; owned by the caller */

#endif
