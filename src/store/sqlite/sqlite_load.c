/* SPDX-License-Identifier: Apache-2.0
 *
 * The start: queues, counts of ended tasks, and every live row into the index, in the order they lie. Ended tasks are
 * not read, however many there are.
 */
#include "store/sqlite/sqlite_load.h"

#include "base/limits.h"
#include "base/mem.h"
#include "store/ready_key.h"
#include "store/sqlite/sqlite_cache.h"
#include "store/sqlite/sqlite_once.h"
#include "store/sqlite/sqlite_queue.h"
#include "store/sqlite/sqlite_row.h"
#include "store/sqlite/sqlite_save.h"
#include "store/sqlite/sqlite_sequel.h"

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

struct file_lane {
    struct str queue, type; /* owned; p NULL: there is no such lane */
    uint32_t place;         /* in the index, of its tasks without a batch key; READY_NONE: none was met */
};

struct loading {
    struct ready *ready;
    struct file_lane *lanes; /* owned, by their number in the file */
    int64_t n_lanes;
};

static int queue_row(sqlite3_stmt *s, void *user)
{
    struct loading *l = user;
    uint32_t q = ready_queue_of(l->ready, sqlite_db_str(s, 0));
    if (q == READY_NONE) return ERR_STORE;
    struct ready_queue *to = &l->ready->queues[q];
    int err = sqlite_queue_row(s, &to->set, &to->pause_known);
    if (err) return err;
    ready_key_limit(l->ready, q);
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
        for (int64_t i = l->n_lanes; i <= number; i++) l->lanes[i] = (struct file_lane){.place = READY_NONE};
        l->n_lanes = number + 1;
    }
    l->lanes[number].queue = mem_str(sqlite_db_str(s, 1));
    l->lanes[number].type = mem_str(sqlite_db_str(s, 2));
    return 0;
}

static bool is_name(struct str s)
{
    return s.len <= LIMIT_NAME;
}

/* The lane of a row, READY_NONE when it cannot be. One that has a task keeps its place. */
static uint32_t place_of(struct loading *l, int64_t number, struct str batch_key)
{
    if (number < 1 || number >= l->n_lanes || !l->lanes[number].queue.p || !is_name(batch_key)) return READY_NONE;
    struct file_lane *in = &l->lanes[number];
    if (batch_key.p) return ready_lane_of(l->ready, in->queue, in->type, batch_key);
    if (in->place == READY_NONE) in->place = ready_lane_of(l->ready, in->queue, in->type, STR_NONE);
    return in->place;
}

static int live_row(sqlite3_stmt *s, void *user)
{
    struct loading *l = user;
    struct life life = sqlite_row_live(s, 2);
    uint32_t place = place_of(l, sqlite3_column_int64(s, 1), sqlite_db_str(s, 2 + SQLITE_ROW_LIVE_COLUMNS));
    if (place == READY_NONE || state_is_ending(life.state) || (int)life.state < 0) return ERR_STORE;
    struct id id = sqlite_db_id(s, 0);
    struct str limit_key = sqlite_db_str(s, 3 + SQLITE_ROW_LIVE_COLUMNS);
    if (!is_name(limit_key)) return ERR_STORE;
    ready_load(l->ready, &id, place, ready_key_of(l->ready, l->ready->lanes[place].queue, limit_key), &life);
    return 0;
}

int sqlite_load(struct sqlite_db *d, struct ready *ready, struct err *e)
{
    struct loading l = {.ready = ready};
    int err = rows(d, SQLITE_QUEUE_ROW, queue_row, &l, e);
    if (!err) err = rows(d, "SELECT queue, state, n FROM tally", tally_row, &l, e);
    if (!err) err = rows(d, "SELECT number, queue, type FROM lane WHERE EXISTS(SELECT 1 FROM live WHERE lane=number)", lane_row, &l, e);
    if (!err) err = rows(d, "SELECT l.id, l.lane, " SQLITE_ROW_LIVE ", l.batch_key, l.limit_key FROM live l", live_row, &l, e);
    if (!err) err = sqlite_save_load(d, ready, e);
    if (!err) err = sqlite_once_load(d, ready, e);
    if (!err) err = sqlite_cache_load(d, ready, e);
    if (!err) err = sqlite_sequel_load(d, ready, e);
    ready_commit(ready);
    for (int64_t i = 0; i < l.n_lanes; i++) free((char *)l.lanes[i].queue.p), free((char *)l.lanes[i].type.p);
    free(l.lanes);
    return err;
}
