/* SPDX-License-Identifier: Apache-2.0
 *
 * One statement a fact, prepared once.
 */
#include "store/sqlite/sqlite_shelf.h"

#include "base/limits.h"
#include "base/mem.h"
#include "store/sqlite/sqlite_cache.h"
#include "store/sqlite/sqlite_file.h"
#include "store/sqlite/sqlite_keys.h"
#include "store/sqlite/sqlite_lane.h"
#include "store/sqlite/sqlite_notice.h"
#include "store/sqlite/sqlite_once.h"
#include "store/sqlite/sqlite_queue.h"
#include "store/sqlite/sqlite_row.h"
#include "store/sqlite/sqlite_save.h"
#include "store/sqlite/sqlite_sequel.h"
#include "store/sqlite/sqlite_step.h"

#include <assert.h>
#include <stdlib.h>

enum statement { BEGIN, COMMIT, ROLLBACK, BODY, TAG, LIVE, CHANGE, END_DONE, END_LIVE, AGAIN_PAST,
                 AGAIN_LIVE, AGAIN_DONE, NOTE, TALLY, READ_BODY, READ_ENDED, PATCH, UNTAG, ERASE_BODY,
                 ERASE_DONE, ERASE_PAST, ERASE_ATTEMPTS, STRIP_DONE, STRIP_PAST, STRIP_INPUT, STRIP_LOG };

static const char *const sql[] = {
    [BEGIN] = "BEGIN IMMEDIATE",
    [COMMIT] = "COMMIT",
    [ROLLBACK] = "ROLLBACK",
    [BODY] = "INSERT INTO body(id,tenant,lane,priority,created_at,run_at,start_by,timeout,grace,max_attempts,backoff,"
             "jitter,base,cap,subject,tags,input,retain,limit_key,batch_key,cost,key) VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,"
             "?11,?12,?13,?14,?15,?16,?17,?18,?19,?20,?21,?22)",
    [TAG] = "INSERT OR IGNORE INTO tag VALUES(?1,?2,?3)",
    [LIVE] = "INSERT INTO live VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17)",
    [CHANGE] = "UPDATE live SET state=?3,run=?4,attempt=?5,failures=?6,deaths=?7,cancel=?8,fence=?9,rank=?10,due_at=?11,"
               "start_by=?12,started_at=?13,alone=?14,leased=?15 WHERE lane=?2 AND id=?1",
    [END_DONE] = "INSERT INTO done VALUES(?1,?20,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17,?18,?19,"
                 "0,?21,?22)",
    [END_LIVE] = "DELETE FROM live WHERE lane=?2 AND id=?1",
    [AGAIN_PAST] = "INSERT INTO past SELECT * FROM done WHERE id=?1",
    [AGAIN_LIVE] = "INSERT INTO live SELECT ?1,lane,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,limit_key,batch_key"
                   " FROM body WHERE id=?1",
    [AGAIN_DONE] = "DELETE FROM done WHERE id=?1",
    [NOTE] = "INSERT OR REPLACE INTO attempt VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16)",
    [TALLY] = "INSERT INTO tally VALUES(?1,?2,?3) ON CONFLICT(queue,state) DO UPDATE SET n=excluded.n",
    [READ_BODY] = "SELECT " SQLITE_ROW_BODY ", b.input FROM body b JOIN lane n ON n.number=b.lane WHERE b.id=?1",
    [READ_ENDED] = "SELECT " SQLITE_ROW_DONE " FROM done d WHERE d.id=?1",
    [PATCH] = "UPDATE body SET priority=?2,run_at=?3,tags=?4 WHERE id=?1",
    [UNTAG] = "DELETE FROM tag WHERE id=?1 AND key=?2 AND value=?3",
    [ERASE_BODY] = "DELETE FROM body WHERE id=?1",
    [ERASE_DONE] = "DELETE FROM done WHERE id=?1",
    [ERASE_PAST] = "DELETE FROM past WHERE id=?1",
    [ERASE_ATTEMPTS] = "DELETE FROM attempt WHERE id=?1",
    [STRIP_DONE] = "UPDATE done SET purged=purged|?2, result=iif(?2&2,NULL,result), files=iif(?2&8,NULL,files) WHERE id=?1",
    [STRIP_PAST] = "UPDATE past SET purged=purged|?2, result=iif(?2&2,NULL,result), files=iif(?2&8,NULL,files) WHERE id=?1",
    [STRIP_INPUT] = "UPDATE body SET input=x'' WHERE id=?1",
    [STRIP_LOG] = "UPDATE attempt SET log=NULL, output=NULL WHERE id=?1",
};

