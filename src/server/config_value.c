/* SPDX-License-Identifier: Apache-2.0
 *
 * See config_value.h. A value that is not right changes nothing and says what would have been.
 */
#include "server/config_value.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/text.h"
#include "handler/web_fill.h"
#include <assert.h>
#include <stdio.h>

const char *config_value_path(struct arena *a, const char *dir, struct str path)
{
    struct str base = str_of(dir);
    if (str_starts(path, STR("/"))) return arena_text(a, path);
    if (str_starts(path, STR("./"))) path = str_sub(path, 2, path.len);
    while (str_starts(path, STR("../"))) { /* the folder has no links in it: its parent is what its name says */
        path = str_sub(path, 3, path.len);
        while (base.len > 1 && base.p[base.len - 1] != '/') base.len--;
        if (base.len > 1) base.len--;
    }
    if (path.len == 0 || str_eq(path, STR("."))) return arena_text(a, base);
    return arena_format(a, "%.*s/%.*s", base.len > 1 ? (int)base.len : 0, base.p, STR_ARG(path)).p;
}

static const char *words_text(const char *const *words, char *text, size_t cap)
{
    size_t len = (size_t)snprintf(text, cap, "one of %s", words[0]);
    for (size_t i = 1; words[i] && len < cap; i++) len += (size_t)snprintf(text + len, cap - len, ", %s", words[i]);
    return text;
}

const char *config_value_wanted(const struct config_key *k, char *text, size_t cap)
{
    switch (k->kind) {
    case KIND_PATH: return "a path";
    case KIND_STORE: return "mem: or sqlite:FILE";
    case KIND_ADDRESSES: return "HOST:PORT or unix:PATH, one or a list";
    case KIND_DURATION:
        snprintf(text, cap, "a duration like 90s, 1h30m%s%s%s%s; a number needs its unit", k->words ? ", or " : "",
                 k->words ? k->words[0] : "", k->words && k->words[1] ? ", or " : "",
                 k->words && k->words[1] ? k->words[1] : "");
        return text;
    case KIND_SIZE: return "a size like 64K, 4G or 100B";
    case KIND_RATE: return RATE_WANTED;
    case KIND_INT:
        snprintf(text, cap, "a whole number from %lld to %lld", (long long)k->min, (long long)k->max);
        return text;
    case KIND_BOOL: return "true or false";
    case KIND_CHOICE: return words_text(k->words, text, cap);
    case KIND_COMMAND: return "a list, program and arguments, like [./speech, --model, en-us]: there is no shell";
    case KIND_ENV: return "a map of NAME: text";
    case KIND_SECRETS: return "a map of NAME: file:PATH, or credential:NAME";
    case KIND_AMOUNTS: return "a map of names, each with a size like 6G or a whole number";
    case KIND_POINTER: return "a JSON pointer like /status, or \"\" for the whole answer";
    case KIND_URL: return "a URL like http://127.0.0.1:11434/v1/chat/completions";
    case KIND_WORDS: return "a word, or a list of words";
    case KIND_PATHS: return "a list of paths, like [/srv/models, ./cache]";
    case KIND_USER: return "a user like bide, bide:video, 998 or 998:44";
    case KIND_TEXT: return "a text";
    case KIND_TYPE: return "the name of a type";
    case KIND_JSON: return "a map, a list, or JSON in a text";
    case KIND_MAPPING: return "a map, a list or a text";
    case KIND_SCHEMA: return "the path of a JSON Schema, or one as a map";
    case KIND_QUEUE: return "the name of a queue";
    case KIND_WORKER: return "the name of a worker pool";
    case KIND_SECTION: return "a map of keys";
    case KIND_NAMED: return "a map of names, each with a map of keys";
    case KIND_LIST: return "a list of maps of keys";
    }
    return "";
}

static int refuse(const struct config_key *k, struct str text, struct err *e)
{
    char wanted[160];
    if (k->kind == KIND_SECRETS) /* it may be one */
        return err_set(e, ERR_CONFIG, "expected %s; found a text", config_value_wanted(k, wanted, sizeof wanted));
    return err_set(e, ERR_CONFIG, "expected %s; found \"%.*s\"", config_value_wanted(k, wanted, sizeof wanted),
                   (int)(text.len < 80 ? text.len : 80), text.p ? text.p : "");
}

/* The member is as wide as the row says: bool, enum, int32_t or int64_t. */
static void store_int(const struct config_into *into, const struct config_key *k, int64_t value)
{
    void *at = (char *)into->base + k->offset;
    int32_t narrow = (int32_t)value;
    bool flag = value != 0;
    if (k->size == sizeof value) memcpy(at, &value, sizeof value);
    else if (k->size == sizeof narrow) memcpy(at, &narrow, sizeof narrow);
    else if (k->size == sizeof flag) memcpy(at, &flag, sizeof flag);
    else assert(!"a row with a member of a strange size");
}

static void store_pointer(const struct config_into *into, const struct config_key *k, const void *value)
{
    assert(k->size == sizeof value);
    memcpy((char *)into->base + k->offset, &value, sizeof value);
}

