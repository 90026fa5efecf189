/* SPDX-License-Identifier: Apache-2.0
 *
 * A result on its way to bide. It is read before it is sent: for a line that is not JSON bide would have to end the
 * whole process, here it costs the one task. A frame is one line, so line feeds between tokens become spaces; what is
 * over LIMIT_FRAME_PAYLOAD goes to a file in the task's directory instead, as it is.
 */
#include "client/bide_payload.h"

#include "base/json.h"
#include "base/json_write.h"
#include "base/limits.h"
#include "client/bide_error.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

int bide_payload_check(struct bide_error *error, const char *code, const char *what, struct str text)
{
    struct err e = {0};
    struct json j;
    json_init(&j);
    j.root_only = true;
    int rc = json_parse(&j, text, &e);
    json_release(&j);
    if (rc == 0) return 0;
    if (rc == ERR_NOMEM) return bide_error_nomem(error);
    return bide_error_set(error, code, "the %s is not JSON: %s", what, e.text);
}

void bide_payload_add(struct buf *f, const char *key, struct str json)
{
    json_write_key(f, key);
    size_t from = f->len;
    json_write_raw(f, json);
    if (!buf_err(f)) bide_payload_one_line(f, from);
}

void bide_payload_one_line(struct buf *f, size_t from)
{
    for (size_t i = from; i < f->len; i++)
        if (f->p[i] == '\n' || f->p[i] == '\r') f->p[i] = ' ';
}

int bide_payload_write(struct bide_error *error, const char *dir, struct str text)
{
    char path[PATH_MAX + sizeof BIDE_PAYLOAD_FILE];
    if (!dir[0])
        return bide_error_set(error, "output_too_large", "the result is over %d bytes and the task has no directory",
                              LIMIT_FRAME_PAYLOAD);
    snprintf(path, sizeof path, "%s/%s", dir, BIDE_PAYLOAD_FILE);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) return bide_error_errno(error, errno, path);
    while (text.len > 0) {
        ssize_t n = write(fd, text.p, text.len);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) break;
        text = str_sub(text, (size_t)n, text.len);
    }
    int sys = text.len > 0 ? errno : 0;
    if (close(fd) && !sys) sys = errno;
    return sys ? bide_error_errno(error, sys, path) : 0;
}