static struct sqlite_shelf *self(struct shelf *s) { return CONTAINER_OF(s, struct sqlite_shelf, shelf); }

static sqlite3_stmt *statement(struct sqlite_shelf *s, enum statement number)
{
    return sqlite_db_statement(&s->db, (int)number, sql[number]);
}

static int run(struct sqlite_shelf *s, enum statement number)
{
    return sqlite_db_run(&s->db, statement(s, number));
}

static int run_on_id(struct sqlite_shelf *s, enum statement number, const struct id *id)
{
    sqlite3_stmt *q = statement(s, number);
    if (!q) return ERR_STORE;
    sqlite_db_bind_id(q, 1, id);
    return sqlite_db_run(&s->db, q);
}

static int begin(struct shelf *shelf)
{
    struct sqlite_shelf *s = self(shelf);
    s->n_tallies = 0;
    return run(s, BEGIN);
}

static void rollback(struct shelf *shelf)
{
    struct sqlite_shelf *s = self(shelf);
    sqlite_lane_forget(&s->lanes);
    /* a failed COMMIT or a full disk may have rolled back already */
    if (!sqlite3_get_autocommit(s->db.db)) (void)run(s, ROLLBACK);
    /* without memory it may not: what was refused would be seen by whoever asks next, and none could begin */
    if (!sqlite3_get_autocommit(s->db.db) && (sqlite3_errcode(s->db.db) & 0xff) == SQLITE_NOMEM) mem_give_up();
    assert(sqlite3_get_autocommit(s->db.db) && "a transaction cannot be rolled back");
}

static int write_tallies(struct sqlite_shelf *s)
{
    sqlite3_stmt *q = statement(s, TALLY);
    if (!q) return ERR_STORE;
    for (size_t i = 0; i < s->n_tallies; i++) {
        sqlite_db_bind_text(q, 1, s->tallies[i].queue);
        sqlite3_bind_int64(q, 2, s->tallies[i].ending);
        sqlite3_bind_int64(q, 3, s->tallies[i].total);
        int err = sqlite_db_run(&s->db, q);
        if (err) return err;
    }
    return 0;
}

static int commit(struct shelf *shelf)
{
    struct sqlite_shelf *s = self(shelf);
    int err = write_tallies(s);
    if (!err) err = run(s, COMMIT);
    if (err) rollback(shelf);
    return err;
}

static int add_tags(struct sqlite_shelf *s, const struct task_body *body)
{
    sqlite3_stmt *q = statement(s, TAG);
    if (!q) return ERR_STORE;
    for (size_t i = 0; i < body->n_tags; i++) {
        sqlite_db_bind_text(q, 1, body->tags[i].key);
        sqlite_db_bind_text(q, 2, body->tags[i].value);
        sqlite_db_bind_id(q, 3, &body->id);
        int err = sqlite_db_run(&s->db, q);
        if (err) return err;
    }
    return 0;
}

