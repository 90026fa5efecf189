/* SPDX-License-Identifier: Apache-2.0
 *
 * See notice_make.h. It is checked when it comes, so that what is wrong with it is known then.
 */
#include "api/notice_make.h"

#include "api/task_json.h"
#include "base/log.h"
#include "task/notify.h"

#include <stdio.h>

#define HERE "/notify"

int notice_make_said(struct str *ret, const struct json *j, const struct json_node *said, const char *of_type, struct err *e)
{
    *ret = said ? json_span(j, said) : str_of(of_type);
    if (!said) return 0;
    if (said->kind == JSON_NULL || said->kind == JSON_FALSE) {
        *ret = STR_NONE;
        return 0;
    }
    int err = notify_check(j, said, e);
    if (err) {
        char pointer[sizeof e->pointer];
        snprintf(pointer, sizeof pointer, HERE "%.*s", (int)(sizeof pointer - sizeof HERE), e->pointer);
        memcpy(e->pointer, pointer, sizeof pointer);
    }
    return err;
}

static struct notice of_task(struct api *api, const struct task *t)
{
    return (struct notice){.id = id_make(&api->server->ids),
                           .task = t->body.id,
                           .run = t->life.run,
                           .tenant = t->body.tenant,
                           .type = t->body.type,
                           .subject = t->body.subject,
                           .tags = t->body.tags,
                           .n_tags = t->body.n_tags,
                           .status = t->life.state,
                           .created_at_ms = turn_wall_ms(api->server->turn)};
}

static struct notice *make(struct api *api, struct store_owed *o, const struct json *j, const struct json_node *notify)
{
    struct arena *a = &o->req.arena;
    struct notice *n = arena_alloc(a, sizeof *n);
    struct err e = {0};
    *n = of_task(api, &o->task);
    if (notify_fill(j, notify, task_json_whole(a, api->server, &o->task), a, n, &e)) {
        char id[ID_TEXT];
        id_format(&n->task, id);
        log_error("data of the notification of task %s is left out: %s", id, e.text);
    }
    return n;
}

void notice_make(void *user, struct store_owed *o, struct notice **ret, size_t *ret_n)
{
    struct json j;
    json_init(&j);
    j.closed = STR("input");
    j.closed_level = 2; /* of what is to follow */
    bool read = o->sequel.len && json_parse(&j, o->sequel, NULL) == 0;
    const struct json_node *notify = read ? json_member(&j, json_root(&j), STR("notify")) : NULL;
    if (notify && notify_wants(&j, notify, o->task.life.state)) {
        *ret = make(user, o, &j, notify);
        *ret_n = 1;
    }
    json_release(&j);
}
