/* SPDX-License-Identifier: Apache-2.0
 *
 * See pull_word.h.
 */
#include "api/pull_word.h"

#include <stdio.h>

const char *pull_word_path(char path[PULL_WORD], const struct id *id, uint64_t fence, const char *rest)
{
    char task[ID_TEXT], text[FENCE_TEXT];
    id_format(id, task);
    id_fence_format(fence, text);
    snprintf(path, PULL_WORD, "/v1/attempts/%s.%s%s", task, text, rest);
    return path;
}

struct looking {
    struct call *call;
    struct store_get get;
};

void pull_word_stale(struct call *c)
{
    c->api->late_words++;
    log_info("%.*s: refused, the attempt is over", STR_ARG(c->req->path));
    call_refuse(c, ERR_STALE, "this attempt is over: its lease ran out, it was stopped, or its verdict was given; drop it and claim again");
}

/* Is there such a task at all? */
static void on_looked(struct store_req *req)
{
    struct looking *m = req->user;
    int err = req->err ? req->err : m->get.found;
    store_release(req);
    if (err) call_store_failed(m->call, err);
    else pull_word_stale(m->call);
}

static bool read_word(struct str word, struct id *id, uint64_t *fence)
{
    struct str task = str_cut(&word, '.');
    return id_parse(id, task) == 0 && id_fence_parse(fence, word) == 0;
}

struct pull_held *pull_word_find(struct call *c, enum life_event verdict)
{
    struct pull_desk *desk = &c->api->server->roster.desk;
    struct id id;
    uint64_t fence;
    if (!read_word(c->params[0], &id, &fence)) {
        call_refuse(c, ERR_NOT_FOUND, "an attempt is called by its task's id, a dot and its fence: 01a1ffe8-96cd-754e-be93-691a58a8ee38.9f86d081884c7d65");
        return NULL;
    }
    struct pull_held *h = pull_held_find(desk, &id, fence);
    if (h) return h;
    if (verdict < LIFE_CLAIM && pull_held_is_settled(desk, &id, fence, verdict)) {
        call_answer_with(c, 200, CALL_JSON, STR("{}"), NULL, 0);
        return NULL;
    }
    struct server *s = c->api->server;
    if (s->draining || !s->serving) { /* those that pullers have are left to the next server, or are being read from the store */
        if (s->draining) call_refuse(c, ERR_DRAINING, "the server is stopping; say it again when it is back");
        else call_refuse(c, ERR_AGAIN, "the server has just started; say it again");
        return NULL;
    }
    struct looking *m = arena_alloc(&c->req->arena, sizeof *m);
    m->call = c;
    m->get = (struct store_get){.id = id};
    store_get(c->api->server->store, &m->get, on_looked, m);
    return NULL;
}
