/* SPDX-License-Identifier: Apache-2.0
 *
 * libbide: what happens, as it happens. Included by bide.h, whose rules hold here too.
 *
 *     static bool on_event(void *user, const struct bide_event *event)
 *     {
 *         char text[4096];
 *         if (bide_json_string(event->data, "data", text, sizeof text) == BIDE_JSON_FOUND) fputs(text, user);
 *         return true;
 *     }
 *     struct bide_follow follow = {.id = id, .what = BIDE_FOLLOW_OUTPUT, .on_event = on_event, .user = stdout};
 *     if (bide_client_follow(client, &follow, &error) == 0) ...
 */
#ifndef BIDE_FOLLOW_H
#define BIDE_FOLLOW_H

#ifndef BIDE_H
#error "include bide.h"
#endif

/* One event (doc/protocol.md, "Events" and "Following logs and output"). */
struct bide_event {
    const char *name; /* task.started, task.progress, ..., reset, end */
    const char *id;   /* to go on behind it; "" when it has none */
    const char *data; /* JSON, with a NUL; all of this is valid until on_event returns */
    size_t data_len;
};
struct bide_follow {
    const char *id; /* of one task; NULL: what happens to all that `filter` fits */
    enum { BIDE_FOLLOW_EVENTS, BIDE_FOLLOW_LOG, BIDE_FOLLOW_OUTPUT } what; /* without an id: events */
    int64_t from;                     /* of a log: after so many bytes; of an output: at this piece */
    const struct bide_filter *filter; /* its type, queue, subject and tags; NULL: all */
    const char *kinds;                /* "completed,failed": of all tasks only these; NULL: all but log and output */
    const char *last_id;              /* of an earlier event: what came after it; NULL: from the beginning */
    bool (*on_event)(void *user, const struct bide_event *event); /* false: enough. May not use this client */
    /* Called ten times a second and more, also while nothing comes; may use another client. False: given up. NULL: none */
    bool (*meanwhile)(void *user);
    /* The connection is gone, and will be tried again; NULL: it is back. May be NULL itself */
    void (*on_away)(void *user, const struct bide_error *why);
    void *user;
    int64_t away_ms; /* how long a server that has answered may be gone; 0: 30 s; negative: as long as it takes */
};
/* Tells events as they come. Returns 0 when the end was told (`end`, or an answer 204 that it was before) or on_event had
 * enough. A connection that breaks, or is silent for 45 s, is made again and goes on behind the last event: nothing is lost
 * or told twice, and where the server cannot say what was missed it tells `reset`. -1: `cancelled` given up by meanwhile,
 * `away`, `not_found`, `unsupported` a server that tells no events, ... */
BIDE_API int bide_client_follow(struct bide_client *client, const struct bide_follow *follow, struct bide_error *error);

#endif
