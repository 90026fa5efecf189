/* SPDX-License-Identifier: Apache-2.0
 *
 * SQLite's backup of pages, in steps inside one read transaction of ours. VACUUM INTO takes as long (both wait for the
 * disk) but reads a worn store in the order of its keys, and knows neither how far it is nor how large it will be.
 */
#include "store/sqlite/sqlite_backup.h"

#include "store/sqlite/sqlite_db.h"
#include "store/sqlite/sqlite_lock.h"
#include "store/sqlite/sqlite_schema.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define STEP_PAGES 1024 /* of 4 KiB, between two looks at whoever asked for it */
#define SYNC_STEPS 8 /* the disk gets it in pieces: one large sync at the end would hold up the server's small ones */
#define CHECK_STEPS 1000000

struct copy {
    const struct store_backup *b; /* borrowed */
    struct sqlite_db from, to;
    int lock; /* -1: a server has it, or another backup */
    int file; /* of `part`; closed last, for closing a descriptor drops SQLite's locks on that file */
    int64_t bytes;
    char part[PATH_MAX];   /* "": not made */
    char folder[PATH_MAX]; /* of `to` */
};

static const char *const beside[] = {"-wal", "-shm", "-journal"};

/* ---- what is refused ---- */

static int refuse_name(struct copy *c, const char *from, struct err *e)
{
    char real[PATH_MAX], to[PATH_MAX + NAME_MAX];
    const char *name = strrchr(c->b->to, '/');
    struct str folder = name ? (struct str){c->b->to, name > c->b->to ? (size_t)(name - c->b->to) : 1} : STR(".");
    name = name ? name + 1 : c->b->to;
    if (!*name) return err_set(e, ERR_INVALID, "%.200s is a folder; name the file to make in it", c->b->to);
    if (strlen(name) > NAME_MAX || !str_copy(real, sizeof real, folder))
        return err_set(e, ERR_INVALID, "%.100s...: the path is too long", c->b->to);
    if (!realpath(real, c->folder)) return err_set_errno(e, ERR_IO, errno, real);
    if (!realpath(from, real)) return err_set_errno(e, ERR_IO, errno, from);
    snprintf(to, sizeof to, "%s/%s", strcmp(c->folder, "/") == 0 ? "" : c->folder, name);
    size_t len = strlen(real);
    if (strncmp(to, real, len) != 0) return 0;
    bool own = !to[len] || strcmp(to + len, ".lock") == 0;
    for (size_t i = 0; i < sizeof beside / sizeof *beside; i++) own = own || strcmp(to + len, beside[i]) == 0;
    return own ? err_set(e, ERR_CONFLICT, "%s belongs to the store itself; choose another name", c->b->to) : 0;
}

static int refuse_there(const struct store_backup *b, struct err *e)
{
    char path[PATH_MAX + 16];
    struct stat st;
    if (lstat(b->to, &st) == 0) {
        if (!S_ISREG(st.st_mode)) return err_set(e, ERR_CONFLICT, "%.200s is there and is no plain file", b->to);
        if (!b->replace) return err_set(e, ERR_CONFLICT, "%.200s is there already", b->to);
    }
    /* a log beside the copy would be taken for its own by whoever opens it */
    for (size_t i = 0; i < sizeof beside / sizeof *beside; i++) {
        snprintf(path, sizeof path, "%s%s", b->to, beside[i]);
        if (lstat(path, &st) == 0)
            return err_set(e, ERR_CONFLICT, "%.200s is there: it belongs to a database named %.100s", path, b->to);
    }
    return 0;
}

/* ---- the steps ---- */

/* Whoever has the lock already is a server, which reads and writes beside us, or a backup, which only reads. */
static int hold_lock(struct copy *c, const char *from, struct err *e)
{
    int err = sqlite_lock_take(&c->lock, from, SQLITE_LOCK_BACKUP, e);
    if (err) c->lock = -1;
    return err == ERR_LOCKED ? 0 : err;
}

