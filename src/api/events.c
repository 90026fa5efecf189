/* SPDX-License-Identifier: Apache-2.0
 *
 * /v1/tasks/{id}/events and /v1/events: what happens, as it happens.
 */
#include "api/call.h"
#include "api/event_stream.h"
#include "api/filter.h"

static void of_task(struct call *c);
static void of_all(struct call *c);

const struct route events_routes[] = {
    {"GET", "/v1/tasks/{}/events", " ", of_task},
    {"GET", "/v1/events", " type queue subject tag kind ", of_all},
    {0},
};

static void of_task(struct call *c)
{
    struct id id;
    if (!call_id(c, &id)) event_stream_start(c, &id, NULL, BUS_ALL, http_header(c->req, "Last-Event-ID"));
}

/* `kind=completed,failed`; without: everything but what tasks say while they run. 0: answered, not understood. */
static unsigned read_kinds(struct call *c)
{
    struct str text = query_get(&c->query, "kind");
    unsigned kinds = 0;
    if (!text.p) return BUS_ALL & ~BUS_WORDY;
    do {
        struct str word = str_cut(&text, ',');
        int kind = bus_kind_of(word);
        if (kind < 0) {
            call_refuse(c, ERR_INVALID, "kind must name events, with commas between, out of created started progress output log retrying "
                        "completed failed cancelled expired notification.created; not '%.*s'", (int)(word.len > 40 ? 40 : word.len), word.p);
            return 0;
        }
        kinds |= BUS_BIT((enum bus_kind)kind);
    } while (text.len);
    return kinds;
}

static void of_all(struct call *c)
{
    struct filter f;
    unsigned kinds = read_kinds(c);
    if (kinds && !filter_read_query(c, &f)) event_stream_start(c, NULL, &f.store, kinds, http_header(c->req, "Last-Event-ID"));
}
