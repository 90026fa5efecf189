/* SPDX-License-Identifier: Apache-2.0
 *
 * An attempt from its claim until it has a verdict (bide_pull_verdict.h). A beat that is not heard is told again with the
 * next one.
 */
#include "client/bide_pull_attempt.h"

#include "base/json_write.h"
#include "base/limits.h"
#include "client/bide_error.h"
#include "client/bide_pull_send.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define TELL_MS 1000 /* a progress is told at most so often */

/* ---- its directory ---- */

static void empty(int dir)
{
    DIR *d = fdopendir(dir);
    if (!d) {
        close(dir);
        return;
    }
    for (const struct dirent *e; (e = readdir(d));) {
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0) continue;
        if (unlinkat(dirfd(d), e->d_name, 0) == 0 || errno != EISDIR) continue;
        int inner = openat(dirfd(d), e->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (inner >= 0) empty(inner);
        (void)unlinkat(dirfd(d), e->d_name, AT_REMOVEDIR);
    }
    closedir(d);
}

void bide_pull_attempt_close(struct bide_pull_attempt *a)
{
    int dir = a->dir[0] ? open(a->dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) : -1;
    if (dir >= 0) empty(dir);
    if (a->dir[0]) (void)rmdir(a->dir);
    buf_release(&a->progress);
    buf_release(&a->log);
    buf_release(&a->save);
    bide_pull_output_release(&a->output);
}

static bool copy_text(const struct json *j, const struct json_node *object, struct str key, char *to, size_t cap)
{
    const struct json_node *v = json_member(j, object, key);
    struct buf text = {.p = to, .cap = cap, .max = cap - 1}; /* full before it would grow: allocates nothing */
    *to = '\0';
    if (!v || v->kind != JSON_STRING) return false;
    json_add_string(j, v, &text);
    return !buf_err(&text);
}

static void read_beat(struct bide_pull_attempt *a, const struct json *j, const struct json_node *v)
{
    const struct json_node *beat = json_member(j, v, STR("beat_ms"));
    int64_t ms;
    if (beat && json_int(j, beat, &ms) == 0 && ms > 0) a->beat_ms = ms;
    a->told_at_ms = bide_pull_clock_ms();
    a->beat_at_ms = a->told_at_ms + a->beat_ms;
}

int bide_pull_attempt_open(struct bide_pull_attempt *a, const struct json *j, const struct json_node *v, struct bide_error *error)
{
    a->beat_ms = TELL_MS;
    buf_init(&a->progress, LIMIT_FRAME);
    buf_init(&a->log, BIDE_PULL_LOG_HELD + LIMIT_FRAME);
    buf_init(&a->save, LIMIT_FRAME);
    bide_pull_output_init(&a->output);
    if (!copy_text(j, v, STR("id"), a->id, sizeof a->id) || !copy_text(j, v, STR("fence"), a->fence, sizeof a->fence))
        return bide_error_set(error, "bad_answer", "the server gave a task without id and fence");
    read_beat(a, j, v);
    a->told_at_ms = INT64_MIN / 2; /* the first progress is told at once */
    return 0;
}

static int write_file(const char *dir, const char *name, const struct bide_text *text, struct bide_error *error)
{
    char path[PATH_MAX + 256];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) return bide_error_errno(error, errno, path);
    struct str left = {text->p, text->len};
    while (left.len > 0) {
        ssize_t n = write(fd, left.p, left.len);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) break;
        left = str_sub(left, (size_t)n, left.len);
    }
    int sys = left.len > 0 ? errno : 0;
    if (close(fd) && !sys) sys = errno;
    return sys ? bide_error_errno(error, sys, path) : 0;
}

/* -1 with the reason. */
static int make_dir(struct bide_pull_attempt *a, struct bide_error *error)
{
    const char *tmp = getenv("TMPDIR");
    int len = snprintf(a->dir, sizeof a->dir, "%s/bide-pull-XXXXXX", tmp && *tmp ? tmp : "/tmp");
    int sys = len >= (int)sizeof a->dir ? ENAMETOOLONG : mkdtemp(a->dir) ? 0 : errno;
    if (!sys) return 0;
    a->dir[0] = '\0';
    return bide_error_errno(error, sys, "a directory in TMPDIR (unless set: /tmp)");
}

int bide_pull_attempt_prepare(struct bide_pull_attempt *a, const char *input_file, struct bide_error *error)
{
    struct bide_http_request r = {.method = "GET"};
    struct bide_text text = {0};
    int rc = make_dir(a, error);
    if (rc || !input_file) return rc;
    rc = bide_pull_send_until(a, &r, "input", BIDE_PULL_INPUT, &text, error);
    if (rc == 0) rc = write_file(a->dir, input_file, &text, error);
    bide_text_free(&text);
    return rc;
}

/* ---- while it runs ---- */

void bide_pull_attempt_progress(struct bide_pull_attempt *a, const struct json *j)
{
    static const char *const names[] = {"percent", "message", "data"};
    buf_clear(&a->progress);
    json_write_open(&a->progress, '{');
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const struct json_node *v = json_member(j, json_root(j), str_of(names[i]));
        if (v) json_write_member_raw(&a->progress, names[i], json_span(j, v));
    }
    json_write_close(&a->progress, '}');
    if (buf_err(&a->progress)) buf_clear(&a->progress); /* no memory: not told */
}

