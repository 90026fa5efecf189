/* SPDX-License-Identifier: Apache-2.0
 *
 * See web_fill.h. A template is recognised whole, from its brace to its brace, or not at all.
 */
#include "handler/web_fill.h"
#include "base/json_write.h"
#include "base/limits.h"
#include "handler/template.h"
#include "handler/remote_job.h"
#include <ctype.h>
#include <stdio.h>

enum way { IN_URL, IN_HEADER, IN_TEXT };

static bool is_input(struct str words)
{
    return str_eq(words, STR("input")) || (str_starts(words, STR("input.")) && words.len > sizeof "input");
}

/* The words between the braces at the beginning of s; false: no template begins here. */
static bool template_at(struct str s, struct str *ret_words)
{
    static const char *const names[] = {"id", "attempt", "fence", "type", "remote.id", "callback_url"};
    if (s.len == 0 || s.p[0] != '{') return false;
    size_t end = str_find(s, '}');
    struct str words = str_sub(s, 1, end - 1);
    if (end == s.len) return false;
    *ret_words = words;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (str_eq(words, str_of(names[i]))) return true;
    return is_input(words);
}

bool web_fill_names(const char *text, const char *words)
{
    struct str found, s = str_of(text);
    for (size_t i = 0; i < s.len; i++)
        if (template_at(str_sub(s, i, s.len - i), &found) && str_eq(found, str_of(words))) return true;
    return false;
}

/* What is not of the input, as text. */
static void add_own(struct buf *b, struct str words, const struct web_words *w)
{
    if (str_eq(words, STR("id"))) {
        char id[ID_TEXT];
        id_format(&w->attempt->task->id, id);
        buf_add_text(b, id);
    } else if (str_eq(words, STR("attempt"))) {
        buf_add_format(b, "%d", (int)w->job->attempt);
    } else if (str_eq(words, STR("fence"))) {
        buf_add_format(b, "%016llx", (unsigned long long)w->job->fence);
    } else if (str_eq(words, STR("type"))) {
        buf_add_str(b, w->attempt->task->type);
    } else {
        bool remote = str_eq(words, STR("remote.id"));
        struct str value = remote ? w->job->id : w->callback_url;
        if (value.len) buf_add_str(b, value);
        else buf_add_format(b, "{%.*s}", STR_ARG(words));
    }
}

static int add_text(struct buf *b, struct str words, const struct web_words *w, char pointer[TEMPLATE_POINTER], struct err *e)
{
    const struct json_node *at;
    pointer[0] = '\0';
    if (!is_input(words)) {
        add_own(b, words, w);
        return 0;
    }
    int rc = template_find(w->input, words, &at, pointer, e);
    if (rc == 0 && at->kind == JSON_STRING) json_add_string(w->input, at, b);
    else if (rc == 0) template_add_compact(b, json_span(w->input, at));
    return rc;
}

static void add_percent(struct buf *b, struct str s)
{
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (c < 0x80 && (isalnum(c) || strchr("-._~", c)) && c) buf_add_char(b, (char)c);
        else buf_add_format(b, "%%%02X", c);
    }
}

/* One value, as it may stand in a URL or a header. */
static int add_value(struct buf *b, struct str words, const struct web_words *w, enum way way, struct err *e)
{
    char pointer[TEMPLATE_POINTER];
    struct buf text;
    buf_init(&text, b->max);
    int rc = add_text(&text, words, w, pointer, e);
    struct str value = buf_str(&text);
    for (size_t i = 0; rc == 0 && way == IN_HEADER && i < value.len; i++)
        if ((unsigned char)value.p[i] < 0x20 || value.p[i] == 0x7f)
            rc = err_set_at(e, ERR_INVALID, pointer, "{%.*s}: a header cannot have a control character in it", STR_ARG(words));
    if (rc == 0 && way == IN_URL && (str_eq(value, STR(".")) || str_eq(value, STR(".."))))
        rc = err_set_at(e, ERR_INVALID, pointer, "{%.*s}: \"%.*s\" would be another path", STR_ARG(words), STR_ARG(value));
    if (rc == 0 && buf_err(&text)) rc = err_set_at(e, ERR_INVALID, pointer, "{%.*s}: the value is too long", STR_ARG(words));
    if (rc == 0 && way == IN_URL) add_percent(b, value);
    if (rc == 0 && way != IN_URL) buf_add_str(b, value);
    buf_release(&text);
    return rc;
}

static int fill(struct buf *b, struct str rest, const struct web_words *w, enum way way, struct err *e)
{
    int rc = 0;
    struct str words;
    while (rest.len && rc == 0) {
        size_t took = 1;
        if (template_at(rest, &words)) {
            rc = add_value(b, words, w, way, e);
            took = words.len + 2;
        } else {
            buf_add_char(b, rest.p[0]);
        }
        rest = str_sub(rest, took, rest.len - took);
    }
    return rc;
}