static int set_number(const struct config_into *into, const struct config_key *k, struct str text, struct err *e)
{
    int64_t value;
    bool is_duration = k->kind == KIND_DURATION;
    for (int i = 0; is_duration && k->words && k->words[i]; i++) {
        if (!str_eq(text, str_of(k->words[i]))) continue;
        store_int(into, k, -1 - i);
        return 0;
    }
    int err = k->kind == KIND_SIZE ? text_size(&value, text, NULL)
              : is_duration        ? text_duration(&value, text, NULL)
                                   : text_int(&value, text);
    if (err) return refuse(k, text, e);
    if (value < k->min || value > k->max) {
        struct buf b;
        buf_init(&b, 64);
        if (is_duration) text_add_duration(&b, value < k->min ? k->min : k->max);
        err = !is_duration ? refuse(k, text, e)
                               : err_set(e, ERR_CONFIG, "\"%.*s\" is too %s: %s is the %s", STR_ARG(text),
                                         value < k->min ? "short" : "long", b.p, value < k->min ? "least" : "most");
        buf_release(&b);
        return err;
    }
    store_int(into, k, value);
    return 0;
}

static int set_word(const struct config_into *into, const struct config_key *k, struct str text, struct err *e)
{
    static const char *const truth[] = {"false", "true", NULL};
    const char *const *words = k->kind == KIND_BOOL ? truth : k->words;
    for (int i = 0; words[i]; i++) {
        if (!str_eq(text, str_of(words[i]))) continue;
        store_int(into, k, i);
        return 0;
    }
    return refuse(k, text, e);
}

/* A name that must be declared elsewhere in the file. */
static int set_name(const struct config_into *into, const struct config_key *k, struct str text, struct err *e)
{
    const struct config *c = into->config;
    bool queue = k->kind == KIND_QUEUE;
    size_t n = queue ? c->n_queues : c->n_workers;
    const char **names = arena_alloc(&into->config->arena, (n + 1) * sizeof *names);
    for (size_t i = 0; i < n; i++) {
        names[i] = queue ? c->queues[i].name : c->workers[i].name;
        if (!str_eq(text, str_of(names[i]))) continue;
        store_pointer(into, k, names[i]);
        return 0;
    }
    const char *near = text_nearest(text, names);
    return err_set(e, ERR_CONFIG, "no %s \"%.*s\" is declared%s%s%s", queue ? "queue" : "worker",
                   (int)(text.len < 80 ? text.len : 80), text.p, near ? " (did you mean \"" : "", near ? near : "",
                   near ? "\"?)" : "");
}

static int set_store(const struct config_into *into, const struct config_key *k, struct str text, struct err *e)
{
    struct arena *a = &into->config->arena;
    struct str file = text, scheme = str_cut(&file, ':');
    if (str_eq(text, STR("mem:"))) {
        store_pointer(into, k, "mem:");
        return 0;
    }
    if (!str_eq(scheme, STR("sqlite")) || file.len == 0) return refuse(k, text, e);
    store_pointer(into, k, arena_format(a, "sqlite:%s", config_value_path(a, into->dir, file)).p);
    return 0;
}

/* Words with commas between them. */
static int set_words(const struct config_into *into, const struct config_key *k, struct str text, struct err *e)
{
    struct str words[16];
    size_t n = 0;
    while (text.len && n < sizeof words / sizeof *words) words[n++] = str_trim(str_cut(&text, ','));
    return config_value_set_list(into, k, words, n, e);
}

static int set_url(const struct config_into *into, const struct config_key *k, struct str text, struct err *e)
{
    struct err why;
    int err = web_fill_check_url(text, &why);
    if (err && str_find(text, '@') < text.len) return err_set(e, ERR_CONFIG, "%s", why.text); /* it may have a password in it */
    if (err)
        return err_set(e, ERR_CONFIG, "\"%.*s\": %s", (int)(text.len < 200 ? text.len : 200), text.p ? text.p : "", why.text);
    store_pointer(into, k, arena_text(&into->config->arena, text));
    return 0;
}

/* Looked up now: a user that is not there is told with the rest of what is wrong. */
static int set_user(const struct config_into *into, const struct config_key *k, struct str text, struct err *e)
{
    struct sandbox_user user;
    assert(k->size == sizeof user);
    if (sandbox_user_find(&user, text, e) != 0) return ERR_CONFIG;
    memcpy((char *)into->base + k->offset, &user, sizeof user);
    return 0;
}

static int set_rate(const struct config_into *into, const struct config_key *k, struct str text, struct err *e)
{
    struct rate rate;
    assert(k->size == sizeof rate);
    if (rate_parse(&rate, text) != 0) return refuse(k, text, e);
    memcpy((char *)into->base + k->offset, &rate, sizeof rate);
    return 0;
}

