/* SPDX-License-Identifier: Apache-2.0
 *
 * See route_notices.h.
 */
#include "api/route_notices.h"

#include "api/notice_json.h"
#include "api/route_answer.h"
#include "api/route_call.h"
#include "api/route_filter.h"
#include "base/text.h"

#define SHOWN 60 /* bytes of a text in an error */

struct listing {
    struct call *call;
    struct store_notice_list list;
};

static struct str word_of(const struct call *c, struct str status)
{
    for (size_t i = 0; i < DEPTH_WORDS; i++)
        if (str_eq(status, str_of(depth_word(i)))) return c->through->words[i];
    return status;
}

void route_notices_show(const struct call *c, struct buf *b, struct str json)
{
    struct json j;
    json_init(&j);
    j.envelope = LIMIT_JSON_ENVELOPE;
    const struct json_node *root = json_parse(&j, json, NULL) == 0 ? json_root(&j) : NULL;
    json_write_open(b, '{');
    for (const struct json_node *v = root ? json_first(root) : NULL; v; v = json_next(root, v)) {
        json_write_key_str(b, json_key(&j, v));
        if (c->through->conf.serial && json_key_is(&j, v, STR("id"))) json_write_raw(b, json_span(&j, json_member(&j, root, STR("serial"))));
        else if (json_key_is(&j, v, STR("status"))) json_write_str(b, word_of(c, str_sub(json_span(&j, v), 1, v->len - 2)));
        else json_write_raw(b, json_span(&j, v));
    }
    json_write_member_int(b, "is_read", json_member(&j, root, STR("read"))->kind == JSON_TRUE);
    json_write_close(b, '}');
    json_release(&j);
}

void route_notices_write(const struct call *c, struct buf *b, const struct notice *n)
{
    notice_json_write_as(b, n, c->through->conf.serial, word_of(c, str_of(state_word(n->status))));
    if (buf_err(b)) return;
    b->len--; /* its brace: one more member, for applications that want a number */
    json_write_member_int(b, "is_read", n->read_at_ms > 0);
    json_write_close(b, '}');
}

/* ---- what is asked for ---- */

static int set_filter(void *user, struct str name, struct str value, struct err *e)
{
    struct store_notice_list *l = user;
    if (str_eq(name, STR("subject"))) {
        l->subject = value;
    } else if (str_eq(name, STR("task"))) {
        l->has_task = true;
        if (id_parse(&l->task, value) != 0) return err_set(e, ERR_INVALID, "\"%.*s\" is no id of a task", STR_ARG(str_sub(value, 0, SHOWN)));
    } else { /* unread_only */
        l->unread_only = str_eq(value, STR("true")) || str_eq(value, STR("1"));
        if (!l->unread_only && !str_eq(value, STR("false")) && !str_eq(value, STR("0")))
            return err_set(e, ERR_INVALID, "unread_only must be true or false, not \"%.*s\"", STR_ARG(str_sub(value, 0, SHOWN)));
    }
    return 0;
}

/* The next two answer a refusal themselves. */
static int read_limit(struct listing *m)
{
    struct call *c = m->call;
    struct str text;
    int64_t limit = LIMIT_PAGE_DEFAULT;
    int err = route_call_text(c, "limit", c->through->conf.limit, &text);
    if (err) return err;
    if (text.p && (text_int(&limit, text) != 0 || limit < 1)) {
        call_refuse(c, ERR_INVALID, "limit must be a whole number, not '%.*s'", STR_ARG(str_sub(text, 0, SHOWN)));
        return ERR_INVALID;
    }
    m->list.limit = limit > LIMIT_PAGE ? LIMIT_PAGE : (size_t)limit;
    return 0;
}

static int read_cursor(struct listing *m)
{
    struct call *c = m->call;
    struct str text;
    int err = route_call_text(c, "cursor", c->through->conf.cursor, &text);
    if (err || !text.len) return err;
    m->list.has_after = true;
    if (id_parse(&m->list.after, text) == 0) return 0;
    call_refuse(c, ERR_INVALID, "the cursor must be a next_cursor of an earlier page");
    return ERR_INVALID;
}

/* ---- what is answered ---- */

static void answer(struct listing *m)
{
    struct call *c = m->call;
    struct buf items = call_buf(c), b = call_buf(c);
    char cursor[ID_TEXT];
    json_write_open(&items, '[');
    for (size_t i = 0; i < m->list.n; i++) route_notices_write(c, &items, &m->list.items[i]);
    json_write_close(&items, ']');
    if (m->list.more) id_format(&m->list.items[m->list.n - 1].id, cursor);
    json_write_open(&b, '{');
    json_write_member_raw(&b, "items", buf_str(&items));
    json_write_member_text(&b, "next_cursor", m->list.more ? cursor : NULL);
    json_write_member_int(&b, "unread", m->list.unread);
    json_write_close(&b, '}');
    store_release(&m->list.req);
    if (buf_err(&b) || buf_err(&items)) {
        call_refuse(c, ERR_INTERNAL, "the answer would be larger than %d bytes", ANSWER_MAX);
    } else {
        const struct mapping_root roots[2] = {{STR("list"), buf_str(&b)}, {STR("notifications"), buf_str(&items)}};
        route_answer_roots(c, 200, roots, 2, "\"list\"", NULL, 0);
    }
    buf_release(&b);
    buf_release(&items);
}

static void on_listed(struct store_req *req)
{
    struct listing *m = req->user;
    int err = req->err;
    if (!err) {
        answer(m);
        return;
    }
    store_release(req);
    call_store_failed(m->call, err);
}

void route_notices(struct call *c)
{
    struct listing *m = arena_alloc(&c->req->arena, sizeof *m);
    m->call = c;
    if (route_filter_each(c, set_filter, &m->list) || read_limit(m) || read_cursor(m)) return;
    if (call_claim(c, m->list.limit * NOTICE_EXPECTED)) return;
    store_notice_list(c->api->server->store, &m->list, on_listed, m);
}
