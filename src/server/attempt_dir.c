/* SPDX-License-Identifier: Apache-2.0
 *
 * Made on demand; removed depth first through directory descriptors, never following a link out of it.
 */
#include "server/attempt_dir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEPTH 64 /* a tree deeper than this is left */

void attempt_dir_path(char path[ATTEMPT_DIR_PATH], const char *data_dir, const struct id *id, int run, int number)
{
    char text[ID_TEXT];
    id_format(id, text);
    snprintf(path, ATTEMPT_DIR_PATH, "%s/attempts/%s.%d.%d", data_dir, text, run, number);
}

static int make(const char *path)
{
    return mkdir(path, 0755) == 0 || errno == EEXIST ? 0 : errno;
}

int attempt_dir_make(char path[ATTEMPT_DIR_PATH], const char *data_dir, const struct id *id, int run, int number,
                     struct err *e)
{
    attempt_dir_path(path, data_dir, id, run, number);
    int sys = make(path);
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
