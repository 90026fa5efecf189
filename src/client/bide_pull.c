/* SPDX-License-Identifier: Apache-2.0
 *
 * The thread between a worker and a server. It waits in one place at a time: for the server to give work (a long poll),
 * for a frame of the worker until the next beat is due, or for an input, a file or a verdict to be over the line; then beats
 * go over a second connection. All signals are left to the program's own threads.
 */
#include "client/bide_pull.h"

#include "base/json_write.h"
#include "base/limits.h"
#include "client/bide_error.h"
#include "client/bide_payload.h"
#include "client/bide_pull_claim.h"
#include "client/bide_pull_verdict.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define REST_FIRST_MS 200
#define REST_MS 5000
#define INPUT_FILE "input.json"

struct bide_pull {
    struct bide_client *client; /* owned */
    struct bide_client *beats;  /* owned: for beats while the first is busy */
    struct bide_channel channel; /* the thread's ends */
    int worker_in, worker_out;   /* the worker's; -1: closed */
    struct buf claim;            /* body of every claim */
    int max;
    const volatile int *stop;    /* borrowed; NULL: none */
    struct bide_pull_attempt *open; /* owned: `max` of them */
    int n;
    bool is_begun;               /* the worker has them */
    struct json json;            /* of the frame, or the answer, being read */
    struct bide_error error;     /* why it gave up; code "": it did not */
    pthread_t thread;
    bool started;
};

static bool is_told_to_stop(const struct bide_pull *p) { return p->stop && __atomic_load_n(p->stop, __ATOMIC_RELAXED); }

/* ---- beats ---- */

/* Those that are due; returns when the next one is, mono. */
static int64_t beat_all(struct bide_pull *p)
{
    int64_t due_ms = INT64_MAX, now_ms = bide_pull_clock_ms();
    for (int i = 0; i < p->n; i++) {
        int64_t its_ms = bide_pull_attempt_due_ms(&p->open[i]);
        if (its_ms <= now_ms) bide_pull_attempt_beat(&p->open[i]);
        its_ms = bide_pull_attempt_due_ms(&p->open[i]);
        if (its_ms < due_ms) due_ms = its_ms;
    }
    return due_ms;
}

static void tell_cancels(struct bide_pull *p)
{
    for (int i = 0; i < p->n; i++) {
        struct bide_pull_attempt *a = &p->open[i];
        if (!a->cancel[0] || a->ending || strcmp(a->cancel, "told") == 0) continue;
        struct buf *f = bide_channel_frame(&p->channel, "cancel");
        json_write_member_text(f, "id", a->id);
        json_write_member_text(f, "fence", a->fence);
        json_write_member_text(f, "reason", a->cancel);
        (void)bide_channel_send(&p->channel); /* a worker that is gone is seen when it is heard */
        str_copy(a->cancel, sizeof a->cancel, STR("told"));
    }
}

/* While a request about one of them is under way. */
static void meanwhile(void *user)
{
    struct bide_pull *p = user;
    (void)beat_all(p);
    if (p->is_begun) tell_cancels(p);
}

/* ---- what the worker says ---- */

static void forget(struct bide_pull *p, struct bide_pull_attempt *a)
{
    bide_pull_attempt_close(a);
    *a = p->open[--p->n];
}

static bool member_is(const struct json *j, const char *key, const char *text)
{
    const struct json_node *v = json_member(j, json_root(j), str_of(key));
    return v && v->kind == JSON_STRING && !v->escaped && str_eq(json_string(j, v, NULL), str_of(text));
}

static struct bide_pull_attempt *about(struct bide_pull *p)
{
    for (int i = 0; i < p->n; i++)
        if (member_is(&p->json, "id", p->open[i].id)) return &p->open[i];
    return NULL;
}

static void on_frame(struct bide_pull *p)
{
    static const char *const verdicts[] = {"done", "fail", "cancelled"};
    struct bide_pull_attempt *a = about(p);
    if (!a) return;
    if (member_is(&p->json, "op", "progress")) bide_pull_attempt_progress(a, &p->json);
    if (member_is(&p->json, "op", "log")) bide_pull_attempt_log(a, &p->json);
    if (member_is(&p->json, "op", "output")) bide_pull_attempt_output(a, &p->json);
    if (member_is(&p->json, "op", "save")) bide_pull_attempt_save(a, &p->json);
    for (size_t i = 0; i < sizeof verdicts / sizeof *verdicts; i++) {
        if (!member_is(&p->json, "op", verdicts[i])) continue;
        bide_pull_verdict_tell(a, verdicts[i], &p->json);
        forget(p, a);
        return;
    }
}

/* Reads what there is within the time. False: the worker has ended. */
static bool hear(struct bide_pull *p, int64_t wait_ms)
{
    struct str line;
    int got = bide_channel_line(&p->channel, wait_ms > INT32_MAX ? INT32_MAX : (int)wait_ms, &line);
    if (got < 0 || p->channel.eof) return false;
    if (got > 0 && json_parse(&p->json, line, NULL) == 0) on_frame(p);
    if (got > 0) bide_channel_drop(&p->channel);
    return true;
}