/* The last one is told; of one for which there is no memory nobody hears, and the one before stays. */
void bide_pull_attempt_save(struct bide_pull_attempt *a, const struct json *j)
{
    const struct json_node *data = json_member(j, json_root(j), STR("data"));
    if (!data) return;
    buf_clear(&a->save);
    buf_add_str(&a->save, json_span(j, data));
    if (buf_err(&a->save)) buf_clear(&a->save);
}

/* What was added to the log after `before` is a line, if there is room for it. */
static void end_line(struct bide_pull_attempt *a, size_t before)
{
    if (!buf_err(&a->log) && a->log.len <= BIDE_PULL_LOG_HELD) return;
    a->log.err = 0; /* full, or no memory: this line is not told */
    a->log.len = before;
    a->log_dropped++;
}

void bide_pull_attempt_log(struct bide_pull_attempt *a, const struct json *j)
{
    const struct json_node *level = json_member(j, json_root(j), STR("level")), *text = json_member(j, json_root(j), STR("text"));
    size_t before = a->log.len;
    if (!text || text->kind != JSON_STRING) return;
    if (before) buf_add_char(&a->log, '\n');
    if (level && level->kind == JSON_STRING) {
        json_add_string(j, level, &a->log);
        buf_add_text(&a->log, ": ");
    }
    json_add_string(j, text, &a->log);
    end_line(a, before);
}

void bide_pull_attempt_output(struct bide_pull_attempt *a, const struct json *j)
{
    const struct json_node *data = json_member(j, json_root(j), STR("data"));
    struct buf text;
    size_t before = a->log.len;
    if (!data || data->kind != JSON_STRING) return;
    buf_init(&text, LIMIT_FRAME);
    json_add_string(j, data, &text);
    bool fits = !buf_err(&text) && bide_pull_output_add(&a->output, buf_str(&text));
    buf_release(&text);
    if (fits) return;
    if (before) buf_add_char(&a->log, '\n');
    buf_add_text(&a->log, "warning: bide: a part of the output was left out while the server was away");
    end_line(a, before);
}

/* What is kept of the log into a beat, and how much was not. */
static void write_log(struct bide_pull_attempt *a, struct buf *body)
{
    size_t kept = a->log.len;
    if (a->log_dropped)
        buf_add_format(&a->log, "\nwarning: bide: %lld lines were left out while the server was away", (long long)a->log_dropped);
    if (buf_err(&a->log)) a->log.err = 0, a->log.len = kept; /* no memory: they are not spoken of */
    json_write_member_str(body, "log", buf_str(&a->log));
    a->log.len = kept;
}

bool bide_pull_attempt_says(const struct bide_pull_attempt *a)
{
    return a->progress.len || a->log.len || a->save.len || a->output.held.len;
}

int64_t bide_pull_attempt_due_ms(const struct bide_pull_attempt *a)
{
    if (a->lost) return INT64_MAX;
    bool much = a->log.len >= BIDE_PULL_LOG || a->output.held.len >= BIDE_PULL_LOG;
    int64_t due = a->beat_at_ms, soon = a->told_at_ms + (much ? 0 : TELL_MS);
    return bide_pull_attempt_says(a) && soon < due ? soon : due;
}

static void set_cancel(struct bide_pull_attempt *a, const char *reason)
{
    if (!a->cancel[0]) str_copy(a->cancel, sizeof a->cancel, str_of(reason));
}

static void read_answer(struct bide_pull_attempt *a, const struct bide_text *answer)
{
    struct json j;
    json_init(&j);
    if (json_parse(&j, (struct str){answer->p, answer->len}, NULL) == 0) {
        char reason[16];
        read_beat(a, &j, json_root(&j));
        if (copy_text(&j, json_root(&j), STR("cancel"), reason, sizeof reason)) set_cancel(a, reason);
    }
    json_release(&j);
}

void bide_pull_attempt_beat(struct bide_pull_attempt *a)
{
    struct bide_error e = {0};
    struct bide_text answer = {0};
    struct buf body;
    int64_t piece = a->output.n;
    buf_init(&body, 16 * LIMIT_FRAME);
    json_write_open(&body, '{');
    if (a->progress.len) json_write_member_raw(&body, "progress", buf_str(&a->progress));
    if (a->log.len) write_log(a, &body);
    if (a->save.len) json_write_member_raw(&body, "save", buf_str(&a->save));
    if (a->output.held.len) {
        json_write_key(&body, "output");
        json_write_open(&body, '{');
        bide_pull_output_write(&a->output, &body);
        json_write_close(&body, '}');
    }
    json_write_close(&body, '}');
    struct bide_http_request r = {.method = "POST", .json = buf_err(&body) ? STR("{}") : buf_str(&body)};
    int rc = bide_pull_send(a, a->beats ? a->beats : a->client, &r, "beat", &answer, &e);
    bool heard = rc == 0 || !bide_pull_send_may_be_heard(&e); /* what is not acceptable is not told again */
    if (heard) {
        buf_clear(&a->progress);
        buf_clear(&a->log);
        buf_clear(&a->save);
        bide_pull_output_heard(&a->output, piece);
        a->log_dropped = 0;
    }
    if (rc == 0) {
        read_answer(a, &answer);
    } else {
        a->told_at_ms = bide_pull_clock_ms();
        a->beat_at_ms = a->told_at_ms + (a->beat_ms < TELL_MS ? a->beat_ms : TELL_MS);
        if (!heard) a->told_at_ms = a->beat_at_ms; /* not tried before that, however much there is to tell */
        if (a->lost) set_cancel(a, "lost");
    }
    bide_text_free(&answer);
    buf_release(&body);
}
