/* SPDX-License-Identifier: Apache-2.0
 *
 * See web_call.h.
 */
#include "handler/web_call.h"
#include "base/arena.h"
#include "base/limits.h"
#include "handler/exec_answer.h"
#include "handler/traced.h"
#include "handler/utf8.h"
#include <stdio.h>

#define LINGER_MS 1000
#define URL_MAX (64 * 1024)
#define HEADERS_MAX (64 * 1024)
#define SAID_MAX 300 /* bytes of an answer that are quoted */

static const char *const methods[] = {
    [WEB_POST] = "POST", [WEB_PUT] = "PUT", [WEB_PATCH] = "PATCH", [WEB_DELETE] = "DELETE", [WEB_GET] = "GET"};

/* ---- the answer ---- */

static void over(struct web_call *c)
{
    turn_timer_stop(c->turn, &c->linger);
    turn_later_cancel(&c->ending);
    fetch_cancel(&c->fetch);
    c->running = false;
    web_stream_close(&c->stream);
    c->on_over(c);
}

static void on_ending(struct later *l) { over(CONTAINER_OF(l, struct web_call, ending)); }
static void on_linger(struct timer *t) { over(CONTAINER_OF(t, struct web_call, linger)); }
static void on_fetch_over(struct fetch *f) { over(CONTAINER_OF(f, struct web_call, fetch)); }

static bool is_stream(const struct web_call *c)
{
    struct str type = str_of(c->fetch.type);
    return c->stream.conf && c->fetch.status / 100 == 2 && str_eq_nocase(str_trim(str_cut(&type, ';')), STR("text/event-stream"));
}

/* At once: what has come of a compressed answer may be a thousand times as long as what was read. */
static void enough(struct web_call *c)
{
    fetch_cancel(&c->fetch);
    turn_later(c->turn, &c->ending, on_ending);
}

static void on_body(struct fetch *f, struct str bytes)
{
    struct web_call *c = CONTAINER_OF(f, struct web_call, fetch);
    if (is_stream(c)) {
        web_stream_add(&c->stream, bytes);
        if (c->stream.ended && !timer_is_set(&c->linger)) turn_timer(c->turn, &c->linger, LINGER_MS, on_linger);
        if (c->stream.failed || c->stream.too_large) enough(c);
        return;
    }
    buf_add_str(&c->answer, bytes);
    c->too_large = buf_err(&c->answer) != 0;
    if (c->too_large) enough(c);
}

/* ---- the request ---- */

/* Lines of headers, one after another in one buf, each with its NUL. */
struct headers {
    struct buf text;
    size_t n;
    const struct web_conf *conf;
};

static bool says(const char *const *list, struct str name)
{
    for (; list && *list; list++) {
        struct str value = str_of(*list);
        if (str_eq_nocase(str_cut(&value, '='), name)) return true;
    }
    return false;
}

static void end_line(struct headers *h)
{
    buf_add_char(&h->text, '\0');
    h->n++;
}

/* Unless the configuration has it. */
static void add_trace(struct headers *h, const char *name, struct str value)
{
    if (!value.len || says(h->conf->headers, str_of(name)) || says(h->conf->secret_headers, str_of(name))) return;
    buf_add_format(&h->text, "%s: %.*s", name, STR_ARG(value));
    end_line(h);
}

/* One of bide's own, unless the configuration has it. */
static void add_own(struct headers *h, const char *name, const char *format, ...) __attribute__((format(printf, 3, 4)));
static void add_own(struct headers *h, const char *name, const char *format, ...)
{
    char value[200];
    va_list args;
    if (says(h->conf->headers, str_of(name)) || says(h->conf->secret_headers, str_of(name))) return;
    va_start(args, format);
    vsnprintf(value, sizeof value, format, args);
    va_end(args);
    buf_add_format(&h->text, "%s:%s%s", name, value[0] ? " " : "", value); /* libcurl: no value, no such header */
    end_line(h);
}

static int add_configured(struct headers *h, const char *const *list, const struct web_words *w, struct err *e)
{
    int rc = 0;
    for (; list && *list && rc == 0; list++) {
        struct str value = str_of(*list), name = str_cut(&value, '=');
        buf_add_format(&h->text, "%.*s%s", STR_ARG(name), value.len ? ": " : ";"); /* libcurl: a header without a value */
        if (w) rc = web_fill_header(&h->text, value.p, w, e);
        else buf_add_str(&h->text, value);
        end_line(h);
    }
    return rc;
}

static int add_headers(struct headers *h, const struct web_ask *ask, bool body, const struct web_words *w, struct err *e)
{
    char id[ID_TEXT], fence[FENCE_TEXT], parent[TRACE_PARENT] = "";
    const struct attempt *a = w->attempt;
    id_format(&a->task->id, id);
    id_fence_format(a->fence, fence);
    add_own(h, "Content-Type", "%s", body ? "application/json" : "");
    add_own(h, "Accept", "%s", ask->streams ? "text/event-stream, application/json" : "application/json, */*;q=0.5");
    if (ask->has_body) add_own(h, "Idempotency-Key", "%s.%d", id, (int)a->run);
    add_own(h, "Bide-Task", "%s", id);
    add_own(h, "Bide-Attempt", "%d", (int)a->number);
    add_own(h, "Bide-Fence", "%s", fence);
    (void)traced_parent(a, parent);
    add_trace(h, "traceparent", str_of(parent));
    add_trace(h, "tracestate", traced_state(a));
    int rc = add_configured(h, h->conf->headers, w, e);
    if (rc == 0) rc = add_configured(h, h->conf->secret_headers, NULL, e);
    if (rc == 0 && buf_err(&h->text)) rc = err_set(e, ERR_TOO_BIG, "the headers are together longer than %d bytes", HEADERS_MAX);
    return rc;
}