/* ---- what the server gives ---- */

/* A task of the claim's answer: from now on it is beaten for. */
static int open_task(struct bide_pull *p, const struct json_node *v)
{
    struct bide_pull_attempt *a = &p->open[p->n];
    *a = (struct bide_pull_attempt){.client = p->client, .beats = p->beats, .meanwhile = meanwhile, .user = p};
    a->stop = p->stop;
    a->given = v;
    if (bide_pull_attempt_open(a, &p->json, v, &p->error)) {
        bide_pull_attempt_close(a);
        return -1;
    }
    p->n++;
    return 0;
}

/* NULL: it is over. */
static struct bide_pull_attempt *opened(struct bide_pull *p, const struct json_node *v)
{
    for (int i = 0; i < p->n; i++)
        if (p->open[i].given == v) return &p->open[i];
    return NULL;
}

static void prepare(struct bide_pull *p, const struct json_node *v)
{
    struct bide_pull_attempt *a = opened(p, v);
    struct bide_error why = {0};
    const char *input_file = json_member(&p->json, v, STR("input_url")) ? INPUT_FILE : NULL;
    if (!a || is_told_to_stop(p) || a->cancel[0] || bide_pull_attempt_prepare(a, input_file, &why) == 0) return;
    if (is_told_to_stop(p) || (a->cancel[0] && !a->lost)) return; /* it was not wanted any more */
    bide_pull_verdict_not_begun(a, &why);
    forget(p, a);
}

/* The worker has not heard of these. */
static void end_cancelled(struct bide_pull *p)
{
    for (int i = 0; i < p->n;) {
        struct bide_pull_attempt *a = &p->open[i];
        if (a->cancel[0]) {
            bide_pull_verdict_cancelled(a);
            forget(p, a);
            i = 0; /* others may have been cancelled meanwhile */
        } else {
            i++;
        }
    }
}

static void release_all(struct bide_pull *p)
{
    while (p->n > 0) {
        bide_pull_verdict_release(&p->open[p->n - 1]);
        forget(p, &p->open[p->n - 1]);
    }
}

static void add_task(struct bide_pull *p, struct buf *f, const struct json_node *v)
{
    static const char *const copied[] = {"id", "fence", "type", "attempt", "timeout_ms", "resume"};
    const struct bide_pull_attempt *a = opened(p, v);
    const struct json_node *input = json_member(&p->json, v, STR("input"));
    if (!a) return;
    json_write_open(f, '{');
    for (size_t i = 0; i < sizeof copied / sizeof *copied; i++) {
        const struct json_node *m = json_member(&p->json, v, str_of(copied[i]));
        if (m) bide_payload_add(f, copied[i], json_span(&p->json, m));
    }
    json_write_member_text(f, "dir", a->dir);
    if (json_member(&p->json, v, STR("input_url"))) json_write_member_text(f, "input_file", INPUT_FILE);
    else if (input) bide_payload_add(f, "input", json_span(&p->json, input));
    json_write_close(f, '}');
}

static int begin(struct bide_pull *p, const struct json_node *tasks)
{
    struct buf *f = bide_channel_frame(&p->channel, "run");
    json_write_key(f, "tasks");
    json_write_open(f, '[');
    for (const struct json_node *v = json_first(tasks); v; v = json_next(tasks, v)) add_task(p, f, v);
    json_write_close(f, ']');
    p->is_begun = true;
    return bide_channel_send(&p->channel);
}

static int take(struct bide_pull *p, const struct bide_text *answer)
{
    struct err e = {0};
    if (json_parse(&p->json, (struct str){answer->p, answer->len}, &e)) return bide_error_from(&p->error, &e);
    const struct json_node *tasks = json_member(&p->json, json_root(&p->json), STR("tasks"));
    if (!tasks || tasks->kind != JSON_ARRAY || tasks->count > (uint32_t)p->max)
        return bide_error_set(&p->error, "bad_answer", "%s: the answer to a claim has no tasks: is it a bide server?",
                              bide_client_server(p->client));
    p->is_begun = false;
    for (const struct json_node *v = json_first(tasks); v; v = json_next(tasks, v))
        if (open_task(p, v)) return -1;
    for (const struct json_node *v = json_first(tasks); v; v = json_next(tasks, v)) prepare(p, v);
    end_cancelled(p);
    if (is_told_to_stop(p)) release_all(p);
    return p->n > 0 ? begin(p, tasks) : 0;
}

/* It asked what this server will never give; else it is waited for. */
static bool is_refused(const struct bide_error *e) { return e->http_status >= 400 && e->http_status < 500 && e->http_status != 429; }

