/* SPDX-License-Identifier: Apache-2.0
 *
 * See route_filter.h. What is null does not filter.
 */
#include "api/route_filter.h"

#include "api/route_call.h"

#define SHOWN 60 /* bytes of a text in an error */

struct reading {
    struct call *call;
    int (*set)(void *user, struct str name, struct str value, struct err *e);
    void *user;
};

static int set_members(const struct reading *r, const struct json *j, struct err *e)
{
    struct arena *a = &r->call->req->arena;
    struct buf text;
    int err = 0;
    buf_init(&text, LIMIT_BODY);
    for (const struct json_node *v = json_first(json_root(j)); v && !err; v = json_next(json_root(j), v)) {
        buf_clear(&text);
        json_add_key(j, v, &text);
        struct str name = arena_str(a, buf_str(&text)), value = json_span(j, v);
        if (v->kind == JSON_NULL) continue;
        buf_clear(&text);
        if (v->kind == JSON_STRING) value = json_string(j, v, &text);
        if (v->kind == JSON_OBJECT || v->kind == JSON_ARRAY)
            err = err_set(e, ERR_INVALID, "%.*s must be a text or a number, not %s", STR_ARG(name), json_kind_name(v->kind));
        else err = r->set(r->user, name, arena_str(a, value), e);
    }
    buf_release(&text);
    return err;
}

int route_filter_each(struct call *c, int (*set)(void *user, struct str name, struct str value, struct err *e), void *user)
{
    const struct reading r = {c, set, user};
    struct buf made = call_buf(c);
    struct err e = {0};
    struct json j;
    json_init(&j);
    int err = route_call_make(c, c->through->value, NULL, 0, &made, &e);
    if (!err) err = json_parse(&j, buf_str(&made), &e);
    if (!err) err = set_members(&r, &j, &e);
    if (err) call_problem(c, &e);
    json_release(&j);
    buf_release(&made);
    return err;
}

/* ---- of tasks ---- */

struct filtering {
    struct store_filter *filter;
    bool (*on_status)(void *user, struct str word);
    void *user;
};

static int set_filter(void *user, struct str name, struct str value, struct err *e)
{
    const struct filtering *g = user;
    struct store_filter *f = g->filter;
    if (str_eq(name, STR("type"))) f->type = value;
    else if (str_eq(name, STR("queue"))) f->queue = value;
    else if (str_eq(name, STR("subject"))) f->subject = value;
    else if (str_eq(name, STR("status"))) return g->on_status(g->user, value) ? 0 : err_set(e, ERR_INVALID, "there is no status \"%.*s\"", STR_ARG(str_sub(value, 0, SHOWN)));
    else if (f->n_tags == STORE_TAGS) return err_set(e, ERR_INVALID, "a filter takes at most %d tags", STORE_TAGS);
    else f->tags[f->n_tags++] = (struct task_tag){str_sub(name, 4, name.len), value};
    return 0;
}

int route_filter_read(struct call *c, struct store_filter *f, bool (*on_status)(void *user, struct str word), void *user)
{
    struct filtering g = {f, on_status, user};
    return route_filter_each(c, set_filter, &g);
}
