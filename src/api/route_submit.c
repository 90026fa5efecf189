/* SPDX-License-Identifier: Apache-2.0
 *
 * See route_submit.h. What a client of the application gives is text or number as it likes: tags, subjects and keys become
 * text, a priority a number. The rest is the submit's to check.
 */
#include "api/route_submit.h"

#include "api/route_call.h"
#include "api/route_input.h"
#include "api/tasks.h"
#include "base/text.h"

/* `fields`, or the body as it is, or the form, or nothing. */
static int read_input(struct call *c, struct str *ret)
{
    const struct route_call *t = c->through;
    struct buf made;
    struct err e = {0};
    *ret = t->body.p ? t->body : t->form.p ? t->form : STR("{}");
    if (!t->conf.fields) {
        if (ret->len <= LIMIT_INPUT) return 0;
        call_refuse(c, ERR_TOO_BIG, "the body must be at most %d bytes", LIMIT_INPUT);
        return ERR_TOO_BIG;
    }
    buf_init(&made, LIMIT_INPUT);
    int err = route_call_make(c, t->conf.fields, NULL, 0, &made, &e);
    if (err) call_problem(c, &e);
    else if (made.len >= CALL_LARGE) err = call_claim(c, made.len); /* kept for as long as the request */
    if (!err) *ret = arena_str(&c->req->arena, buf_str(&made));
    buf_release(&made);
    return err;
}

static int add_text(struct call *c, struct buf *b, const char *key, const char *template)
{
    struct str text;
    int err = route_call_text(c, key, template, &text);
    if (!err && text.p) json_write_member_str(b, key, text);
    return err;
}

static int add_priority(struct call *c, struct buf *b)
{
    struct str text;
    int64_t priority;
    int err = route_call_text(c, "priority", c->through->conf.priority, &text);
    if (err || !text.p) return err;
    if (text_int(&priority, text) != 0) {
        struct err e;
        err = err_set_at(&e, ERR_INVALID, "/priority", "priority must be a whole number from -%d to %d", LIMIT_PRIORITY, LIMIT_PRIORITY);
        call_problem(c, &e);
        return err;
    }
    json_write_member_int(b, "priority", priority);
    return 0;
}

/* Those that are null are left out. */
static void write_tags(struct buf *b, const struct json *j)
{
    const struct json_node *root = json_root(j);
    struct buf text;
    buf_init(&text, LIMIT_BODY);
    json_write_key(b, "tags");
    json_write_open(b, '{');
    for (const struct json_node *v = json_first(root); v; v = json_next(root, v)) {
        if (v->kind == JSON_NULL) continue;
        buf_clear(&text);
        json_add_key(j, v, &text);
        json_write_key_str(b, buf_str(&text));
        bool plain = v->kind == JSON_NUMBER || v->kind == JSON_TRUE || v->kind == JSON_FALSE;
        if (plain) json_write_str(b, json_span(j, v));
        else json_write_raw(b, json_span(j, v));
    }
    json_write_close(b, '}');
    buf_release(&text);
}

static int add_tags(struct call *c, struct buf *b)
{
    struct buf made;
    struct err e = {0};
    struct json j;
    const char *template = c->through->conf.tags;
    if (!template) return 0;
    json_init(&j);
    buf_init(&made, LIMIT_BODY);
    int err = route_call_make(c, template, NULL, 0, &made, &e);
    if (!err) err = json_parse(&j, buf_str(&made), &e);
    if (err) call_problem(c, &e);
    else write_tags(b, &j);
    json_release(&j);
    buf_release(&made);
    return err;
}

static int write_fields(struct call *c, struct buf *b)
{
    static const char *const conflicts[] = {[TASK_REFUSE] = "refuse", [TASK_EXISTING] = "existing", [TASK_REPLACE] = "replace"};
    const struct route_call *t = c->through;
    json_write_open(b, '{');
    int err = 0;
    if (config_routes_is_source(t->value)) err = add_text(c, b, "type", t->value);
    else json_write_member_raw(b, "type", str_of(t->value));
    if (!err) err = add_text(c, b, "subject", t->conf.subject);
    if (!err) err = add_priority(c, b);
    if (!err) err = add_tags(c, b);
    size_t before = b->len;
    if (!err) err = add_text(c, b, "key", t->conf.key);
    if (!err && b->len > before) json_write_member_text(b, "on_conflict", conflicts[t->conf.on_conflict]);
    if (!err) err = add_text(c, b, "limit_key", t->conf.limit_key);
    json_write_close(b, '}');
    return err;
}

void route_submit(struct call *c)
{
    const struct route_call *t = c->through;
    struct str input;
    struct buf fields;
    buf_init(&fields, LIMIT_BODY);
    if (route_input_check(c) == 0 && read_input(c, &input) == 0 && route_input_coerce(c, &input) == 0 && write_fields(c, &fields) == 0) {
        if (buf_err(&fields)) call_refuse(c, buf_err(&fields), "what the route makes of this request is too large");
        else tasks_submit(c, arena_str(&c->req->arena, buf_str(&fields)), input, t->verb == CONFIG_RUN ? t->conf.wait_ms : 0);
    }
    buf_release(&fields);
}
