/* SPDX-License-Identifier: Apache-2.0
 *
 * /v1/tasks/{id}/files/{name}: output files of a completed task. A name is one that the task lists, nothing else: so it
 * is a plain name in the attempt's directory, whatever the path in the request looks like.
 */
#include "api/api.h"

#include "api/call.h"
#include "api/download.h"
#include "server/attempt_dir.h"

static void get_file(struct call *c);

const struct route files_routes[] = {
    {"GET", "/v1/tasks/{}/files/{}", " ", get_file},
    {0},
};

struct wanted {
    struct call *call;
    struct store_get get;
    struct str name;
    char dir[ATTEMPT_DIR_PATH];
};

/* `files`: a JSON array of strings that the server made itself. */
static bool lists(struct json *j, struct str files, struct str name)
{
    struct err e;
    bool found = false;
    if (files.len == 0 || json_parse(j, files, &e)) return false;
    const struct json_node *all = json_root(j);
    for (const struct json_node *v = json_first(all); v && !found; v = json_next(all, v)) {
        struct buf b;
        buf_init(&b, v->len + 1);
        json_add_string(j, v, &b);
        found = !buf_err(&b) && str_eq(buf_str(&b), name);
        buf_release(&b);
    }
    json_trim(j);
    return found;
}

static void on_task(struct store_req *req)
{
    struct wanted *w = req->user;
    struct call *c = w->call;
    struct server *s = c->api->server;
    const struct task *t = &w->get.task;
    int err = req->err ? req->err : w->get.found;
    bool purged = !err && t->life.state == TASK_COMPLETED && t->ending.purged & RETAIN_FILES;
    bool listed = !err && t->life.state == TASK_COMPLETED && lists(&c->api->json, t->ending.files, w->name);
    if (listed) attempt_dir_path(w->dir, s->conf.config->data_dir, &w->get.id, t->life.run, t->life.attempt);
    store_release(req);
    if (err) call_store_failed(c, err);
    else if (purged) call_refuse(c, ERR_GONE, "the files of this task were kept for their time and are gone");
    else if (!listed)
        call_refuse(c, ERR_NOT_FOUND, "the task lists no output file '%.*s'",
                    (int)(w->name.len > 255 ? 255 : w->name.len), w->name.p);
    else download_start(c, w->dir, w->name);
}

static void get_file(struct call *c)
{
    struct wanted *w = arena_alloc(&c->req->arena, sizeof *w);
    w->call = c;
    w->name = arena_str(&c->req->arena, c->params[1]); /* with a NUL after it */
    if (call_id(c, &w->get.id)) return;
    store_get(c->api->server->store, &w->get, on_task, w);
}
