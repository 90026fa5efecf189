/* SPDX-License-Identifier: Apache-2.0
 *
 * files/<id>, and files/.new-<id> until it is settled. Names are made of ids alone, so no path that a client sends is ever
 * part of one.
 */
#include "blob/blob.h"

#include "base/list.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define NEW ".new-"
#define NAME (sizeof NEW + ID_TEXT)

static void name_of(const struct id *id, bool pending, char name[NAME])
{
    char text[ID_TEXT];
    id_format(id, text);
    snprintf(name, NAME, "%s%s", pending ? NEW : "", text);
}

/* A descriptor of data_dir/files, -1 with errno. Its mode lets other users of workers through, not look around. */
static int open_dir(struct blob *b, bool make)
{
    const char *data_dir = CONTAINER_OF(b, struct blob_dir, blob)->data_dir;
    int above = open(data_dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (above < 0) return -1;
    if (make && mkdirat(above, "files", 0711) == 0) {
        int fd = open(data_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd >= 0) (void)fsync(fd), close(fd); /* what is below it is synced with it, and says when that fails */
    }
    int dir = openat(above, "files", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), sys = errno;
    close(above);
    errno = sys;
    return dir;
}

static int begin(struct blob *b, const struct id *id, struct blob_writer *ret)
{
    char name[NAME];
    int dir = open_dir(b, true);
    *ret = (struct blob_writer){.id = *id, .fd = -1};
    if (dir < 0) return errno;
    name_of(id, true, name);
    ret->fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0444);
    int sys = ret->fd < 0 ? errno : 0;
    close(dir);
    return sys;
}

static int write_all(struct blob_writer *w, struct str bytes)
{
    for (size_t at = 0; at < bytes.len;) {
        ssize_t n = write(w->fd, bytes.p + at, bytes.len - at);
        if (n >= 0) at += (size_t)n;
        else if (errno != EINTR) return errno;
    }
    return 0;
}

static int close_writer(struct blob_writer *w)
{
    int rc = w->fd >= 0 ? close(w->fd) : 0;
    w->fd = -1;
    return rc == 0 ? 0 : errno;
}

static int sync_writer(struct blob *b, struct blob_writer *w)
{
    int sys = fdatasync(w->fd) == 0 ? 0 : errno, closed = close_writer(w), dir = open_dir(b, false);
    if (!sys) sys = closed;
    if (!sys && (dir < 0 || fsync(dir) != 0)) sys = errno;
    if (dir >= 0) close(dir);
    return sys;
}

static int on_name(struct blob *b, const struct id *id, bool pending, int (*act)(int dir, const char *name, const struct id *id))
{
    char name[NAME];
    int dir = open_dir(b, false);
    if (dir < 0) return errno;
    name_of(id, pending, name);
    int sys = act(dir, name, id) == 0 ? 0 : errno;
    close(dir);
    return sys;
}

static int act_unlink(int dir, const char *name, const struct id *id)
{
    (void)id;
    return unlinkat(dir, name, 0);
}

static int act_settle(int dir, const char *name, const struct id *id)
{
    char to[NAME];
    name_of(id, false, to);
    int rc = renameat(dir, name, dir, to);
    return rc != 0 && errno == ENOENT ? faccessat(dir, to, F_OK, AT_SYMLINK_NOFOLLOW) : rc;
}

static void drop(struct blob *b, struct blob_writer *w)
{
    (void)close_writer(w);
    (void)on_name(b, &w->id, true, act_unlink); /* what stays is told by blob_pending at the next start */
}

static int settle(struct blob *b, const struct id *id) { return on_name(b, id, true, act_settle); }

static int open_for_reading(struct blob *b, const struct id *id, int *ret_fd)
{
    char name[NAME];
    int dir = open_dir(b, false);
    if (dir < 0) return errno;
    name_of(id, false, name);
    *ret_fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    int sys = *ret_fd < 0 ? errno : 0;
    close(dir);
    return sys;
}

/* Where the file system has no further names for one file: a link that is followed. */
static int link_to(struct blob *b, const struct id *id, int to, const char *to_name)
{
    char name[NAME], path[PATH_MAX];
    int dir = open_dir(b, false);
    if (dir < 0) return errno;
    name_of(id, false, name);
    int sys = linkat(dir, name, to, to_name, 0) == 0 ? 0 : errno;
    close(dir);
    if (sys != EPERM && sys != EXDEV && sys != EMLINK && sys != EOPNOTSUPP) return sys;
    int len = snprintf(path, sizeof path, "%s/files/%s", CONTAINER_OF(b, struct blob_dir, blob)->data_dir, name);
    if (len >= (int)sizeof path) return ENAMETOOLONG;
    return symlinkat(path, to, to_name) == 0 ? 0 : errno;
}

static int remove_file(struct blob *b, const struct id *id)
{
    int sys = on_name(b, id, false, act_unlink), half = on_name(b, id, true, act_unlink);
    return sys && sys != ENOENT ? sys : half == ENOENT ? 0 : half;
}

static int pending(struct blob *b, struct id *ret, size_t max, size_t *ret_n)
{
    *ret_n = 0;
    int dir = open_dir(b, false);
    if (dir < 0) return errno;
    DIR *d = fdopendir(dir);
    if (!d) {
        int sys = errno;
        close(dir);
        return sys;
    }
    for (struct dirent *f; *ret_n < max && (f = readdir(d));) {
        struct str name = str_of(f->d_name);
        if (str_starts(name, STR(NEW)) && id_parse(&ret[*ret_n], str_sub(name, sizeof NEW - 1, name.len)) == 0) ++*ret_n;
    }
    closedir(d);
    return 0;
}

static const struct blob_ops ops = {.name = "dir", .begin = begin, .write = write_all, .sync = sync_writer, .drop = drop, .settle = settle,
                                    .open = open_for_reading, .link = link_to, .remove = remove_file, .pending = pending};

void blob_dir_init(struct blob_dir *d, const char *data_dir) 
{
    *d = (struct blob_dir){.blob = {&ops}};
    (void)str_copy(d->data_dir, sizeof d->data_dir, str_of(data_dir)); /* cut: it cannot be opened */
}