/* 0: there may be work now; -1: there never will be. */
static int claim(struct bide_pull *p, int64_t *rest_ms)
{
    struct bide_text answer = {0};
    struct bide_error e = {0};
    struct buf path;
    buf_init(&path, LIMIT_HTTP_TARGET);
    buf_add_text(&path, "/v1/attempts:claim");
    struct bide_http_request r = {.method = "POST", .json = buf_str(&p->claim), .wait_s = BIDE_PULL_CLAIM_S, .stop = p->stop};
    int rc = bide_request_send(p->client, &r, &path, &answer, NULL, &e);
    if (rc == 0) {
        *rest_ms = REST_FIRST_MS;
        rc = take(p, &answer);
    } else if (is_refused(&e)) {
        p->error = e;
    } else {
        bide_pull_clock_rest(*rest_ms, p->stop);
        *rest_ms = 2 * *rest_ms < REST_MS ? 2 * *rest_ms : REST_MS;
        rc = 0;
    }
    bide_text_free(&answer);
    return rc;
}

/* ---- the thread ---- */

/* Until the worker has nothing open. False: it has ended. */
static bool work(struct bide_pull *p)
{
    while (p->n > 0) {
        int64_t due_ms = beat_all(p);
        tell_cancels(p);
        int64_t now_ms = bide_pull_clock_ms();
        if (!hear(p, due_ms > now_ms ? due_ms - now_ms : 0)) return false;
    }
    return true;
}

static void *pull(void *user)
{
    struct bide_pull *p = user;
    int64_t rest_ms = REST_FIRST_MS;
    bool alive = hear(p, -1); /* ready */
    while (alive && !is_told_to_stop(p) && claim(p, &rest_ms) == 0) alive = work(p);
    release_all(p); /* the worker ended, or was never told */
    (void)bide_channel_frame(&p->channel, "stop");
    if (alive) (void)bide_channel_send(&p->channel);
    close(p->channel.out); /* the worker's loop ends with it */
    p->channel.out = -1;
    while (alive) alive = hear(p, -1); /* what it says until it has ended is about nothing */
    return NULL;
}

/* ---- opening, closing ---- */

static int open_pipes(struct bide_pull *p, struct bide_error *error)
{
    int to[2], from[2];
    if (pipe2(to, O_CLOEXEC)) return bide_error_errno(error, errno, "pipe");
    if (pipe2(from, O_CLOEXEC)) {
        int sys = errno;
        close(to[0]);
        close(to[1]);
        return bide_error_errno(error, sys, "pipe");
    }
    p->worker_in = to[0];
    p->worker_out = from[1];
    bide_channel_open_fds(&p->channel, from[0], to[1], 1);
    p->channel.frame.max = p->channel.line_max * (size_t)p->max;
    return 0;
}

static int start(struct bide_pull *p, struct bide_error *error)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int sys = pthread_create(&p->thread, NULL, pull, p);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    p->started = sys == 0;
    return sys ? bide_error_errno(error, sys, "a thread") : 0;
}

int bide_pull_open(struct bide_pull **ret, const struct bide_worker *w, const char *server, struct bide_error *error)
{
    struct bide_pull *p = calloc(1, sizeof *p);
    if (!p) return bide_error_nomem(error);
    p->worker_in = p->worker_out = p->channel.in = p->channel.out = -1;
    p->max = w->max_batch < 1 ? 1 : w->max_batch > LIMIT_PULL_MAX ? LIMIT_PULL_MAX : w->max_batch;
    p->stop = w->stop;
    json_init(&p->json);
    p->json.envelope = LIMIT_JSON_ENVELOPE;
    p->json.any_size = true;
    p->open = calloc((size_t)p->max, sizeof *p->open);
    const struct bide_client_options options = {.server = server, .token = getenv("BIDE_TOKEN")};
    p->client = bide_client_new(&options, error);
    if (p->client) p->beats = bide_client_new(&options, error);
    int rc = p->beats ? 0 : -1;
    if (!rc && !p->open) rc = bide_error_nomem(error);
    if (!rc) rc = bide_pull_claim_write(&p->claim, w, p->max, error);
    if (!rc) rc = open_pipes(p, error);
    if (!rc) rc = start(p, error);
    if (rc) {
        (void)bide_pull_close(p, NULL);
        return -1;
    }
    *ret = p;
    return 0;
}

int bide_pull_channel(struct bide_pull *p, struct bide_channel *c, int max_batch)
{
    bide_channel_open_fds(c, p->worker_in, p->worker_out, max_batch);
    return 0;
}

static void close_fd(int *fd)
{
    if (*fd >= 0) close(*fd);
    *fd = -1;
}

int bide_pull_close(struct bide_pull *p, struct bide_error *error)
{
    close_fd(&p->worker_out);
    close_fd(&p->worker_in);
    if (p->started) pthread_join(p->thread, NULL);
    close_fd(&p->channel.in);
    close_fd(&p->channel.out);
    int rc = p->error.code[0] ? -1 : 0;
    if (rc && error) *error = p->error;
    bide_channel_release(&p->channel);
    bide_client_free(p->client);
    bide_client_free(p->beats);
    buf_release(&p->claim);
    json_release(&p->json);
    free(p->open);
    free(p);
    return rc;
}
