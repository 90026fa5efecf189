/* SPDX-License-Identifier: Apache-2.0
 *
 * See route_list.h. A word of the application may stand for several statuses; then the store is not asked for one, and
 * what does not fit is passed over here.
 */
#include "api/route_list.h"

#include "api/route_answer.h"
#include "api/route_call.h"
#include "api/route_filter.h"
#include "api/task_json.h"
#include "api/wait.h"
#include "base/text.h"

#define EVERY_WORD ((1U << DEPTH_WORDS) - 1)
#define SHOWN 60 /* bytes of a text in an error */
#define TASK_EXPECTED (16 * 1024) /* room claimed for each task that is shown before its size is known */

struct listing {
    struct call *call;
    struct store_filter filter;
    unsigned words;      /* a bit for each status that is asked for */
    size_t limit;        /* tasks to be shown */
    bool counts_all;     /* all that fit are counted, not only those shown */
    bool totals_known;
    size_t shown, reads;
    int64_t counts[DEPTH_WORDS];
    struct buf tasks, one;
    struct id last;      /* of those looked at */
    bool more;           /* there are some behind it */
    struct id cursor;    /* where the client goes on, zeroed: at the beginning */
    bool has_cursor;
    struct store_list list;
    struct store_counts totals;
};

static void finish(struct listing *m)
{
    buf_release(&m->tasks);
    buf_release(&m->one);
}

/* ---- what is asked for ---- */

static size_t word_place(const char *word)
{
    size_t i = 0;
    while (strcmp(depth_word(i), word) != 0) i++;
    return i;
}

/* False: this application has no such word. */
static bool on_status(void *user, struct str word)
{
    struct listing *m = user;
    size_t n = 0;
    m->words = 0;
    for (size_t i = 0; i < DEPTH_WORDS; i++) {
        if (!str_eq(m->call->through->words[i], word)) continue;
        m->words |= 1U << i;
        m->filter.word = depth_word(i);
        n++;
    }
    if (n != 1) m->filter.word = NULL;
    return n > 0;
}

static int read_limit(struct listing *m)
{
    struct call *c = m->call;
    struct str text;
    int64_t limit = m->counts_all ? 0 : LIMIT_PAGE_DEFAULT;
    int err = route_call_text(c, "limit", c->through->conf.limit, &text);
    if (err) return err;
    if (text.p && (text_int(&limit, text) != 0 || limit < !m->counts_all)) {
        call_refuse(c, ERR_INVALID, "limit must be a whole number, not '%.*s'", STR_ARG(str_sub(text, 0, SHOWN)));
        return ERR_INVALID;
    }
    m->limit = limit > LIMIT_PAGE ? LIMIT_PAGE : (size_t)limit;
    return 0;
}

static int read_cursor(struct listing *m)
{
    struct call *c = m->call;
    struct str text;
    int err = route_call_text(c, "cursor", c->through->conf.cursor, &text);
    if (err || !text.len) return err;
    m->has_cursor = true;
    if (id_parse(&m->cursor, text) == 0) return 0;
    call_refuse(c, ERR_INVALID, "the cursor must be a next_cursor of an earlier page");
    return ERR_INVALID;
}

/* ---- what is answered ---- */

static struct str word_text(const struct listing *m, size_t i) { return m->call->through->words[i]; }

/* By the application's words, each once: the statuses that it stands for together. */
static void write_counts(const struct listing *m, struct buf *b)
{
    int64_t total = 0;
    for (size_t i = 0; i < DEPTH_WORDS; i++) total += m->counts[i];
    json_write_open(b, '{');
    json_write_member_int(b, "total", total);
    for (size_t i = 0; i < DEPTH_WORDS; i++) {
        int64_t n = 0;
        size_t first = DEPTH_WORDS;
        for (size_t k = DEPTH_WORDS; k-- > 0;) {
            if (!str_eq(word_text(m, i), word_text(m, k))) continue;
            n += m->counts[k];
            first = k;
        }
        if (first != i || str_eq(word_text(m, i), STR("total"))) continue;
        json_write_key_str(b, word_text(m, i));
        json_write_int(b, n);
    }
    json_write_close(b, '}');
}

static void write_list(const struct listing *m, struct buf *b, struct str tasks)
{
    char cursor[ID_TEXT];
    if (m->more) id_format(&m->last, cursor);
    json_write_open(b, '{');
    json_write_member_raw(b, "items", tasks);
    json_write_member_text(b, "next_cursor", m->more ? cursor : NULL);
    json_write_close(b, '}');
}

