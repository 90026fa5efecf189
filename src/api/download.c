/* SPDX-License-Identifier: Apache-2.0
 *
 * The machine of download.h. The chores touch the struct download alone, the rest happens in the loop; the request
 * stays until it is ended here (http.h), so all may point into it. A strong ETag of size and time of change lets a
 * client go on where a broken download ended (If-Range).
 */
#include "api/download.h"

#include "api/call.h"
#include "api/etag.h"
#include "api/media.h"
#include "api/range.h"
#include "base/chore.h"
#include "base/log.h"
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define PIECE (64 * 1024)

struct download {
    struct chore chore;
    struct call *call;
    const struct download_file *file; /* NULL: the one below */
    const char *dir;
    struct str name;            /* NUL after its end; of `file`: the one it is offered under */
    struct str range, if_range; /* headers; p NULL: none */
    bool head, busy;            /* busy: a chore is under way */
    int fd;                     /* -1: not open */
    int sys;                    /* what went wrong, as errno */
    enum range_kind kind;
    int64_t size, from, left;
    char etag[ETAG_TEXT + 32]; /* of `file` longer: a whole SHA-256 */
    size_t got; /* bytes in `piece` */
    char piece[PIECE];
};

/* ---- chores: in any thread ---- */

static void read_piece(struct download *d)
{
    size_t want = d->left < PIECE ? (size_t)d->left : PIECE;
    ssize_t n = pread(d->fd, d->piece, want, d->from);
    d->sys = n < 0 ? errno : n == 0 && want ? ENODATA : 0; /* it has become shorter */
    d->got = n < 0 ? 0 : (size_t)n;
}

