/* SPDX-License-Identifier: Apache-2.0
 *
 * One table, a statement a function, two for reading; and a task's way from lane to lane.
 */
#include "store/sqlite/sqlite_step.h"

#include "store/sqlite/sqlite_lane.h"
#include "store/sqlite/sqlite_shelf.h"

enum { PUT = SQLITE_STEP_STATEMENTS, GET, GET_NARROW, DROP, STRIP, MOVE_BODY, MOVE_LIVE };

#define NARROW "SELECT n,name,run,attempt,started_at,finished_at,files"
#define OF_TASK " FROM step WHERE id=?1 ORDER BY n"

static struct sqlite_db *db_of(struct shelf *s) { return &CONTAINER_OF(s, struct sqlite_shelf, shelf)->db; }

int sqlite_step_put(struct shelf *s, const struct id *id, const struct task_step *step)
{
    struct sqlite_db *d = db_of(s);
    sqlite3_stmt *q = sqlite_db_statement(d, PUT, "INSERT OR REPLACE INTO step(id,n,name,run,attempt,started_at,finished_at,files,result)"
                                                  " VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9)");
    if (!q) return ERR_STORE;
    sqlite_db_bind_id(q, 1, id);
    sqlite3_bind_int(q, 2, step->n);
    sqlite_db_bind_text(q, 3, step->name);
    sqlite3_bind_int(q, 4, step->run);
    sqlite3_bind_int(q, 5, step->attempt);
    sqlite3_bind_int64(q, 6, step->started_at_ms);
    sqlite3_bind_int64(q, 7, step->finished_at_ms);
    sqlite_db_bind_text(q, 8, step->files.len ? step->files : STR_NONE);
    sqlite_db_bind_blob(q, 9, step->result.len ? step->result : STR_NONE);
    return sqlite_db_run(d, q);
}

int sqlite_step_read(struct sqlite_db *d, const struct id *id, bool results, struct arena *a, const struct task_step **ret, size_t *ret_n)
{
    sqlite3_stmt *q = results ? sqlite_db_statement(d, GET, NARROW ",result" OF_TASK) : sqlite_db_statement(d, GET_NARROW, NARROW OF_TASK);
    if (!q) return ERR_STORE;
    struct task_step *steps = arena_alloc(a, LIMIT_STEPS * sizeof *steps);
    size_t n = 0;
    int code;
    sqlite_db_bind_id(q, 1, id);
    for (; (code = sqlite3_step(q)) == SQLITE_ROW && n < LIMIT_STEPS; n++)
        steps[n] = (struct task_step){.n = sqlite3_column_int(q, 0),
                                      .name = sqlite_db_copy(a, q, 1),
                                      .run = sqlite3_column_int(q, 2),
                                      .attempt = sqlite3_column_int(q, 3),
                                      .started_at_ms = sqlite3_column_int64(q, 4),
                                      .finished_at_ms = sqlite3_column_int64(q, 5),
                                      .files = sqlite_db_copy(a, q, 6),
                                      .result = results ? sqlite_db_copy(a, q, 7) : STR_NONE};
    int err = sqlite_db_err(d, code);
    sqlite3_reset(q);
    *ret = steps;
    *ret_n = n;
    return err;
}

int sqlite_step_get(struct shelf *s, const struct id *id, bool results, struct arena *a, const struct task_step **ret, size_t *ret_n)
{
    return sqlite_step_read(db_of(s), id, results, a, ret, ret_n);
}

/* The body tells of the lane, too: by it the live row is found. */
int sqlite_step_move(struct shelf *shelf, const struct id *id, const struct ready_lane *from, const struct ready_lane *to, const struct life *life)
{
    struct sqlite_shelf *s = CONTAINER_OF(shelf, struct sqlite_shelf, shelf);
    int64_t was, is;
    int err = sqlite_lane_of(&s->db, &s->lanes, from->queue_name, from->type, &was);
    if (!err) err = sqlite_lane_of(&s->db, &s->lanes, to->queue_name, to->type, &is);
    sqlite3_stmt *body = sqlite_db_statement(&s->db, MOVE_BODY, "UPDATE body SET lane=?2 WHERE id=?1");
    sqlite3_stmt *live = sqlite_db_statement(&s->db, MOVE_LIVE, "UPDATE live SET lane=?3 WHERE lane=?2 AND id=?1");
    if (err || !body || !live) return err ? err : ERR_STORE;
    sqlite_db_bind_id(body, 1, id);
    sqlite3_bind_int64(body, 2, is);
    err = sqlite_db_run(&s->db, body);
    sqlite_db_bind_id(live, 1, id);
    sqlite3_bind_int64(live, 2, was);
    sqlite3_bind_int64(live, 3, is);
    if (!err) err = sqlite_db_run(&s->db, live);
    return err ? err : shelf->ops->change(shelf, id, to, life);
}

int sqlite_step_drop(struct sqlite_db *d, const struct id *id)
{
    sqlite3_stmt *q = sqlite_db_statement(d, DROP, "DELETE FROM step WHERE id=?1");
    if (!q) return ERR_STORE;
    sqlite_db_bind_id(q, 1, id);
    return sqlite_db_run(d, q);
}

int sqlite_step_strip(struct sqlite_db *d, const struct id *id, unsigned parts)
{
    sqlite3_stmt *q = sqlite_db_statement(d, STRIP, "UPDATE step SET result=iif(?2&2,NULL,result), files=iif(?2&8,NULL,files) WHERE id=?1");
    if (!q) return ERR_STORE;
    sqlite_db_bind_id(q, 1, id);
    sqlite3_bind_int(q, 2, (int)parts);
    return sqlite_db_run(d, q);
}
