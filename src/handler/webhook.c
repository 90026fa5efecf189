/* SPDX-License-Identifier: Apache-2.0
 *
 * See webhook.h.
 */
#include "handler/webhook.h"

#include "base/json.h"
#include "base/json_write.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/text.h"
#include "handler/attempt.h"
#include "handler/single.h"
#include "handler/traced.h"
#include "handler/utf8.h"
#include "handler/verdict.h"
#include "http/fetch.h"
#include "http/retry_after.h"

#include <stdio.h>
#include <stdlib.h>

/* ---- what is to be sent ---- */

void webhook_write(struct buf *b, const struct webhook_message *m)
{
    json_write_open(b, '{');
    json_write_member_str(b, "url", m->url);
    json_write_member_str(b, "id", m->id);
    json_write_member_str(b, "event", m->event);
    if (m->secret_id.p) json_write_member_str(b, "secret_id", m->secret_id);
    json_write_member_bool(b, "trusted", m->trusted);
    json_write_member_int(b, "timeout_ms", m->timeout_ms);
    json_write_member_raw(b, "body", m->body);
    json_write_close(b, '}');
}

static struct str text_of(const struct json *j, const char *name, struct arena *a)
{
    const struct json_node *v = json_member(j, json_root(j), str_of(name));
    struct buf scratch;
    if (!v || v->kind != JSON_STRING) return STR_NONE;
    buf_init(&scratch, LIMIT_BODY);
    struct str text = arena_str(a, json_string(j, v, &scratch));
    buf_release(&scratch);
    return text;
}

int webhook_read(struct webhook_message *ret, struct str input, struct arena *a)
{
    struct json j;
    json_init(&j);
    j.closed = STR("body");
    *ret = (struct webhook_message){0};
    int err = json_parse(&j, input, NULL);
    if (!err) {
        const struct json_node *body = json_member(&j, json_root(&j), STR("body"));
        const struct json_node *trusted = json_member(&j, json_root(&j), STR("trusted"));
        const struct json_node *timeout = json_member(&j, json_root(&j), STR("timeout_ms"));
        *ret = (struct webhook_message){.url = text_of(&j, "url", a), .id = text_of(&j, "id", a), .event = text_of(&j, "event", a),
                                        .secret_id = text_of(&j, "secret_id", a), .trusted = trusted && trusted->kind == JSON_TRUE};
        if (body) ret->body = json_span(&j, body);
        if (!ret->url.p || !ret->id.p || !body || !timeout || json_int(&j, timeout, &ret->timeout_ms)) err = ERR_INVALID;
    }
    json_release(&j);
    return err;
}

int64_t webhook_delay_ms(int32_t tries, uint64_t chance)
{
    static const int64_t after_s[WEBHOOK_TRIES - 1] = {5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400};
    if (tries < 1 || tries >= WEBHOOK_TRIES) return 0;
    int64_t ms = after_s[tries - 1] * 1000;
    return ms + (int64_t)(chance % (uint64_t)(ms / 10 + 1));
}

/* ---- one try ---- */

struct webhook {
    struct single single;
    struct fetcher *fetcher; /* borrowed */
    const struct webhook_conf *(*conf)(void *user);
    void *user;
};

struct sending {
    struct single_item item;
    struct webhook *of;
    struct arena arena;
    struct webhook_message message;
    struct fetch fetch;
    struct fetch_guard guard;
    struct buf answer;
    struct later over;
    struct verdict verdict;
    bool decided;
    enum stop_reason why; /* of item.stopping */
};

static struct turn *turn_of(const struct sending *s) { return s->of->single.handler.turn; }

static void on_settled(struct attempt *a, int err)
{
    struct sending *s = CONTAINER_OF((struct single_item *)a->inside, struct sending, item);
    (void)err;
    a->inside = NULL;
    single_settled(&s->item);
    buf_release(&s->answer);
    arena_release(&s->arena);
    free(s);
}

static void on_over_later(struct later *l)
{
    struct sending *s = CONTAINER_OF(l, struct sending, over);
    if (!s->decided) verdict_stopped(&s->verdict, &s->arena, s->item.attempt, s->why);
    single_decided(&s->item, &s->verdict);
}

static void conclude(struct sending *s)
{
    turn_later_cancel(&s->over);
    turn_later(turn_of(s), &s->over, on_over_later);
}

static void fail(struct sending *s, struct str why, const char *code, bool again)
{
    verdict_failed(&s->verdict, &s->arena, FAILURE_WORKER_ERROR, "%.*s", STR_ARG(why));
    if (code) s->verdict.failure.code = str_of(code);
    int64_t asked_ms = retry_after_ms(str_of(s->fetch.retry_after), turn_wall_ms(turn_of(s)));
    int64_t delay_ms = webhook_delay_ms(s->item.attempt->number, rng_next(turn_of(s)->rng));
    s->verdict.retryable = again;
    s->verdict.retry_after_ms = asked_ms > delay_ms ? asked_ms : delay_ms;
    s->decided = true;
}

static void note(struct sending *s, struct str why)
{
    attempt_note(s->item.attempt, "%s%.*s", s->fetch.status ? "" : "not delivered: ", STR_ARG(why));
}

