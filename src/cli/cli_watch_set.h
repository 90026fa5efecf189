/* SPDX-License-Identifier: Apache-2.0
 *
 * The tasks that `bide watch` knows: what was last seen of each, and whether what is seen now is worth telling.
 *
 * Watching a filter begins in the middle of things: tasks that had ended before are not news. Ids are made in the
 * order of time (UUIDv7), so an ended task that is not known is new only when its id is above every id of the rounds
 * before.
 */
#ifndef CLI_CLI_WATCH_SET_H
#define CLI_CLI_WATCH_SET_H

#include "bide.h"

#define CLI_WATCH_SET_MAX 1000 /* tasks known at one time */

struct cli_watch_seen {
    int round;           /* of its last look; 0: none so far */
    int64_t ended_at_ms; /* mono, when the ending was seen; 0: it goes on */
};

struct cli_watch_set {
    struct bide_task_view *views; /* owned, in the order they came */
    struct cli_watch_seen *seen;  /* owned, beside the views */
    int n, cap;
    int round;
    bool full;                     /* in this round a task was left out */
    char highest[40], reached[40]; /* ids: of the rounds before, of this one too */
};

void cli_watch_set_release(struct cli_watch_set *s); /* accepts a zeroed set */
void cli_watch_set_begin_round(struct cli_watch_set *s);
/* A task that is asked for by name; it is always worth telling. */
void cli_watch_set_name(struct cli_watch_set *s, const char *id);
/* What was seen of a task; true: tell it. */
bool cli_watch_set_put(struct cli_watch_set *s, const struct bide_task_view *v, int64_t now_ms);
void cli_watch_set_drop(struct cli_watch_set *s, int i);
/* Forgets those whose ending was seen before this. */
void cli_watch_set_forget(struct cli_watch_set *s, int64_t before_ms);

#endif
