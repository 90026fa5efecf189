/* SPDX-License-Identifier: Apache-2.0
 *
 * Events as they come, over as many connections as it takes:
 *
 *     asking ──200──▶ listening ──"end", or on_event has enough──▶ over
 *       ▲ │204: the end was told before ──────────────────────────▶ over
 *       │ └── no server, 503 ──┐  │ broken off, or silent for SILENCE_MS
 *       └──────── resting ◀────┴──┘         (with the id of the last event that was told whole)
 *
 * A rest is short at first and grows to what the server asks for. Nothing waits longer than a slice of the request's meanwhile
 * without looking at the time: a server that is dead without saying so is given up.
 */
#include "base/limits.h"
#include "base/sse.h"
#include "client/bide_error.h"
#include "client/bide_request.h"

#include <poll.h>
#include <stdio.h>
#include <time.h>

#define SILENCE_MS (45 * 1000) /* the server says something every 15 s */
#define AWAY_MS (30 * 1000)
#define HEALTHY_MS 1000 /* a stream that still says something after so long is one, and not an answer that ends by itself */
#define REST_MS 100       /* the first one; doubled for each further one */
#define REST_MOST_MS 2000 /* unless the server says how long */
#define SLICE_MS 50
#define EVENT_MAX (32 * 1024 * 1024) /* a line, or the data of one event; an output of 1 MiB may be six times that, escaped */

struct follow {
    struct bide_client *client;
    const struct bide_follow *what;
    struct sse sse;
    int64_t heard_at_ms; /* the last byte, or where it began to listen */
    int64_t began_at_ms; /* that */
    int64_t gone_at_ms;  /* when it was found to be away; 0: it is not */
    int64_t rest_ms;     /* the last one; 0: none since something came */
    int err;             /* of the parser */
    bool enough, given_up, silent, away;
    bool answered; /* it was there once */
};