static int open_output(const struct download *d, int *ret_fd)
{
    int dir = open(d->dir, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (dir < 0) return errno;
    *ret_fd = openat(dir, d->name.p, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    int sys = *ret_fd < 0 ? errno : 0;
    close(dir);
    return sys;
}

static int open_regular(const struct download *d, int *ret_fd, struct stat *ret_stat)
{
    int fd = -1;
    int sys = d->file ? d->file->blob->ops->open(d->file->blob, &d->file->id, &fd) : open_output(d, &fd);
    if (!sys && fstat(fd, ret_stat) != 0) sys = errno;
    if (!sys && !S_ISREG(ret_stat->st_mode)) sys = ENOENT;
    if (sys && fd >= 0) close(fd);
    if (!sys) *ret_fd = fd;
    return sys;
}

static void work_open(struct chore *k)
{
    struct download *d = CONTAINER_OF(k, struct download, chore);
    struct stat st = {0};
    d->sys = open_regular(d, &d->fd, &st);
    if (d->sys) return;
    d->size = d->left = st.st_size;
    const int64_t version[3] = {st.st_size, st.st_mtim.tv_sec, st.st_mtim.tv_nsec};
    if (d->file) (void)str_copy(d->etag, sizeof d->etag, str_of(d->file->etag));
    else etag_of((struct str){(const char *)version, sizeof version}, d->etag);
    bool same = !d->if_range.p || str_eq(d->if_range, str_of(d->etag)); /* a date says less than it seems to */
    if (d->range.p && same && !d->head) d->kind = range_read(d->range, d->size, &d->from, &d->left);
    if (d->kind != RANGE_BEYOND && !d->head) read_piece(d);
}

static void work_read(struct chore *k) { read_piece(CONTAINER_OF(k, struct download, chore)); }

/* ---- in the loop ---- */

static void release(struct download *d)
{
    if (d->fd >= 0) close(d->fd);
    free(d);
}

static void on_read(struct chore *k);

static void read_on(struct download *d)
{
    d->busy = true;
    d->chore = (struct chore){work_read, on_read};
    chores_give(d->call->api->server->conf.chores, &d->chore);
}

static void on_room(struct http_request *r)
{
    struct download *d = r->user;
    if (!d->busy) read_on(d);
}

static void break_off(struct download *d, const char *why)
{
    struct http_request *r = d->call->req;
    if (why) log_warn("%s/%.*s: sent in part: %s", d->dir, STR_ARG(d->name), why);
    release(d);
    http_abort(r);
}

static void send_on(struct download *d)
{
    struct http_request *r = d->call->req;
    d->busy = false;
    if (d->sys) {
        break_off(d, strerror(d->sys));
        return;
    }
    int rc = http_more(r, (struct str){d->piece, d->got});
    d->from += (int64_t)d->got;
    d->left -= (int64_t)d->got;
    if (rc == ERR_AWAY) {
        break_off(d, NULL);
    } else if (d->left == 0) {
        release(d);
        http_end(r);
    } else if (rc == 0) {
        read_on(d);
    }
}

static void on_read(struct chore *k) { send_on(CONTAINER_OF(k, struct download, chore)); }

static void not_there(struct download *d)
{
    struct call *c = d->call;
    int sys = d->sys;
    if (sys == ENOENT || sys == ENOTDIR || sys == ELOOP || sys == ENXIO)
        call_refuse(c, ERR_GONE, "%s", d->file ? "this file has just gone" : "the task has written this file, but it is not in its directory any more");
    else if (sys == EMFILE || sys == ENFILE || sys == ENOMEM)
        call_refuse(c, ERR_AGAIN, "the file cannot be opened at this moment: %s", strerror(sys));
    else {
        log_warn("%s/%.*s: %s", d->dir, STR_ARG(d->name), strerror(sys));
        call_refuse(c, ERR_INTERNAL, "the file cannot be read: %s", strerror(sys));
    }
    release(d);
}

static void beyond(struct download *d)
{
    struct err e;
    struct http_header header = {STR("Content-Range"),
                                 arena_format(&d->call->req->arena, "bytes */%lld", (long long)d->size)};
    (void)err_set(&e, ERR_RANGE, "the file has %lld bytes", (long long)d->size);
    call_problem_with(d->call, &e, &header, 1, STR_NONE);
    release(d);
}

static void not_changed(struct download *d)
{
    struct http_header header = {STR("ETag"), str_of(d->etag)};
    call_answer_with(d->call, 304, NULL, STR_NONE, &header, 1);
    release(d);
}

static void begin(struct download *d)
{
    struct call *c = d->call;
    struct arena *a = &c->req->arena;
    struct http_header headers[] = {
        {STR("ETag"), str_of(d->etag)},
        {STR("Accept-Ranges"), STR("bytes")},
        {STR("X-Content-Type-Options"), STR("nosniff")},
        {STR("Content-Disposition"), media_disposition(a, d->name)},
        {STR("Content-Range"), arena_format(a, "bytes %lld-%lld/%lld", (long long)d->from,
                                            (long long)(d->from + d->left - 1), (long long)d->size)},
    };
    bool part = d->kind == RANGE_PART;
    call_begin(c, part ? 206 : 200, d->file ? d->file->type : media_type(d->name), headers, part ? 5 : 4, d->left, on_room);
    if (d->head) {
        release(d);
        http_end(c->req);
    } else {
        send_on(d);
    }
}

static void on_opened(struct chore *k)
{
    struct download *d = CONTAINER_OF(k, struct download, chore);
    if (d->sys) not_there(d);
    else if (etag_is_known(d->call->req, d->etag)) not_changed(d);
    else if (d->kind == RANGE_BEYOND) beyond(d);
    else begin(d);
}

static void start(struct call *c, const struct download_file *file, const char *dir, struct str name)
{
    if (call_claim(c, sizeof(struct download))) return;
    struct download *d = mem_new(sizeof *d);
    d->chore = (struct chore){work_open, on_opened};
    d->call = c;
    d->file = file;
    d->dir = dir;
    d->name = name;
    d->range = http_header(c->req, "Range");
    d->if_range = http_header(c->req, "If-Range");
    d->head = str_eq(c->req->method, STR("HEAD"));
    d->busy = true;
    d->fd = -1;
    c->req->user = d;
    chores_give(c->api->server->conf.chores, &d->chore);
}

void download_start(struct call *c, const char *dir, struct str name) { start(c, NULL, dir, name); }

void download_start_file(struct call *c, const struct download_file *file) { start(c, file, "files", file->shown); }
