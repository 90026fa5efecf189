/* SPDX-License-Identifier: Apache-2.0
 *
 * How much there is altogether is a row of its own, so that an upload costs the same however many files there are.
 */
#include "store/sqlite/sqlite_file.h"

#include "store/sqlite/sqlite_shelf.h"

enum { ADD = SQLITE_FILE_STATEMENTS, MORE, GET, REFER, UNREFER, LOOK, LOOK_AT, MARK, LESS, FORGET, FORGET_REFS, TOTAL, LIST };

#define ROW "id, tenant, name, type, bytes, sha256, created_at, keep"
#define SEEN                                                                                                      \
    "SELECT f.id, f.keep, f.created_at, f.gone, EXISTS(SELECT 1 FROM file_ref r WHERE r.file=f.id),"               \
    " EXISTS(SELECT 1 FROM file_ref r WHERE r.file=f.id AND (NOT EXISTS(SELECT 1 FROM done d WHERE d.id=r.task)"   \
    " OR EXISTS(SELECT 1 FROM owed o WHERE o.id=r.task))) FROM file f "

static struct sqlite_db *db_of(struct shelf *s) { return &CONTAINER_OF(s, struct sqlite_shelf, shelf)->db; }

static int run_on(struct sqlite_db *d, int number, const char *sql, const struct id *id)
{
    sqlite3_stmt *q = sqlite_db_statement(d, number, sql);
    if (!q) return ERR_STORE;
    sqlite_db_bind_id(q, 1, id);
    return sqlite_db_run(d, q);
}

static int add(struct shelf *s, const struct file *f)
{
    struct sqlite_db *d = db_of(s);
    sqlite3_stmt *q = sqlite_db_statement(d, ADD, "INSERT INTO file(" ROW ",gone) VALUES(?1,?2,?3,?4,?5,?6,?7,?8,0)");
    if (!q) return ERR_STORE;
    sqlite_db_bind_id(q, 1, &f->id);
    sqlite3_bind_int64(q, 2, f->tenant);
    sqlite_db_bind_text(q, 3, f->name.p ? f->name : STR(""));
    sqlite_db_bind_text(q, 4, f->type);
    sqlite3_bind_int64(q, 5, f->bytes);
    sqlite_db_bind_blob(q, 6, (struct str){(const char *)f->sha256, sizeof f->sha256});
    sqlite3_bind_int64(q, 7, f->created_at_ms);
    sqlite3_bind_int(q, 8, (int)f->keep);
    int err = sqlite_db_run(d, q);
    q = err ? NULL : sqlite_db_statement(d, MORE, "UPDATE file_total SET n=n+1, bytes=bytes+?1");
    if (!q) return err == ERR_CONFLICT || !err ? ERR_STORE : err;
    sqlite3_bind_int64(q, 1, f->bytes);
    return sqlite_db_run(d, q);
}

static int read_row(sqlite3_stmt *q, struct arena *a, struct file *ret)
{
    struct str sha256 = sqlite_db_str(q, 5);
    int keep = sqlite3_column_int(q, 7);
    if (sha256.len != sizeof ret->sha256 || keep < FILE_KEEP_RECORD || keep > FILE_KEEP_FOREVER) return ERR_STORE;
    *ret = (struct file){.id = sqlite_db_id(q, 0),
                         .tenant = sqlite3_column_int64(q, 1),
                         .name = sqlite_db_copy(a, q, 2),
                         .type = sqlite_db_copy(a, q, 3),
                         .bytes = sqlite3_column_int64(q, 4),
                         .created_at_ms = sqlite3_column_int64(q, 6),
                         .keep = (enum file_keep)keep};
    memcpy(ret->sha256, sha256.p, sizeof ret->sha256);
    return 0;
}

int sqlite_file_get(struct sqlite_db *d, const struct id *id, struct arena *a, struct file *ret)
{
    sqlite3_stmt *q = sqlite_db_statement(d, GET, "SELECT " ROW " FROM file WHERE id=?1 AND gone=0");
    if (!q) return ERR_STORE;
    sqlite_db_bind_id(q, 1, id);
    int code = sqlite3_step(q);
    int err = code == SQLITE_ROW ? read_row(q, a, ret) : sqlite_db_err(d, code);
    sqlite3_reset(q);
    return err || code == SQLITE_ROW ? err : ERR_NOT_FOUND;
}

static int get(struct shelf *s, const struct id *id, struct arena *a, struct file *ret) { return sqlite_file_get(db_of(s), id, a, ret); }

static int refer(struct shelf *s, const struct id *file, const struct id *task)
{
    struct sqlite_db *d = db_of(s);
    sqlite3_stmt *q = sqlite_db_statement(d, REFER, "INSERT INTO file_ref(file,task) VALUES(?1,?2)");
    if (!q) return ERR_STORE;
    sqlite_db_bind_id(q, 1, file);
    sqlite_db_bind_id(q, 2, task);
    int err = sqlite_db_run(d, q);
    return err == ERR_CONFLICT ? ERR_STORE : err;
}

static int unrefer(struct shelf *s, const struct id *task)
{
    return run_on(db_of(s), UNREFER, "DELETE FROM file_ref WHERE task=?1", task);
}

