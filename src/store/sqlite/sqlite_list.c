/* SPDX-License-Identifier: Apache-2.0
 *
 * From the filter to its conditions, and down through them.
 */
#include "store/sqlite/sqlite_list.h"

#include "base/mem.h"
#include "store/sqlite/sqlite_range.h"
#include "store/sqlite/sqlite_view.h"

#include <stdlib.h>

enum statement { PICTURE = SQLITE_RANGE_STATEMENTS, LANES, LANES_OF_QUEUE, LANES_OF_TYPE, ROW };

#define CONDITIONS (STORE_TAGS + 2)
#define LANES_MOST 64 /* further ones, as types named by a prefix make them, cost more to merge than all tasks to look at */

struct condition {
    struct sqlite_range *ranges; /* owned; a task lies in one of them at most */
    size_t n, cap;
};

struct walk {
    struct sqlite_db *db;
    struct store_list *r;
    struct condition conditions[CONDITIONS];
    size_t n;
    struct id below; /* everything from here up has been judged */
};

/* ---- the conditions ---- */

static void add_range(struct condition *c, const struct sqlite_range *range)
{
    if (c->n == c->cap) {
        c->cap = c->cap ? c->cap * 2 : 8;
        c->ranges = mem_grow(c->ranges, c->cap * sizeof *c->ranges);
    }
    c->ranges[c->n++] = *range;
}

static struct condition *new_condition(struct walk *w)
{
    return &w->conditions[w->n++];
}

/* Unless it has nothing below where the page begins. */
static int add_if_some(struct walk *w, struct condition *c, struct sqlite_range range)
{
    struct sqlite_range_head head;
    int err;
    range.word = w->r->filter.word;
    range.now_ms = w->r->req.now_ms;
    if (sqlite_range_next(&range, w->db, &w->below, &head, &err)) add_range(c, &range);
    return err;
}

/* All of it, or where a task that shows the word must lie. A scheduled task whose time has come shows `pending`. */
static int add_lane(struct walk *w, struct condition *c, int64_t lane)
{
    const char *word = w->r->filter.word;
    int err = 0;
    if (!word || strcmp(word, "pending") == 0)
        err = add_if_some(w, c, (struct sqlite_range){.kind = SQLITE_RANGE_LIVE, .lane = lane});
    for (int s = 0; s < TASK_STATES && !err; s++) {
        enum task_state state = (enum task_state)s;
        bool ending = state_is_ending(state), retrying = word && state == TASK_SCHEDULED && strcmp(word, "retrying") == 0;
        bool wanted = word ? retrying || strcmp(word, state_word(state)) == 0 : ending;
        if (!wanted || state == TASK_PENDING) continue;
        struct sqlite_range range = {.kind = ending ? SQLITE_RANGE_DONE : SQLITE_RANGE_ASIDE, .lane = lane, .state = state};
        range.tried = retrying || state == TASK_RUNNING;
        err = add_if_some(w, c, range);
    }
    return err;
}

static sqlite3_stmt *ask_lanes(struct walk *w)
{
    const struct store_filter *f = &w->r->filter;
    if (f->type.p)
        return sqlite_db_statement(w->db, LANES_OF_TYPE,
                                   "SELECT number FROM lane WHERE (type=?2 OR (type>?2||'>' AND type<?2||'?')) AND (?1 IS NULL OR queue=?1) LIMIT ?3");
    if (f->queue.p) return sqlite_db_statement(w->db, LANES_OF_QUEUE, "SELECT number FROM lane WHERE queue=?1 LIMIT ?3");
    return sqlite_db_statement(w->db, LANES, "SELECT number FROM lane LIMIT ?3");
}

static int find_lanes(struct walk *w, int64_t lanes[LANES_MOST + 1], int *ret_n)
{
    sqlite3_stmt *s = ask_lanes(w);
    int code;
    if (!s) return ERR_STORE;
    sqlite_db_bind_text(s, 1, w->r->filter.queue);
    sqlite_db_bind_text(s, 2, w->r->filter.type);
    sqlite3_bind_int(s, 3, LANES_MOST + 1);
    for (*ret_n = 0; (code = sqlite3_step(s)) == SQLITE_ROW;) lanes[(*ret_n)++] = sqlite3_column_int64(s, 0);
    sqlite3_reset(s);
    return sqlite_db_err(w->db, code);
}

static int add_lanes(struct walk *w)
{
    const struct store_filter *f = &w->r->filter;
    int64_t lanes[LANES_MOST + 1];
    int n, err = find_lanes(w, lanes, &n);
    if (err) return err;
    struct condition *c = new_condition(w);
    if (n > LANES_MOST) {
        add_range(c, &(struct sqlite_range){.kind = SQLITE_RANGE_SIFT, .tag = {f->queue, f->type}, .word = f->word,
                                            .now_ms = w->r->req.now_ms});
        return 0;
    }
    for (int i = 0; i < n && !err; i++) err = add_lane(w, c, lanes[i]);
    return err;
}

