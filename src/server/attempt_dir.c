/* SPDX-License-Identifier: Apache-2.0
 *
 * Made on demand; removed depth first through directory descriptors, never following a link out of it. Anything below
 * attempts/ whose name begins with GONE is being removed. What an attempt has shut (the caches of some package managers are
 * read-only) is opened up first, what it has nested deeper than DEPTH is moved to the top and removed from there.
 */
#include "server/attempt_dir.h"

#include "base/list.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define GONE ".gone-"
#define DEEP ".deep-"
#define LET_THROUGH 0011
#define DEPTH 64 /* descriptors that one removal has open */

void attempt_dir_path(char path[ATTEMPT_DIR_PATH], const char *data_dir, const struct id *id, int run, int number)
{
    char text[ID_TEXT];
    id_format(id, text);
    snprintf(path, ATTEMPT_DIR_PATH, "%s/attempts/%s.%d.%d", data_dir, text, run, number);
}

static int make(const char *path)
{
    return mkdir(path, ATTEMPT_DIR_MODE) == 0 ? 0 : errno;
}

/* What is there already was made by somebody else, or is left of a server that was killed: none of this attempt's. */
static int make_empty(const char *path, struct chores *chores)
{
    int sys = make(path);
    if (sys != EEXIST) return sys;
    if (unlink(path) != 0) attempt_dir_discard(path, chores);
    return make(path);
}

int attempt_dir_make(char path[ATTEMPT_DIR_PATH], const char *data_dir, const struct id *id, int run, int number,
                     struct chores *chores, struct err *e)
{
    attempt_dir_path(path, data_dir, id, run, number);
    return attempt_dir_make_at(path, data_dir, chores, e);
}

int attempt_dir_make_at(const char *path, const char *data_dir, struct chores *chores, struct err *e)
{
    int sys = make_empty(path, chores);
    if (sys == ENOENT) { /* the first ever */
        char parent[ATTEMPT_DIR_PATH];
        snprintf(parent, sizeof parent, "%s/attempts", data_dir);
        sys = make(parent);
        if (!sys) sys = make(path);
    }
    return sys ? err_set_errno(e, sys == ENOSPC ? ERR_FULL : ERR_IO, sys, path) : 0;
}

int attempt_dir_prepare(const char *data_dir, bool others, struct err *e)
{
    char parent[ATTEMPT_DIR_PATH];
    struct stat st;
    snprintf(parent, sizeof parent, "%s/attempts", data_dir);
    int sys = make(parent);
    if (sys == EEXIST) sys = 0;
    if (!sys && others && stat(parent, &st) != 0) sys = errno;
    if (!sys && others && (st.st_mode & LET_THROUGH) != LET_THROUGH && chmod(parent, (st.st_mode & 07777) | LET_THROUGH) != 0)
        sys = errno;
    return sys ? err_set_errno(e, sys == ENOSPC ? ERR_FULL : ERR_IO, sys, parent) : 0;
}

/* The tree that is being removed. */
struct tree {
    int top;        /* borrowed: descriptor of its root */
    unsigned moved; /* directories that were moved there, each under a name of its own */
};

/* A descriptor of a directory that may be read and changed, or -1. */
static int open_up(int at, const char *name)
{
    const int how = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    int fd = openat(at, name, how);
    if (fd < 0 && errno == EACCES && fchmodat(at, name, 0700, AT_SYMLINK_NOFOLLOW) == 0) fd = openat(at, name, how);
    struct stat st;
    if (fd >= 0 && fstat(fd, &st) == 0 && (st.st_mode & 0700) != 0700) (void)fchmod(fd, 0700); /* what fails then, says so */
    return fd;
}

/* A directory too deep to be gone into goes to the top. What has the name there already may be the attempt's own. */
static int lift(struct tree *t, int at, const char *name)
{
    char to[32];
    for (;;) {
        snprintf(to, sizeof to, DEEP "%u", t->moved++);
        if (renameat(at, name, t->top, to) == 0) return 0;
        if (errno != EEXIST && errno != ENOTEMPTY && errno != ENOTDIR) return errno;
    }
}