int web_fill_url(struct buf *b, const char *url, const struct web_words *w, struct err *e)
{
    return fill(b, str_of(url), w, IN_URL, e);
}

int web_fill_header(struct buf *b, const char *value, const struct web_words *w, struct err *e)
{
    return fill(b, str_of(value), w, IN_HEADER, e);
}

/* ---- bodies ---- */

/* A string that is one template: the value as it is. */
static int add_whole(struct buf *b, struct str words, const struct web_words *w, struct err *e)
{
    if (is_input(words)) {
        char pointer[TEMPLATE_POINTER];
        const struct json_node *at;
        int rc = template_find(w->input, words, &at, pointer, e);
        if (rc == 0) json_write_raw(b, json_span(w->input, at));
        return rc;
    }
    if (str_eq(words, STR("attempt"))) {
        json_write_int(b, w->job->attempt);
        return 0;
    }
    struct buf text;
    buf_init(&text, b->max);
    add_own(&text, words, w);
    json_write_str(b, buf_str(&text));
    buf_release(&text);
    return 0;
}

static int add_string(struct buf *b, const struct json *j, const struct json_node *v, const struct web_words *w, struct err *e)
{
    struct buf plain, filled;
    struct str words;
    buf_init(&plain, v->len + 1);
    buf_init(&filled, b->max);
    json_add_string(j, v, &plain);
    struct str text = buf_str(&plain);
    bool whole = template_at(text, &words) && words.len + 2 == text.len;
    int rc = whole ? add_whole(b, words, w, e) : fill(&filled, text, w, IN_TEXT, e);
    if (!whole && rc == 0) json_write_str(b, buf_str(&filled));
    if (rc == 0 && buf_err(&filled)) rc = err_set(e, ERR_TOO_BIG, "the body is longer than %zu bytes", b->max);
    buf_release(&plain);
    buf_release(&filled);
    return rc;
}

static int add_json(struct buf *b, const struct json *j, const struct json_node *v, const struct web_words *w, struct err *e)
{
    int rc = 0;
    bool object = v->kind == JSON_OBJECT;
    if (v->kind == JSON_STRING) return add_string(b, j, v, w, e);
    if (!object && v->kind != JSON_ARRAY) {
        json_write_raw(b, json_span(j, v));
        return 0;
    }
    json_write_open(b, object ? '{' : '[');
    for (const struct json_node *m = json_first(v); m && rc == 0; m = json_next(v, m)) {
        struct buf key;
        buf_init(&key, m->key_len + 1);
        json_add_key(j, m, &key);
        if (object) json_write_key_str(b, buf_str(&key));
        buf_release(&key);
        rc = add_json(b, j, m, w, e);
    }
    json_write_close(b, object ? '}' : ']');
    return rc;
}

int web_fill_body(struct buf *b, const char *body, const struct web_words *w, struct err *e)
{
    struct json j;
    json_init(&j);
    int rc = json_parse(&j, str_of(body), e);
    if (rc == 0) rc = add_json(b, &j, json_root(&j), w, e);
    json_release(&j);
    return rc;
}

/* ---- as configured ---- */

int web_fill_check_url(struct str url, struct err *e)
{
    struct str words, rest = url, scheme = str_cut(&rest, ':');
    bool web = str_eq_nocase(scheme, STR("http")) || str_eq_nocase(scheme, STR("https"));
    if (!web || !str_starts(rest, STR("//"))) return err_set(e, ERR_INVALID, "it must begin with http:// or https://");
    rest = str_sub(rest, 2, rest.len);
    size_t end = 0;
    while (end < rest.len && !strchr("/?#", rest.p[end])) end++;
    struct str host = str_sub(rest, 0, end);
    if (host.len == 0 || host.p[0] == ':') return err_set(e, ERR_INVALID, "it has no host");
    if (str_find(host, '@') < host.len)
        return err_set(e, ERR_INVALID, "a user and password do not belong into a URL; secret_headers and proxy_login have a place for them");
    if (str_find(host, '{') < host.len) return err_set(e, ERR_INVALID, "whom it calls cannot come from a template, only what is behind the host");
    for (size_t i = 0; i < url.len; i++) {
        struct str at = str_sub(url, i, url.len);
        if ((unsigned char)url.p[i] <= 0x20 || url.p[i] == 0x7f) return err_set(e, ERR_INVALID, "it has a blank or a control character");
        if (url.p[i] == '#') return err_set(e, ERR_INVALID, "a fragment (#) is never sent");
        if (template_at(at, &words)) i += words.len + 1;
        else if (url.p[i] == '{' || url.p[i] == '}')
            return err_set(e, ERR_INVALID, "%.*s is no template that is known here", (int)(at.len < 40 ? at.len : 40), at.p);
    }
    return 0;
}
