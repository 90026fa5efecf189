/* SPDX-License-Identifier: Apache-2.0
 *
 * See webhook.h. The body is that of Standard Webhooks: {"type","timestamp","data"}, the task as it ended.
 */
#include "api/webhook.h"

#include "api/members.h"
#include "api/task_json.h"
#include "handler/webhook.h"
#include "server/bus.h"

#include <stdio.h>

#define ALL_ENDINGS (1u << TASK_COMPLETED | 1u << TASK_FAILED | 1u << TASK_CANCELLED | 1u << TASK_EXPIRED)

/* ---- what is wished ---- */

struct reading {
    struct webhook_wish *wish;
    struct server *server;
};

static int refuse(const struct members *m, const struct err *why, const char *pointer)
{
    return err_set_at(m->e, ERR_INVALID, pointer, "%s", why->text);
}

/* Without its port. */
static struct str name_of(struct str host)
{
    size_t bracket = str_find(host, ']'), colon = str_find(host, ':');
    return str_sub(host, 0, bracket < host.len ? bracket + 1 : colon);
}

static int check_host(const struct webhook_wish *w, const struct server *s, struct err *e)
{
    const struct webhook_conf *c = &s->conf.config->webhooks.conf;
    struct str host = name_of(w->host);
    if (w->trusted) return 0;
    const char *what = reach_why_not_host(host, c->allowed, c->n_allowed);
    if (!what) return 0;
    return err_set(e, ERR_INVALID, "%.*s is a %s address, which webhooks.allow_private of the configuration does not name", STR_ARG(host), what);
}

int webhook_check_wish(struct webhook_wish *w, struct server *s, struct err *e)
{
    int err = config_webhooks_url(w->url, &w->host, e);
    if (!err) err = check_host(w, s, e);
    return err ? err : config_webhooks_secret(&s->conf.config->webhooks, w->secret_id, &w->secret_id, e);
}

static int read_url(const struct members *m, void *to, const struct json_node *v, const char *pointer)
{
    struct reading *r = to;
    struct err why;
    int err = members_text(m, v, pointer, CONFIG_WEBHOOK_URL, &r->wish->url);
    if (err) return err;
    if (config_webhooks_url(r->wish->url, &r->wish->host, &why)) return refuse(m, &why, pointer);
    if (check_host(r->wish, r->server, &why)) return refuse(m, &why, pointer);
    return 0;
}

static int read_events(const struct members *m, void *to, const struct json_node *v, const char *pointer)
{
    struct reading *r = to;
    if (v->kind != JSON_ARRAY || v->count == 0) return members_expected(m, v, pointer, "a list of endings like [\"completed\", \"failed\"]");
    r->wish->endings = 0;
    for (const struct json_node *one = json_first(v); one; one = json_next(v, one)) {
        struct str word;
        int err = members_text(m, one, pointer, LIMIT_NAME, &word);
        int state = err ? -1 : config_webhooks_event_of(word);
        if (err) return err;
        if (state < 0)
            return err_set_at(m->e, ERR_INVALID, pointer, "\"%.*s\" is no ending; there are completed, failed, cancelled and expired",
                              (int)(word.len > 40 ? 40 : word.len), word.p);
        r->wish->endings |= 1u << state;
    }
    return 0;
}

static int read_secret(const struct members *m, void *to, const struct json_node *v, const char *pointer)
{
    struct reading *r = to;
    return members_text(m, v, pointer, LIMIT_NAME, &r->wish->secret_id);
}

static const struct member fields[] = {{"url", read_url}, {"events", read_events}, {"secret_id", read_secret}, {NULL, NULL}};

static int find_secret(struct webhook_wish *w, const struct config_webhooks *c, const char *pointer, struct err *e)
{
    struct err why;
    if (config_webhooks_secret(c, w->secret_id, &w->secret_id, &why) == 0) return 0;
    return err_set_at(e, ERR_INVALID, pointer, "%s", why.text);
}

static int of_type(struct webhook_wish *ret, const struct config_webhook *t, const struct config_webhooks *c, struct err *e)
{
    struct err why;
    if (!t->url) return 0;
    *ret = (struct webhook_wish){.url = str_of(t->url), .secret_id = t->secret_id ? str_of(t->secret_id) : STR_NONE, .trusted = true};
    for (const char *const *w = t->events; w && *w; w++) ret->endings |= 1u << config_webhooks_event_of(str_of(*w));
    int err = config_webhooks_url(ret->url, &ret->host, &why); /* as at the start: cannot fail */
    return err ? err : find_secret(ret, c, "/webhook", e);
}

