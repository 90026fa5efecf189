/* SPDX-License-Identifier: Apache-2.0
 *
 * See ws_message.h.
 */
#include "api/ws_message.h"

#include "server/bus.h"

/* ---- its members ---- */

static int read_op(const struct members *m, void *to, const struct json_node *v, const char *pointer)
{
    (void)m, (void)to, (void)v, (void)pointer; /* it chose the table */
    return 0;
}

static int read_id(const struct members *m, void *to, const struct json_node *v, const char *pointer)
{
    struct str id = STR_NONE;
    int err = members_text(m, v, pointer, LIMIT_WS_SUBSCRIPTION_ID, &id);
    if (err) return err;
    if (!id.len) return err_set_at(m->e, ERR_INVALID, pointer, "id must be 1 to %d bytes long", LIMIT_WS_SUBSCRIPTION_ID);
    ((struct ws_message *)to)->id = id;
    return 0;
}

static int read_task(const struct members *m, void *to, const struct json_node *v, const char *pointer)
{
    struct ws_message *message = to;
    struct str text = STR_NONE;
    int err = members_text(m, v, pointer, LIMIT_NAME, &text);
    if (err) return err;
    message->one = true;
    if (id_parse(&message->task, text) == 0) return 0;
    return err_set_at(m->e, ERR_NOT_FOUND, pointer, "'%.60s' is not a task id: an id looks like 01a1ffe8-96cd-754e-be93-691a58a8ee38", text.p);
}

static int read_last(const struct members *m, void *to, const struct json_node *v, const char *pointer)
{
    if (v->kind == JSON_NULL) return 0; /* nothing was heard yet */
    return members_text(m, v, pointer, LIMIT_NAME, &((struct ws_message *)to)->last);
}

static int read_filter(const struct members *m, void *to, const struct json_node *v, const char *pointer)
{
    const struct member *row = filter_members;
    while (strcmp(row->name, pointer + 1) != 0) row++;
    return row->read(m, &((struct ws_message *)to)->filter, v, pointer);
}

static int read_kinds(const struct members *m, void *to, const struct json_node *v, const char *pointer)
{
    struct ws_message *message = to;
    if (v->kind != JSON_ARRAY || !v->count) return members_expected(m, v, pointer, "an array of kinds of events");
    for (const struct json_node *one = json_first(v); one; one = json_next(v, one)) {
        struct str word = STR_NONE;
        int err = members_text(m, one, pointer, LIMIT_NAME, &word);
        int kind = err ? -1 : bus_kind_of(word);
        if (err) return err;
        if (kind < 0)
            return err_set_at(m->e, ERR_INVALID, pointer, "kinds must be out of created started progress output log retrying completed "
                              "failed cancelled expired notification.created; not '%.40s'", word.p);
        message->kinds |= BUS_BIT((enum bus_kind)kind);
    }
    return 0;
}

static const struct member of_subscribe[] = {
    {"op", read_op},          {"id", read_id},           {"task", read_task},  {"last", read_last},   {"type", read_filter},
    {"queue", read_filter},   {"subject", read_filter},  {"tags", read_filter}, {"kinds", read_kinds}, {NULL, NULL},
};
static const struct member of_unsubscribe[] = {{"op", read_op}, {"id", read_id}, {NULL, NULL}};
static const struct member of_ping[] = {{"op", read_op}, {NULL, NULL}};

static const struct {
    const char *word;
    const struct member *members;
    bool needs_id;
} ops[] = {
    [WS_SUBSCRIBE] = {"subscribe", of_subscribe, true},
    [WS_UNSUBSCRIBE] = {"unsubscribe", of_unsubscribe, true},
    [WS_PING] = {"ping", of_ping, false},
};

/* ---- the whole ---- */

static int find_op(const struct members *m, const struct json_node *root, enum ws_op *ret)
{
    const struct json_node *v = json_member(m->j, root, STR("op"));
    struct str word = STR_NONE;
    if (!v) return err_set_at(m->e, ERR_INVALID, "/op", "op is missing: subscribe, unsubscribe or ping");
    int err = members_text(m, v, "/op", LIMIT_NAME, &word);
    if (err) return err;
    for (size_t i = 0; i < sizeof ops / sizeof *ops; i++) {
        if (!str_eq(word, str_of(ops[i].word))) continue;
        *ret = (enum ws_op)i;
        return 0;
    }
    return err_set_at(m->e, ERR_INVALID, "/op", "op must be subscribe, unsubscribe or ping, not '%.40s'", word.p);
}

/* For the refusal of what is not understood. */
static void guess_id(const struct members *m, const struct json_node *root, struct ws_message *message)
{
    struct err unused = {0};
    const struct members own = {m->j, m->arena, &unused};
    const struct json_node *v = json_member(m->j, root, STR("id"));
    if (v && read_id(&own, message, v, "/id") != 0) message->id = STR_NONE;
}

int ws_message_read(struct json *j, struct arena *a, struct str text, struct ws_message *ret, struct err *e)
{
    const struct members m = {j, a, e};
    *ret = (struct ws_message){0};
    int err = json_parse(j, text, e);
    if (err) return err;
    const struct json_node *root = json_root(j);
    if (root->kind != JSON_OBJECT) return err_set(e, ERR_INVALID, "a message must be an object, not %s", json_kind_name(root->kind));
    guess_id(&m, root, ret);
    err = find_op(&m, root, &ret->op);
    if (!err) err = members_read(&m, ops[ret->op].members, root, "", ret);
    if (!err && ops[ret->op].needs_id && !ret->id.p) err = err_set_at(e, ERR_INVALID, "/id", "id is missing: what this subscription is called");
    if (!err && ret->one && (ret->filter.said || ret->kinds))
        err = err_set_at(e, ERR_INVALID, "/task", "of one task all is told: leave out type, queue, subject, tags and kinds");
    return err;
}
