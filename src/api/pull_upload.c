/* SPDX-License-Identifier: Apache-2.0
 *
 * PUT or POST /v1/attempts/{task}.{fence}/files/{name}: an output file of a worker elsewhere, streamed into the directory
 * of its attempt. It has its name only when it is whole and synced; `done` then lists it.
 *
 *   OPENING ──▶ READING ──a piece──▶ WRITING ──▶ READING ..
 *      │           ├──the end──▶ NAMING ──▶ answered 201
 *      └───────────┴── too large, no room, the attempt is over, the client has gone ──▶ DROPPING ──▶ answered
 *
 * One piece is in memory, and none is asked for while it is written: files are touched in chores, beside the loop. Each
 * piece is heard as a beat is.
 */
#include "api/pull_upload.h"

#include "api/api.h"
#include "api/pull_word.h"
#include "handler/dir.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static void put(struct call *c);

const struct route pull_upload_routes[] = {
    {"PUT", "/v1/attempts/{}/files/{}", " ", put},
    {"POST", "/v1/attempts/{}/files/{}", " ", put},
    {0},
};

#define PIECE_MAX (1024 * 1024)

struct upload {
    struct chore chore; /* its work touches what is below this, but for `call` */
    struct call *call;
    struct id id;
    uint64_t fence;
    const char *path; /* of the directory */
    struct str name;  /* NUL after its end */
    char temp[64];    /* its name until it is whole */
    int dir, file;    /* -1: not open */
    int sys;          /* what went wrong, as errno */
    struct buf piece;
    int64_t size;
    struct err why;   /* DROPPING */
};

static void on_body(struct http_request *r, struct str piece, const struct err *e);

/* ---- chores: in any thread ---- */