static int fill_body(struct web_call *c, struct buf *b, const struct web_words *w, struct err *e)
{
    int rc = 0;
    if (c->conf->body) rc = web_fill_body(b, c->conf->body, w, e);
    else buf_add_str(b, c->attempt->task->input);
    if (rc == 0 && buf_err(b)) rc = err_set(e, ERR_TOO_BIG, "the body is longer than %d bytes", LIMIT_BODY);
    return rc;
}

/* Where it goes, without the query, which may hold what nobody else should see. */
static void set_place(struct web_call *c, const char *method, struct str url)
{
    size_t end = str_find(url, '?');
    buf_clear(&c->place);
    buf_add_format(&c->place, "%s %.*s", method, (int)(end < 200 ? end : 200), url.p);
}

static int send(struct web_call *c, const struct web_ask *ask, struct str url, struct str body, struct headers *h, struct err *e)
{
    struct arena arena = {0};
    const char **lines = arena_alloc(&arena, (h->n + 1) * sizeof *lines);
    const char *at = h->text.p;
    for (size_t i = 0; i < h->n; i++, at += strlen(at) + 1) lines[i] = at;
    struct fetch_spec spec = {.method = methods[ask->method], .url = url.p, .headers = lines, .body = ask->method == WEB_GET ? STR_NONE : body,
                              .proxy = c->conf->proxy, .proxy_login = c->conf->proxy_login ? c->conf->proxy_login[0] : NULL, .ca_file = c->conf->ca_file,
                              .connect_timeout_ms = c->conf->connect_timeout_ms, .timeout_ms = ask->timeout_ms};
    int rc = fetch_start(c->fetcher, &c->fetch, &spec, e);
    arena_release(&arena);
    return rc;
}

static void forget(struct web_call *c, bool streams)
{
    buf_release(&c->answer);
    buf_init(&c->answer, LIMIT_RESULT);
    web_stream_release(&c->stream);
    web_stream_init(&c->stream, streams ? &c->conf->stream : NULL, c->attempt);
    c->too_large = false;
}

int web_call_start(struct web_call *c, const struct web_ask *ask, const struct web_words *words, struct err *e)
{
    struct buf url, body;
    struct headers h = {.conf = c->conf};
    bool has_body = ask->has_body && ask->method != WEB_GET;
    buf_init(&url, URL_MAX);
    buf_init(&body, LIMIT_BODY);
    buf_init(&h.text, HEADERS_MAX);
    forget(c, ask->streams && c->conf->stream.piece);
    int rc = web_fill_url(&url, ask->url, words, e);
    if (rc == 0 && buf_err(&url)) rc = err_set(e, ERR_TOO_BIG, "the URL is longer than %d bytes", URL_MAX);
    if (rc == 0 && has_body) rc = fill_body(c, &body, words, e);
    if (rc == 0) rc = add_headers(&h, ask, has_body, words, e);
    if (rc == 0) {
        set_place(c, methods[ask->method], buf_str(&url));
        rc = send(c, ask, buf_str(&url), body.len ? buf_str(&body) : STR(""), &h, e);
    }
    c->running = rc == 0;
    buf_release(&url);
    buf_release(&body);
    if (h.text.p) explicit_bzero(h.text.p, h.text.len);
    buf_release(&h.text);
    return rc;
}

/* ---- the rest ---- */

void web_call_init(struct web_call *c, const struct web_conf *conf, struct turn *turn, struct fetcher *fetcher,
                   struct attempt *a, void (*on_over)(struct web_call *c))
{
    *c = (struct web_call){.conf = conf, .turn = turn, .fetcher = fetcher, .attempt = a, .on_over = on_over};
    c->fetch = (struct fetch){.on_body = on_body, .on_over = on_fetch_over};
    list_init(&c->ending.link);
    buf_init(&c->answer, LIMIT_RESULT);
    buf_init(&c->place, 512);
    web_stream_init(&c->stream, NULL, a);
}

void web_call_stop(struct web_call *c)
{
    turn_timer_stop(c->turn, &c->linger);
    turn_later_cancel(&c->ending);
    fetch_cancel(&c->fetch);
    c->running = false;
}

void web_call_release(struct web_call *c)
{
    web_call_stop(c);
    web_stream_release(&c->stream);
    buf_release(&c->answer);
    buf_release(&c->place);
}

bool web_call_is_shortage(const struct web_call *c) { return c->fetch.err.code == ERR_AGAIN; }

bool web_call_is_good(const struct web_call *c)
{
    if (c->stream.used) return c->stream.ended;
    return c->fetch.err.code == 0 && c->fetch.status / 100 == 2 && !c->too_large;
}

static struct str first_line(struct str s)
{
    s = str_sub(s, 0, str_find(s, '\n'));
    return str_sub(s, 0, str_find(s, '\r'));
}

struct str web_call_why(const struct web_call *c, struct arena *arena)
{
    if (c->too_large || c->stream.too_large) return arena_format(arena, "the answer is longer than %d bytes", LIMIT_RESULT);
    if (c->fetch.err.code) return arena_str(arena, str_of(c->fetch.err.text));
    if (c->stream.failed) return arena_str(arena, str_of(c->stream.why));
    if (c->fetch.status / 100 == 3) return arena_format(arena, "HTTP %d: redirects are not followed", c->fetch.status);
    struct exec_answer said;
    exec_answer_init(&said, buf_str(&c->answer));
    struct str words = exec_answer_text(&said, c->conf->error, arena);
    if (words.len == 0) words = arena_str(arena, first_line(said.text));
    exec_answer_release(&said);
    return arena_format(arena, "HTTP %d%s%.*s", c->fetch.status, words.len ? ": " : "", STR_ARG(utf8_head(words, SAID_MAX)));
}
