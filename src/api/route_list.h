/* SPDX-License-Identifier: Apache-2.0
 *
 * The verbs list, count and latest: tasks of a filter, walked a page at a time.
 *
 *   asking for totals (count of all) ──▶ listing ──a page, not enough yet──▶ listing, from where it ended
 *                                           └──enough, no more, too much──▶ answered
 */
#ifndef API_ROUTE_LIST_H
#define API_ROUTE_LIST_H

#include "api/api.h"

void route_list(struct call *c); /* answers the call */

#endif
