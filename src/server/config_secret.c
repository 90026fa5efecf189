/* SPDX-License-Identifier: Apache-2.0
 *
 * See config_secret.h.
 */
#include "server/config_secret.h"
#include "base/buf.h"
#include "base/limits.h"
#include "server/config_value.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static int check(int fd, const char *path, struct err *e)
{
    struct stat st;
    if (fstat(fd, &st) != 0) return err_set_errno(e, ERR_CONFIG, errno, path);
    if (!S_ISREG(st.st_mode)) return err_set(e, ERR_CONFIG, "%s: this is not a file", path);
    if (st.st_mode & (S_IROTH | S_IWOTH))
        return err_set(e, ERR_CONFIG, "%s: everybody can %s it (mode %04o), so it is no secret; chmod o-rw it", path,
                       st.st_mode & S_IROTH ? "read" : "write", (unsigned)(st.st_mode & 07777));
    return 0;
}

static int read_all(int fd, struct buf *b, const char *path, struct err *e)
{
    for (ssize_t got = 1; got > 0;) {
        char piece[4096];
        got = read(fd, piece, sizeof piece);
        if (got < 0 && errno == EINTR) got = 1;
        else if (got < 0) return err_set_errno(e, ERR_CONFIG, errno, path);
        else buf_add(b, piece, (size_t)got);
    }
    if (buf_err(b)) return err_set(e, ERR_CONFIG, "%s: larger than %d bytes", path, LIMIT_SECRET);
    return 0;
}

static int take_value(struct str *ret_value, struct arena *a, struct str text, const char *path, struct err *e)
{
    if (str_ends(text, STR("\n"))) text.len--;
    if (str_ends(text, STR("\r"))) text.len--;
    if (text.len == 0) return err_set(e, ERR_CONFIG, "%s: it is empty", path);
    if (str_find(text, '\0') < text.len) return err_set(e, ERR_CONFIG, "%s: it holds a zero byte", path);
    *ret_value = arena_str(a, text);
    return 0;
}

static int read_file(struct str *ret_value, struct arena *a, const char *path, struct err *e)
{
    struct buf b;
    buf_init(&b, LIMIT_SECRET);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a FIFO must not hold the start up */
    if (fd < 0) return err_set_errno(e, ERR_CONFIG, errno, path);
    int err = check(fd, path, e);
    if (!err) err = read_all(fd, &b, path, e);
    if (!err) err = take_value(ret_value, a, buf_str(&b), path, e);
    close(fd);
    if (b.p) explicit_bzero(b.p, b.len);
    buf_release(&b);
    return err;
}

static bool names_source(struct str s) { return str_starts(s, STR("file:")) || str_starts(s, STR("credential:")); }

/* "Bearer file:key": the words that are said before the secret, with their blank; 0: there are none. */
static size_t words_before(struct str said)
{
    for (size_t i = 1; i < said.len && !names_source(said); i++)
        if (said.p[i - 1] == ' ' && names_source(str_sub(said, i, said.len))) return i;
    return 0;
}

static int read_source(struct str *ret_value, struct arena *a, const char *dir, struct str said, struct err *e)
{
    struct str rest = said, scheme = str_cut(&rest, ':');
    if (str_eq(scheme, STR("file")) && rest.len) return read_file(ret_value, a, config_value_path(a, dir, rest), e);
    if (!str_eq(scheme, STR("credential")) || !rest.len)
        return err_set(e, ERR_CONFIG,
                       "expected file:PATH or credential:NAME, where the secret is kept; not the secret itself");
    const char *folder = getenv("CREDENTIALS_DIRECTORY");
    if (str_find(rest, '/') < rest.len) return err_set(e, ERR_CONFIG, "the name of a credential has no /");
    if (!folder || folder[0] != '/')
        return err_set(e, ERR_CONFIG, "credential:%.*s needs a service manager that sets CREDENTIALS_DIRECTORY",
                       STR_ARG(rest));
    return read_file(ret_value, a, config_value_path(a, folder, rest), e);
}

int config_secret_read(struct str *ret_value, struct arena *a, const char *dir, struct str said, struct err *e)
{
    size_t before = words_before(said);
    struct str secret = STR_NONE;
    int err = read_source(&secret, a, dir, str_sub(said, before, said.len), e);
    if (err) return err;
    *ret_value = before ? arena_format(a, "%.*s%.*s", (int)before, said.p, STR_ARG(secret)) : secret;
    return 0;
}
