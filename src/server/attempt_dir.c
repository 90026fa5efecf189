/* SPDX-License-Identifier: Apache-2.0
 *
 * Made on demand; removed depth first through directory descriptors, never following a link out of it. Anything below
 * attempts/ whose name begins with GONE is being removed.
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
#define DEPTH 64 /* a tree deeper than this is left */

void attempt_dir_path(char path[ATTEMPT_DIR_PATH], const char *data_dir, const struct id *id, int run, int number)
{
    char text[ID_TEXT];
    id_format(id, text);
    snprintf(path, ATTEMPT_DIR_PATH, "%s/attempts/%s.%d.%d", data_dir, text, run, number);
}

static int make(const char *path)
{
    return mkdir(path, 0755) == 0 ? 0 : errno;
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
    int sys = make_empty(path, chores);
    if (sys == ENOENT) { /* the first ever */
        char parent[ATTEMPT_DIR_PATH];
        snprintf(parent, sizeof parent, "%s/attempts", data_dir);
        sys = make(parent);
        if (!sys) sys = make(path);
    }
    return sys ? err_set_errno(e, sys == ENOSPC ? ERR_FULL : ERR_IO, sys, path) : 0;
}

static int empty(int fd, int depth)
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
        int sub = openat(dirfd(d), f->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (sub < 0) sys = errno;
        else sys = depth > 0 ? empty(sub, depth - 1) : (close(sub), ELOOP);
        if (!sys && unlinkat(dirfd(d), f->d_name, AT_REMOVEDIR) != 0) sys = errno;
    }
    closedir(d);
    return sys;
}

int attempt_dir_remove(const char *path, struct err *e)
{
    if (rmdir(path) == 0 || errno == ENOENT) return 0;
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    int sys = fd < 0 ? errno : empty(fd, DEPTH);
    if (!sys && rmdir(path) != 0) sys = errno;
    return sys ? err_set_errno(e, ERR_IO, sys, path) : 0;
}

/* ---- beside the deciding thread ---- */

struct removal {
    struct chore chore;
    bool all_gone;               /* every set-aside directory below `path`, not `path` */
    char path[ATTEMPT_DIR_PATH];
    struct err left;             /* what could not be removed */
};

static void sweep(struct removal *r)
{
    DIR *d = opendir(r->path);
    if (!d) return; /* no attempt was ever made */
    for (struct dirent *f; (f = readdir(d));) {
        char path[ATTEMPT_DIR_PATH + sizeof f->d_name];
        if (strncmp(f->d_name, GONE, sizeof GONE - 1) != 0) continue;
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

void attempt_dir_sweep(const char *data_dir, struct chores *chores)
{
    struct removal *r = removal_new();
    r->all_gone = true;
    snprintf(r->path, sizeof r->path, "%s/attempts", data_dir);
    chores_give(chores, &r->chore);
}
