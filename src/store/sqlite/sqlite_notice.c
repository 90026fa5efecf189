/* SPDX-License-Identifier: Apache-2.0
 *
 * Each way to list them has an index that it walks and nothing else, so that a page costs what it shows; that of a subject's
 * unread ones is also what counts them, without looking at a row.
 */
#include "store/sqlite/sqlite_notice.h"

#include "store/sqlite/sqlite_row.h"
#include "store/sqlite/sqlite_shelf.h"

enum { ADD = SQLITE_NOTICE_STATEMENTS, NEXT, FIND, GET, GET_SERIAL, READ, LESS_UNREAD, UNREAD, UNREAD_OF, OLDEST, LESS, DROP, TOTAL, OF_ALL,
       OF_UNREAD, OF_SUBJECT, OF_BOTH, OF_TASK, N_OF_SUBJECT };

#define ROW "id, serial, task, run, tenant, type, kind, subject, tags, status, title, message, data, created_at, read_at"
#define PAGE " AND id<?1 ORDER BY id DESC LIMIT ?2"

static struct sqlite_db *db_of(struct shelf *s) { return &CONTAINER_OF(s, struct sqlite_shelf, shelf)->db; }

/* ---- changes ---- */

static int next_serial(struct sqlite_db *d, int64_t *ret)
{
    sqlite3_stmt *q = sqlite_db_statement(d, NEXT, "UPDATE notice_total SET n=n+1, unread=unread+1, serial=serial+1 RETURNING serial");
    if (!q) return ERR_STORE;
    int code = sqlite3_step(q), err = sqlite_db_err(d, code);
    if (code == SQLITE_ROW) *ret = sqlite3_column_int64(q, 0);
    if (code == SQLITE_ROW) err = sqlite_db_err(d, sqlite3_step(q));
    sqlite3_reset(q);
    return !err && code != SQLITE_ROW ? ERR_STORE : err;
}

static int add(struct shelf *s, const struct notice *n, int64_t *ret_serial)
{
    struct sqlite_db *d = db_of(s);
    struct buf tags;
    sqlite3_stmt *q = sqlite_db_statement(d, ADD, "INSERT INTO notice(" ROW ") VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,0)");
    int err = q ? next_serial(d, ret_serial) : ERR_STORE;
    if (err) return err;
    buf_init(&tags, LIMIT_TAGS * (LIMIT_TAG_KEY + LIMIT_TAG_VALUE) * 7);
    sqlite_row_tags(&tags, &(struct task_body){.tags = n->tags, .n_tags = n->n_tags});
    sqlite_db_bind_id(q, 1, &n->id);
    sqlite3_bind_int64(q, 2, *ret_serial);
    sqlite_db_bind_id(q, 3, &n->task);
    sqlite3_bind_int(q, 4, n->run);
    sqlite3_bind_int64(q, 5, n->tenant);
    sqlite_db_bind_text(q, 6, n->type);
    sqlite_db_bind_text(q, 7, n->kind);
    sqlite_db_bind_text(q, 8, n->subject);
    sqlite_db_bind_text(q, 9, tags.len ? buf_str(&tags) : STR_NONE);
    sqlite3_bind_int(q, 10, (int)n->status);
    sqlite_db_bind_text(q, 11, n->title);
    sqlite_db_bind_text(q, 12, n->message);
    sqlite_db_bind_text(q, 13, n->data);
    sqlite3_bind_int64(q, 14, n->created_at_ms);
    err = buf_err(&tags) ? ERR_STORE : sqlite_db_run(d, q);
    buf_release(&tags);
    return err == ERR_CONFLICT ? ERR_STORE : err;
}

static struct notice row(sqlite3_stmt *q, struct arena *a)
{
    struct task_body tags = {.n_tags = 0};
    struct notice n = {.id = sqlite_db_id(q, 0),
                       .serial = sqlite3_column_int64(q, 1),
                       .task = sqlite_db_id(q, 2),
                       .run = sqlite3_column_int(q, 3),
                       .tenant = sqlite3_column_int64(q, 4),
                       .type = sqlite_db_copy(a, q, 5),
                       .kind = sqlite_db_copy(a, q, 6),
                       .subject = sqlite_db_copy(a, q, 7),
                       .status = (enum task_state)sqlite3_column_int(q, 9),
                       .title = sqlite_db_copy(a, q, 10),
                       .message = sqlite_db_copy(a, q, 11),
                       .data = sqlite_db_copy(a, q, 12),
                       .created_at_ms = sqlite3_column_int64(q, 13),
                       .read_at_ms = sqlite3_column_int64(q, 14)};
    struct str text = sqlite_db_str(q, 8);
    if (text.p) sqlite_row_read_tags(&tags, text, a);
    n.tags = tags.tags;
    n.n_tags = tags.n_tags;
    return n;
}