static void work_open(struct chore *k)
{
    struct upload *u = CONTAINER_OF(k, struct upload, chore);
    u->dir = open(u->path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (u->dir >= 0) u->file = openat(u->dir, u->temp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
    u->sys = u->file < 0 ? errno : 0;
}

static void work_write(struct chore *k)
{
    struct upload *u = CONTAINER_OF(k, struct upload, chore);
    for (size_t at = 0; at < u->piece.len && !u->sys;) {
        ssize_t n = write(u->file, u->piece.p + at, u->piece.len - at);
        if (n >= 0) at += (size_t)n;
        else if (errno != EINTR) u->sys = errno;
    }
}

/* A name that something else has that is no file (a folder) is not taken from it. */
static void work_name(struct chore *k)
{
    struct upload *u = CONTAINER_OF(k, struct upload, chore);
    if (fdatasync(u->file) != 0 || renameat(u->dir, u->temp, u->dir, u->name.p) != 0) u->sys = errno;
}

static void work_drop(struct chore *k)
{
    struct upload *u = CONTAINER_OF(k, struct upload, chore);
    if (u->file >= 0) (void)unlinkat(u->dir, u->temp, 0); /* else it goes with its directory */
}

/* ---- in the loop ---- */

static void give(struct upload *u, void (*work)(struct chore *k), void (*on_done)(struct chore *k))
{
    u->chore = (struct chore){work, on_done};
    chores_give(u->call->api->server->conf.chores, &u->chore);
}

static void release(struct upload *u)
{
    if (u->file >= 0) close(u->file);
    if (u->dir >= 0) close(u->dir);
    buf_release(&u->piece);
}

static void on_dropped(struct chore *k)
{
    struct upload *u = CONTAINER_OF(k, struct upload, chore);
    struct call *c = u->call;
    release(u);
    if (u->why.code == ERR_STALE) pull_word_stale(c);
    else call_problem(c, &u->why);
}

static void drop(struct upload *u) { give(u, work_drop, on_dropped); }

/* An error of the system's, in words; true: there is one. */
static bool has_failed(struct upload *u)
{
    if (!u->sys) return false;
    bool full = u->sys == ENOSPC || u->sys == EDQUOT;
    bool gone = u->sys == ENOENT, scarce = u->sys == EMFILE || u->sys == ENFILE || u->sys == ENOMEM;
    int code = full ? ERR_FULL : gone ? ERR_STALE : scarce ? ERR_AGAIN : u->sys == EISDIR ? ERR_CONFLICT : ERR_IO;
    (void)err_set_errno(&u->why, code, u->sys, "the file cannot be stored");
    if (code == ERR_IO) log_warn("%s/%s: %s", u->path, u->name.p, u->why.text);
    drop(u);
    return true;
}

/* The attempt goes on, and was heard of; else what was sent is of no use. */
static bool is_over(struct upload *u)
{
    struct pull_beat now;
    struct pull_held *h = pull_held_find(&u->call->api->server->roster.desk, &u->id, u->fence);
    if (h && pull_held_beat(h, &now) == 0) return false;
    u->why.code = ERR_STALE;
    drop(u);
    return true;
}

static void on_written(struct chore *k)
{
    struct upload *u = CONTAINER_OF(k, struct upload, chore);
    http_let_go(u->call->req, 0);
    buf_clear(&u->piece);
    if (!has_failed(u) && !is_over(u)) http_read(u->call->req, on_body);
}

static void on_opened(struct chore *k)
{
    struct upload *u = CONTAINER_OF(k, struct upload, chore);
    if (!has_failed(u)) http_read(u->call->req, on_body);
}

static void on_named(struct chore *k)
{
    struct upload *u = CONTAINER_OF(k, struct upload, chore);
    struct call *c = u->call;
    if (has_failed(u)) return;
    struct buf b = call_buf(c);
    json_write_open(&b, '{');
    json_write_member_str(&b, "name", u->name);
    json_write_member_int(&b, "bytes", u->size);
    json_write_close(&b, '}');
    release(u);
    call_answer(c, 201, &b);
}

/* Whether a piece may be taken. */
static int check_piece(struct upload *u, struct str piece)
{
    struct server *s = u->call->api->server;
    if (u->size + (int64_t)piece.len > LIMIT_PULL_FILE)
        return err_set(&u->why, ERR_TOO_BIG, "a file must be at most %lld bytes", (long long)LIMIT_PULL_FILE);
    buf_add_str(&u->piece, piece);
    if (buf_err(&u->piece) || http_hold(u->call->req, piece.len) != 0)
        return err_set(&u->why, ERR_AGAIN, "too many large request bodies are arriving at this moment");
    return server_check_disk(s, &u->why);
}

static void on_body(struct http_request *r, struct str piece, const struct err *e)
{
    struct upload *u = r->user;
    if (e) {
        u->why = *e;
        drop(u);
    } else if (is_over(u)) {
        return;
    } else if (piece.len == 0) {
        give(u, work_name, on_named);
    } else if (check_piece(u, piece)) {
        drop(u);
    } else {
        u->size += (int64_t)piece.len;
        give(u, work_write, on_written);
    }
}

bool pull_upload_in_pieces(const struct http_request *r)
{
    struct str path = r->path;
    if (!str_eq(r->method, STR("PUT")) && !str_eq(r->method, STR("POST"))) return false;
    if (!str_starts(path, STR("/v1/attempts/"))) return false;
    path = str_sub(path, 13, path.len);
    (void)str_cut(&path, '/');
    return str_starts(path, STR("files/"));
}

static void put(struct call *c)
{
    struct server *s = c->api->server;
    struct str name = c->params[1];
    struct err e = {0};
    struct pull_held *h = pull_word_find(c, LIFE_CLAIM);
    if (!h) return;
    if (!dir_is_name(name) || name.p[0] == '.') {
        call_refuse(c, ERR_INVALID, "the name of an output file has 1 to 255 bytes, no '/', and does not begin with a dot");
        return;
    }
    if (h->uploads == LIMIT_PULL_UPLOADS) {
        call_refuse(c, ERR_TOO_BIG, "this attempt has sent its %d files", LIMIT_PULL_UPLOADS);
        return;
    }
    if (server_check_disk(s, &e)) {
        call_problem(c, &e);
        return;
    }
    struct upload *u = arena_alloc(&c->req->arena, sizeof *u);
    *u = (struct upload){.call = c, .id = h->id, .fence = h->attempt->fence, .dir = -1, .file = -1};
    u->path = arena_text(&c->req->arena, str_of(h->attempt->dir));
    u->name = arena_str(&c->req->arena, name);
    snprintf(u->temp, sizeof u->temp, ".bide-upload-%d", ++h->uploads);
    buf_init(&u->piece, PIECE_MAX);
    c->req->user = u;
    give(u, work_open, on_opened);
}