static int add(struct shelf *shelf, const struct task_body *body, const struct life *life)
{
    struct sqlite_shelf *s = self(shelf);
    int64_t lane;
    char name[TASK_LANE];
    int err = sqlite_lane_of(&s->db, &s->lanes, body->queue, task_lane(body, name), &lane);
    if (err) return err;
    buf_clear(&s->tags);
    sqlite_row_tags(&s->tags, body);
    if (buf_err(&s->tags)) return ERR_STORE;
    sqlite3_stmt *q = statement(s, BODY);
    if (!q) return ERR_STORE;
    sqlite_row_bind_body(q, body, lane, s->tags.len ? buf_str(&s->tags) : STR_NONE);
    err = sqlite_db_run(&s->db, q);
    if (err) return err;
    q = statement(s, LIVE);
    if (!q) return ERR_STORE;
    sqlite_row_bind_live(q, &body->id, lane, life);
    sqlite_db_bind_text(q, 16, body->limit_key);
    sqlite_db_bind_text(q, 17, body->batch_key);
    err = sqlite_db_run(&s->db, q);
    if (err) return err == ERR_CONFLICT ? ERR_STORE : err;
    return body->n_tags ? add_tags(s, body) : 0;
}

/* Its number in the file. */
static int lane_of(struct sqlite_shelf *s, const struct ready_lane *lane, int64_t *ret)
{
    return sqlite_lane_of(&s->db, &s->lanes, lane->queue_name, lane->type, ret);
}

static int change(struct shelf *shelf, const struct id *id, const struct ready_lane *lane, const struct life *life)
{
    struct sqlite_shelf *s = self(shelf);
    int64_t number;
    int err = lane_of(s, lane, &number);
    sqlite3_stmt *q = err ? NULL : statement(s, CHANGE);
    if (!q) return err ? err : ERR_STORE;
    sqlite_row_bind_live(q, id, number, life);
    err = sqlite_db_run(&s->db, q);
    return err ? err : sqlite3_changes(s->db.db) == 1 ? 0 : ERR_STORE;
}

static int drop_live(struct sqlite_shelf *s, const struct id *id, int64_t lane)
{
    sqlite3_stmt *q = statement(s, END_LIVE);
    if (!q) return ERR_STORE;
    sqlite_db_bind_id(q, 1, id);
    sqlite3_bind_int64(q, 2, lane);
    return sqlite_db_run(&s->db, q);
}

static int end(struct shelf *shelf, const struct id *id, const struct ready_lane *lane, const struct task_ending *ending)
{
    struct sqlite_shelf *s = self(shelf);
    int64_t number;
    int err = lane_of(s, lane, &number);
    sqlite3_stmt *q = err ? NULL : statement(s, END_DONE);
    if (!q) return err ? err : ERR_STORE;
    sqlite_row_bind_done(q, id, number, ending);
    err = sqlite_db_run(&s->db, q);
    if (!err) err = drop_live(s, id, number);
    return err ? err : sqlite3_changes(s->db.db) == 1 ? 0 : ERR_STORE;
}

static int again(struct shelf *shelf, const struct id *id, const struct life *life)
{
    struct sqlite_shelf *s = self(shelf);
    int err = run_on_id(s, AGAIN_PAST, id);
    sqlite3_stmt *q = statement(s, AGAIN_LIVE);
    if (!q) return ERR_STORE;
    sqlite_row_bind_live(q, id, 0, life);
    if (!err) err = sqlite_db_run(&s->db, q);
    return err ? err : run_on_id(s, AGAIN_DONE, id);
}

static int note(struct shelf *shelf, const struct task_attempt *a)
{
    struct sqlite_shelf *s = self(shelf);
    sqlite3_stmt *q = statement(s, NOTE);
    if (!q) return ERR_STORE;
    sqlite_row_bind_attempt(q, a);
    return sqlite_db_run(&s->db, q);
}

static int set_queue(struct shelf *shelf, struct str queue, unsigned parts, const struct store_queue_set *set)
{
    return sqlite_queue_set(&self(shelf)->db, queue, parts, set);
}

static int tally(struct shelf *shelf, struct str queue, enum task_state ending, int64_t total)
{
    struct sqlite_shelf *s = self(shelf);
    for (size_t i = 0; i < s->n_tallies; i++) {
        if (s->tallies[i].ending != ending || !str_eq(s->tallies[i].queue, queue)) continue;
        s->tallies[i].total = total;
        return 0;
    }
    if (s->n_tallies == s->cap_tallies) {
        s->cap_tallies = s->cap_tallies ? s->cap_tallies * 2 : 16;
        s->tallies = mem_grow(s->tallies, s->cap_tallies * sizeof *s->tallies);
    }
    s->tallies[s->n_tallies++] = (struct sqlite_tally){queue, ending, total};
    return 0;
}