static void judge(struct sending *s)
{
    int status = s->fetch.status;
    struct str said = utf8_head(buf_str(&s->answer), 200);
    bool valid = text_utf8_valid(said) == said.len;
    struct str why = s->fetch.err.code && status == 0 ? str_of(s->fetch.err.text)
                                                      : arena_format(&s->arena, "HTTP %d%s%.*s", status, said.len && valid ? ": " : "", valid ? (int)said.len : 0, said.p ? said.p : "");
    if (s->fetch.err.code == ERR_AGAIN) {
        verdict_shortage(&s->verdict, &s->arena, false, why);
        s->decided = true;
        return;
    }
    note(s, why);
    if (s->fetch.err.code == ERR_FORBIDDEN && status == 0) fail(s, why, WEBHOOK_REFUSED, false);
    else if (status == 410) fail(s, why, WEBHOOK_GONE, false);
    else if (status < 200 || status >= 300) fail(s, why, status ? NULL : "unreachable", true);
    else {
        s->verdict = (struct verdict){.event = LIFE_DONE, .result = arena_format(&s->arena, "{\"status\":%d}", status)};
        s->decided = true;
    }
}

static void on_body(struct fetch *f, struct str bytes)
{
    struct sending *s = CONTAINER_OF(f, struct sending, fetch);
    size_t room = WEBHOOK_ANSWER - s->answer.len;
    buf_add(&s->answer, bytes.p, bytes.len < room ? bytes.len : room);
    if (bytes.len <= room) return;
    fetch_cancel(f); /* its status is known, and that is all that counts */
    judge(s);
    conclude(s);
}

static void on_over(struct fetch *f)
{
    struct sending *s = CONTAINER_OF(f, struct sending, fetch);
    judge(s);
    conclude(s);
}

static const char *why_not(const struct fetch_guard *g, const struct sockaddr *to)
{
    const struct sending *s = CONTAINER_OF((struct fetch_guard *)g, struct sending, guard);
    const struct webhook_conf *c = s->of->conf(s->of->user);
    const char *what = reach_why_not(to, c->allowed, c->n_allowed);
    return what ? arena_format((struct arena *)&s->arena, "a %s address, which webhooks.allow_private does not name", what).p : NULL;
}

static int send(struct sending *s, struct err *e)
{
    const struct webhook_message *m = &s->message;
    const struct webhook_conf *c = s->of->conf(s->of->user);
    int64_t now_s = turn_wall_ms(turn_of(s)) / 1000;
    struct buf signature;
    buf_init(&signature, 64 * 1024);
    buf_add_text(&signature, "webhook-signature: ");
    bool is_signed = m->secret_id.p && webhook_sign(&signature, c->keys, c->n_keys, m->secret_id, m->id, now_s, m->body);
    char parent[TRACE_PARENT];
    const char *headers[7] = {"Content-Type: application/json", arena_format(&s->arena, "webhook-id: %.*s", STR_ARG(m->id)).p,
                              arena_format(&s->arena, "webhook-timestamp: %lld", (long long)now_s).p};
    size_t n = 3;
    struct str state = traced_state(s->item.attempt);
    if (is_signed) headers[n++] = arena_text(&s->arena, buf_str(&signature));
    if (traced_parent(s->item.attempt, parent)) headers[n++] = arena_format(&s->arena, "traceparent: %s", parent).p;
    if (state.len) headers[n++] = arena_format(&s->arena, "tracestate: %.*s", STR_ARG(state)).p;
    buf_release(&signature);
    if (m->secret_id.p && !is_signed)
        return err_set(e, ERR_INVALID, "webhooks.secrets has no secret \"%.*s\" any more", STR_ARG(m->secret_id));
    struct fetch_spec spec = {.method = "POST", .url = arena_text(&s->arena, m->url), .headers = headers, .body = m->body,
                              .connect_timeout_ms = m->timeout_ms, .timeout_ms = m->timeout_ms, .guard = m->trusted ? NULL : &s->guard};
    return fetch_start(s->of->fetcher, &s->fetch, &spec, e);
}

static void stop(struct single_item *i, enum stop_reason why)
{
    struct sending *s = CONTAINER_OF(i, struct sending, item);
    if (s->item.stopping) return;
    s->item.stopping = true;
    s->why = why;
    fetch_cancel(&s->fetch);
    if (!s->decided) conclude(s);
}

static int begin(struct single *single, struct attempt *a, struct single_item **ret, struct err *e)
{
    struct sending *s = mem_new(sizeof *s);
    struct err why = {0};
    (void)e; /* one that cannot be sent is a verdict */
    s->of = CONTAINER_OF(single, struct webhook, single);
    single_item_init(&s->item, a, single->handler.turn, stop);
    s->item.of = single;
    s->fetch = (struct fetch){.on_body = on_body, .on_over = on_over};
    s->guard = (struct fetch_guard){why_not};
    buf_init(&s->answer, WEBHOOK_ANSWER);
    list_init(&s->over.link);
    a->inside = &s->item;
    a->on_over = on_settled;
    int err = webhook_read(&s->message, a->task->input, &s->arena);
    if (err) (void)err_set(&why, err, "this is no message that was made here");
    if (!err) err = send(s, &why);
    if (err) {
        fail(s, str_of(why.text), NULL, err != ERR_INVALID || s->message.secret_id.p);
        conclude(s);
    }
    *ret = &s->item;
    return 0;
}

static void free_webhook(struct single *s) { free(CONTAINER_OF(s, struct webhook, single)); }

static const struct single_kind kind = {"delivery", "deliveries", begin, free_webhook};

int webhook_new(struct handler **ret, struct turn *turn, struct fetcher *fetcher, int concurrency,
                const struct webhook_conf *(*conf)(void *user), void *user)
{
    struct webhook *w = mem_new(sizeof *w);
    single_init(&w->single, &kind, turn, WEBHOOK_TYPE, concurrency);
    w->fetcher = fetcher;
    w->conf = conf;
    w->user = user;
    *ret = &w->single.handler;
    return 0;
}