static int add_conditions(struct walk *w)
{
    const struct store_filter *f = &w->r->filter;
    if (f->subject.p)
        add_range(new_condition(w), &(struct sqlite_range){.kind = SQLITE_RANGE_SUBJECT, .tag.value = f->subject});
    for (size_t i = 0; i < f->n_tags; i++)
        add_range(new_condition(w), &(struct sqlite_range){.kind = SQLITE_RANGE_TAG, .tag = f->tags[i]});
    if (f->type.p || f->queue.p || f->word) return add_lanes(w);
    if (w->n == 0) add_range(new_condition(w), &(struct sqlite_range){.kind = SQLITE_RANGE_ALL});
    return 0;
}

/* ---- down through them ---- */

/* The id after this one. */
static struct id just_above(const struct id *id)
{
    struct id up = *id;
    for (size_t i = sizeof up.b; i-- > 0;)
        if (++up.b[i]) break;
    return up;
}

/* The first of a condition below an id: the newest of its ranges'. */
static bool first_of(struct walk *w, struct condition *c, const struct id *below, struct sqlite_range_head *ret, int *ret_err)
{
    bool any = false;
    for (size_t i = 0; i < c->n; i++) {
        struct sqlite_range_head head;
        bool some = sqlite_range_next(&c->ranges[i], w->db, below, &head, ret_err);
        if (*ret_err) return false;
        if (some && (!any || id_cmp(&head.id, &ret->id) > 0)) *ret = head;
        any = any || some;
    }
    return any;
}

enum step { STEP_OVER, STEP_ON, STEP_MATCH };

/* One step down: below the next task that all conditions have (STEP_MATCH), or as far as one of them has nothing. */
static enum step step(struct walk *w, int *ret_err)
{
    struct id down = w->below, newest = {{0}};
    bool match = true;
    for (size_t i = 0; i < w->n; i++) {
        struct sqlite_range_head head;
        if (!first_of(w, &w->conditions[i], &down, &head, ret_err)) return STEP_OVER;
        match = match && head.fits && (i == 0 || id_cmp(&head.id, &newest) == 0);
        newest = head.id;
        down = head.fits ? just_above(&head.id) : head.id;
    }
    w->below = match ? newest : down;
    if (w->r->filter.has_from && id_cmp(&w->below, &w->r->filter.from) < 0) return STEP_OVER;
    return match ? STEP_MATCH : STEP_ON;
}

static int add_item(struct walk *w, const struct id *id)
{
    sqlite3_stmt *s = sqlite_db_statement(w->db, ROW, "SELECT " SQLITE_VIEW_COLUMNS " FROM body b " SQLITE_VIEW_JOINS " WHERE b.id=?1");
    if (!s) return ERR_STORE;
    sqlite_db_bind_id(s, 1, id);
    int code = sqlite3_step(s);
    if (code == SQLITE_ROW) w->r->items[w->r->n++] = sqlite_view_task(s, &w->r->req.arena);
    int err = code == SQLITE_DONE ? ERR_STORE : sqlite_db_err(w->db, code); /* an index that knows of a task that is not there */
    sqlite3_reset(s);
    return err;
}

static int fill(struct walk *w, bool (*is_time_up)(void *user), void *user)
{
    struct store_list *r = w->r;
    int err = add_conditions(w);
    while (!err) {
        enum step made = step(w, &err);
        if (made == STEP_MATCH && id_is_derived(&w->below) != r->filter.derived) made = STEP_ON;
        if (err || made == STEP_OVER) break;
        r->more = made == STEP_MATCH && r->n == r->limit;
        if (r->more) break; /* last is above it */
        if (made == STEP_MATCH) err = add_item(w, &w->below);
        r->last = w->below;
        r->more = is_time_up(user);
        if (r->more) break;
    }
    return err;
}

void sqlite_list(struct sqlite_db *d, bool (*is_time_up)(void *user), void *user, struct store_list *r)
{
    struct walk w = {.db = d, .r = r, .below = r->after};
    if (!r->has_after) memset(w.below.b, 0xff, sizeof w.below.b);
    r->n = 0;
    r->more = false;
    r->items = arena_alloc(&r->req.arena, r->limit * sizeof *r->items);
    /* while this one stands on a row, all that follow see the same commits */
    sqlite3_stmt *picture = sqlite_db_statement(d, PICTURE, "SELECT 1 FROM sqlite_schema");
    int code = picture ? sqlite3_step(picture) : SQLITE_ERROR;
    r->req.err = code == SQLITE_ROW ? fill(&w, is_time_up, user) : ERR_STORE;
    if (code != SQLITE_ROW) (void)sqlite_db_err(d, code);
    sqlite3_reset(picture);
    for (size_t i = 0; i < w.n; i++) free(w.conditions[i].ranges);
}
