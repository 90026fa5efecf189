/* SPDX-License-Identifier: Apache-2.0
 *
 * See config_notify.h.
 */
#include "server/config_notify.h"

#include "task/notify.h"

static void check(struct config *c, const struct config_type *t, struct config_errors *errors)
{
    struct config_mark mark = config_origin(c, arena_format(&c->arena, "types.%s.notify", t->name)).mark;
    struct err e = {0};
    struct json j;
    json_init(&j);
    int err = json_parse(&j, str_of(t->notify), &e);
    if (!err) err = notify_check(&j, json_root(&j), &e);
    if (err) config_errors_add(errors, mark, "notify: %s", e.text);
    json_release(&j);
}

void config_notify_check(struct config *c, struct config_errors *errors)
{
    for (size_t i = 0; i < c->n_types; i++)
        if (c->types[i].notify) check(c, &c->types[i], errors);
}