static int empty(struct tree *t, int fd, int depth)
{
    DIR *d = fdopendir(fd);
    if (!d) {
        int sys = errno;
        close(fd);
        return sys;
    }
    int sys = 0;
    for (struct dirent *f; !sys && (f = readdir(d));) {
        if (strcmp(f->d_name, ".") == 0 || strcmp(f->d_name, "..") == 0) continue;
        if (unlinkat(dirfd(d), f->d_name, 0) == 0) continue;
        int sub = open_up(dirfd(d), f->d_name);
        if (sub < 0) {
            sys = errno;
        } else if (depth > 0) {
            sys = empty(t, sub, depth - 1);
            if (!sys && unlinkat(dirfd(d), f->d_name, AT_REMOVEDIR) != 0) sys = errno;
        } else {
            close(sub);
            sys = lift(t, dirfd(d), f->d_name);
        }
    }
    closedir(d);
    return sys;
}

int attempt_dir_remove(const char *path, struct err *e)
{
    if (rmdir(path) == 0 || errno == ENOENT) return 0;
    int sys = 0;
    if (errno == ENOTDIR) { /* the attempt has put a file or a link in its place */
        if (unlink(path) != 0) sys = errno;
        return sys ? err_set_errno(e, ERR_IO, sys, path) : 0;
    }
    struct tree t = {.top = open_up(AT_FDCWD, path)};
    unsigned moved;
    if (t.top < 0) return err_set_errno(e, ERR_IO, errno, path);
    do {
        moved = t.moved;
        int again = open_up(t.top, ".");
        sys = again < 0 ? errno : empty(&t, again, DEPTH);
    } while (!sys && t.moved != moved);
    close(t.top);
    if (!sys && rmdir(path) != 0) sys = errno;
    return sys ? err_set_errno(e, ERR_IO, sys, path) : 0;
}

/* ---- beside the deciding thread ---- */

struct removal {
    struct chore chore;
    bool all_gone;               /* every set-aside directory below `path`, not `path` */
    char own[64];                /* all_gone: spare ones that stay */
    char path[ATTEMPT_DIR_PATH];
    struct err left;             /* what could not be removed */
};

static bool begins(const char *name, const char *with) { return strncmp(name, with, strlen(with)) == 0; }

static void sweep(struct removal *r)
{
    DIR *d = opendir(r->path);
    if (!d) return; /* no attempt was ever made */
    for (struct dirent *f; (f = readdir(d));) {
        char path[ATTEMPT_DIR_PATH + sizeof f->d_name];
        bool spare = begins(f->d_name, ATTEMPT_DIR_SPARE) && !begins(f->d_name, r->own);
        if (!spare && !begins(f->d_name, GONE)) continue;
        snprintf(path, sizeof path, "%s/%s", r->path, f->d_name);
        (void)attempt_dir_remove(path, &r->left);
    }
    closedir(d);
}

static void work(struct chore *c)
{
    struct removal *r = CONTAINER_OF(c, struct removal, chore);
    if (r->all_gone) sweep(r);
    else (void)attempt_dir_remove(r->path, &r->left);
}

static void on_done(struct chore *c)
{
    struct removal *r = CONTAINER_OF(c, struct removal, chore);
    if (r->left.code) log_warn("attempt directory left: %s", r->left.text);
    free(r);
}

static struct removal *removal_new(void)
{
    struct removal *r = mem_new(sizeof *r);
    r->chore = (struct chore){work, on_done};
    return r;
}

void attempt_dir_discard(const char *path, struct chores *chores)
{
    static unsigned n;
    if (rmdir(path) == 0 || errno == ENOENT) return;
    struct removal *r = removal_new();
    const char *name = strrchr(path, '/') + 1;
    int len = snprintf(r->path, sizeof r->path, "%.*s" GONE "%s.%ld.%u", (int)(name - path), path, name, (long)getpid(), n++);
    if (len >= (int)sizeof r->path || rename(path, r->path) != 0) (void)str_copy(r->path, sizeof r->path, str_of(path));
    chores_give(chores, &r->chore);
}

void attempt_dir_sweep(const char *data_dir, const char *own, struct chores *chores)
{
    struct removal *r = removal_new();
    r->all_gone = true;
    (void)str_copy(r->own, sizeof r->own, str_of(own));
    snprintf(r->path, sizeof r->path, "%s/attempts", data_dir);
    chores_give(chores, &r->chore);
}
