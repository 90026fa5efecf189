/* SPDX-License-Identifier: Apache-2.0
 *
 * The store keeps them as one object of both lists. They are read twice: when they come, so that what cannot be is refused, and
 * when the time is there, by the configuration of then.
 */
#include "api/sequel.h"

#include "api/notice_make.h"
#include "api/route_callback.h"
#include "api/submission.h"
#include "api/task_json.h"
#include "api/webhook.h"
#include "base/json_write.h"
#include "base/log.h"

#include <stdio.h>

/* ---- as they come ---- */

/* The pointer of what is wrong with an item, below that of the item. */
static int below(struct err *e, int err, const char *list, size_t i)
{
    char pointer[sizeof e->pointer];
    snprintf(pointer, sizeof pointer, "%.40s/%zu%.*s", list, i, (int)sizeof pointer - 64, e->pointer);
    memcpy(e->pointer, pointer, sizeof pointer);
    return err;
}

static int check_list(const struct json *j, const struct json_node *list, const char *name, struct server *s, struct arena *a, struct err *e)
{
    size_t i = 0;
    if (list->kind != JSON_ARRAY || list->count > LIMIT_SEQUEL)
        return err_set_at(e, ERR_INVALID, name, "%s is a list of at most %d submissions, like [{\"type\": \"tell\"}]", name + 1, LIMIT_SEQUEL);
    for (const struct json_node *v = json_first(list); v; v = json_next(list, v), i++) {
        struct task_body unused;
        int err = submission_read_with(NULL, &unused, STR(""), j, v, s, a, e);
        if (err) return below(e, err, name, i);
    }
    return 0;
}

static void write_list(struct buf *b, const char *name, const struct json *j, const struct json_node *said, const char *of_type)
{
    if (said) json_write_member_raw(b, name, json_span(j, said));
    else if (of_type) json_write_member_raw(b, name, str_of(of_type));
}

static bool is_some(const struct json_node *said, const char *of_type) { return said ? said->count > 0 : of_type != NULL; }

int sequel_of_submit(struct str *ret, const struct json *j, const struct sequel_said *said, const struct config_type *type,
                     struct server *s, struct arena *a, struct err *e)
{
    struct webhook_wish webhook;
    struct str notice = STR_NONE;
    *ret = STR_NONE;
    int err = said->on_success ? check_list(j, said->on_success, "/on_success", s, a, e) : 0;
    if (!err && said->on_failure) err = check_list(j, said->on_failure, "/on_failure", s, a, e);
    if (!err) err = webhook_of_submit(&webhook, j, said->webhook, type, s, a, e);
    if (!err) err = notice_make_said(&notice, j, said->notify, type->notify, e);
    if (err) return err;
    if (!is_some(said->on_success, type->on_success) && !is_some(said->on_failure, type->on_failure) && !webhook.url.p &&
        !notice.p)
        return 0;
    struct buf b;
    buf_init(&b, LIMIT_BODY + 2 * LIMIT_CONFIG);
    json_write_open(&b, '{');
    write_list(&b, "on_success", j, said->on_success, type->on_success);
    write_list(&b, "on_failure", j, said->on_failure, type->on_failure);
    if (webhook.url.p) {
        json_write_key(&b, "webhook");
        webhook_write_wish(&b, &webhook);
    }
    if (notice.p) json_write_member_raw(&b, "notify", notice);
    json_write_close(&b, '}');
    *ret = arena_str(a, buf_str(&b));
    buf_release(&b);
    return 0;
}

static int check_next(void *user, struct str next, struct err *e)
{
    struct api *api = user;
    struct arena a;
    struct json j;
    arena_init(&a);
    json_init(&j);
    j.closed = STR("input");
    int err = json_parse(&j, next, e);
    if (!err) err = check_list(&j, json_root(&j), "/next", api->server, &a, e);
    if (err && *e->pointer) { /* a verdict's failure has no place for a pointer */
        struct err why = *e;
        err = err_set(e, err, "%s: %s", why.pointer, why.text);
    }
    json_release(&j);
    arena_release(&a);
    return err;
}