static int64_t now_ms(void)
{
    struct timespec t = {0};
    (void)clock_gettime(CLOCK_MONOTONIC, &t); /* it exists on every Linux */
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void say_away(struct follow *f, bool away, const struct bide_error *why)
{
    bool news = f->away != away;
    f->away = away;
    if (news && f->what->on_away) f->what->on_away(f->what->user, away ? why : NULL);
}

static bool on_event(struct sse *s)
{
    struct follow *f = s->user;
    f->rest_ms = f->gone_at_ms = 0;
    struct bide_event event = {.name = s->name, .id = s->id, .data = s->data.p ? s->data.p : "", .data_len = s->data.len};
    f->enough = !f->what->on_event(f->what->user, &event) || strcmp(s->name, "end") == 0;
    return !f->enough;
}

static bool on_bytes(void *user, const char *p, size_t len)
{
    struct follow *f = user;
    f->heard_at_ms = now_ms();
    if (f->heard_at_ms - f->began_at_ms >= HEALTHY_MS) f->rest_ms = f->gone_at_ms = 0;
    f->answered = true;
    say_away(f, false, NULL);
    f->err = sse_add(&f->sse, (struct str){p, len});
    return !f->err && !f->enough;
}

static bool goes_on(struct follow *f)
{
    if (f->what->meanwhile && !f->what->meanwhile(f->what->user)) f->given_up = true;
    return !f->given_up;
}

static bool on_meanwhile(void *user)
{
    struct follow *f = user;
    if (!goes_on(f)) return false;
    f->silent = now_ms() - f->heard_at_ms >= SILENCE_MS;
    return !f->silent;
}

static struct buf path_of(const struct bide_follow *w)
{
    static const char *const verbs[] = {"/events", "/log?follow=1", "/output?follow=1"};
    if (w->id) {
        struct buf b = bide_request_path("/v1/tasks", w->id, verbs[w->what]);
        if (w->from > 0 && w->what != BIDE_FOLLOW_EVENTS) buf_add_format(&b, "&from=%lld", (long long)w->from);
        return b;
    }
    struct buf b = bide_request_path("/v1/events", NULL, "");
    if (w->filter) bide_request_filter(&b, w->filter);
    bide_request_query(&b, "kind", w->kinds);
    return b;
}

/* One connection, from the request to its end. */
static int listen_once(struct follow *f, int *ret_status, struct bide_error *error)
{
    struct buf path = path_of(f->what), answer;
    struct bide_http_request r = {.method = "GET", .on_bytes = on_bytes, .meanwhile = on_meanwhile, .user = f,
                                  .last_event_id = f->sse.id[0] ? f->sse.id : NULL, .path = path.p};
    int rc = -1;
    buf_init(&answer, LIMIT_INLINE);
    sse_again(&f->sse);
    f->silent = false;
    f->began_at_ms = f->heard_at_ms = now_ms();
    if (buf_err(&path) == ERR_NOMEM) bide_error_nomem(error);
    else if (buf_err(&path)) bide_error_set(error, "too_large", "the names in the request are too long");
    else rc = bide_http_send(f->client->http, &r, &answer, ret_status, error);
    buf_release(&path);
    buf_release(&answer);
    if (rc == 0) f->answered = true;
    return rc;
}

/* Not before its next time; false: it was given up meanwhile. */
static bool rest(struct follow *f)
{
    int64_t most = f->sse.retry_ms ? f->sse.retry_ms : REST_MOST_MS;
    f->rest_ms = f->rest_ms ? f->rest_ms * 2 : REST_MS;
    if (f->rest_ms > most) f->rest_ms = most;
    int64_t until = now_ms() + f->rest_ms, left;
    while (goes_on(f) && (left = until - now_ms()) > 0) (void)poll(NULL, 0, (int)(left < SLICE_MS ? left : SLICE_MS));
    return !f->given_up;
}

static bool is_patient(struct follow *f, const struct bide_error *why)
{
    int64_t now = now_ms();
    int64_t patience = f->what->away_ms ? f->what->away_ms : AWAY_MS;
    bool away = strcmp(why->code, err_word(ERR_AWAY)) == 0 || why->http_status == 503;
    if (!f->gone_at_ms) f->gone_at_ms = now;
    return away && f->answered && (patience < 0 || now - f->gone_at_ms < patience);
}

static int listen_on(struct follow *f, struct bide_error *error)
{
    for (;;) {
        struct bide_error why = {0};
        int status = 0, rc = listen_once(f, &status, &why);
        if (f->enough || (rc == 0 && status == 204)) return 0;
        if (f->err == ERR_NOMEM) return bide_error_nomem(error);
        if (f->err) return bide_error_set(error, "too_large", "an event is over %d bytes", EVENT_MAX);
        if (!f->given_up && rc && f->silent) bide_error_set(&why, err_word(ERR_AWAY), "%s said nothing for %d s", bide_client_server(f->client), SILENCE_MS / 1000);
        if (!f->given_up && rc == 0) bide_error_set(&why, err_word(ERR_AWAY), "%s ended the stream", bide_client_server(f->client));
        if (!f->given_up && !is_patient(f, &why)) {
            if (error) *error = why;
            return -1;
        }
        if (!f->given_up) say_away(f, true, &why);
        if (f->given_up || !rest(f)) return bide_error_set(error, err_word(ERR_CANCELLED), "it was given up");
    }
}

int bide_client_follow(struct bide_client *c, const struct bide_follow *what, struct bide_error *error)
{
    struct follow f = {.client = c, .what = what};
    if (what->id && !*what->id) return bide_error_set(error, "invalid", "an empty id");
    if (!what->id && what->what != BIDE_FOLLOW_EVENTS) return bide_error_set(error, "invalid", "a log, or an output, is one task's: its id is missing");
    if (what->last_id && strlen(what->last_id) >= SSE_WORD) return bide_error_set(error, "invalid", "last_id is no id of an event: it is too long");
    sse_init(&f.sse, EVENT_MAX, on_event, &f);
    str_copy(f.sse.id, sizeof f.sse.id, str_of(what->last_id ? what->last_id : ""));
    int rc = listen_on(&f, error);
    sse_release(&f.sse);
    return rc;
}
