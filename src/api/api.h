/* SPDX-License-Identifier: Apache-2.0
 *
 * What a program sends: the HTTP API of protocol section 2. One file per noun, its routes at its top; each handler
 * takes a struct call, asks server or store, and answers once, now or later. Before any route: origin.h, which keeps out
 * web pages of other sites.
 */
#ifndef API_API_H
#define API_API_H

#include "base/json.h"
#include "http/http.h"
#include "http/query.h"
#include "server/server.h"

#define API_PARAMS 2

struct api {
    struct server *server;     /* borrowed */
    struct http *http;         /* borrowed; set after http_open */
    struct store *measured; /* borrowed; from gauge_open; NULL: the store is not measured */
    struct json json;          /* for parsing one body at a time */
    int64_t started_at_ms;     /* wall */
    struct metrics_histogram answers[6]; /* from a request's first byte to its answer, by class: [1] 1xx .. [5] 5xx */
    int64_t deliveries_pending; /* when the store counted last */
    uint64_t late_words;       /* of pullers, about attempts that are over */
    struct map busy_keys;      /* idempotency keys of submits on their way to the store */
};

struct route_call; /* route_call.h */

/* One request on its way. Lives in the request's arena: until the answer. */
struct call {
    struct api *api;
    struct http_request *req;
    struct str params[API_PARAMS]; /* of the path, decoded */
    struct query query;
    bool existing; /* the answer is the task that holds the key already */
    struct route_call *through; /* it came by a route of the configuration, which shapes its answer; NULL: an own one */
    bool submits;  /* it is a submit */
    bool shares;   /* the answer has the address under which its task may be shared */
    bool shared;   /* it came to such an address: its holder sees neither input nor log */
    bool replayed; /* the answer is that of an earlier request with the same idempotency key */
};

struct route {
    const char *method;  /* GET serves HEAD too */
    const char *pattern; /* "/v1/tasks/{}/cancel" */
    const char *query;   /* the query names it knows, between spaces: " wait " */
    void (*handle)(struct call *c);
};

void api_init(struct api *a, struct server *server);
void api_release(struct api *a);
void api_on_request(void *user, struct http_request *r); /* for struct http_conf; user: struct api */
bool api_in_pieces(void *user, const struct http_request *r); /* the same */

/* The tables, each in its noun's file, ended by a row without a method. */
extern const struct route tasks_routes[], task_routes[], queues_routes[], workers_routes[], health_routes[], stats_routes[], analytics_routes[], metrics_page_routes[],
    openapi_routes[], bulk_routes[], history_routes[], change_routes[],
    gc_routes[], batch_routes[], files_routes[], pull_claim_routes[], pull_attempt_routes[],
    pull_upload_routes[], callbacks_routes[], upload_routes[], uploaded_routes[], files_zip_routes[],
    events_routes[], deliveries_routes[], notices_routes[], ws_routes[];

extern const struct route dashboard_routes[]; /* what of it a route of the configuration has is that route's */

/* Has the route of this method and pattern, one of the tables, handle the call. */
void api_handle(struct call *c, const char *method, const char *pattern);

/* Of the routes that take bodies in pieces: is it a request to them? */
bool batch_in_pieces(const struct http_request *r);
bool upload_in_pieces(const struct http_request *r);

#endif
