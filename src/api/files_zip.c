/* SPDX-License-Identifier: Apache-2.0
 *
 * GET /v1/tasks/{id}/files.zip: all output files of a completed task as one archive, made while it is sent: a piece is read,
 * packed beside the loop, sent, and the next one is read when the kernel has taken it.
 *
 *   looking (chore: are all of them there?) ──▶ packing (chore) ──a piece──▶ sending ──▶ packing .. ──all──▶ ended
 *        │ one is gone, HEAD                       ▲ on_room                  │ the kernel is full
 *        ▼                                         └──────── waiting ◀────────┘
 *     answered                 the client has gone, a file cannot be read: broken off, as soon as no chore is under way
 */
#include "api/api.h"

#include "api/call.h"
#include "api/media.h"
#include "base/chore.h"
#include "base/mem.h"
#include "blob/zip.h"
#include "server/attempt_dir.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static void get_zip(struct call *c);

const struct route files_zip_routes[] = {
    {"GET", "/v1/tasks/{}/files.zip", " ", get_zip},
    {0},
};

#define PIECE (64 * 1024)

struct packing {
    struct chore chore; /* its work touches what is below `call` */
    struct call *call;
    struct store_get get;
    char dir[ATTEMPT_DIR_PATH];
    struct str *names; /* in the request's arena, each with a NUL */
    size_t n, at;
    struct zip *zip;
    struct buf out;
    int folder, fd; /* -1: not open */
    bool busy, over; /* over: the archive is whole */
    int sys;         /* what went wrong, as errno */
    char piece[PIECE];
};

static struct packing *of(struct chore *k) { return CONTAINER_OF(k, struct packing, chore); }

/* ---- chores: in any thread ---- */

