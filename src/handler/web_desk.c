/* SPDX-License-Identifier: Apache-2.0
 *
 * See web_desk.h.
 */
#include "handler/web_desk.h"
#include <stdio.h>

void web_desk_init(struct web_desk *d) { map_init(&d->places); }

void web_desk_release(struct web_desk *d) { map_release(&d->places); }

void web_desk_put(struct web_desk *d, struct rng *rng, struct web_place *p)
{
    snprintf(p->token, sizeof p->token, "%016llx%016llx", (unsigned long long)rng_next(rng), (unsigned long long)rng_next(rng));
    (void)map_put(&d->places, str_of(p->token), p);
}

void web_desk_remove(struct web_desk *d, struct web_place *p) { (void)map_remove(&d->places, str_of(p->token)); }

int web_desk_call(struct web_desk *d, struct str token, struct str body, struct web_caller *who, struct err *e)
{
    struct web_place *p = map_get(&d->places, token);
    if (p) return p->on_call(p, body, who, e);
    return err_set(e, ERR_NOT_FOUND, "no attempt waits for this callback, or not any more");
}
