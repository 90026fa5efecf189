/* SPDX-License-Identifier: Apache-2.0
 *
 * The handler http with one attempt, and a fetcher that sends nothing: it records what it was asked for, and answers what the
 * test makes it answer.
 */
#ifndef TEST_WEB_RIG_H
#define TEST_WEB_RIG_H

#include "fake.h"
#include "handler/web.h"
#include "handler/web_desk.h"
#include "http/fetch.h"

#define WEB_ASKED 32

struct asked {
    struct fetch *fetch; /* NULL: over */
    char method[8], url[256];
    struct buf body;
    int64_t timeout_ms;
    bool cancelled;
};

static struct fake fake;
static struct web_conf conf;
static struct web_desk desk;
static struct handler *web;
static struct heard h;
static struct asked asked[WEB_ASKED];
static int n_asked, refuse;
static char resume[256]; /* what an earlier attempt saved; "": nothing */

static int rig_start(struct fetcher *by, struct fetch *f, const struct fetch_spec *spec, struct err *e)
{
    (void)by;
    if (refuse) return err_set(e, refuse, "refused by the test");
    if (n_asked == WEB_ASKED) abort();
    struct asked *a = &asked[n_asked++];
    *a = (struct asked){.fetch = f, .timeout_ms = spec->timeout_ms};
    str_copy(a->method, sizeof a->method, str_of(spec->method));
    str_copy(a->url, sizeof a->url, str_of(spec->url));
    buf_init(&a->body, 1024 * 1024);
    buf_add_str(&a->body, spec->body);
    f->inside = a;
    return 0;
}

static void rig_cancel(struct fetch *f)
{
    struct asked *a = f->inside;
    f->inside = NULL;
    a->fetch = NULL;
    a->cancelled = true;
}

static struct fetcher fetcher = {rig_start, rig_cancel};

static inline void rig_says(struct asked *a, int status, const char *type, const char *bytes)
{
    struct fetch *f = a->fetch;
    CHECK(f != NULL);
    f->status = status;
    str_copy(f->type, sizeof f->type, str_of(type));
    if (bytes[0]) f->on_body(f, str_of(bytes));
}

static inline void rig_ends(struct asked *a, int err)
{
    struct fetch *f = a->fetch;
    CHECK(f != NULL);
    if (err) err_set(&f->err, err, "broken by the test");
    f->inside = NULL;
    a->fetch = NULL;
    f->on_over(f);
    fake_run(&fake);
}

static inline void rig_answers(struct asked *a, int status, const char *json)
{
    rig_says(a, status, "application/json", json);
    rig_ends(a, 0);
}

static inline struct asked *rig_last(void) { return &asked[n_asked - 1]; }

/* The verdict is in the store, or the store refused it. */
static inline void rig_settled(int err)
{
    CHECK_INT(h.n_verdicts, 1);
    h.attempt.on_over(&h.attempt, err);
    fake_run(&fake);
}

/* conf is as the test has set it, but for what every type has. */
static inline void rig_open(const char *input)
{
    struct err e = {0};
    static const char *const done[] = {"completed", NULL}, *const failed[] = {"failed", NULL};
    conf.name = "polish";
    conf.url = conf.url ? conf.url : "http://there/jobs";
    conf.id = "/id";
    conf.error = "/error";
    conf.concurrency = 1;
    conf.poll.every_ms = 1000;
    conf.poll.call_timeout_ms = 5000;
    conf.poll.tries = 2;
    conf.poll.state = conf.callback.state ? conf.callback.state : "/status";
    conf.poll.done = conf.callback.done = done;
    conf.poll.failed = conf.callback.failed = failed;
    n_asked = refuse = 0;
    fake_init(&fake);
    web_desk_init(&desk);
    CHECK_INT(web_new(&web, &fake.turn, &fetcher, &desk, &conf), 0);
    fake_watch(&fake, web);
    heard_init(&h, web, 1, input);
    h.attempt.resume = str_of(resume);
    if (resume[0]) h.attempt.number = 2;
    CHECK_INT(web->ops->room(web), 1);
    CHECK_INT(web->ops->start(web, &(struct attempt *){&h.attempt}, 1, &e), 0);
    CHECK_INT(web->ops->room(web), 0);
    fake_run(&fake);
}

static inline void rig_close(void)
{
    CHECK_INT(desk.places.n, 0);
    web_desk_release(&desk);
    for (int i = 0; i < n_asked; i++) {
        CHECK(asked[i].fetch == NULL);
        buf_release(&asked[i].body);
    }
    fake_close(&fake, web);
    CHECK_INT(h.n_verdicts, 1);
    heard_release(&h);
    conf = (struct web_conf){0};
}

static inline void rig_stop(enum stop_reason why)
{
    web->ops->stop(web, &h.attempt, why);
    fake_run(&fake);
}

#endif
