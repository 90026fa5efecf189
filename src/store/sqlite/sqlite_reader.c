/* SPDX-License-Identifier: Apache-2.0
 *
 * One-task questions, and who goes first: the short ones. Lists (sqlite_list.c) and large results come one at a time
 * after them, and each looks first for short ones that came meanwhile: a hundred clients that fetch a large result at
 * once let the others wait for one of these, not for all.
 */
#include "store/sqlite/sqlite_reader.h"

#include "base/limits.h"
#include "store/sqlite/sqlite_file.h"
#include "store/sqlite/sqlite_notice.h"
#include "store/sqlite/sqlite_row.h"
#include "store/sqlite/sqlite_save.h"
#include "store/sqlite/sqlite_sequel.h"
#include "store/sqlite/sqlite_step.h"
#include "store/sqlite/sqlite_view.h"

enum statement { GET, LAST, LOG, OUTPUT, EXISTS, STANDS, RUNS, ATTEMPTS, KEPT };

static const char *const sql[] = {
    [GET] = "SELECT " SQLITE_VIEW_COLUMNS ", CASE WHEN length(b.input)<=?2 THEN b.input END,"
            " CASE WHEN length(d.result)<=?3 THEN d.result END,"
            " d.id IS NOT NULL AND EXISTS(SELECT 1 FROM sequel q WHERE q.id=b.id) FROM body b " SQLITE_VIEW_JOINS " WHERE b.id=?1",
    [LAST] = "SELECT code, message, detail, type, number, finished_at FROM attempt WHERE id=?1 AND run=?2"
             " ORDER BY number DESC LIMIT 1",
    [LOG] = "SELECT log FROM attempt WHERE id=?1 AND (run=?2 OR ?2=0) AND (number=?3 OR ?3=0)"
            " ORDER BY run DESC, number DESC LIMIT 1",
    [OUTPUT] = "SELECT output FROM attempt WHERE id=?1 AND (run=?2 OR ?2=0) AND (number=?3 OR ?3=0)"
               " ORDER BY run DESC, number DESC LIMIT 1",
    [STANDS] = "SELECT l.id IS NOT NULL, " SQLITE_ROW_LIVE ", " SQLITE_ROW_DONE " FROM body b LEFT JOIN live l ON l.lane=b.lane AND l.id=b.id"
               " LEFT JOIN done d ON d.id=b.id WHERE b.id=?1",
    [RUNS] = "SELECT " SQLITE_ROW_DONE " FROM (SELECT * FROM done WHERE id=?1 UNION ALL SELECT * FROM past WHERE id=?1) d"
             " ORDER BY d.run DESC LIMIT ?2",
    [ATTEMPTS] = "SELECT run, number, fence, started_at, finished_at, verdict, code, message, detail, type,"
                 " coalesce(length(log),0), resumed_from, saved_at, saved_bytes, coalesce(length(output),0) FROM attempt WHERE id=?1 ORDER BY run DESC, number DESC LIMIT ?2",
    [KEPT] = "SELECT d.id, d.state, d.run, d.attempt, n.type, d.finished_at, b.retain, length(b.input),"
             " coalesce(length(d.result),0)+coalesce((SELECT sum(coalesce(length(s.result),0)) FROM step s WHERE s.id=d.id),0), d.files IS NOT NULL,"
             " (SELECT coalesce(sum(coalesce(length(a.log),0)+coalesce(length(a.output),0)),0) FROM attempt a WHERE a.id=d.id)"
             " FROM done d CROSS JOIN body b ON b.id=d.id CROSS JOIN lane n ON n.number=b.lane"
             " WHERE d.id<?1 ORDER BY d.id DESC LIMIT ?2",
    [EXISTS] = "SELECT coalesce((SELECT run FROM live l WHERE l.lane=b.lane AND l.id=?1), (SELECT run FROM done WHERE id=?1))"
               " FROM body b WHERE id=?1",
};

static sqlite3_stmt *ask(struct sqlite_reader *r, enum statement number, const struct id *id)
{
    sqlite3_stmt *q = sqlite_db_statement(&r->point, (int)number, sql[number]);
    if (q) sqlite_db_bind_id(q, 1, id);
    return q;
}