/* ---- when the time is there ---- */

struct making {
    struct api *api;
    struct store_owed *owed;
    struct str task; /* as their input; made when one needs it */
    struct store_add_item *items;
    size_t n, unmade;
};

static struct str task_as_input(struct making *m)
{
    if (!m->task.p) m->task = task_json_whole(&m->owed->req.arena, m->api->server, &m->owed->task);
    return m->task;
}

static void make_one(struct making *m, const struct json *j, const struct json_node *v)
{
    struct arena *a = &m->owed->req.arena;
    struct task_body *body = arena_alloc(a, sizeof *body);
    struct err e = {0};
    struct str input = json_member(j, v, STR("input")) ? STR_NONE : task_as_input(m);
    if (submission_read_with(NULL, body, input, j, v, m->api->server, a, &e)) {
        char id[ID_TEXT];
        id_format(&m->owed->task.body.id, id);
        log_error("what was to follow task %s cannot be made: %s%s%s", id, e.pointer, *e.pointer ? ": " : "", e.text);
        m->unmade++;
        return;
    }
    *body = task_copy_body(a, body); /* the text it was read from goes */
    if (!body->subject.p) body->subject = m->owed->task.body.subject;
    body->trace = m->owed->task.body.trace;
    body->id = id_make(&m->api->server->ids);
    m->items[m->n++] = (struct store_add_item){.body = body};
}

static void make_list(struct making *m, const struct json *j, const struct json_node *list)
{
    if (!list) return;
    for (const struct json_node *v = json_first(list); v && m->n < 2 * LIMIT_SEQUEL; v = json_next(list, v)) make_one(m, j, v);
}

static void make_of(struct making *m, struct str text, const char *member)
{
    struct json j;
    json_init(&j);
    j.closed = STR("input");
    if (text.len && json_parse(&j, text, NULL) == 0) make_list(m, &j, member ? json_member(&j, json_root(&j), str_of(member)) : json_root(&j));
    json_release(&j);
}

static struct task_body *add_delivery(struct making *m)
{
    struct task_body *body = arena_alloc(&m->owed->req.arena, sizeof *body);
    m->items[m->n++] = (struct store_add_item){.body = body};
    return body;
}

static void make_deliveries(struct making *m)
{
    struct arena *a = &m->owed->req.arena;
    struct json j;
    struct err e = {0};
    json_init(&j);
    j.closed = STR("input");
    int err = m->owed->sequel.len ? json_parse(&j, m->owed->sequel, NULL) : ERR_NOT_FOUND;
    const struct json_node *wish = err ? NULL : json_member(&j, json_root(&j), STR("webhook"));
    const struct json_node *callback = err ? NULL : json_member(&j, json_root(&j), STR("callback"));
    if (wish && !webhook_make(m->api, &m->owed->task, &j, wish, a, add_delivery(m))) m->n--;
    if (callback && route_callback_make(m->api, &m->owed->task, &j, callback, a, add_delivery(m), &e)) {
        char id[ID_TEXT];
        id_format(&m->owed->task.body.id, id);
        log_error("the callback of task %s cannot be made: %s", id, e.text);
        m->unmade++;
        m->n--;
    }
    json_release(&j);
}

static void make(void *user, struct store_owed *o, struct store_add_item **ret, size_t *ret_n, size_t *ret_unmade)
{
    struct making m = {.api = user, .owed = o, .items = arena_alloc(&o->req.arena, (2 * LIMIT_SEQUEL + 2) * sizeof *m.items)};
    bool completed = o->task.life.state == TASK_COMPLETED;
    make_of(&m, o->sequel, completed ? "on_success" : "on_failure");
    if (completed) make_of(&m, o->next, NULL);
    make_deliveries(&m);
    *ret = m.items;
    *ret_n = m.n;
    *ret_unmade = m.unmade;
}

struct sequel_maker sequel_maker(struct api *a) { return (struct sequel_maker){a, make, notice_make, check_next}; }
