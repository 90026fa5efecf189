/* SPDX-License-Identifier: Apache-2.0
 *
 * Each kind is one statement over one index, so a step costs the same however many tasks there are. What is passed over
 * one by one is read in growing batches, what is jumped over is not read at all.
 */
#include "store/sqlite/sqlite_range.h"

#include "task/life.h"

enum { BELOW = 1, LIMIT, KEY, VALUE, LANE = KEY, STATE = VALUE, TRIED };

#define DOWN " AND id<?1 ORDER BY id DESC LIMIT ?2"

static const char *const sql[SQLITE_RANGE_STATEMENTS] = {
    [SQLITE_RANGE_ALL] = "SELECT id FROM body WHERE true" DOWN,
    [SQLITE_RANGE_SUBJECT] = "SELECT id FROM body INDEXED BY body_subject WHERE subject=?4" DOWN,
    [SQLITE_RANGE_TAG] = "SELECT id FROM tag WHERE key=?3 AND value=?4" DOWN,
    [SQLITE_RANGE_LIVE] = "SELECT id, state, due_at, attempt FROM live WHERE lane=?3" DOWN,
    [SQLITE_RANGE_ASIDE] = "SELECT id, state, due_at, attempt FROM live INDEXED BY live_aside"
                           " WHERE lane=?3 AND state=?4 AND state<>2 AND (attempt>0)=?5" DOWN,
    [SQLITE_RANGE_SIFT] = "SELECT b.id, coalesce(l.state, d.state), coalesce(l.due_at, 0), coalesce(l.attempt, 0),"
                          " (?3 IS NULL OR n.queue=?3) AND (?4 IS NULL OR n.type=?4 OR (n.type>?4||'>' AND n.type<?4||'?'))"
                          " FROM body b CROSS JOIN lane n ON n.number=b.lane LEFT JOIN live l ON l.lane=b.lane AND l.id=b.id"
                          " LEFT JOIN done d ON d.id=b.id WHERE b.id<?1 ORDER BY b.id DESC LIMIT ?2",
    [SQLITE_RANGE_DONE] = "SELECT id FROM done INDEXED BY done_lane WHERE lane=?3 AND state=?4" DOWN,
};

static void bind(sqlite3_stmt *s, const struct sqlite_range *r, const struct id *below)
{
    sqlite_db_bind_id(s, BELOW, below);
    sqlite3_bind_int(s, LIMIT, r->asked);
    if (r->kind == SQLITE_RANGE_SUBJECT || r->kind == SQLITE_RANGE_TAG || r->kind == SQLITE_RANGE_SIFT) {
        if (r->kind != SQLITE_RANGE_SUBJECT) sqlite_db_bind_text(s, KEY, r->tag.key);
        sqlite_db_bind_text(s, VALUE, r->tag.value);
    } else if (r->kind != SQLITE_RANGE_ALL) {
        sqlite3_bind_int64(s, LANE, r->lane);
        if (r->kind != SQLITE_RANGE_LIVE) sqlite3_bind_int(s, STATE, (int)r->state);
        if (r->kind == SQLITE_RANGE_ASIDE) sqlite3_bind_int(s, TRIED, r->tried);
    }
}

/* Promotions are not written: what a row says and what it shows differ once its time has come. */
static bool shows(const struct sqlite_range *r, sqlite3_stmt *s)
{
    if (r->kind == SQLITE_RANGE_SIFT && !sqlite3_column_int(s, 4)) return false;
    if (!r->word || (r->kind != SQLITE_RANGE_LIVE && r->kind != SQLITE_RANGE_ASIDE && r->kind != SQLITE_RANGE_SIFT)) return true;
    struct life life = {.state = (enum task_state)sqlite3_column_int(s, 1), .due_at_ms = sqlite3_column_int64(s, 2),
                        .attempt = sqlite3_column_int(s, 3)};
    return strcmp(life_word(&life, r->now_ms), r->word) == 0;
}

static int read_on(struct sqlite_range *r, struct sqlite_db *d, const struct id *below)
{
    sqlite3_stmt *s = sqlite_db_statement(d, (int)r->kind, sql[r->kind]);
    int code = SQLITE_DONE;
    if (!s) return ERR_STORE;
    bind(s, r, below);
    for (r->n = r->at = 0; r->n < r->asked && (code = sqlite3_step(s)) == SQLITE_ROW; r->n++)
        r->heads[r->n] = (struct sqlite_range_head){sqlite_db_id(s, 0), shows(r, s)};
    int err = sqlite_db_err(d, code);
    sqlite3_reset(s);
    return err;
}

bool sqlite_range_next(struct sqlite_range *r, struct sqlite_db *d, const struct id *below, struct sqlite_range_head *ret, int *ret_err)
{
    int was = r->at;
    *ret_err = 0;
    while (r->at < r->n && id_cmp(&r->heads[r->at].id, below) >= 0) r->at++;
    if (r->at == r->n) {
        if (r->n < r->asked) return false; /* there was no more of it */
        bool jumped = r->at - was > 1;
        r->asked = jumped || r->asked == 0 ? 1 : r->asked * 4 < SQLITE_RANGE_BATCH ? r->asked * 4 : SQLITE_RANGE_BATCH;
        *ret_err = read_on(r, d, below);
        if (*ret_err || r->n == 0) return false;
    }
    while (r->at + 1 < r->n && !r->heads[r->at].fits) r->at++;
    *ret = r->heads[r->at];
    return true;
}
