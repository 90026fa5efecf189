/* SPDX-License-Identifier: Apache-2.0
 *
 * Files of one attempt. Every path is made by at(), from a checked name; O_NOFOLLOW and O_NONBLOCK keep a link from
 * leading out and a pipe from holding the thread.
 */
#include "handler/dir.h"
#include "base/limits.h"
#include "base/text.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

bool dir_is_name(struct str name)
{
    if (name.len == 0 || name.len > NAME_MAX || str_eq(name, STR(".")) || str_eq(name, STR(".."))) return false;
    return str_find(name, '/') == name.len && str_find(name, '\0') == name.len;
}

static char *at(struct arena *a, const char *dir, struct str name)
{
    return (char *)arena_format(a, "%s/%.*s", dir, STR_ARG(name)).p;
}

bool dir_has(const char *dir, struct str name)
{
    struct stat st;
    struct arena a = {0};
    bool has = dir_is_name(name) && lstat(at(&a, dir, name), &st) == 0 && S_ISREG(st.st_mode);
    arena_release(&a);
    return has;
}

static int trouble(struct err *e, int sys, const char *what)
{
    bool short_of = sys == EMFILE || sys == ENFILE || sys == ENOMEM;
    return err_set_errno(e, short_of ? ERR_AGAIN : ERR_IO, sys, what);
}

static int write_all(int fd, struct str bytes)
{
    while (bytes.len) {
        ssize_t n = write(fd, bytes.p, bytes.len);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return errno;
        bytes = str_sub(bytes, (size_t)n, bytes.len);
    }
    return 0;
}

int dir_write(const char *dir, const char *name, struct str bytes, struct err *e)
{
    struct arena a = {0};
    struct stat st;
    int sys, fd = open(at(&a, dir, str_of(name)), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0644);
    sys = fd < 0 ? errno : 0;
    arena_release(&a);
    if (sys == ENXIO || (fd >= 0 && fstat(fd, &st) == 0 && !S_ISREG(st.st_mode))) { /* ENXIO: a pipe nobody reads */
        if (fd >= 0) close(fd);
        return err_set(e, ERR_INVALID, "%s is not a regular file", name);
    }
    if (!sys) sys = write_all(fd, bytes);
    if (fd >= 0 && close(fd) != 0 && sys == 0) sys = errno;
    return sys ? trouble(e, sys, name) : 0;
}

static int read_all(int fd, char *to, size_t len, size_t *ret_got)
{
    size_t got = 0;
    while (got < len) {
        ssize_t n = read(fd, to + got, len - got);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return errno;
        if (n == 0) break; /* it has become shorter meanwhile */
        got += (size_t)n;
    }
    *ret_got = got;
    return 0;
}

int dir_read(const char *dir, struct str name, size_t max, struct arena *a, struct str *ret_bytes, struct err *e)
{
    if (!dir_is_name(name))
        return err_set(e, ERR_INVALID, "\"%.*s\" is not the name of a file in the directory of the attempt", STR_ARG(name));
    char *path = at(a, dir, name);
    const char *shown = path + strlen(dir) + 1;
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) return errno == ENOENT ? err_set_errno(e, ERR_NOT_FOUND, errno, shown) : trouble(e, errno, shown);

    int rc = 0;
    struct stat st;
    if (fstat(fd, &st) != 0) {
        rc = trouble(e, errno, shown);
    } else if (!S_ISREG(st.st_mode)) {
        rc = err_set(e, ERR_INVALID, "%s is not a regular file", shown);
    } else if ((uint64_t)st.st_size > max) {
        rc = err_set(e, ERR_TOO_BIG, "%s has %lld bytes, the limit is %zu", shown, (long long)st.st_size, max);
    } else {
        size_t got = 0, size = (size_t)st.st_size;
        char *bytes = arena_alloc(a, size + 1);
        int sys = read_all(fd, bytes, size, &got);
        if (sys)
            rc = trouble(e, sys, shown);
        else
            *ret_bytes = (struct str){bytes, got};
    }
    close(fd);
    return rc;
}

/* The LIMIT_FILES first names in order, whatever the number of files: a full set drops its last for a smaller one. */
struct first_names {
    char (*room)[NAME_MAX + 1];
    char *sorted[LIMIT_FILES];
    size_t n, over;
};

static void add_name(struct first_names *f, const char *name)
{
    size_t place = 0;
    while (place < f->n && strcmp(f->sorted[place], name) < 0) place++;
    if (f->n == LIMIT_FILES) f->over++;
    if (place == LIMIT_FILES) return;
    char *slot = f->n < LIMIT_FILES ? f->room[f->n++] : f->sorted[LIMIT_FILES - 1];
    memmove(&f->sorted[place + 1], &f->sorted[place], (f->n - 1 - place) * sizeof f->sorted[0]);
    f->sorted[place] = slot;
    memcpy(slot, name, strlen(name) + 1);
}

static bool is_output(DIR *d, const struct dirent *entry, const struct str *leave_out, size_t n)
{
    struct str name = str_of(entry->d_name);
    struct stat st;
    for (size_t i = 0; i < n; i++)
        if (str_eq(name, leave_out[i])) return false;
    if (text_utf8_valid(name) != name.len) return false;
    if (entry->d_type != DT_UNKNOWN) return entry->d_type == DT_REG;
    return fstatat(dirfd(d), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode);
}

int dir_list(const char *dir, const struct str *leave_out, size_t n_leave_out, struct arena *a, struct str **ret_names,
             size_t *ret_n, size_t *ret_over, struct err *e)
{
    DIR *d = opendir(dir);
    if (!d) return trouble(e, errno, dir);
    struct first_names f = {.room = arena_alloc(a, LIMIT_FILES * sizeof *f.room)};
    errno = 0;
    for (const struct dirent *entry; (entry = readdir(d)); errno = 0)
        if (is_output(d, entry, leave_out, n_leave_out)) add_name(&f, entry->d_name);
    int sys = errno;
    closedir(d);
    if (sys) return trouble(e, sys, dir);
    struct str *names = arena_alloc(a, (f.n + 1) * sizeof *names);
    for (size_t i = 0; i < f.n; i++) names[i] = str_of(f.sorted[i]);
    *ret_names = names;
    *ret_n = f.n;
    *ret_over = f.over;
    return 0;
}