static int open_from(struct copy *c, const char *from, struct err *e)
{
    int64_t version = 0;
    int err = sqlite_db_open(&c->from, from, true, e);
    if (err) return err;
    (void)sqlite3_db_config(c->from.db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, (int *)NULL);
    err = sqlite_db_exec(&c->from, "PRAGMA query_only=1; BEGIN", e); /* the snapshot begins with the first read */
    if (!err) err = sqlite_schema_check(&c->from, from, &version, e);
    if (!err && version == 0) err = err_set(e, ERR_FOREIGN, "%s: nothing is in it yet", from);
    if (err) return err; /* and no further look: of an empty file SQLite would remove the log */
    c->bytes = sqlite_db_int(&c->from, "PRAGMA page_size", 0) * sqlite_db_int(&c->from, "PRAGMA page_count", 0);
    return 0;
}

static int make_part(struct copy *c, struct err *e)
{
    struct statvfs fs;
    int64_t room = statvfs(c->folder, &fs) == 0 ? (int64_t)fs.f_bavail * (int64_t)fs.f_frsize : INT64_MAX;
    if (room < c->bytes)
        return err_set(e, ERR_FULL, "%s has room for %lld bytes, the copy needs %lld", c->folder, (long long)room,
                       (long long)c->bytes);
    if ((size_t)snprintf(c->part, sizeof c->part, "%s.part-XXXXXX", c->b->to) >= sizeof c->part) c->part[0] = 0;
    c->file = c->part[0] ? mkostemp(c->part, O_CLOEXEC) : -1;
    if (c->file >= 0) return 0;
    c->part[0] = 0;
    return err_set_errno(e, ERR_IO, errno, c->b->to);
}

static bool go_on(struct copy *c, int64_t done)
{
    return !c->b->on_progress || c->b->on_progress(c->b->user, done, c->bytes);
}

static int trouble(struct sqlite_db *d, int code, const char *path, struct err *e)
{
    int sys = sqlite3_system_errno(d->db), err = sqlite_db_err(d, code);
    if (!err) return 0;
    if ((code & 0xff) == SQLITE_IOERR && (sys == ENOSPC || sys == EDQUOT || sys == EFBIG)) err = ERR_FULL;
    return err_set(e, err, "%s: %s", path, err == ERR_FULL ? "there is no space left for it" : sqlite3_errmsg(d->db));
}

static int copy_pages(struct copy *c, struct err *e)
{
    int err = sqlite_db_open(&c->to, c->part, false, e);
    if (!err) err = sqlite_db_exec(&c->to, "PRAGMA synchronous=OFF; PRAGMA journal_mode=OFF", e);
    if (err) return err;
    sqlite3_backup *pages = sqlite3_backup_init(c->to.db, "main", c->from.db, "main");
    if (!pages) return trouble(&c->to, sqlite3_errcode(c->to.db), c->part, e);
    int code = SQLITE_OK;
    for (int n = 1; !err && code == SQLITE_OK; n++) {
        code = sqlite3_backup_step(pages, STEP_PAGES);
        if (code == SQLITE_OK && n % SYNC_STEPS == 0) (void)fdatasync(c->file); /* in earnest at the end */
        int64_t all = sqlite3_backup_pagecount(pages), left = sqlite3_backup_remaining(pages);
        if (!go_on(c, all > 0 ? c->bytes / all * (all - left) : 0)) err = err_set(e, ERR_CANCELLED, "given up");
    }
    code = sqlite3_backup_finish(pages);
    if (!err) err = trouble(&c->to, code, c->part, e);
    sqlite_db_close(&c->to);
    sqlite_db_close(&c->from); /* what the server writes from here on need not wait in its log */
    return err;
}

static int on_check(void *user)
{
    struct copy *c = user;
    return !go_on(c, c->bytes);
}