int webhook_of_submit(struct webhook_wish *ret, const struct json *j, const struct json_node *said, const struct config_type *type,
                      struct server *s, struct arena *a, struct err *e)
{
    const struct config_webhooks *c = &s->conf.config->webhooks;
    *ret = (struct webhook_wish){.endings = ALL_ENDINGS};
    if (!said) return of_type(ret, &type->webhook, c, e);
    if (said->kind == JSON_NULL) return 0;
    struct members m = {j, a, e};
    struct reading r = {ret, s};
    if (said->kind != JSON_OBJECT) return members_expected(&m, said, "/webhook", "an object like {\"url\": \"https://example.org/hook\"}");
    int err = members_read(&m, fields, said, "/webhook", &r);
    if (!err && !ret->url.p) err = err_set_at(e, ERR_INVALID, "/webhook/url", "url is missing: who is told?");
    return err ? err : find_secret(ret, c, "/webhook/secret_id", e);
}

void webhook_write_wish(struct buf *b, const struct webhook_wish *w)
{
    json_write_open(b, '{');
    json_write_member_str(b, "url", w->url);
    json_write_member_int(b, "endings", w->endings);
    if (w->secret_id.p) json_write_member_str(b, "secret_id", w->secret_id);
    json_write_member_bool(b, "trusted", w->trusted);
    json_write_close(b, '}');
}

/* ---- the delivery ---- */

static struct str text_at(const struct json *j, const struct json_node *object, const char *name, struct arena *a)
{
    const struct json_node *v = json_member(j, object, str_of(name));
    struct buf scratch;
    if (!v || v->kind != JSON_STRING) return STR_NONE;
    buf_init(&scratch, LIMIT_CONFIG);
    struct str text = arena_str(a, json_string(j, v, &scratch));
    buf_release(&scratch);
    return text;
}

static struct webhook_wish read_wish(const struct json *j, const struct json_node *v, struct arena *a)
{
    const struct json_node *endings = json_member(j, v, STR("endings")), *trusted = json_member(j, v, STR("trusted"));
    struct err e;
    int64_t bits = 0;
    struct webhook_wish w = {.url = text_at(j, v, "url", a), .secret_id = text_at(j, v, "secret_id", a), .trusted = trusted && trusted->kind == JSON_TRUE};
    if (endings && json_int(j, endings, &bits) == 0) w.endings = (unsigned)bits;
    if (config_webhooks_url(w.url, &w.host, &e)) w.endings = 0;
    return w;
}

/* What is sent, at the moment of the ending: it does not change any more. */
static struct str write_body(struct api *api, const struct task *t, struct arena *a)
{
    struct buf b;
    struct task shown = *t;
    if (t->ending.result.len > LIMIT_INLINE) shown.ending.result = STR_NONE;
    buf_init(&b, TASK_JSON_MAX + 1024);
    json_write_open(&b, '{');
    json_write_member_text(&b, "type", bus_word(bus_ending(t->life.state)));
    json_write_member_time(&b, "timestamp", t->ending.finished_at_ms);
    json_write_key(&b, "data");
    task_json_write(&b, api->server, &shown, TASK_SHOW_RESULT);
    json_write_close(&b, '}');
    struct str body = arena_str(a, buf_str(&b));
    buf_release(&b);
    return body;
}

struct id webhook_id(const struct task *t, enum webhook_of of)
{
    return id_derive(&t->body.id, (uint32_t)t->life.run | (of == WEBHOOK_OF_ROUTE ? 1u << 31 : 0), t->ending.finished_at_ms);
}

/* Host and port, the same however they are written. */
static struct str line_of(const struct webhook_wish *w, struct arena *a)
{
    struct str name = name_of(w->host), port = str_sub(w->host, name.len, w->host.len);
    bool tls = str_eq_nocase(str_sub(w->url, 0, 6), STR("https:"));
    if (str_eq(port, tls ? STR(":443") : STR(":80"))) port = STR("");
    if (name.len > 1 && name.p[name.len - 1] == '.') name.len--;
    char *line = arena_alloc(a, name.len + port.len + 1);
    for (size_t k = 0; k < name.len; k++) line[k] = str_lower(name.p[k]);
    if (port.len) memcpy(line + name.len, port.p, port.len);
    return (struct str){line, name.len + port.len};
}