static int set_json(const struct config_into *into, const struct config_key *k, struct str text, struct err *e)
{
    struct json j;
    struct err why = {0};
    json_init(&j);
    int rc = text.len > LIMIT_INPUT ? err_set(e, ERR_CONFIG, "%zu bytes; at most %d", text.len, LIMIT_INPUT) : 0;
    if (rc == 0 && json_parse(&j, text, &why) != 0)
        rc = err_set(e, ERR_CONFIG, "expected a map, a list, or JSON in a text; found \"%.*s\": %s",
                     (int)(text.len < 80 ? text.len : 80), text.p ? text.p : "", why.text);
    if (rc == 0) store_pointer(into, k, arena_text(&into->config->arena, text));
    json_release(&j);
    return rc;
}

int config_value_set(const struct config_into *into, const struct config_key *k, struct str text, struct err *e)
{
    switch (k->kind) {
    case KIND_PATH:
        if (text.len == 0) return refuse(k, text, e);
        store_pointer(into, k, config_value_path(&into->config->arena, into->dir, text));
        return 0;
    case KIND_STORE: return set_store(into, k, text, e);
    case KIND_ADDRESSES: return config_value_set_list(into, k, &text, 1, e);
    case KIND_POINTER:
        if (text.len && text.p[0] != '/') return refuse(k, text, e);
        store_pointer(into, k, arena_text(&into->config->arena, text));
        return 0;
    case KIND_URL: return set_url(into, k, text, e);
    case KIND_WORDS: return set_words(into, k, text, e);
    case KIND_USER: return set_user(into, k, text, e);
    case KIND_RATE: return set_rate(into, k, text, e);
    case KIND_DURATION:
    case KIND_SIZE:
    case KIND_INT: return set_number(into, k, text, e);
    case KIND_BOOL:
    case KIND_CHOICE: return set_word(into, k, text, e);
    case KIND_TYPE:
        if (!text_is_name(text)) return refuse(k, text, e);
        store_pointer(into, k, arena_text(&into->config->arena, text));
        return 0;
    case KIND_TEXT:
        if (text.len == 0) return refuse(k, text, e);
        store_pointer(into, k, arena_text(&into->config->arena, text));
        return 0;
    case KIND_JSON:
    case KIND_MAPPING: return set_json(into, k, text, e);
    case KIND_SCHEMA:
        if (text.len == 0) return refuse(k, text, e);
        store_pointer(into, k, text.p[0] == '{' ? arena_text(&into->config->arena, text)
                                                : config_value_path(&into->config->arena, into->dir, text));
        return 0;
    case KIND_QUEUE:
    case KIND_WORKER: return set_name(into, k, text, e);
    case KIND_COMMAND:
    case KIND_PATHS:
    case KIND_ENV:
    case KIND_SECRETS:
    case KIND_AMOUNTS:
    case KIND_SECTION:
    case KIND_NAMED:
    case KIND_LIST: return refuse(k, text, e);
    }
    return refuse(k, text, e);
}

/* What an item becomes; NULL when it is not right. */
static const char *list_item(const struct config_into *into, const struct config_key *k, struct str item, size_t place)
{
    struct arena *a = &into->config->arena;
    if (k->kind == KIND_ADDRESSES && str_starts(item, STR("unix:"))) {
        struct str path = str_sub(item, 5, item.len);
        return path.len ? arena_format(a, "unix:%s", config_value_path(a, into->dir, path)).p : NULL;
    }
    if ((k->kind == KIND_WORDS || k->kind == KIND_PATHS) && item.len == 0) return NULL;
    if (k->kind == KIND_PATHS) return config_value_path(a, into->dir, item);
    if (k->kind == KIND_ADDRESSES) return str_find(item, ':') < item.len ? arena_text(a, item) : NULL;
    if (k->kind == KIND_COMMAND && place == 0) {
        if (item.len == 0) return NULL;
        return str_find(item, '/') < item.len ? config_value_path(a, into->dir, item) : arena_text(a, item);
    }
    return arena_text(a, item);
}

int config_value_set_list(const struct config_into *into, const struct config_key *k, const struct str *items, size_t n,
                          struct err *e)
{
    const char **list = arena_alloc(&into->config->arena, (n + 1) * sizeof *list);
    if (n == 0 && k->kind != KIND_ENV && k->kind != KIND_SECRETS) return refuse(k, STR("[]"), e);
    for (size_t i = 0; i < n; i++) {
        list[i] = list_item(into, k, items[i], i);
        if (!list[i]) return refuse(k, items[i], e);
    }
    store_pointer(into, k, list);
    return 0;
}

void config_value_init(const struct config_into *into, const struct config_section *s)
{
    for (size_t i = 0; i < s->n; i++) {
        const struct config_key *k = &s->keys[i];
        if (k->kind == KIND_SECTION && !(s == &config_table_type && k->section->inherited)) {
            struct config_into nested = {into->config, into->dir, (char *)into->base + k->offset};
            config_value_init(&nested, k->section);
        }
        if (!k->initial) continue;
        int err = config_value_set(into, k, str_of(k->initial), NULL);
        assert(err == 0);
        (void)err;
    }
}