static int get_one(struct sqlite_db *d, const struct id *id, int64_t serial, struct arena *a, struct notice *ret)
{
    sqlite3_stmt *q = serial > 0 ? sqlite_db_statement(d, GET_SERIAL, "SELECT " ROW " FROM notice WHERE serial=?1")
                                 : sqlite_db_statement(d, GET, "SELECT " ROW " FROM notice WHERE id=?1");
    if (!q) return ERR_STORE;
    if (serial > 0) sqlite3_bind_int64(q, 1, serial);
    else sqlite_db_bind_id(q, 1, id);
    int code = sqlite3_step(q), err = sqlite_db_err(d, code);
    if (code == SQLITE_ROW) *ret = row(q, a);
    sqlite3_reset(q);
    return err || code == SQLITE_ROW ? err : ERR_NOT_FOUND;
}

static int get(struct shelf *s, const struct id *id, struct arena *a, struct notice *ret) { return get_one(db_of(s), id, 0, a, ret); }

static int find(struct shelf *s, int64_t serial, struct id *ret)
{
    struct sqlite_db *d = db_of(s);
    sqlite3_stmt *q = sqlite_db_statement(d, FIND, "SELECT id FROM notice WHERE serial=?1");
    size_t n = 0;
    if (!q) return ERR_STORE;
    sqlite3_bind_int64(q, 1, serial);
    int err = sqlite_db_ids(d, q, ret, &n);
    return err || n ? err : ERR_NOT_FOUND;
}

static int mark_read(struct shelf *s, const struct id *id, int64_t at_ms)
{
    struct sqlite_db *d = db_of(s);
    sqlite3_stmt *q = sqlite_db_statement(d, READ, "UPDATE notice SET read_at=?2 WHERE id=?1 AND read_at=0");
    if (!q) return ERR_STORE;
    sqlite_db_bind_id(q, 1, id);
    sqlite3_bind_int64(q, 2, at_ms);
    int err = sqlite_db_run(d, q);
    if (err || sqlite3_changes(d->db) != 1) return err ? err : ERR_STORE;
    return sqlite_db_run(d, sqlite_db_statement(d, LESS_UNREAD, "UPDATE notice_total SET unread=unread-1"));
}

static int unread(struct shelf *s, struct str subject, const struct id *until, struct id *ret, size_t max, size_t *ret_n)
{
    struct sqlite_db *d = db_of(s);
    struct id newest;
    memset(newest.b, 0xff, sizeof newest.b);
    sqlite3_stmt *q = subject.p ? sqlite_db_statement(d, UNREAD_OF, "SELECT id FROM notice INDEXED BY notice_subject_unread"
                                                                    " WHERE subject=?3 AND read_at=0 AND id<=?1 ORDER BY id LIMIT ?2")
                                : sqlite_db_statement(d, UNREAD, "SELECT id FROM notice INDEXED BY notice_unread WHERE read_at=0 AND id<=?1 ORDER BY id LIMIT ?2");
    if (!q) return ERR_STORE;
    sqlite_db_bind_id(q, 1, until ? until : &newest);
    sqlite3_bind_int64(q, 2, (int64_t)max);
    if (subject.p) sqlite_db_bind_text(q, 3, subject);
    return sqlite_db_ids(d, q, ret, ret_n);
}

static int oldest(struct shelf *s, struct shelf_notice *ret, size_t max, size_t *ret_n)
{
    struct sqlite_db *d = db_of(s);
    sqlite3_stmt *q = sqlite_db_statement(d, OLDEST, "SELECT id, created_at FROM notice ORDER BY id LIMIT ?1");
    if (!q) return ERR_STORE;
    sqlite3_bind_int64(q, 1, (int64_t)max);
    int code;
    for (*ret_n = 0; (code = sqlite3_step(q)) == SQLITE_ROW;) ret[(*ret_n)++] = (struct shelf_notice){sqlite_db_id(q, 0), sqlite3_column_int64(q, 1)};
    sqlite3_reset(q);
    return sqlite_db_err(d, code);
}

static int drop(struct shelf *s, const struct id *id)
{
    struct sqlite_db *d = db_of(s);
    sqlite3_stmt *less = sqlite_db_statement(d, LESS, "UPDATE notice_total SET n=n-1, unread=unread-(SELECT read_at=0 FROM notice WHERE id=?1)"
                                                      " WHERE EXISTS(SELECT 1 FROM notice WHERE id=?1)");
    sqlite3_stmt *q = sqlite_db_statement(d, DROP, "DELETE FROM notice WHERE id=?1");
    if (!less || !q) return ERR_STORE;
    sqlite_db_bind_id(less, 1, id);
    sqlite_db_bind_id(q, 1, id);
    int err = sqlite_db_run(d, less);
    if (err || sqlite3_changes(d->db) != 1) return err ? err : ERR_NOT_FOUND;
    return sqlite_db_run(d, q);
}

