/* SPDX-License-Identifier: Apache-2.0
 *
 * The lock of the keepers, seen from the server. To look, it is held for a moment; a keeper that starts just then tries
 * again (keeper.c).
 */
#include "handler/keeper_lock.h"
#include "base/clock.h"
#include "base/mem.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

#define LOOK_AGAIN_MS 10

/* FNV-1a: the same in every life of the server, which map_hash is not. */
static uint32_t hash(const char *text)
{
    uint32_t h = 2166136261u;
    for (; *text; text++) h = (h ^ (unsigned char)*text) * 16777619u;
    return h;
}

int keeper_lock_path(char *path, size_t size, const char *data_dir, const char *store, struct err *e)
{
    int len = snprintf(path, size, "%s/keepers-%08x.lock", data_dir, hash(store));
    if (len < 0 || (size_t)len >= size) return err_set(e, ERR_INVALID, "%.100s...: the path is too long", data_dir);
    return 0;
}

int keeper_lock_open(int *ret_fd, char **ret_path, const char *path, struct err *e)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) return err_set_errno(e, ERR_IO, errno, path);
    char *whole = realpath(path, NULL);
    if (!whole) {
        int err = err_set_errno(e, ERR_IO, errno, path);
        close(fd);
        return err;
    }
    *ret_fd = fd;
    *ret_path = whole;
    return 0;
}

int keeper_lock_wait(const char *path, int64_t timeout_ms, struct err *e)
{
    int fd = -1;
    char *whole = NULL;
    int err = keeper_lock_open(&fd, &whole, path, e);
    if (err) return err;
    int64_t until_ms = clock_mono_ms(&clock_system) + timeout_ms;
    while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
        if (errno != EWOULDBLOCK && errno != EINTR) {
            err = err_set_errno(e, ERR_IO, errno, whole);
            break;
        }
        if (clock_mono_ms(&clock_system) >= until_ms) {
            err = err_set(e, ERR_LOCKED,
                          "processes of an earlier server, or of another one with this data_dir, still run: one of them holds %s",
                          whole);
            break;
        }
        poll(NULL, 0, LOOK_AGAIN_MS); /* flock cannot wait for a bounded time */
    }
    close(fd);
    free(whole);
    return err;
}