/* Steps once. True when there is a row; otherwise the statement is reset and *ret_err says whether it failed. */
static bool row(struct sqlite_reader *r, sqlite3_stmt *q, int *ret_err)
{
    int code = q ? sqlite3_step(q) : SQLITE_ERROR;
    *ret_err = q ? sqlite_db_err(&r->point, code) : ERR_STORE;
    if (code == SQLITE_ROW) return true;
    sqlite3_reset(q);
    return false;
}

/* A task that waits for another attempt, or makes it, shows how the last one ended. */
static void last_failure(struct sqlite_reader *r, struct task *t, struct store_req *req)
{
    if (state_is_ending(t->life.state) || t->life.attempt == 0) return;
    sqlite3_stmt *q = ask(r, LAST, &t->body.id);
    if (q) sqlite3_bind_int(q, 2, t->life.run);
    if (!row(r, q, &req->err)) return;
    struct arena *a = &req->arena;
    t->last = (struct failure){.code = sqlite_db_copy(a, q, 0),
                                    .message = sqlite_db_copy(a, q, 1),
                                    .detail = sqlite_db_copy(a, q, 2),
                                    .type = sqlite_db_copy(a, q, 3),
                                    .attempt = sqlite3_column_int(q, 4),
                                    .at_ms = sqlite3_column_int64(q, 5)};
    sqlite3_reset(q);
}

static void get(struct sqlite_reader *r, struct store_get *g)
{
    sqlite3_stmt *q = ask(r, GET, &g->id);
    if (q) {
        sqlite3_bind_int64(q, 2, (int64_t)g->input_max);
        sqlite3_bind_int64(q, 3, (int64_t)g->result_max);
    }
    g->found = ERR_NOT_FOUND;
    if (!row(r, q, &g->req.err)) return;
    g->found = 0;
    g->task = sqlite_view_task(q, &g->req.arena);
    g->task.body.input = sqlite_db_copy(&g->req.arena, q, SQLITE_VIEW_N);
    g->task.ending.result = sqlite_db_copy(&g->req.arena, q, SQLITE_VIEW_N + 1);
    g->sequel = sqlite3_column_int(q, SQLITE_VIEW_N + 2) != 0;
    sqlite3_reset(q);
    if (g->task.body.step.p) g->req.err = sqlite_step_read(&r->point, &g->id, g->step_results, &g->req.arena, &g->task.steps, &g->task.n_steps);
    if (!g->req.err) last_failure(r, &g->task, &g->req);
}

static void log_of(struct sqlite_reader *r, struct store_log *l)
{
    l->log = STR_NONE;
    l->found = ERR_NOT_FOUND;
    sqlite3_stmt *q = ask(r, EXISTS, &l->id);
    if (!row(r, q, &l->req.err)) return;
    l->found = 0;
    int32_t run = l->run ? l->run : sqlite3_column_int(q, 0);
    sqlite3_reset(q);
    q = ask(r, l->output ? OUTPUT : LOG, &l->id);
    if (q) {
        sqlite3_bind_int(q, 2, run);
        sqlite3_bind_int(q, 3, l->number);
    }
    if (!row(r, q, &l->req.err)) return;
    l->log = sqlite_db_copy(&l->req.arena, q, 0);
    sqlite3_reset(q);
}

static void read_runs(struct sqlite_reader *r, struct store_history *h)
{
    sqlite3_stmt *q = ask(r, RUNS, &h->id);
    h->runs = arena_alloc(&h->req.arena, h->limit * sizeof *h->runs);
    if (q) sqlite3_bind_int64(q, 2, (int64_t)h->limit);
    while (row(r, q, &h->req.err)) h->runs[h->n_runs++] = sqlite_row_done(q, 0, &h->req.arena);
}

