/* SPDX-License-Identifier: Apache-2.0
 *
 * A call that is answered with what the store counts.
 */
#ifndef API_COUNTING_H
#define API_COUNTING_H

#include "api/call.h"

/* Answers the call with what `write` writes when the store has counted. */
typedef void counting_write(const struct call *c, const struct store_counts *counts, struct buf *b);
void counting_answer(struct call *c, const char *content_type, counting_write *write);

const char *counting_standing(const struct server *s); /* serving, draining, starting */
/* All zero once the HTTP layer is closed: an answer that was being made then goes nowhere. */
const struct http_stats *counting_http(const struct api *a);

#endif
