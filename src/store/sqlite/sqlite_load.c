/* SPDX-License-Identifier: Apache-2.0
 *
 * The start: queues, counts of ended tasks, and every live row into the index, in the order they lie. Ended tasks are
 * not read, however many there are.
 */
#include "store/sqlite/sqlite_load.h"

#include "base/mem.h"
#include "store/sqlite/sqlite_row.h"

#include <stdlib.h>

/* Calls `each` for every row of a question asked once. */
static int rows(struct sqlite_db *d, const char *sql, int (*each)(sqlite3_stmt *s, void *user), void *user, struct err *e)
{
    sqlite3_stmt *s = NULL;
    int code = sqlite3_prepare_v2(d->db, sql, -1, &s, NULL);
    int err = 0;
    while (code == SQLITE_OK || code == SQLITE_ROW) {
        code = sqlite3_step(s);
        if (code == SQLITE_ROW) err = each(s, user);
        if (err) break;
    }
    if (!err && code != SQLITE_DONE) err = err_set(e, sqlite_db_err(d, code), "%s", sqlite3_errmsg(d->db));
    else if (err) err = err_set(e, err, "the store has a row that cannot be: %s", sql);
    sqlite3_finalize(s);
    return err;
}

struct loading {
    struct ready *ready;
    uint32_t *lanes; /* owned: number in the file -> number in the index */
    int64_t n_lanes;
};

static int queue_row(sqlite3_stmt *s, void *user)
{
    struct loading *l = user;
    uint32_t q = ready_queue_of(l->ready, sqlite_db_str(s, 0));
    if (q == READY_NONE) return ERR_STORE;
    struct ready_queue *to = &l->ready->queues[q];
    to->pause_known = sqlite3_column_int(s, 1) >= 0;
    to->set = (struct store_queue_set){.paused = sqlite3_column_int(s, 1) > 0,
                                       .draining = sqlite3_column_int(s, 2) != 0,
                                       .concurrency = sqlite3_column_int(s, 3),
                                       .capacity = sqlite3_column_int64(s, 4)};
    return 0;
}

static int tally_row(sqlite3_stmt *s, void *user)
{
    struct loading *l = user;
    uint32_t q = ready_queue_of(l->ready, sqlite_db_str(s, 0));
    int state = sqlite3_column_int(s, 1);
    if (q == READY_NONE || state < 0 || state >= TASK_STATES || !state_is_ending((enum task_state)state)) return ERR_STORE;
    ready_tally(l->ready, q, (enum task_state)state, sqlite3_column_int64(s, 2));
    return 0;
}

static int lane_row(sqlite3_stmt *s, void *user)
{
    struct loading *l = user;
    int64_t number = sqlite3_column_int64(s, 0);
    if (number < 1 || number > UINT32_MAX) return ERR_STORE;
    if (number >= l->n_lanes) {
        l->lanes = mem_grow(l->lanes, (size_t)(number + 1) * sizeof *l->lanes);
        for (int64_t i = l->n_lanes; i <= number; i++) l->lanes[i] = READY_NONE;
        l->n_lanes = number + 1;
    }
    l->lanes[number] = ready_lane_of(l->ready, sqlite_db_str(s, 1), sqlite_db_str(s, 2));
    return l->lanes[number] == READY_NONE ? ERR_STORE : 0;
}

static int live_row(sqlite3_stmt *s, void *user)
{
    struct loading *l = user;
    int64_t lane = sqlite3_column_int64(s, 1);
    struct life life = sqlite_row_live(s, 2);
    if (lane < 1 || lane >= l->n_lanes || state_is_ending(life.state) || (int)life.state < 0) return ERR_STORE;
    struct id id = sqlite_db_id(s, 0);
    ready_load(l->ready, &id, l->lanes[lane], &life);
    return 0;
}

int sqlite_load(struct sqlite_db *d, struct ready *ready, struct err *e)
{
    struct loading l = {.ready = ready};
    int err = rows(d, "SELECT name, paused, draining, concurrency, capacity FROM queue", queue_row, &l, e);
    if (!err) err = rows(d, "SELECT queue, state, n FROM tally", tally_row, &l, e);
    if (!err) err = rows(d, "SELECT number, queue, type FROM lane WHERE EXISTS(SELECT 1 FROM live WHERE lane=number)", lane_row, &l, e);
    if (!err) err = rows(d, "SELECT l.id, l.lane, " SQLITE_ROW_LIVE " FROM live l", live_row, &l, e);
    ready_commit(ready);
    free(l.lanes);
    return err;
}