static int open_file(struct packing *p, size_t at, struct stat *ret)
{
    p->fd = openat(p->folder, p->names[at].p, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    int sys = p->fd < 0 || fstat(p->fd, ret) != 0 ? errno : S_ISREG(ret->st_mode) ? 0 : ENOENT;
    if (sys && p->fd >= 0) close(p->fd), p->fd = -1;
    return sys;
}

static void work_look(struct chore *k)
{
    struct packing *p = of(k);
    struct stat st;
    p->folder = open(p->dir, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    p->sys = p->folder < 0 ? errno : 0;
    for (size_t i = 0; i < p->n && !p->sys; i++) {
        p->sys = open_file(p, i, &st);
        if (!p->sys) close(p->fd), p->fd = -1;
    }
}

/* ERR_* of the archive, in the terms of the rest. */
static int sys_of(int err) { return err == 0 ? 0 : err == ERR_NOMEM ? ENOMEM : EIO; }

static void begin_next(struct packing *p)
{
    struct stat st = {0};
    p->sys = open_file(p, p->at, &st);
    if (!p->sys) p->sys = sys_of(zip_begin(p->zip, p->names[p->at], st.st_size, (int64_t)st.st_mtim.tv_sec * 1000));
}

static void add_piece(struct packing *p)
{
    ssize_t n = read(p->fd, p->piece, sizeof p->piece);
    if (n < 0) {
        p->sys = errno == EINTR ? 0 : errno;
        return;
    }
    if (n > 0) {
        p->sys = sys_of(zip_add(p->zip, (struct str){p->piece, (size_t)n}));
        return;
    }
    close(p->fd);
    p->fd = -1;
    p->at++;
}

static void work_pack(struct chore *k)
{
    struct packing *p = of(k);
    buf_clear(&p->out);
    while (!p->sys && !p->over && p->out.len < PIECE) {
        if (p->fd >= 0) {
            add_piece(p);
        } else if (p->at < p->n) {
            begin_next(p);
        } else {
            p->sys = sys_of(zip_end(p->zip));
            p->over = true;
        }
    }
}

/* ---- in the loop ---- */

static void release(struct packing *p)
{
    if (p->fd >= 0) close(p->fd);
    if (p->folder >= 0) close(p->folder);
    zip_free(p->zip);
    buf_release(&p->out);
    free(p);
}

static void break_off(struct packing *p, const char *why)
{
    struct http_request *r = p->call->req;
    if (why) log_warn("%s: its archive was sent in part: %s", p->dir, why);
    release(p);
    http_abort(r);
}

static void on_packed(struct chore *k);

static void give(struct packing *p, void (*work)(struct chore *k), void (*on_done)(struct chore *k))
{
    p->busy = true;
    p->chore = (struct chore){work, on_done};
    chores_give(p->call->api->server->conf.chores, &p->chore);
}

static void on_room(struct http_request *r)
{
    struct packing *p = r->user;
    if (!p->busy) give(p, work_pack, on_packed);
}

static void on_packed(struct chore *k)
{
    struct packing *p = of(k);
    struct http_request *r = p->call->req;
    p->busy = false;
    if (p->sys) {
        break_off(p, strerror(p->sys));
        return;
    }
    int rc = http_more(r, buf_str(&p->out));
    if (rc == ERR_AWAY) {
        break_off(p, NULL);
    } else if (p->over) {
        release(p);
        http_end(r);
    } else if (rc == 0) {
        give(p, work_pack, on_packed);
    }
}

static void begin(struct packing *p)
{
    struct call *c = p->call;
    char id[ID_TEXT];
    id_format(&p->get.id, id);
    struct arena *a = &c->req->arena;
    struct http_header headers[] = {
        {STR("X-Content-Type-Options"), STR("nosniff")},
        {STR("Content-Disposition"), media_disposition(a, arena_format(a, "%s.zip", id))},
    };
    call_begin(c, 200, "application/zip", headers, 2, -1, on_room);
    if (!str_eq(c->req->method, STR("HEAD"))) {
        give(p, work_pack, on_packed);
        return;
    }
    release(p);
    http_end(c->req);
}

static void on_looked(struct chore *k)
{
    struct packing *p = of(k);
    struct call *c = p->call;
    int sys = p->sys;
    p->busy = false;
    if (!sys && zip_open(&p->zip, &p->out) != 0) sys = ENOMEM;
    if (!sys) {
        begin(p);
        return;
    }
    if (sys == ENOENT || sys == ENOTDIR || sys == ELOOP || sys == ENXIO)
        call_refuse(c, ERR_GONE, "the task has written these files, but not all of them are in its directory any more");
    else if (sys == EMFILE || sys == ENFILE || sys == ENOMEM)
        call_refuse(c, ERR_AGAIN, "the files cannot be opened at this moment: %s", strerror(sys));
    else
        call_refuse(c, ERR_INTERNAL, "the files cannot be read: %s", strerror(sys));
    release(p);
}

/* `files`: a JSON array of strings that the server made itself. */
static int read_names(struct packing *p, struct json *j, struct str files)
{
    struct arena *a = &p->call->req->arena;
    struct err e;
    int err = json_parse(j, files, &e);
    if (err) return err;
    const struct json_node *all = json_root(j);
    p->names = arena_alloc(a, (all->count ? all->count : 1) * sizeof *p->names);
    for (const struct json_node *v = json_first(all); v && !err; v = json_next(all, v)) {
        struct buf b;
        buf_init(&b, v->len + 1);
        json_add_string(j, v, &b);
        err = buf_err(&b);
        p->names[p->n++] = arena_str(a, buf_str(&b));
        buf_release(&b);
    }
    json_trim(j);
    return err;
}

static void on_task(struct store_req *req)
{
    struct packing *p = req->user;
    struct call *c = p->call;
    const struct task *t = &p->get.task;
    int err = req->err ? req->err : p->get.found;
    bool completed = !err && t->life.state == TASK_COMPLETED, purged = completed && t->ending.purged & RETAIN_FILES;
    bool some = completed && t->ending.files.len > 0 && read_names(p, &c->api->json, t->ending.files) == 0 && p->n > 0;
    if (some) attempt_dir_path(p->dir, c->api->server->conf.config->data_dir, &p->get.id, t->life.run, t->life.attempt);
    store_release(req);
    if (some) {
        give(p, work_look, on_looked);
        return;
    }
    release(p);
    if (err) call_store_failed(c, err);
    else if (purged) call_refuse(c, ERR_GONE, "the files of this task were kept for their time and are gone");
    else call_refuse(c, ERR_NOT_FOUND, "the task lists no output files");
}

static void get_zip(struct call *c)
{
    struct id id;
    if (call_id(c, &id) || call_claim(c, sizeof(struct packing) + PIECE + ZIP_OVERHEAD)) return;
    struct packing *p = mem_new(sizeof *p);
    p->call = c;
    p->get.id = id;
    p->folder = p->fd = -1;
    buf_init(&p->out, 4 * PIECE + ZIP_OVERHEAD);
    c->req->user = p;
    store_get(c->api->server->store, &p->get, on_task, p);
}