static struct shelf_file seen_row(sqlite3_stmt *q)
{
    return (struct shelf_file){.id = sqlite_db_id(q, 0),
                               .keep = (enum file_keep)sqlite3_column_int(q, 1),
                               .created_at_ms = sqlite3_column_int64(q, 2),
                               .gone = sqlite3_column_int(q, 3) != 0,
                               .referred = sqlite3_column_int(q, 4) != 0,
                               .live = sqlite3_column_int(q, 5) != 0};
}

static int look(struct shelf *s, const struct id *after, struct shelf_file *ret, size_t max, size_t *ret_n)
{
    struct sqlite_db *d = db_of(s);
    sqlite3_stmt *q = sqlite_db_statement(d, LOOK, SEEN "WHERE f.id>?1 ORDER BY f.id LIMIT ?2");
    if (!q) return ERR_STORE;
    if (after) sqlite_db_bind_id(q, 1, after);
    else sqlite_db_bind_blob(q, 1, STR(""));
    sqlite3_bind_int64(q, 2, (int64_t)max);
    int code;
    for (*ret_n = 0; (code = sqlite3_step(q)) == SQLITE_ROW;) ret[(*ret_n)++] = seen_row(q);
    sqlite3_reset(q);
    return sqlite_db_err(d, code);
}

static int look_at(struct shelf *s, const struct id *id, struct shelf_file *ret)
{
    struct sqlite_db *d = db_of(s);
    sqlite3_stmt *q = sqlite_db_statement(d, LOOK_AT, SEEN "WHERE f.id=?1");
    if (!q) return ERR_STORE;
    sqlite_db_bind_id(q, 1, id);
    int code = sqlite3_step(q), err = sqlite_db_err(d, code);
    if (code == SQLITE_ROW) *ret = seen_row(q);
    sqlite3_reset(q);
    return err || code == SQLITE_ROW ? err : ERR_NOT_FOUND;
}

static int mark(struct shelf *s, const struct id *id)
{
    struct sqlite_db *d = db_of(s);
    int err = run_on(d, MARK, "UPDATE file SET gone=1 WHERE id=?1", id);
    return err ? err : sqlite3_changes(d->db) == 1 ? 0 : ERR_STORE;
}

/* One that is not there was forgotten before: its sweep was answered, and asked again. */
static int forget(struct shelf *s, const struct id *id)
{
    struct sqlite_db *d = db_of(s);
    int err = run_on(d, LESS, "UPDATE file_total SET n=file_total.n-1, bytes=file_total.bytes-f.bytes FROM file f WHERE f.id=?1 AND f.gone=1", id);
    if (!err) err = run_on(d, FORGET, "DELETE FROM file WHERE id=?1 AND gone=1", id);
    return err ? err : run_on(d, FORGET_REFS, "DELETE FROM file_ref WHERE file=?1", id);
}

static int total(struct shelf *s, struct store_file_total *ret)
{
    struct sqlite_db *d = db_of(s);
    sqlite3_stmt *q = sqlite_db_statement(d, TOTAL, "SELECT n, bytes FROM file_total");
    int code = q ? sqlite3_step(q) : SQLITE_ERROR;
    int err = code == SQLITE_ROW ? 0 : q && sqlite_db_err(d, code) ? sqlite_db_err(d, code) : ERR_STORE;
    if (!err) *ret = (struct store_file_total){sqlite3_column_int64(q, 0), sqlite3_column_int64(q, 1)};
    sqlite3_reset(q);
    return err;
}

const struct shelf_files sqlite_file_ops = {.add = add,   .get = get,         .refer = refer, .unrefer = unrefer, .look = look,
                                            .look_at = look_at, .mark = mark, .forget = forget, .total = total};

/* ---- reads ---- */

void sqlite_file_read(struct sqlite_db *d, struct store_file_get *r)
{
    int err = sqlite_file_get(d, &r->id, &r->req.arena, &r->file);
    r->found = err == ERR_NOT_FOUND ? err : 0;
    r->req.err = err == ERR_NOT_FOUND ? 0 : err;
}

void sqlite_file_list(struct sqlite_db *d, struct store_file_list *r)
{
    struct id newest;
    memset(newest.b, 0xff, sizeof newest.b);
    r->n = 0;
    r->more = false;
    r->items = arena_alloc(&r->req.arena, r->limit * sizeof *r->items);
    sqlite3_stmt *q = sqlite_db_statement(d, LIST, "SELECT " ROW " FROM file WHERE id<?1 AND gone=0 ORDER BY id DESC LIMIT ?2");
    if (q) sqlite_db_bind_id(q, 1, r->has_after ? &r->after : &newest);
    if (q) sqlite3_bind_int64(q, 2, (int64_t)r->limit + 1);
    int code = SQLITE_ERROR, err = q ? 0 : ERR_STORE;
    while (!err && !r->more && (code = sqlite3_step(q)) == SQLITE_ROW) {
        r->more = r->n == r->limit;
        if (!r->more) err = read_row(q, &r->req.arena, &r->items[r->n++]);
    }
    r->req.err = err ? err : r->more ? 0 : sqlite_db_err(d, code);
    sqlite3_reset(q);
}
