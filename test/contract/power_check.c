/* SPDX-License-Identifier: Apache-2.0
 *
 * What is left after a cut: each task in one of its two shapes, those of one request in the same, and every row where
 * it belongs.
 */
#include "test/contract/power_run.h"

#include <sqlite3.h>

#define REQUESTS 256

struct power_shape power_after_verb(struct power_shape s, enum store_verb verb)
{
    switch (verb) {
    case STORE_CANCEL: s.state = TASK_CANCELLED, s.saved = 0; break;
    case STORE_COMPLETE: s.state = TASK_COMPLETED, s.saved = 0, s.result = true; break;
    case STORE_FAIL: s.state = TASK_FAILED, s.saved = 0; break;
    case STORE_RETRY: s.state = TASK_PENDING, s.run++, s.result = false; break;
    case STORE_PATCH: s.priority = 7, s.tagged = true; break;
    case STORE_DELETE: s.there = false; break;
    }
    return s;
}

static struct power_shape shape_of(struct contract *c, const struct power_promise *p)
{
    struct power_shape s = {.there = false};
    struct store_get g = {.id = p->body.id, .input_max = SIZE_MAX / 4, .result_max = SIZE_MAX / 4};
    struct store_history h = {.id = p->body.id, .limit = 10};
    ASK(c, get, &g);
    ASK(c, history, &h);
    if (!g.req.err && g.found == 0) {
        s.there = true;
        bool is_due = g.task.life.state == TASK_SCHEDULED && g.task.life.due_at_ms <= c->clock.wall_ms;
        s.state = is_due ? TASK_PENDING : g.task.life.state; /* the row of a promoted task stays as it was */
        s.run = g.task.life.run;
        s.priority = g.task.body.rules.priority;
        s.tagged = g.task.body.n_tags == 1 && str_eq(g.task.body.tags[0].value, STR("on"));
        s.input = str_eq(g.task.body.input, p->body.input);
        s.result = g.task.ending.result.len > 0;
        if (!s.input && g.task.body.input.len > 0) s.run = -1; /* other bytes than were sent */
    }
    s.saved = h.save.bytes;
    for (size_t i = 0; i < h.n_attempts; i++) s.log = s.log || h.attempts[i].log_bytes > 0;
    store_release(&g.req);
    store_release(&h.req);
    return s;
}

/* Adding with it again shows whether a key is remembered; whose it is has to be right. */
static bool has_key(struct contract *c, const struct power_promise *p, int *broken)
{
    struct task_body body = contract_body(c, "q", "t");
    struct store_add_item item = {.body = &body, .key = str_of(p->key)};
    struct store_add r = {.items = &item, .n = 1};
    ASK(c, add, &r);
    *broken += r.req.err != 0 || (item.replayed && id_cmp(&item.first, &p->body.id) != 0);
    store_release(&r.req);
    return item.replayed;
}

static bool is(const struct power_shape *seen, const struct power_shape *s)
{
    if (seen->there != s->there || seen->key != s->key) return false;
    return !s->there ||
           (seen->state == s->state && seen->run == s->run && seen->priority == s->priority &&
            seen->tagged == s->tagged && seen->input == s->input && seen->result == s->result && seen->log == s->log &&
            seen->saved == s->saved);
}

int power_check_tasks(struct contract *c, const struct power_promise *tasks, int n)
{
    enum { BEFORE = 1, AFTER = 2 };
    int sides[REQUESTS] = {0}, broken = 0;
    for (int i = 0; i < n; i++) {
        const struct power_promise *p = &tasks[i];
        struct power_shape seen = shape_of(c, p);
        if (p->key[0]) seen.key = has_key(c, p, &broken);
        bool before = is(&seen, &p->was), after = p->request && is(&seen, &p->will);
        broken += !before && !after;
        if (p->request && before != after) sides[p->request] |= before ? BEFORE : AFTER;
    }
    for (int i = 0; i < REQUESTS; i++) broken += sides[i] == (BEFORE | AFTER); /* half of a request */
    return broken;
}

static int count(const char *path, const char *sql)
{
    sqlite3 *db;
    sqlite3_stmt *s = NULL;
    int n = -1;
    if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK &&
        sqlite3_prepare_v2(db, sql, -1, &s, NULL) == SQLITE_OK && sqlite3_step(s) == SQLITE_ROW)
        n = sqlite3_column_int(s, 0);
    sqlite3_finalize(s);
    sqlite3_close(db);
    return n;
}

int power_check_rows(const char *path)
{
    static const struct {
        int wanted;
        const char *sql;
    } rules[] = {
        {0, "SELECT count(*) FROM tag WHERE id NOT IN (SELECT id FROM body)"},
        {0, "SELECT count(*) FROM attempt WHERE id NOT IN (SELECT id FROM body)"},
        {0, "SELECT count(*) FROM past WHERE id NOT IN (SELECT id FROM body)"},
        {0, "SELECT count(*) FROM live JOIN done USING(id)"},
        {0, "SELECT count(*) FROM save WHERE (id, run) NOT IN (SELECT id, run FROM live)"},
        {0, "SELECT count(*) FROM live WHERE state=3"},
        {1, "SELECT count(*)=(SELECT count(*) FROM live)+(SELECT count(*) FROM done) FROM body"},
        {1, "SELECT (SELECT coalesce(sum(n),0) FROM tally)=(SELECT count(*) FROM done)"},
        {0, "SELECT count(*) FROM file_ref WHERE task NOT IN (SELECT id FROM body)"},
        {1, "SELECT n=(SELECT count(*) FROM file) AND bytes=(SELECT coalesce(sum(bytes),0) FROM file) FROM file_total"},
        {1, "SELECT n=(SELECT count(*) FROM notice) AND unread=(SELECT count(*) FROM notice WHERE read_at=0) AND"
            " serial>=(SELECT coalesce(max(serial),0) FROM notice) FROM notice_total"},
        {1, "SELECT integrity_check='ok' FROM pragma_integrity_check"},
    };
    int broken = 0;
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) broken += count(path, rules[i].sql) != rules[i].wanted;
    return broken;
}

int power_check_files(const char *path, const struct power_promise *tasks, int n)
{
    int added = 0;
    for (int i = 0; i < n; i++) added += tasks[i].was.there && (!tasks[i].request || tasks[i].will.there);
    int whole = count(path, "SELECT integrity_check='ok' FROM pragma_integrity_check");
    return (whole != 1) + (count(path, "SELECT count(*) FROM body") < added);
}