/* ERR_NOT_FOUND when the question has no row. */
static int first_row(struct sqlite_shelf *s, enum statement number, const struct id *id, sqlite3_stmt **ret)
{
    sqlite3_stmt *q = statement(s, number);
    if (!q) return ERR_STORE;
    sqlite_db_bind_id(q, 1, id);
    int code = sqlite3_step(q);
    if (code == SQLITE_ROW) {
        *ret = q;
        return 0;
    }
    int err = sqlite_db_err(&s->db, code);
    sqlite3_reset(q);
    return err ? err : ERR_NOT_FOUND;
}

static int body(struct shelf *shelf, const struct id *id, struct arena *a, struct task_body *ret)
{
    sqlite3_stmt *q;
    int err = first_row(self(shelf), READ_BODY, id, &q);
    if (err) return err;
    *ret = sqlite_row_body(q, 0, a);
    ret->input = sqlite_db_copy(a, q, SQLITE_ROW_BODY_COLUMNS);
    sqlite3_reset(q);
    return 0;
}

static int ended(struct shelf *shelf, const struct id *id, struct life *ret_life)
{
    sqlite3_stmt *q;
    int err = first_row(self(shelf), READ_ENDED, id, &q);
    if (err) return err;
    struct arena scratch;
    arena_init(&scratch);
    *ret_life = sqlite_row_done(q, 0, &scratch).life;
    arena_release(&scratch);
    sqlite3_reset(q);
    return 0;
}

static int untag(struct sqlite_shelf *s, const struct id *id)
{
    sqlite3_stmt *read;
    int err = first_row(s, READ_BODY, id, &read);
    if (err) return err == ERR_NOT_FOUND ? ERR_STORE : err;
    struct arena scratch;
    arena_init(&scratch);
    struct task_body was = sqlite_row_body(read, 0, &scratch);
    sqlite3_reset(read);
    sqlite3_stmt *q = was.n_tags ? statement(s, UNTAG) : NULL;
    for (size_t i = 0; q && !err && i < was.n_tags; i++) {
        sqlite_db_bind_id(q, 1, id);
        sqlite_db_bind_text(q, 2, was.tags[i].key);
        sqlite_db_bind_text(q, 3, was.tags[i].value);
        err = sqlite_db_run(&s->db, q);
    }
    if (was.n_tags && !q) err = ERR_STORE;
    arena_release(&scratch);
    return err;
}

static int patch(struct shelf *shelf, const struct task_body *body)
{
    struct sqlite_shelf *s = self(shelf);
    buf_clear(&s->tags);
    sqlite_row_tags(&s->tags, body);
    int err = buf_err(&s->tags) ? ERR_STORE : untag(s, &body->id);
    sqlite3_stmt *q = err ? NULL : statement(s, PATCH);
    if (!q) return err ? err : ERR_STORE;
    sqlite_db_bind_id(q, 1, &body->id);
    sqlite3_bind_int(q, 2, body->rules.priority);
    sqlite3_bind_int64(q, 3, body->run_at_ms);
    sqlite_db_bind_text(q, 4, s->tags.len ? buf_str(&s->tags) : STR_NONE);
    err = sqlite_db_run(&s->db, q);
    return err || body->n_tags == 0 ? err : add_tags(s, body);
}

static int erase(struct shelf *shelf, const struct id *id)
{
    struct sqlite_shelf *s = self(shelf);
    int err = untag(s, id);
    if (!err) err = run_on_id(s, ERASE_ATTEMPTS, id);
    if (!err) err = sqlite_step_drop(&s->db, id);
    if (!err) err = sqlite_sequel_drop(&s->db, id);
    if (!err) err = run_on_id(s, ERASE_PAST, id);
    if (!err) err = run_on_id(s, ERASE_DONE, id);
    return err ? err : run_on_id(s, ERASE_BODY, id);
}

