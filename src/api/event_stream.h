/* SPDX-License-Identifier: Apache-2.0
 *
 * An answer of server-sent events (the HTML standard, section 9.2) out of a feed. One piece of it is in memory; a client that
 * does not take it is told nothing more until it has, and is closed by the layer below when it takes none for LIMIT_HTTP_SEND_MS.
 * A comment every EVENT_STREAM_BEAT_MS lets both sides see that the other is there.
 *
 *   waiting for the feed's first word ──▶ 404, 204, 503, or 200 and open ◀──▶ full
 *                                                               └── the feed is over, the client has gone ──▶ ended
 */
#ifndef API_EVENT_STREAM_H
#define API_EVENT_STREAM_H

#include "api/feed.h"

#define EVENT_STREAM_BEAT_MS 15000
#define EVENT_STREAM_RETRY_MS 2000 /* after which a browser comes again */

/* Of the task; NULL: of all that fit the filter. Answers the call. */
void event_stream_start(struct call *c, const struct id *id, const struct store_filter *filter, unsigned kinds, struct str last);
/* The same as the answer to a submit: 202, Location, and the task from its creation on. */
void event_stream_submitted(struct call *c, const struct task *t);
/* One event, appended. Data of several lines is told as the format wants it. */
void event_stream_write(struct buf *b, const char *id, const char *word, struct str data);
bool event_stream_is_asked(const struct http_request *r); /* Accept names text/event-stream */

#endif