static void fill_body(struct task_body *b, struct api *api, const struct task *t, const struct webhook_wish *w, int64_t timeout_ms, struct arena *a)
{
    const struct config *c = api->server->conf.config;
    struct task_tag *tags = arena_alloc(a, sizeof *tags);
    char id[ID_TEXT];
    id_format(&t->body.id, id);
    tags[0] = (struct task_tag){STR("task"), arena_str(a, str_of(id))};
    *b = (struct task_body){.tenant = t->body.tenant, .type = STR(WEBHOOK_TYPE), .queue = STR(WEBHOOK_QUEUE),
                            .created_at_ms = turn_wall_ms(api->server->turn), .timeout_ms = 2 * timeout_ms + 10000,
                            .grace_ms = 1000, .retain_ms = c->webhooks.retain_ms, .cost = 1, .limit_key = line_of(w, a),
                            .tags = tags, .n_tags = 1};
    b->trace = t->body.trace;
    b->rules = (struct life_rules){.max_attempts = WEBHOOK_TRIES, .retry = c->defaults.retry};
}

void webhook_fill(struct api *api, const struct task *t, const struct json *j, const struct json_node *said, struct str body,
                  enum webhook_of of, struct arena *a, struct task_body *ret)
{
    struct webhook_wish w = read_wish(j, said, a);
    const struct json_node *timeout = json_member(j, said, STR("timeout_ms"));
    int64_t timeout_ms = api->server->conf.config->webhooks.timeout_ms;
    char id[ID_TEXT];
    struct buf b;
    if (timeout && json_int(j, timeout, &timeout_ms) != 0) timeout_ms = api->server->conf.config->webhooks.timeout_ms;
    fill_body(ret, api, t, &w, timeout_ms, a);
    ret->id = webhook_id(t, of);
    id_format(&t->body.id, id);
    struct webhook_message m = {.url = w.url, .id = arena_format(a, "msg_%s_%d%s", id, (int)t->life.run, of == WEBHOOK_OF_ROUTE ? "_callback" : ""),
                                .event = str_of(bus_word(bus_ending(t->life.state))), .secret_id = w.secret_id, .trusted = w.trusted,
                                .timeout_ms = timeout_ms, .body = body};
    buf_init(&b, LIMIT_INPUT);
    webhook_write(&b, &m);
    ret->input = arena_str(a, buf_str(&b));
    buf_release(&b);
}

bool webhook_make(struct api *api, const struct task *t, const struct json *j, const struct json_node *wish, struct arena *a,
                  struct task_body *ret)
{
    struct webhook_wish w = read_wish(j, wish, a);
    if (!(w.endings & 1u << t->life.state)) return false;
    webhook_fill(api, t, j, wish, write_body(api, t, a), WEBHOOK_OF_TASK, a, ret);
    return true;
}

/* ---- as a task shows it ---- */

const char *webhook_status(const struct task *d)
{
    switch (d->life.state) {
    case TASK_COMPLETED: return "delivered";
    case TASK_CANCELLED: return "cancelled";
    case TASK_FAILED: return str_eq(d->ending.failure.code, STR(WEBHOOK_GONE)) ? "disabled" : "failed";
    case TASK_EXPIRED: return "failed";
    case TASK_BLOCKED:
    case TASK_SCHEDULED:
    case TASK_PENDING:
    case TASK_RUNNING:
    case TASK_STATES: break;
    }
    return "pending";
}

void webhook_write_brief(struct buf *b, const struct task *d)
{
    bool ended = state_is_ending(d->life.state);
    const struct failure *last = ended ? &d->ending.failure : &d->last;
    json_write_open(b, '{');
    json_write_key(b, "id");
    json_write_id(b, &d->body.id);
    json_write_member_text(b, "status", webhook_status(d));
    json_write_member_int(b, "attempts", d->life.attempt);
    json_write_member_nullable(b, "last_error", last->code.len ? last->message : STR_NONE);
    json_write_close(b, '}');
}
