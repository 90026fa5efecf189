/* SPDX-License-Identifier: Apache-2.0
 *
 * What is in the file, the pid and what the process is, is for people; the lock is what counts. One thing outlives its
 * holder with it: a server that is killed while it starts a process leaves a child that has yet to become the program, and
 * has the lock until then. So of a holder that is dead the lock is waited for.
 */
#include "store/sqlite/sqlite_lock.h"

#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#define BACKUP_WORD " backup\n"
#define LOOKS 500 /* at the lock of a dead holder */
#define LOOK_MS 10

static size_t read_holder(int fd, char holder[32])
{
    memset(holder, 0, 32);
    ssize_t n = pread(fd, holder, 31, 0);
    return n > 0 ? strspn(holder, "0123456789") : 0;
}

static bool holder_is_dead(int fd)
{
    char holder[32];
    int64_t pid;
    size_t len = read_holder(fd, holder);
    return text_int(&pid, (struct str){holder, len}) == 0 && pid > 1 && pid <= INT32_MAX && kill((pid_t)pid, 0) != 0 &&
           errno == ESRCH;
}

/* 0 or an errno. */
static int lock(int fd)
{
    for (int i = 0;; i++) {
        if (flock(fd, LOCK_EX | LOCK_NB) == 0) return 0;
        int sys = errno;
        if (sys != EWOULDBLOCK || i == LOOKS || !holder_is_dead(fd)) return sys;
        nanosleep(&(struct timespec){0, LOOK_MS * 1000000}, NULL); /* sleep: between two looks, nothing runs yet */
    }
}

static int refuse(int fd, const char *store_path, struct err *e)
{
    char holder[32];
    size_t pid = read_holder(fd, holder);
    bool backup = strncmp(holder + pid, BACKUP_WORD, sizeof BACKUP_WORD - 1) == 0;
    holder[pid] = 0;
    if (backup)
        return err_set(e, ERR_LOCKED, "%s is being copied by `bide backup`, pid %s, which ends by itself; then a server can start",
                       store_path, holder);
    return err_set(e, ERR_LOCKED, "%s is in use by another bide server%s%s; one server owns a store at a time", store_path,
                   *holder ? ", pid " : "", holder);
}

int sqlite_lock_take(int *ret_fd, const char *store_path, enum sqlite_lock_holder as, struct err *e)
{
    char path[4096];
    if ((size_t)snprintf(path, sizeof path, "%s.lock", store_path) >= sizeof path)
        return err_set(e, ERR_INVALID, "the path of the store is too long: %.100s...", store_path);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (fd < 0) return err_set_errno(e, ERR_IO, errno, path);
    int sys = lock(fd);
    if (sys) {
        int err = sys == EWOULDBLOCK ? refuse(fd, store_path, e) : err_set_errno(e, ERR_IO, sys, path);
        close(fd);
        return err;
    }
    char holder[32];
    int len = snprintf(holder, sizeof holder, "%d%s", (int)getpid(), as == SQLITE_LOCK_BACKUP ? BACKUP_WORD : "\n");
    if (ftruncate(fd, 0) != 0 || pwrite(fd, holder, (size_t)len, 0) != len) {
        int err = err_set_errno(e, ERR_IO, errno, path);
        close(fd);
        return err;
    }
    *ret_fd = fd;
    return 0;
}

void sqlite_lock_drop(int fd)
{
    close(fd);
}
