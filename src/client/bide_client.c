/* SPDX-License-Identifier: Apache-2.0
 *
 * The client's calls: each is a path, perhaps a body, and the answer handed to the caller as it came.
 */
#include "base/limits.h"
#include "client/bide_error.h"
#include "client/bide_request.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define POLL_S 30
#define AWAY_MS (30 * 1000) /* how long a server that has answered before may be gone while we wait */

struct bide_client *bide_client_new(const struct bide_client_options *options, struct bide_error *error)
{
    struct bide_client *c = calloc(1, sizeof *c);
    if (!c) {
        bide_error_nomem(error);
        return NULL;
    }
    c->http = bide_http_new(options, error);
    if (c->http) return c;
    free(c);
    return NULL;
}

void bide_client_free(struct bide_client *c)
{
    if (!c) return;
    bide_http_free(c->http);
    free(c);
}

const char *bide_client_server(const struct bide_client *c) { return bide_http_server(c->http); }

int bide_client_call(struct bide_client *c, const char *method, const char *path, const char *json,
                     struct bide_text *ret, int *ret_status, struct bide_error *error)
{
    struct buf copy;
    buf_init(&copy, LIMIT_HTTP_TARGET);
    buf_add_text(&copy, path);
    struct bide_http_request r = {.method = method, .json = str_of(json)};
    return bide_request_send(c, &r, &copy, ret, ret_status, error);
}

int bide_client_get(struct bide_client *c, const char *id, struct bide_text *ret, struct bide_error *error)
{
    return bide_request_named(c, "GET", "/v1/tasks", id, "", ret, error);
}

int bide_client_poll(struct bide_client *c, const char *id, int wait_s, struct bide_text *ret, struct bide_error *error)
{
    if (wait_s <= 0) return bide_client_get(c, id, ret, error);
    struct buf path = bide_request_path("/v1/tasks", id, "?wait=");
    buf_add_format(&path, "%d", wait_s);
    struct bide_http_request r = {.method = "GET", .wait_s = wait_s};
    return bide_request_send(c, &r, &path, ret, NULL, error);
}