static void read_attempts(struct sqlite_reader *r, struct store_history *h)
{
    sqlite3_stmt *q = ask(r, ATTEMPTS, &h->id);
    struct arena *a = &h->req.arena;
    h->attempts = arena_alloc(a, h->limit * sizeof *h->attempts);
    if (q) sqlite3_bind_int64(q, 2, (int64_t)h->limit);
    while (row(r, q, &h->req.err)) {
        struct task_attempt at = {.id = h->id,
                                  .run = sqlite3_column_int(q, 0),
                                  .number = sqlite3_column_int(q, 1),
                                  .fence = (uint64_t)sqlite3_column_int64(q, 2),
                                  .started_at_ms = sqlite3_column_int64(q, 3),
                                  .finished_at_ms = sqlite3_column_int64(q, 4),
                                  .verdict = (enum life_event)sqlite3_column_int(q, 5),
                                  .resumed_from = sqlite3_column_int(q, 11),
                                  .saved_at_ms = sqlite3_column_int64(q, 12),
                                  .saved_bytes = (size_t)sqlite3_column_int64(q, 13)};
        at.failure = (struct failure){.code = sqlite_db_copy(a, q, 6), .message = sqlite_db_copy(a, q, 7),
                                      .detail = sqlite_db_copy(a, q, 8), .type = sqlite_db_copy(a, q, 9)};
        at.failure.attempt = at.failure.code.len ? at.number : 0;
        at.failure.at_ms = at.failure.code.len ? at.finished_at_ms : 0;
        h->attempts[h->n_attempts++] = (struct store_attempt){at, (size_t)sqlite3_column_int64(q, 10), (size_t)sqlite3_column_int64(q, 14)};
    }
}

static void history_of(struct sqlite_reader *r, struct store_history *h)
{
    h->n_attempts = h->n_runs = 0;
    h->save = (struct task_save){0};
    h->found = ERR_NOT_FOUND;
    sqlite3_stmt *q = ask(r, STANDS, &h->id);
    if (!row(r, q, &h->req.err)) return;
    h->found = 0;
    h->life = sqlite3_column_int(q, 0) ? sqlite_row_live(q, 1)
                                       : sqlite_row_done(q, 1 + SQLITE_ROW_LIVE_COLUMNS, &h->req.arena).life;
    sqlite3_reset(q);
    read_runs(r, h);
    if (!h->req.err) read_attempts(r, h);
    if (h->req.err || state_is_ending(h->life.state)) return;
    int err = sqlite_save_get(&r->point, &h->id, h->life.run, NULL, &h->save);
    h->req.err = err == ERR_NOT_FOUND ? 0 : err;
}

static void kept_steps(struct sqlite_reader *r, struct store_kept_item *it, struct store_req *req)
{
    bool is_chain = task_lane_step(it->type).p != NULL;
    it->type = task_lane_type(it->type);
    if (!is_chain) return;
    req->err = sqlite_step_read(&r->point, &it->id, false, &req->arena, &it->steps, &it->n_steps);
    for (size_t i = 0; i < it->n_steps; i++) it->has_files = it->has_files || it->steps[i].files.len > 0;
}

static void kept(struct sqlite_reader *r, struct store_kept *k)
{
    struct id newest;
    memset(newest.b, 0xff, sizeof newest.b);
    sqlite3_stmt *q = ask(r, KEPT, k->has_after ? &k->after : &newest);
    if (q) sqlite3_bind_int64(q, 2, (int64_t)k->limit);
    k->n = 0;
    k->items = arena_alloc(&k->req.arena, k->limit * sizeof *k->items);
    while (row(r, q, &k->req.err))
        k->items[k->n++] = (struct store_kept_item){.id = sqlite_db_id(q, 0),
                                                    .state = (enum task_state)sqlite3_column_int(q, 1),
                                                    .run = sqlite3_column_int(q, 2),
                                                    .attempt = sqlite3_column_int(q, 3),
                                                    .type = sqlite_db_copy(&k->req.arena, q, 4),
                                                    .finished_at_ms = sqlite3_column_int64(q, 5),
                                                    .retain_ms = sqlite3_column_int64(q, 6),
                                                    .input_bytes = (size_t)sqlite3_column_int64(q, 7),
                                                    .result_bytes = (size_t)sqlite3_column_int64(q, 8),
                                                    .has_files = sqlite3_column_int(q, 9) != 0,
                                                    .log_bytes = (size_t)sqlite3_column_int64(q, 10)};
    for (size_t i = 0; i < k->n && !k->req.err; i++) kept_steps(r, &k->items[i], &k->req);
    k->more = k->n == k->limit;
    if (k->n) k->last = k->items[k->n - 1].id;
}

