/* SPDX-License-Identifier: Apache-2.0
 *
 * Made under another name and renamed, so that nobody ever reads half of it.
 */
#include "server/command_key.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define DIGITS (COMMAND_KEY_TEXT - 1)

static int path_in(char path[PATH_MAX], const char *data_dir, const char *more, struct err *e)
{
    if ((size_t)snprintf(path, PATH_MAX, "%s/" COMMAND_KEY_FILE "%s", data_dir, more) < PATH_MAX) return 0;
    return err_set(e, ERR_INVALID, "%.100s...: the path is too long", data_dir);
}

static int check(int fd, const char *path, struct command_key *k, struct err *e)
{
    struct stat st;
    char text[COMMAND_KEY_TEXT];
    if (fstat(fd, &st) != 0) return err_set_errno(e, ERR_IO, errno, path);
    if (st.st_mode & 077)
        return err_set(
            e, ERR_CONFIG,
            "%s: others can read it (mode %04o), so it is no secret; remove it, and the next start makes another", path,
            (unsigned)st.st_mode & 07777);
    if (pread(fd, text, DIGITS, 0) != DIGITS) return err_set(e, ERR_CONFIG, "%s: not a key", path);
    text[DIGITS] = 0;
    if (strspn(text, "0123456789abcdef") != DIGITS) return err_set(e, ERR_CONFIG, "%s: not a key", path);
    memcpy(k->text, text, sizeof text);
    return 0;
}

int command_key_read(struct command_key *k, const char *data_dir, struct err *e)
{
    char path[PATH_MAX];
    *k = (struct command_key){0};
    int err = path_in(path, data_dir, "", e);
    if (err) return err;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0) return err_set_errno(e, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, errno, path);
    err = check(fd, path, k, e);
    close(fd);
    return err;
}

static int make(const char *data_dir, struct rng *rng, struct err *e)
{
    char path[PATH_MAX], part[PATH_MAX], text[COMMAND_KEY_TEXT + 1];
    int err = path_in(path, data_dir, "", e);
    if (!err) err = path_in(part, data_dir, ".part-XXXXXX", e);
    if (err) return err;
    for (size_t i = 0; i < DIGITS; i += 16) snprintf(text + i, 17, "%016llx", (unsigned long long)rng_next(rng));
    text[DIGITS] = '\n';
    int fd = mkostemp(part, O_CLOEXEC); /* mode 0600 */
    if (fd < 0) return err_set_errno(e, ERR_IO, errno, part);
    if (write(fd, text, DIGITS + 1) != DIGITS + 1 || fsync(fd) != 0) err = err_set_errno(e, ERR_IO, errno, part);
    else if (renameat2(AT_FDCWD, part, AT_FDCWD, path, RENAME_NOREPLACE) != 0 && errno != EEXIST &&
             rename(part, path) != 0)
        err = err_set_errno(e, ERR_IO, errno, path);
    close(fd);
    (void)unlink(part); /* there when it was not renamed */
    return err;
}

int command_key_open(struct command_key *k, const char *data_dir, struct rng *rng, struct err *e)
{
    int err = command_key_read(k, data_dir, e);
    if (err != ERR_NOT_FOUND) return err;
    err = make(data_dir, rng, e);
    return err ? err : command_key_read(k, data_dir, e);
}

bool command_key_is(const struct command_key *k, struct str text)
{
    unsigned different = 0;
    if (!k->text[0] || text.len != DIGITS) return false;
    for (size_t i = 0; i < DIGITS; i++) different |= (unsigned)(unsigned char)k->text[i] ^ (unsigned char)text.p[i];
    return different == 0;
}
