/* SPDX-License-Identifier: Apache-2.0
 *
 * See config_http.h. Names of headers are tokens of RFC 9110 section 5.6.2. Values are never quoted: they may be secret.
 */
#include "server/config_http.h"
#include "handler/web_fill.h"
#include <ctype.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

struct check {
    const struct config *c;
    const char *type;
    struct config_mark at; /* of the type */
    struct config_errors *errors;
};

/* Where a key of the type stands, or else the type. */
static struct config_mark mark_of(const struct check *k, const char *key)
{
    char path[512];
    int len = snprintf(path, sizeof path, "types.%s.http.%s", k->type, key);
    struct config_origin o = len < (int)sizeof path ? config_origin(k->c, str_of(path)) : (struct config_origin){0};
    return o.from == CONFIG_FILE ? o.mark : k->at;
}

static bool is_token(struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (!isalnum((unsigned char)s.p[i]) && !strchr("!#$%&'*+-.^_`|~", s.p[i])) return false;
    return s.len > 0;
}

static bool is_ours(struct str name)
{
    return str_eq_nocase(name, STR("Content-Length")) || str_eq_nocase(name, STR("Transfer-Encoding")) ||
           str_eq_nocase(name, STR("Connection")) || str_eq_nocase(name, STR("Expect"));
}

static bool is_plain(struct str s)
{
    bool plain = true;
    for (size_t i = 0; i < s.len; i++) plain = plain && (unsigned char)s.p[i] >= 0x20 && s.p[i] != 0x7f;
    return plain;
}

static void check_headers(const struct check *k, const char *key, const char *const *list)
{
    for (; list && *list; list++) {
        struct str value = str_of(*list), name = str_cut(&value, '=');
        if (!is_token(name))
            config_errors_add(k->errors, mark_of(k, key), "\"%s\": \"%.*s\" cannot be the name of a header", key, STR_ARG(name));
        else if (is_ours(name))
            config_errors_add(k->errors, mark_of(k, key), "\"%s\": \"%.*s\" is set by the server itself", key, STR_ARG(name));
        else if (!is_plain(value))
            config_errors_add(k->errors, mark_of(k, key), "\"%s\": the value of \"%.*s\" has a control character in it", key, STR_ARG(name));
    }
}

/* RFC 7617 section 2. */
static void check_login(const struct check *k, const struct web_conf *conf)
{
    const char *const *login = conf->proxy_login;
    const char *wrong = NULL;
    if (!login || !login[0]) return;
    struct str password = str_of(login[0]), user = str_cut(&password, '=');
    if (!conf->proxy) wrong = "it goes with \"proxy\"";
    else if (login[1]) wrong = "it has one user with its password";
    else if (str_find(user, ':') < user.len || !is_plain(user)) wrong = "no user can have this name";
    else if (!is_plain(password)) wrong = "the password has a control character in it";
    if (wrong) config_errors_add(k->errors, mark_of(k, "proxy_login"), "\"proxy_login\": %s", wrong);
}

static void check_callback(const struct check *k, const struct web_conf *conf)
{
    bool named = web_fill_names(conf->url, "callback_url") || web_fill_names(conf->body, "callback_url");
    for (const char *const *h = conf->headers; h && *h; h++) named = named || web_fill_names(*h, "callback_url");
    if (conf->callback.base && strchr(conf->callback.base, '?'))
        config_errors_add(k->errors, mark_of(k, "callback.base"), "\"base\": paths go behind it, so it cannot have a query");
    if (conf->callback.base && !named)
        config_errors_add(k->errors, mark_of(k, "callback.base"), "\"callback\": {callback_url} is in none of url, headers and body, so nobody could call back");
    if (!conf->callback.base && named)
        config_errors_add(k->errors, mark_of(k, "url"), "\"http\": {callback_url} needs \"callback\" with its \"base\"");
}

void config_http_check(const struct config *c, const struct web_conf *conf, const char *type, struct config_mark at,
                       struct config_errors *errors)
{
    const struct check k = {c, type, at, errors};
    if (!conf->url) return;
    check_headers(&k, "headers", conf->headers);
    check_headers(&k, "secret_headers", conf->secret_headers);
    check_login(&k, conf);
    check_callback(&k, conf);
    if (conf->stream.piece && (conf->poll.status || conf->callback.base))
        config_errors_add(errors, mark_of(&k, "stream.piece"), "\"stream\" is an answer that has the result; with \"poll\" or \"callback\" it has not");
    if (conf->ca_file && access(conf->ca_file, R_OK) != 0)
        config_errors_add(errors, mark_of(&k, "ca_file"), "\"ca_file\": %s: %m", conf->ca_file);
}