static int strip_rows(struct sqlite_shelf *s, enum statement number, const struct id *id, unsigned parts)
{
    sqlite3_stmt *q = statement(s, number);
    if (!q) return ERR_STORE;
    sqlite_db_bind_id(q, 1, id);
    sqlite3_bind_int(q, 2, (int)parts);
    return sqlite_db_run(&s->db, q);
}

static int strip(struct shelf *shelf, const struct id *id, unsigned parts)
{
    struct sqlite_shelf *s = self(shelf);
    int err = strip_rows(s, STRIP_DONE, id, parts);
    if (!err) err = strip_rows(s, STRIP_PAST, id, parts);
    if (!err) err = sqlite_step_strip(&s->db, id, parts);
    if (!err && parts & RETAIN_INPUT) err = run_on_id(s, STRIP_INPUT, id);
    if (!err && parts & RETAIN_LOG) err = run_on_id(s, STRIP_LOG, id);
    return err;
}

static int remember(struct shelf *shelf, const struct store_add_item *it, int64_t now_ms) { return sqlite_keys_add(&self(shelf)->db, it, now_ms); }

static int recall(struct shelf *shelf, const struct store_add_item *it, uint8_t ret_print[STORE_PRINT], struct id *ret_first)
{
    return sqlite_keys_find(&self(shelf)->db, it, ret_print, ret_first);
}

static int forget_keys(struct shelf *shelf, int64_t before_ms, size_t max, size_t *ret_n)
{
    return sqlite_keys_forget(&self(shelf)->db, before_ms, max, ret_n);
}

static int save(struct shelf *shelf, const struct id *id, int32_t run, const struct task_save *save) { return sqlite_save_put(&self(shelf)->db, id, run, save); }

static int saved(struct shelf *shelf, const struct id *id, int32_t run, struct arena *a, struct task_save *ret)
{
    return sqlite_save_get(&self(shelf)->db, id, run, a, ret);
}

static int unsave(struct shelf *shelf, const struct id *id) { return sqlite_save_drop(&self(shelf)->db, id); }

static const struct shelf_ops ops = {
    .begin = begin, .commit = commit, .rollback = rollback, .add = add,     .change = change, .end = end,
    .again = again, .note = note,     .set_queue = set_queue, .tally = tally, .body = body,     .ended = ended,
    .patch = patch, .erase = erase,   .remember = remember,   .recall = recall, .strip = strip, .forget_keys = forget_keys,
    .save = save,   .saved = saved,   .unsave = unsave, .move = sqlite_step_move, .step = sqlite_step_put, .steps = sqlite_step_get,
    .sequel = sqlite_sequel_add, .owes = sqlite_sequel_owes, .owe = sqlite_sequel_owe, .pay = sqlite_sequel_pay,
    .holders = sqlite_once_holders, .hold = sqlite_once_hold, .let_go = sqlite_once_let_go,
    .want = sqlite_cache_want, .lead = sqlite_cache_lead, .wanted = sqlite_cache_wanted, .print = sqlite_cache_print, .keep = sqlite_cache_keep, .unwant = sqlite_cache_unwant, .kept = sqlite_cache_kept, .forget_kept = sqlite_cache_forget, .files = &sqlite_file_ops,
    .notices = &sqlite_notice_ops,
};

void sqlite_shelf_init(struct sqlite_shelf *s)
{
    s->shelf.ops = &ops;
    map_init(&s->lanes);
    buf_init(&s->tags, LIMIT_TAGS * (LIMIT_TAG_KEY + LIMIT_TAG_VALUE) * 7);
}

void sqlite_shelf_release(struct sqlite_shelf *s)
{
    sqlite_lane_forget(&s->lanes);
    map_release(&s->lanes);
    buf_release(&s->tags);
    free(s->tallies);
    sqlite_db_close(&s->db);
}
