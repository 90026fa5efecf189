/* SPDX-License-Identifier: Apache-2.0
 *
 * A call that came by a route of the configuration (`routes:`): what the route says, as it was when the call came, for a
 * reload may take the configuration away while the call waits; and what the request has, as JSON for mappings. The work is
 * done by the API's own handlers; their answers are shaped by route_answer.h on their way out.
 */
#ifndef API_ROUTE_CALL_H
#define API_ROUTE_CALL_H

#include "api/call.h"
#include "api/depth.h"
#include "server/config_routes.h"
#include "task/mapping.h"
#include "task/route_path.h"

struct route_call { /* in the request's arena, as all it points to */
    struct config_route conf;
    struct route_path path;
    struct str values[ROUTE_PATH_PARAMS]; /* of the names in the path, decoded */
    enum config_verb verb;
    const char *value;                    /* what the verb was given */
    const char *words_json[2];            /* of the route, of all routes; NULL: none */
    struct str words[DEPTH_WORDS];        /* each status as this application calls it */
    struct str body, form, file;          /* JSON text; p NULL: there is none. `file`: what the form's files are, by its fields */
    const struct query_pair *pairs;       /* what the form was made of, names several times included */
    size_t n_pairs;
    const struct schema *schema;          /* of the route's own; NULL: none */
    bool pointed;                         /* pointers of refusals lead into the client's body as they are */
    struct id *uploads;                   /* stored by this request, which is not yet known to be kept */
    size_t n_uploads;
    struct str asked;                     /* stands for a body that is not there, where it is compared with that of another request; p NULL: the body */
};

/* Reads the words. */
void route_call_words(struct route_call *t, struct arena *a);
/* Reads body or form when the route needs one of them. Answers a refusal itself: it is not JSON, of a type that is not taken. */
int route_call_body(struct call *c) MUST_USE;
/* An object of texts, in the arena; of a name that is there several times, the first. p NULL: too large. */
struct str route_call_pairs(struct call *c, const struct query_pair *pairs, size_t n);
/* Does a mapping of the route name a source of this root? */
bool route_call_names(const struct route_call *t, const char *root);

/* Makes what the template says of what the request has and of `extra`. */
int route_call_make(struct call *c, const char *template, const struct mapping_root *extra, size_t n_extra, struct buf *out,
                    struct err *e) MUST_USE;
/* The same as text in the arena: of a text its characters, of numbers and truths what is written; p NULL: null. Answers a
 * refusal itself: anything else. `key`: of the route, for that. template NULL: null. */
int route_call_text(struct call *c, const char *key, const char *template, struct str *ret) MUST_USE;

#endif
