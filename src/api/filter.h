/* SPDX-License-Identifier: Apache-2.0
 *
 * Which tasks: the same filter, from the query of a list or from the body of a change of many.
 */
#ifndef API_FILTER_H
#define API_FILTER_H

#include "api/call.h"
#include "api/members.h"
#include "store/store.h"

struct filter {
    struct store_filter store;
    int64_t before_ms; /* wall; created before this; 0: whenever */
    bool said;         /* something was asked for */
};

#define FILTER_QUERY " status type queue subject tag created_after created_before "
extern const struct member filter_members[]; /* rows for a struct filter */

int filter_read_query(struct call *c, struct filter *f) MUST_USE; /* answers the 400 itself */
/* Where a walk over the tasks begins: below `after` when given, and not above what before_ms allows. */
void filter_begin(const struct filter *f, struct store_list *list);

#endif