/* What takes long enough to be felt by those behind it. */
static bool is_longer(const struct store_req *req)
{
    return req->op == STORE_LIST || (req->op == STORE_GET && ((const struct store_get *)req)->result_max > LIMIT_INLINE);
}

static void answer_points(struct sqlite_reader *r, struct list *batch)
{
    struct list answered;
    list_init(&answered);
    for (struct list *l; (l = list_shift(batch));) {
        struct store_req *req = CONTAINER_OF(l, struct store_req, link);
        if (is_longer(req)) {
            list_push(&r->longer, l);
            continue;
        }
        if (req->op == STORE_GET) get(r, (struct store_get *)req);
        else if (req->op == STORE_KEPT) kept(r, (struct store_kept *)req);
        else if (req->op == STORE_OWED) req->err = sqlite_sequel_owed(&r->point, (struct store_owed *)req);
        else if (req->op == STORE_FILE_GET) sqlite_file_read(&r->point, (struct store_file_get *)req);
        else if (req->op == STORE_FILE_LIST) sqlite_file_list(&r->point, (struct store_file_list *)req);
        else if (req->op == STORE_NOTICE_GET) sqlite_notice_read(&r->point, (struct store_notice_get *)req);
        else if (req->op == STORE_NOTICE_LIST) sqlite_notice_list(&r->point, (struct store_notice_list *)req);
        else if (req->op == STORE_HISTORY) history_of(r, (struct store_history *)req);
        else log_of(r, (struct store_log *)req);
        if (req->err) req->why = sqlite3_errstr(r->point.trouble);
        list_push(&answered, l);
    }
    if (!list_empty(&answered)) thread_give(r->thread, &answered);
}

static void answer_new_points(struct sqlite_reader *r)
{
    struct list batch;
    list_init(&batch);
    if (thread_has_more(r->thread) && thread_take(r->thread, &batch)) answer_points(r, &batch);
}

/* Asked in the middle of a list: lets short questions go first, ends the list when its budget is used up. */
static bool is_time_up(void *user)
{
    struct sqlite_reader *r = user;
    answer_new_points(r);
    return clock_mono_ms(r->clock) >= r->deadline_ms;
}

static void answer_list(struct sqlite_reader *r, struct store_list *list)
{
    r->deadline_ms = clock_mono_ms(r->clock) + SQLITE_READER_BUDGET_MS;
    sqlite_list(&r->scan, is_time_up, r, list);
    for (size_t i = 0; i < list->n && !list->req.err; i++) last_failure(r, &list->items[i], &list->req);
}

/* Through the gate anew for each, so that a writer who wants it shut never waits for more than one. */
static void answer_longer(struct sqlite_reader *r, struct list *link)
{
    struct list answered;
    list_init(&answered);
    gate_enter(r->gate);
    answer_new_points(r);
    struct store_req *req = CONTAINER_OF(link, struct store_req, link);
    if (req->op == STORE_LIST) {
        answer_list(r, (struct store_list *)req);
    } else {
        get(r, (struct store_get *)req);
        if (req->err) req->why = sqlite3_errstr(r->point.trouble);
    }
    gate_leave(r->gate);
    list_push(&answered, link);
    thread_give(r->thread, &answered);
}

void sqlite_reader_work(struct sqlite_reader *r, struct list *batch)
{
    gate_enter(r->gate);
    answer_points(r, batch);
    gate_leave(r->gate);
    for (struct list *l; (l = list_shift(&r->longer));) answer_longer(r, l);
}

int sqlite_reader_open(struct sqlite_reader *r, const char *path, struct gate *gate, const struct clock *clock, struct err *e)
{
    *r = (struct sqlite_reader){.gate = gate, .clock = clock};
    list_init(&r->longer);
    int err = sqlite_db_open(&r->point, path, true, e);
    if (!err) err = sqlite_db_open(&r->scan, path, true, e);
    if (err) sqlite_reader_close(r);
    return err;
}

void sqlite_reader_close(struct sqlite_reader *r)
{
    sqlite_db_close(&r->point);
    sqlite_db_close(&r->scan);
}
