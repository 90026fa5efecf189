/* SPDX-License-Identifier: Apache-2.0
 *
 * One table, a statement a function, two for reading.
 */
#include "store/sqlite/sqlite_step.h"

enum { PUT = SQLITE_STEP_STATEMENTS, GET, GET_NARROW, DROP, STRIP };

#define NARROW "SELECT n,name,run,attempt,started_at,finished_at,files"
#define OF_TASK " FROM step WHERE id=?1 ORDER BY n"

int sqlite_step_put(struct sqlite_db *d, const struct id *id, const struct task_step *step)
{
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

int sqlite_step_get(struct sqlite_db *d, const struct id *id, bool results, struct arena *a, const struct task_step **ret, size_t *ret_n)
{
    sqlite3_stmt *q = results ? sqlite_db_statement(d, GET, NARROW ",result" OF_TASK) : sqlite_db_statement(d, GET_NARROW, NARROW OF_TASK);
    if (!q) return ERR_STORE;
    struct task_step *steps = arena_alloc(a, LIMIT_STEPS * sizeof *steps);
    size_t n = 0;
    int code;
    sqlite_db_bind_id(q, 1, id);
    while ((code = sqlite3_step(q)) == SQLITE_ROW && n < LIMIT_STEPS)
        steps[n++] = (struct task_step){.n = sqlite3_column_int(q, 0),
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