/* With the answer the request goes, and the listing with it. */
static void answer(struct listing *m)
{
    struct call *c = m->call;
    struct buf b, tasks = m->tasks;
    bool counts = m->counts_all;
    buf_release(&m->one);
    buf_init(&b, ANSWER_MAX);
    json_write_close(&tasks, ']');
    if (counts) write_counts(m, &b);
    else write_list(m, &b, buf_str(&tasks));
    if (buf_err(&b) || buf_err(&tasks)) {
        call_refuse(c, ERR_INTERNAL, "the answer would be larger than %d bytes", ANSWER_MAX);
    } else {
        const struct mapping_root roots[2] = {{counts ? STR("counts") : STR("list"), buf_str(&b)}, {STR("tasks"), buf_str(&tasks)}};
        route_answer_roots(c, 200, roots, 2, counts ? "\"counts\"" : "\"list\"", NULL, 0);
    }
    buf_release(&b);
    buf_release(&tasks);
}

static void refuse(struct listing *m, int err)
{
    finish(m);
    call_store_failed(m->call, err);
}

/* ---- the walk ---- */

static void look(struct listing *m);

static void found_newest(struct listing *m, const struct id *id)
{
    struct call *c = m->call;
    struct id found = *id;
    store_release(&m->list.req);
    finish(m);
    wait_start(c, &found, 0);
}

/* False: that was enough. */
static bool take(struct listing *m, const struct task *t)
{
    struct server *s = m->call->api->server;
    const char *state;
    size_t word = word_place(life_word(&t->life, turn_wall_ms(s->turn)));
    m->last = t->body.id;
    if (!(m->words & 1U << word)) return true;
    if (!m->totals_known) m->counts[word]++;
    if (m->shown == m->limit) return true;
    buf_clear(&m->one);
    task_json_write(&m->one, s, t, TASK_SHOW_NEITHER);
    int err = route_answer_task(m->call, &m->tasks, buf_str(&m->one), &state);
    if (err) m->tasks.err = err;
    m->shown++;
    return m->shown < m->limit || (m->counts_all && !m->totals_known);
}

static void on_listed(struct store_req *req)
{
    struct listing *m = req->user;
    int err = req->err;
    size_t i = 0;
    bool latest = m->call->through->verb == CONFIG_LATEST, on = true;
    if (err) {
        store_release(req);
        refuse(m, err);
        return;
    }
    for (; i < m->list.n && on; i++) {
        on = take(m, &m->list.items[i]);
        if (latest && m->shown) {
            found_newest(m, &m->list.items[i].body.id);
            return;
        }
    }
    if (on && m->list.more) m->last = m->list.last;
    m->more = m->list.more || i < m->list.n;
    store_release(req);
    if (on && m->more && m->reads < LIMIT_ROUTE_READS) {
        look(m);
    } else if (on && m->more && (m->counts_all || latest)) {
        finish(m);
        call_refuse(m->call, ERR_AGAIN, "too many tasks have to be looked at for this; ask for fewer");
    } else if (latest) {
        finish(m);
        call_refuse(m->call, ERR_NOT_FOUND, "there is no such task");
    } else {
        answer(m);
    }
}

static void look(struct listing *m)
{
    size_t page = m->filter.word || m->words == EVERY_WORD ? m->limit - m->shown : LIMIT_PAGE;
    if (m->counts_all && !m->totals_known) page = LIMIT_PAGE;
    m->list = (struct store_list){.filter = m->filter, .limit = page, .has_after = m->has_cursor, .after = m->cursor};
    if (m->reads++) {
        m->list.has_after = true;
        m->list.after = m->last;
    }
    store_list(m->call->api->server->store, &m->list, on_listed, m);
}

/* ---- totals, which the store has at hand ---- */

static void on_totals(struct store_req *req)
{
    struct listing *m = req->user;
    int err = req->err;
    for (size_t q = 0; !err && q < m->totals.n; q++) {
        if (m->filter.queue.p && !str_eq(m->totals.items[q].queue, m->filter.queue)) continue;
        for (size_t i = 0; i < DEPTH_WORDS; i++)
            if (m->words & 1U << i) m->counts[i] += depth_count(&m->totals.items[q], i);
    }
    store_release(req);
    if (err) refuse(m, err);
    else if (m->limit) look(m);
    else answer(m);
}

void route_list(struct call *c)
{
    struct listing *m = arena_alloc(&c->req->arena, sizeof *m);
    bool latest = c->through->verb == CONFIG_LATEST;
    *m = (struct listing){.call = c, .words = EVERY_WORD, .counts_all = c->through->verb == CONFIG_COUNT};
    if (route_filter_read(c, &m->filter, on_status, m) || read_limit(m) || read_cursor(m)) return;
    if (latest) m->limit = 1;
    if (m->limit && call_claim(c, m->limit * TASK_EXPECTED)) return;
    buf_init(&m->tasks, ANSWER_MAX);
    buf_init(&m->one, TASK_JSON_MAX);
    json_write_open(&m->tasks, '[');
    m->totals_known = m->counts_all && !m->filter.type.p && !m->filter.subject.p && !m->filter.n_tags;
    if (m->totals_known) store_counts(c->api->server->store, &m->totals, on_totals, m);
    else look(m);
}