/* Its statement, on its row. */
static int ask_total(struct sqlite_db *d, sqlite3_stmt **ret, struct store_notice_total *total)
{
    sqlite3_stmt *q = *ret = sqlite_db_statement(d, TOTAL, "SELECT n, unread FROM notice_total");
    int code = q ? sqlite3_step(q) : SQLITE_ERROR;
    if (code != SQLITE_ROW) return q && sqlite_db_err(d, code) ? sqlite_db_err(d, code) : ERR_STORE;
    *total = (struct store_notice_total){sqlite3_column_int64(q, 0), sqlite3_column_int64(q, 1)};
    return 0;
}

static int total(struct shelf *s, struct store_notice_total *ret)
{
    sqlite3_stmt *q;
    int err = ask_total(db_of(s), &q, ret);
    sqlite3_reset(q);
    return err;
}

const struct shelf_notices sqlite_notice_ops = {.add = add,       .find = find,     .get = get,   .read = mark_read,
                                                .unread = unread, .oldest = oldest, .drop = drop, .total = total};

/* ---- reads ---- */

void sqlite_notice_read(struct sqlite_db *d, struct store_notice_get *r)
{
    int err = get_one(d, &r->id, r->serial, &r->req.arena, &r->notice);
    r->found = err == ERR_NOT_FOUND ? err : 0;
    r->req.err = err == ERR_NOT_FOUND ? 0 : err;
}

/* Of one task there are as many as it had runs: those are sifted. */
static sqlite3_stmt *ask(struct sqlite_db *d, const struct store_notice_list *r)
{
    if (r->has_task)
        return sqlite_db_statement(d, OF_TASK, "SELECT " ROW " FROM notice INDEXED BY notice_task WHERE task=?4 AND (?3 IS NULL OR subject=?3)"
                                               " AND (?5=0 OR read_at=0)" PAGE);
    if (r->subject.p && r->unread_only)
        return sqlite_db_statement(d, OF_BOTH, "SELECT " ROW " FROM notice INDEXED BY notice_subject_unread WHERE subject=?3 AND read_at=0" PAGE);
    if (r->subject.p) return sqlite_db_statement(d, OF_SUBJECT, "SELECT " ROW " FROM notice INDEXED BY notice_subject WHERE subject=?3" PAGE);
    if (r->unread_only) return sqlite_db_statement(d, OF_UNREAD, "SELECT " ROW " FROM notice INDEXED BY notice_unread WHERE read_at=0" PAGE);
    return sqlite_db_statement(d, OF_ALL, "SELECT " ROW " FROM notice WHERE 1" PAGE);
}

static int read_page(struct sqlite_db *d, struct store_notice_list *r)
{
    struct id newest;
    memset(newest.b, 0xff, sizeof newest.b);
    sqlite3_stmt *q = ask(d, r);
    if (!q) return ERR_STORE;
    sqlite_db_bind_id(q, 1, r->has_after ? &r->after : &newest);
    sqlite3_bind_int64(q, 2, (int64_t)r->limit + 1);
    if (r->subject.p || r->has_task) sqlite_db_bind_text(q, 3, r->subject);
    if (r->has_task) sqlite_db_bind_id(q, 4, &r->task);
    if (r->has_task) sqlite3_bind_int(q, 5, r->unread_only);
    int code = SQLITE_DONE;
    while (!r->more && (code = sqlite3_step(q)) == SQLITE_ROW) {
        r->more = r->n == r->limit;
        if (!r->more) r->items[r->n++] = row(q, &r->req.arena);
    }
    int err = sqlite_db_err(d, code);
    sqlite3_reset(q);
    return err;
}

static int count_of(struct sqlite_db *d, struct store_notice_list *r)
{
    r->unread = r->total.unread;
    if (!r->subject.p) return 0;
    sqlite3_stmt *q = sqlite_db_statement(d, N_OF_SUBJECT, "SELECT count(*) FROM notice INDEXED BY notice_subject_unread WHERE subject=?1 AND read_at=0");
    if (!q) return ERR_STORE;
    sqlite_db_bind_text(q, 1, r->subject);
    int code = sqlite3_step(q), err = sqlite_db_err(d, code);
    if (code == SQLITE_ROW) r->unread = sqlite3_column_int64(q, 0);
    sqlite3_reset(q);
    return err;
}

void sqlite_notice_list(struct sqlite_db *d, struct store_notice_list *r)
{
    sqlite3_stmt *picture; /* while it stands on its row, all see the same commits */
    r->n = 0;
    r->more = false;
    r->items = arena_alloc(&r->req.arena, (r->limit + 1) * sizeof *r->items);
    r->req.err = ask_total(d, &picture, &r->total);
    if (!r->req.err) r->req.err = count_of(d, r);
    if (!r->req.err && r->limit) r->req.err = read_page(d, r);
    sqlite3_reset(picture);
}
