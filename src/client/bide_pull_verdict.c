/* SPDX-License-Identifier: Apache-2.0
 *
 * How an attempt of a puller ends: its files, then its verdict. Nobody is told what went wrong here but the server, with a
 * `fail`: a library does not print.
 */
#include "client/bide_pull_verdict.h"

#include "base/json_write.h"
#include "base/limits.h"
#include "client/bide_error.h"
#include "client/bide_payload.h"
#include "client/bide_pull_send.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static int send_file(struct bide_pull_attempt *a, const char *name, struct bide_error *error)
{
    char path[PATH_MAX + NAME_MAX + 2];
    struct stat st;
    snprintf(path, sizeof path, "%s/%s", a->dir, name);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
    if (fd < 0 || fstat(fd, &st) || !S_ISREG(st.st_mode)) { /* the server leaves out what it does not have, and notes it */
        if (fd >= 0) close(fd);
        return 0;
    }
    struct buf verb;
    buf_init(&verb, LIMIT_HTTP_TARGET);
    buf_add_text(&verb, "files/");
    bide_request_encode(&verb, name);
    struct bide_http_request r = {.method = "PUT", .content_type = "application/octet-stream", .has_file = true, .file = fd, .file_len = st.st_size};
    int rc = buf_err(&verb) ? bide_error_nomem(error) : bide_pull_send_until(a, &r, verb.p, BIDE_PULL_VERDICT, NULL, error);
    buf_release(&verb);
    close(fd);
    return rc;
}

static int send_files(struct bide_pull_attempt *a, const struct json *j, const struct json_node *files, struct bide_error *error)
{
    for (const struct json_node *v = json_first(files); v; v = json_next(files, v)) {
        struct buf name;
        buf_init(&name, NAME_MAX + 1);
        json_add_string(j, v, &name);
        int rc = buf_err(&name) ? 0 : send_file(a, name.p ? name.p : "", error);
        buf_release(&name);
        if (rc) return -1;
    }
    return 0;
}

/* The result from where it lies, into the body. */
static int add_result(struct bide_pull_attempt *a, const struct json *j, struct buf *body, struct bide_error *error)
{
    const struct json_node *root = json_root(j), *result = json_member(j, root, STR("result"));
    if (result) json_write_member_raw(body, "result", json_span(j, result));
    if (result || !json_member(j, root, STR("result_file"))) return 0;
    char path[PATH_MAX + 64];
    snprintf(path, sizeof path, "%s/%s", a->dir, BIDE_PAYLOAD_FILE);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0) return bide_error_errno(error, errno, path);
    json_write_key(body, "result");
    ssize_t n = 1;
    for (char *room; n > 0 && (room = buf_room(body, 64 * 1024));) {
        n = read(fd, room, 64 * 1024);
        if (n > 0) buf_wrote(body, (size_t)n);
        if (n < 0 && errno == EINTR) n = 1;
    }
    int sys = n < 0 ? errno : 0;
    close(fd);
    return sys ? bide_error_errno(error, sys, path) : 0;
}

static int add_members(struct bide_pull_attempt *a, const char *op, const struct json *j, struct buf *body, struct bide_error *error)
{
    static const char *const taken[] = {"files", "next", "code", "message", "detail", "type", "retry", "retry_after_ms", "recycle"};
    int rc = 0;
    json_write_open(body, '{');
    if (strcmp(op, "done") == 0) rc = add_result(a, j, body, error);
    for (size_t i = 0; !rc && i < sizeof taken / sizeof *taken; i++) {
        const struct json_node *v = json_member(j, json_root(j), str_of(taken[i]));
        if (v) json_write_member_raw(body, taken[i], json_span(j, v));
    }
    json_write_close(body, '}');
    if (!rc && buf_err(body)) rc = bide_request_no_body(body, error);
    return rc;
}

static void tell_failure(struct bide_pull_attempt *a, const char *code, const char *message)
{
    struct bide_error e;
    struct buf body;
    buf_init(&body, 64 * 1024);
    json_write_open(&body, '{');
    json_write_member_text(&body, "code", code);
    json_write_member_text(&body, "message", message);
    json_write_close(&body, '}');
    struct bide_http_request r = {.method = "POST", .json = buf_err(&body) ? STR("{}") : buf_str(&body)};
    (void)bide_pull_send_until(a, &r, "fail", BIDE_PULL_VERDICT, NULL, &e); /* what cannot be told ends with the lease */
    buf_release(&body);
}

/* What the last beat could not tell. What the server does not take is dropped: the verdict counts. */
static void tell_output(struct bide_pull_attempt *a)
{
    for (int rc = 0; !rc && !a->lost && a->output.held.len > 0;) {
        struct bide_error e;
        struct buf body;
        int64_t piece = a->output.n;
        buf_init(&body, LIMIT_BODY);
        json_write_open(&body, '{');
        bide_pull_output_write(&a->output, &body);
        json_write_close(&body, '}');
        struct bide_http_request r = {.method = "POST", .json = buf_err(&body) ? STR("{}") : buf_str(&body)};
        rc = bide_pull_send_until(a, &r, "output", BIDE_PULL_VERDICT, NULL, &e);
        buf_release(&body);
        bide_pull_output_heard(&a->output, piece);
    }
}

void bide_pull_verdict_tell(struct bide_pull_attempt *a, const char *op, const struct json *frame)
{
    struct bide_error e = {0};
    struct buf body;
    a->ending = true;
    if (bide_pull_attempt_says(a)) bide_pull_attempt_beat(a); /* the last words come before the verdict */
    tell_output(a);
    if (a->lost) return;
    buf_init(&body, LIMIT_BODY + LIMIT_FRAME);
    const struct json_node *files = json_member(frame, json_root(frame), STR("files"));
    int rc = files && files->kind == JSON_ARRAY ? send_files(a, frame, files, &e) : 0;
    if (!rc) rc = add_members(a, op, frame, &body, &e);
    struct bide_http_request r = {.method = "POST", .json = buf_str(&body)};
    if (!rc) rc = bide_pull_send_until(a, &r, op, BIDE_PULL_VERDICT, NULL, &e);
    buf_release(&body);
    if (!rc || a->lost) return;
    char message[sizeof e.text + 64]; /* that what it said could not be told is said instead */
    snprintf(message, sizeof message, "%s could not be told: %s", op, e.text);
    tell_failure(a, e.http_status == 413 ? "output_too_large" : "worker_error", message);
}

void bide_pull_verdict_not_begun(struct bide_pull_attempt *a, const struct bide_error *why)
{
    char message[sizeof why->text + 64];
    a->ending = true;
    if (a->lost) return;
    snprintf(message, sizeof message, "it could not begin: %s", why->text);
    tell_failure(a, "worker_error", message);
}

void bide_pull_verdict_cancelled(struct bide_pull_attempt *a)
{
    struct bide_error e;
    struct bide_http_request r = {.method = "POST", .json = STR("{}")};
    a->ending = true;
    if (!a->lost) (void)bide_pull_send_until(a, &r, "cancelled", BIDE_PULL_VERDICT, NULL, &e);
}

void bide_pull_verdict_release(struct bide_pull_attempt *a)
{
    struct bide_error e;
    struct bide_http_request r = {.method = "POST", .json = STR("{}")};
    a->ending = true;
    if (!a->lost) (void)bide_pull_send(a, a->client, &r, "release", NULL, &e);
}
