/* SPDX-License-Identifier: Apache-2.0
 *
 * The statement is put together from the filter: first who is walked, then what each row must satisfy. Values are bound
 * by number, never written into the text: 1 after, 2 limit, 3 now, 4 type, 5 queue, 6 subject, 7 the least id, from 8 on each tag and its
 * value.
 */
#include "store/sqlite/sqlite_list.h"

#include "base/buf.h"
#include "store/sqlite/sqlite_view.h"

enum { AFTER = 1, LIMIT, NOW, TYPE, QUEUE, SUBJECT, FROM, TAGS };

static const char *word_condition(const char *word)
{
    static const char *const conditions[][2] = {
        {"blocked", "l.state=0"},
        {"scheduled", "l.state=1 AND l.due_at>?3 AND l.attempt=0"},
        {"retrying", "l.state=1 AND l.due_at>?3 AND l.attempt>0"},
        {"pending", "(l.state=2 OR (l.state=1 AND l.due_at<=?3))"},
        {"running", "l.state=3"},
        {"completed", "d.state=4"},
        {"failed", "d.state=5"},
        {"cancelled", "d.state=6"},
        {"expired", "d.state=7"},
    };
    for (size_t i = 0; i < sizeof conditions / sizeof *conditions; i++)
        if (strcmp(conditions[i][0], word) == 0) return conditions[i][1];
    return "0";
}

static void statement(struct buf *b, const struct store_filter *f)
{
    const char *from = "body b", *id = "b.id";
    bool live = f->word && *word_condition(f->word) != 'd';
    if (f->n_tags) {
        from = "tag t CROSS JOIN body b ON b.id=t.id";
        id = "t.id";
    } else if (f->word && !f->subject.p) {
        from = live ? "live w CROSS JOIN body b ON b.id=w.id" : "done w CROSS JOIN body b ON b.id=w.id";
        id = "w.id";
    }
    buf_add_format(b, "SELECT %s FROM %s %s WHERE %s<?1 AND seen(%s)", SQLITE_VIEW_COLUMNS, from, SQLITE_VIEW_JOINS, id, id);
    if (f->n_tags) buf_add_format(b, " AND t.key=?%d AND t.value=?%d", TAGS, TAGS + 1);
    for (int i = 1; i < (int)f->n_tags; i++)
        buf_add_format(b, " AND EXISTS(SELECT 1 FROM tag WHERE key=?%d AND value=?%d AND id=b.id)", TAGS + 2 * i, TAGS + 2 * i + 1);
    if (f->has_from) buf_add_format(b, " AND %s>=?7", id);
    if (f->subject.p) buf_add_text(b, " AND b.subject=?6");
    if (f->type.p) buf_add_text(b, " AND n.type=?4");
    if (f->queue.p) buf_add_text(b, " AND n.queue=?5");
    if (f->word) buf_add_format(b, " AND %s", word_condition(f->word));
    buf_add_format(b, " ORDER BY %s DESC LIMIT ?2", id);
}

static void bind(sqlite3_stmt *s, const struct store_list *r, const struct id *after)
{
    sqlite_db_bind_id(s, AFTER, after);
    sqlite3_bind_int64(s, LIMIT, (int64_t)r->limit + 1);
    sqlite3_bind_int64(s, NOW, r->req.now_ms);
    sqlite_db_bind_text(s, TYPE, r->filter.type);
    sqlite_db_bind_text(s, QUEUE, r->filter.queue);
    sqlite_db_bind_text(s, SUBJECT, r->filter.subject);
    if (r->filter.has_from) sqlite_db_bind_id(s, FROM, &r->filter.from);
    for (int i = 0; i < (int)r->filter.n_tags; i++) {
        sqlite_db_bind_text(s, TAGS + 2 * i, r->filter.tags[i].key);
        sqlite_db_bind_text(s, TAGS + 2 * i + 1, r->filter.tags[i].value);
    }
}

/* The id after the one looked at when the budget ran out: that row may not have been judged yet. */
static struct id just_above(const struct id *id)
{
    struct id up = *id;
    for (size_t i = sizeof up.b; i-- > 0;)
        if (++up.b[i]) break;
    return up;
}

void sqlite_list(struct sqlite_db *d, const struct sqlite_seen *seen, struct store_list *r)
{
    struct id newest;
    memset(newest.b, 0xff, sizeof newest.b);
    const struct id *after = r->has_after ? &r->after : &newest;
    struct buf text;
    buf_init(&text, 8192);
    statement(&text, &r->filter);
    r->n = 0;
    r->more = false;
    r->items = arena_alloc(&r->req.arena, r->limit * sizeof *r->items);
    sqlite3_stmt *s = NULL;
    int code = buf_err(&text) ? SQLITE_NOMEM : sqlite3_prepare_v2(d->db, text.p, (int)text.len, &s, NULL);
    if (code == SQLITE_OK) {
        bind(s, r, after);
        while ((code = sqlite3_step(s)) == SQLITE_ROW) {
            r->more = r->n == r->limit;
            if (r->more) break;
            r->items[r->n++] = sqlite_view_task(s, &r->req.arena);
        }
    }
    if (r->n) r->last = r->items[r->n - 1].body.id;
    if (code == SQLITE_INTERRUPT) {
        r->more = true;
        r->last = seen->any ? just_above(&seen->id) : *after;
        if (r->n && id_cmp(&r->items[r->n - 1].body.id, &r->last) < 0) r->last = r->items[r->n - 1].body.id;
        code = SQLITE_OK;
    }
    r->req.err = sqlite_db_err(d, code);
    sqlite3_finalize(s);
    buf_release(&text);
}
