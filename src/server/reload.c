/* SPDX-License-Identifier: Apache-2.0
 *
 * See reload.h. Claims are waited for so that no room is kept on a post that is about to go.
 */
#include "server/reload.h"

#include "server/ahead.h"
#include "server/config_copy.h"
#include "server/config_show.h"
#include "server/server.h"

#include <assert.h>

#define VALUE_MOST 4096

static void tell_fixed(const struct config_key *k, const struct config *old, const struct config *next,
                       struct config_errors *errors)
{
    struct buf was, is;
    struct config_origin origin = config_origin(next, str_of(k->key));
    buf_init(&was, VALUE_MOST);
    buf_init(&is, VALUE_MOST);
    config_show_value(&was, &(struct config_item){str_of(k->key), &config_table_top, k, old});
    config_show_value(&is, &(struct config_item){str_of(k->key), &config_table_top, k, next});
    config_errors_add(errors, origin.mark,
                      "\"%s\" cannot change while the server runs (it is %.*s, not %.*s): restart it", k->key,
                      STR_ARG(buf_str(&was)), STR_ARG(buf_str(&is)));
    buf_release(&was);
    buf_release(&is);
}

bool reload_check(const struct config *old, const struct config *next, struct config_errors *errors)
{
    size_t before = errors->n;
    for (size_t i = 0; i < config_table_top.n; i++) {
        const struct config_key *k = &config_table_top.keys[i];
        if (k->fixed && !config_copy_same_key(k, old, next)) tell_fixed(k, old, next, errors);
    }
    return errors->n == before;
}

void reload_init(struct reload *r)
{
    *r = (struct reload){0};
    list_init(&r->later.link);
}

static void on_later(struct later *l)
{
    struct server *s = CONTAINER_OF(l, struct server, reload.later);
    const struct config *next = s->reload.next;
    if (s->dispatch.claims > 0) return; /* called again after the last one */
    if (!s->draining) {
        ahead_give_back(&s->roster);
        queue_declare_all(&s->queues, next);
        keys_declare(&s->keys);
        roster_change(&s->roster, next);
        s->conf.config = next;
        retention_rules_changed(&s->retention);
        filing_rules_changed(&s->filing);
    }
    s->reload.next = NULL;
    dispatch_go_on(&s->dispatch);
    s->reload.on_done(s->reload.user, s->draining ? ERR_DRAINING : 0); /* may start the next one */
    server_drain_step(s);
}

void reload_step(struct server *s)
{
    if (s->reload.next) turn_later(s->turn, &s->reload.later, on_later);
}

void reload_start(struct server *s, const struct config *next, void (*on_done)(void *user, int err), void *user)
{
    assert(!s->reload.next && !s->draining);
    s->reload.next = next;
    s->reload.on_done = on_done;
    s->reload.user = user;
    dispatch_hold(&s->dispatch);
    reload_step(s);
}