static int64_t now_ms(void)
{
    struct timespec t = {0};
    (void)clock_gettime(CLOCK_MONOTONIC, &t); /* it exists on every Linux */
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static bool is_away(const struct bide_error *e)
{
    return strcmp(e->code, err_word(ERR_AWAY)) == 0 || e->http_status == 503;
}

int bide_client_wait(struct bide_client *c, const char *id, int64_t timeout_ms, struct bide_text *ret,
                     struct bide_error *error)
{
    int64_t begun = now_ms(), answered = 0;
    struct bide_text task = {0};
    struct bide_task_view view = {0};
    struct bide_error why;
    for (;;) {
        int64_t now = now_ms(), left = timeout_ms < 0 ? INT64_MAX : begun + timeout_ms - now;
        int rc = bide_client_poll(c, id, left / 1000 < POLL_S ? (int)(left / 1000) : POLL_S, &task, &why);
        if (rc == 0) rc = bide_task_view_read(&view, task.p ? task.p : "", &why);
        if (rc == 0 && view.ended) break;
        int64_t after = now_ms();
        if (rc == 0) answered = after;
        bool patient = rc == 0 || (is_away(&why) && answered && after - answered < AWAY_MS);
        if (!patient || (timeout_ms >= 0 && after - begun >= timeout_ms)) {
            bide_text_free(&task);
            if (rc == 0) return bide_error_set(error, err_word(ERR_TIMEOUT), "task %s has not ended in time", id);
            if (error) *error = why;
            return -1;
        }
        /* a breath, for answers that come at once: a change that is no ending, a server that restarts */
        int64_t rest = timeout_ms < 0 ? 100 : begun + timeout_ms - after;
        if (after - now < 100) (void)poll(NULL, 0, (int)(rest < 100 ? rest : 100));
    }
    bide_text_free(ret);
    *ret = task;
    return 0;
}

int bide_client_list(struct bide_client *c, const struct bide_filter *f, struct bide_text *ret,
                     struct bide_error *error)
{
    struct buf path;
    buf_init(&path, LIMIT_HTTP_TARGET);
    buf_add_text(&path, "/v1/tasks");
    bide_request_query(&path, "status", f->status);
    bide_request_filter(&path, f);
    char limit[16];
    snprintf(limit, sizeof limit, "%d", f->limit);
    if (f->limit > 0) bide_request_query(&path, "limit", limit);
    bide_request_query(&path, "cursor", f->cursor);
    struct bide_http_request r = {.method = "GET"};
    return bide_request_send(c, &r, &path, ret, NULL, error);
}

int bide_client_latest(struct bide_client *c, const char *subject, struct bide_text *ret, struct bide_error *error)
{
    return bide_client_latest_of(c, subject, NULL, ret, error);
}

int bide_client_latest_of(struct bide_client *c, const char *subject, const char *type, struct bide_text *ret,
                          struct bide_error *error)
{
    struct buf path;
    buf_init(&path, LIMIT_HTTP_TARGET);
    buf_add_text(&path, "/v1/tasks/latest");
    bide_request_query(&path, "subject", subject);
    bide_request_query(&path, "type", type);
    struct bide_http_request r = {.method = "GET"};
    return bide_request_send(c, &r, &path, ret, NULL, error);
}

int bide_client_delete(struct bide_client *c, const char *id, struct bide_error *error)
{
    return bide_request_named(c, "DELETE", "/v1/tasks", id, "", NULL, error);
}

int bide_client_cancel(struct bide_client *c, const char *id, struct bide_text *ret, struct bide_error *error)
{
    return bide_request_named(c, "POST", "/v1/tasks", id, "/cancel", ret, error);
}

int bide_client_retry(struct bide_client *c, const char *id, struct bide_text *ret, struct bide_error *error)
{
    return bide_request_named(c, "POST", "/v1/tasks", id, "/retry", ret, error);
}

int bide_client_result(struct bide_client *c, const char *id, struct bide_text *ret, struct bide_error *error)
{
    struct buf path = bide_request_path("/v1/tasks", id, "/result");
    struct bide_http_request r = {.method = "GET"};
    struct bide_text bytes = {0};
    int status = 0;
    if (bide_request_send(c, &r, &path, &bytes, &status, error)) return -1;
    if (status == 202) {
        bide_text_free(&bytes);
        bide_error_set(error, "not_ended", "task %s has not ended yet", id);
        if (error) error->http_status = status;
        return -1;
    }
    bide_text_free(ret);
    *ret = bytes;
    return 0;
}

int bide_client_log(struct bide_client *c, const char *id, struct bide_text *ret, struct bide_error *error)
{
    return bide_request_named(c, "GET", "/v1/tasks", id, "/log", ret, error);
}

int bide_client_output(struct bide_client *c, const char *id, struct bide_text *ret, struct bide_error *error)
{
    return bide_request_named(c, "GET", "/v1/tasks", id, "/output", ret, error);
}

int bide_client_queues(struct bide_client *c, struct bide_text *ret, struct bide_error *error)
{
    return bide_client_call(c, "GET", "/v1/queues", NULL, ret, NULL, error);
}

int bide_client_queue(struct bide_client *c, const char *queue, struct bide_text *ret, struct bide_error *error)
{
    return bide_request_named(c, "GET", "/v1/queues", queue, "", ret, error);
}

int bide_client_queue_pause(struct bide_client *c, const char *queue, struct bide_text *ret, struct bide_error *error)
{
    return bide_request_named(c, "POST", "/v1/queues", queue, "/pause", ret, error);
}

int bide_client_queue_resume(struct bide_client *c, const char *queue, struct bide_text *ret, struct bide_error *error)
{
    return bide_request_named(c, "POST", "/v1/queues", queue, "/resume", ret, error);
}

int bide_client_stats(struct bide_client *c, struct bide_text *ret, struct bide_error *error)
{
    return bide_client_call(c, "GET", "/v1/stats", NULL, ret, NULL, error);
}
