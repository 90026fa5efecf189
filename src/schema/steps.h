/* SPDX-License-Identifier: Apache-2.0
 *
 * What one look at an instance may cost, so that neither a hostile text nor a hostile pattern can hold up the server: every
 * value that is looked at, compared or matched takes from the same purse. A step is in the order of 10 ns.
 */
#ifndef SCHEMA_STEPS_H
#define SCHEMA_STEPS_H

#include <stdbool.h>
#include <stdint.h>

struct steps {
    int64_t left; /* below 0: spent, and nothing that was found since counts */
};

/* False: spent. */
static inline bool steps_take(struct steps *s, uint64_t n)
{
    if (s->left >= 0) s->left = n > (uint64_t)s->left ? -1 : s->left - (int64_t)n;
    return s->left >= 0;
}

static inline bool steps_spent(const struct steps *s) { return s->left < 0; }

#endif