/* One file, without a log: whoever may read it can open it. Then, is it what it should be? */
static int check(struct copy *c, struct err *e)
{
    int64_t version = 0;
    sqlite3_stmt *s = NULL;
    int err = sqlite_db_open(&c->to, c->part, false, e);
    if (!err) err = sqlite_db_exec(&c->to, "PRAGMA synchronous=OFF; PRAGMA journal_mode=DELETE", e);
    if (!err) err = sqlite_schema_check(&c->to, c->part, &version, e);
    if (err) return err;
    sqlite3_progress_handler(c->to.db, CHECK_STEPS, on_check, c);
    int code = sqlite3_prepare_v2(c->to.db, "PRAGMA quick_check(1)", -1, &s, NULL);
    if (code == SQLITE_OK) code = sqlite3_step(s);
    if (code == SQLITE_INTERRUPT) err = err_set(e, ERR_CANCELLED, "given up");
    else if (code != SQLITE_ROW) err = trouble(&c->to, code, c->part, e);
    else if (!str_eq(sqlite_db_str(s, 0), STR("ok")))
        err = err_set(e, ERR_STORE, "the copy is damaged, and so may be the store: %.*s", STR_ARG(sqlite_db_str(s, 0)));
    sqlite3_finalize(s);
    sqlite_db_close(&c->to);
    return err;
}

static int sync_folder(const char *folder, struct err *e)
{
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int err = fd < 0 || fsync(fd) != 0 ? err_set_errno(e, ERR_IO, errno, folder) : 0;
    if (fd >= 0) close(fd);
    return err;
}

static int publish(struct copy *c, int64_t *ret_bytes, struct err *e)
{
    struct stat st;
    if (fsync(c->file) != 0 || fstat(c->file, &st) != 0)
        return err_set_errno(e, errno == ENOSPC || errno == EDQUOT ? ERR_FULL : ERR_IO, errno, c->part);
    int err = refuse_there(c->b, e);
    if (err) return err;
    int failed = renameat2(AT_FDCWD, c->part, AT_FDCWD, c->b->to, c->b->replace ? 0 : RENAME_NOREPLACE);
    if (failed && (errno == EINVAL || errno == ENOSYS)) failed = rename(c->part, c->b->to); /* no such flag here */
    if (failed && errno == EEXIST) return err_set(e, ERR_CONFLICT, "%.200s is there already", c->b->to);
    if (failed) return err_set_errno(e, ERR_IO, errno, c->b->to);
    c->part[0] = 0;
    *ret_bytes = st.st_size;
    return sync_folder(c->folder, e);
}

static void remove_part(const char *part)
{
    char path[PATH_MAX + 16];
    (void)unlink(part);
    for (size_t i = 0; i < sizeof beside / sizeof *beside; i++) {
        snprintf(path, sizeof path, "%s%s", part, beside[i]);
        (void)unlink(path);
    }
}

int sqlite_backup(const char *from, const struct store_backup *b, int64_t *ret_bytes, struct err *e)
{
    struct copy c = {.b = b, .lock = -1, .file = -1};
    if (access(from, F_OK) != 0)
        return errno == ENOENT ? err_set(e, ERR_NOT_FOUND, "there is no store at %s", from)
                               : err_set_errno(e, ERR_IO, errno, from);
    int err = refuse_name(&c, from, e);
    if (!err) err = refuse_there(b, e);
    if (!err) err = hold_lock(&c, from, e);
    if (!err) err = open_from(&c, from, e);
    if (!err) err = make_part(&c, e);
    if (!err) err = copy_pages(&c, e);
    if (!err) err = check(&c, e);
    if (!err) err = publish(&c, ret_bytes, e);
    sqlite_db_close(&c.to);
    sqlite_db_close(&c.from);
    if (c.part[0]) remove_part(c.part);
    if (c.file >= 0) close(c.file);
    if (c.lock >= 0) sqlite_lock_drop(c.lock);
    return err;
}
