/* SPDX-License-Identifier: Apache-2.0
 *
 * What one listener is told, in its order, for whoever has a way to tell it (event_stream.h; a WebSocket): how the task stands,
 * then what happens to it, then its end; or what happens to all tasks that fit. Read when there is room for more.
 *
 *   of one task:
 *   asking ──as it stands──▶ telling ──its end was told──▶ ending ──"end"──▶ over
 *     ▲ │ not there: missing    │ ▲                                           ▲
 *     │ └ end seen before: seen │ └─────────── "reset", as it stands          │ the server has drained
 *     └──cut: too slow, or away─┴─────────────────────────────────────────────┘ too long
 *
 * The first word of a task is the last event that brought it where it stands; of one that goes on after Last-Event-ID, what came
 * after that, or `reset`.
 */
#ifndef API_FEED_H
#define API_FEED_H

#include "api/api.h"
#include "server/bus.h"

#define FEED_ID 80

enum feed_state { FEED_ASKING, FEED_TELLING, FEED_ENDING, FEED_OVER, FEED_MISSING, FEED_SEEN, FEED_FAILED };

struct feed_item {
    const char *word;  /* "task.started", "reset", "end" */
    struct str data;   /* JSON, borrowed until the next feed_read */
    char id[FEED_ID];
};

struct feed {
    struct api *api;
    struct listener listener;
    void (*on_ready)(struct feed *f); /* from the turn: feed_read may have something, or the state is one to end by */
    void *user;
    unsigned show;      /* of enum task_show: how its snapshot is written */
    unsigned unheard;   /* kinds of one task that are not told */

    enum feed_state state;
    bool came_back;     /* it said where it was */
    bool shown;         /* `snapshot` is to be told */
    bool reset;         /* as a reset */
    uint64_t after;     /* the event that it came back with; 0: none */
    int32_t seen_run;   /* the run whose end it has been told of before; 0: none */
    int32_t end_run;    /* the run whose end was told */
    enum bus_kind word; /* of the snapshot; ending: how it ended */
    uint64_t until;     /* events up to this one may be older than the snapshot */
    struct life at;     /* the snapshot's */
    struct str snapshot; /* owned */
    struct feed_ask *ask;
};

/* Of the task `id`; NULL: of all that fit what is set in f->listener. `last`: its Last-Event-ID, p NULL: none. f zeroed but for
 * api, listener.filter, listener.kinds, on_ready, user, show, unheard. */
void feed_open(struct feed *f, const struct id *id, struct str last);
void feed_open_new(struct feed *f, const struct task *t); /* of one that has just been added, from its creation on */
bool feed_read(struct feed *f, struct feed_item *ret); /* false: nothing now, and never when it is over */
void feed_end_again(struct feed *f); /* FEED_SEEN, for who has to be told all the same: "end" is what it has to tell */
void feed_close(struct feed *f); /* at any time, once */
int32_t feed_end_of(struct str text); /* "end2": the run whose end was seen; 0: none */
void feed_id_here(const struct feed *f, char id[FEED_ID]); /* of one that has been told all there is */

#endif
