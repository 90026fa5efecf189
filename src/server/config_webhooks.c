/* SPDX-License-Identifier: Apache-2.0
 *
 * See config_webhooks.h.
 */
#include "server/config_webhooks.h"

#include "base/text.h"
#include "server/config.h"
#include "server/config_errors.h"
#include "server/config_secret.h"
#include "server/config_table.h"
#include "server/config_value.h"

#include <string.h>

/* ---- URLs ---- */

int config_webhooks_url(struct str url, struct str *ret_host, struct err *e)
{
    struct str rest = url, scheme;
    bool plain = url.len <= CONFIG_WEBHOOK_URL;
    for (size_t i = 0; i < url.len && plain; i++) plain = (unsigned char)url.p[i] > 0x20 && (unsigned char)url.p[i] < 0x7f;
    if (!plain) return err_set(e, ERR_INVALID, "a URL has at most %d characters of ASCII, and no spaces", CONFIG_WEBHOOK_URL);
    scheme = str_cut(&rest, ':');
    if ((!str_eq_nocase(scheme, STR("http")) && !str_eq_nocase(scheme, STR("https"))) || !str_starts(rest, STR("//")))
        return err_set(e, ERR_INVALID, "expected a URL that begins with http:// or https://");
    rest = str_sub(rest, 2, rest.len);
    size_t end = 0;
    while (end < rest.len && !strchr("/?#", rest.p[end])) end++;
    *ret_host = str_sub(rest, 0, end);
    if (str_find(*ret_host, '@') < ret_host->len) return err_set(e, ERR_INVALID, "a URL with a user or password in it is not taken: it would be shown");
    if (ret_host->len == 0 || ret_host->len > 255) return err_set(e, ERR_INVALID, "the URL names no host");
    return 0;
}

int config_webhooks_event_of(struct str word)
{
    if (str_starts(word, STR("task."))) word = str_sub(word, 5, word.len);
    int state = state_of(word);
    return state >= 0 && state_is_ending((enum task_state)state) ? state : -1;
}

/* ---- secrets ---- */

int config_webhooks_secret(const struct config_webhooks *w, struct str asked, struct str *ret, struct err *e)
{
    *ret = w->conf.n_keys ? w->conf.keys[0].id : STR_NONE;
    if (!asked.p) return 0;
    for (size_t i = 0; i < w->conf.n_keys; i++) {
        *ret = w->conf.keys[i].id;
        if (str_eq(*ret, asked)) return 0;
    }
    return err_set(e, ERR_INVALID, "webhooks.secrets has no secret \"%.*s\"", (int)(asked.len > 60 ? 60 : asked.len), asked.p);
}

static bool is_kept(struct str s) { return str_starts(s, STR("file:")) || str_starts(s, STR("credential:")); }

static int read_key(struct config *c, struct str said, struct webhook_key *ret, struct err *e)
{
    struct str value = said, id = STR("default");
    size_t equals = str_find(said, '='), colon = str_find(said, ':');
    if (!str_starts(said, STR("whsec_")) && equals < colon && equals < said.len) id = str_cut(&value, '=');
    if (!text_is_name(id)) return err_set(e, ERR_CONFIG, "the name before = has 1 to %d characters of A-Z a-z 0-9 . _ - : /", LIMIT_NAME);
    int err = is_kept(value) ? config_secret_read(&value, &c->arena, c->dir, value, e) : 0;
    uint8_t *key = arena_alloc(&c->arena, WEBHOOK_KEY_MOST);
    size_t n = 0;
    if (!err) err = webhook_sign_key(value, key, &n, e);
    *ret = (struct webhook_key){arena_str(&c->arena, id), {(const char *)key, n}};
    return err;
}

static size_t count(const char *const *list)
{
    size_t n = 0;
    while (list && list[n]) n++;
    return n;
}

static struct config_mark mark_of(const struct config *c, const char *path) { return config_origin(c, str_of(path)).mark; }

static void read_keys(struct config *c, struct config_errors *errors)
{
    struct config_webhooks *w = &c->webhooks;
    struct webhook_key *keys = arena_alloc(&c->arena, (count(w->secrets) + 1) * sizeof *keys);
    struct err e;
    for (const char *const *s = w->secrets; s && *s; s++) {
        if (read_key(c, str_of(*s), &keys[w->conf.n_keys], &e)) config_errors_add(errors, mark_of(c, "webhooks.secrets"), "secrets: %s", e.text);
        else w->conf.n_keys++;
    }
    w->conf.keys = keys;
}

static void read_nets(struct config *c, struct config_errors *errors)
{
    struct config_webhooks *w = &c->webhooks;
    struct reach_net *nets = arena_alloc(&c->arena, (count(w->allow_private) + 1) * sizeof *nets);
    struct err e;
    for (const char *const *s = w->allow_private; s && *s; s++) {
        if (reach_net_parse(&nets[w->conf.n_allowed], str_of(*s), &e))
            config_errors_add(errors, mark_of(c, "webhooks.allow_private"), "allow_private: %s", e.text);
        else w->conf.n_allowed++;
    }
    w->conf.allowed = nets;
}

static void check_type(struct config *c, const struct config_type *t, struct config_errors *errors)
{
    struct str host, secret;
    struct err e = {0};
    if (!t->webhook.url) return;
    struct str path = arena_format(&c->arena, "types.%s.webhook", t->name);
    struct config_mark at = mark_of(c, path.p);
    if (config_webhooks_url(str_of(t->webhook.url), &host, &e)) config_errors_add(errors, at, "webhook.url: %s", e.text);
    for (const char *const *w = t->webhook.events; w && *w; w++)
        if (config_webhooks_event_of(str_of(*w)) < 0)
            config_errors_add(errors, at, "webhook.events: \"%.60s\" is no ending; there are completed, failed, cancelled and expired", *w);
    if (config_webhooks_secret(&c->webhooks, t->webhook.secret_id ? str_of(t->webhook.secret_id) : STR_NONE, &secret, &e))
        config_errors_add(errors, at, "webhook.secret_id: %s", e.text);
}

/* The type of deliveries, and the queue in which one host is one key. */
static void build_in(struct config *c)
{
    struct config_into into = {c, c->dir, &c->delivery};
    config_value_init(&into, &config_table_type);
    c->delivery.name = WEBHOOK_TYPE;
    c->delivery.queue = WEBHOOK_QUEUE;
    c->delivery.tells = true;
    c->delivery.rules = c->defaults;
    c->delivery.rules.max_attempts = WEBHOOK_TRIES;
    c->delivery.rules.retain = RETAIN_EVERYTHING;
    c->delivery.rules.retain.age_ms = c->webhooks.retain_ms;
    c->delivery_queue = (struct config_queue){.name = WEBHOOK_QUEUE, .concurrency = c->webhooks.concurrency,
                                              .key_concurrency = c->webhooks.host_concurrency};
}

void config_webhooks_read(struct config *c, struct config_errors *errors)
{
    build_in(c);
    read_keys(c, errors);
    read_nets(c, errors);
    for (size_t i = 0; i < c->n_types; i++) check_type(c, &c->types[i], errors);
}
