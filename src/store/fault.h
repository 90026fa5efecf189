/* SPDX-License-Identifier: Apache-2.0
 *
 * A store in which things go wrong, for tests and simulations: chosen requests are refused, reach the engine late, or are
 * answered late. Whatever is chosen, each request is answered exactly once, from the turn, and one that is answered with
 * an error has never reached the engine.
 */
#ifndef STORE_FAULT_H
#define STORE_FAULT_H

#include "base/rng.h"
#include "store/store.h"

struct fault_choice {   /* zeroed: nothing goes wrong */
    int err;            /* the answer, ERR_STORE or ERR_FULL; the engine never sees the request */
    int64_t before_ms;  /* kept back before it goes to the engine (or is refused) */
    int64_t after_ms;   /* its answer kept back */
};

struct fault_conf {
    struct fault_choice (*choose)(void *user, const struct store_req *r); /* asked once a request */
    void *user;
};

struct store *fault_open(struct store *inner, const struct fault_conf *conf); /* takes the inner store; conf is copied */

struct fault_rates { /* of a thousand requests */
    struct rng *rng; /* borrowed */
    uint32_t store, full, before, after;
    int64_t late_ms; /* before and after: any time up to this */
};
struct fault_choice fault_by_rates(void *rates, const struct store_req *r); /* a `choose`; user: struct fault_rates */

#endif
