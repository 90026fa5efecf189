/* SPDX-License-Identifier: Apache-2.0
 *
 * See config_show.h. The walk is the reader's, without a file.
 */
#include "server/config_show.h"
#include "base/json_write.h"
#include "base/text.h"
#include "server/config_amounts.h"
#include <assert.h>
#include <stdio.h>

#define PATH_MOST 4096
#define MASK "***"

struct show {
    void (*f)(void *user, const struct config_item *item);
    void *user;
    struct buf path; /* of what is being walked */
};

static void show_section(struct show *s, const struct config_section *section, const void *base);

static const void *member(const void *base, size_t offset) { return (const char *)base + offset; }

static const void *pointer_at(const void *at)
{
    const void *p;
    memcpy(&p, at, sizeof p);
    return p;
}

/* The member of a row, whatever its width. */
static int64_t int_at(const struct config_item *item)
{
    const void *at = member(item->base, item->key->offset);
    int64_t wide = 0;
    int32_t narrow;
    bool flag;
    if (item->key->size == sizeof wide) memcpy(&wide, at, sizeof wide);
    else if (item->key->size == sizeof narrow) memcpy(&narrow, at, sizeof narrow), wide = narrow;
    else if (item->key->size == sizeof flag) memcpy(&flag, at, sizeof flag), wide = flag;
    else assert(!"a row with a member of a strange size");
    return wide;
}

/* Goes into the path by one name, and back. */
static size_t enter(struct show *s, const char *name)
{
    size_t before = s->path.len;
    buf_add_format(&s->path, "%s%s", before ? "." : "", name);
    return before;
}

static void leave(struct show *s, size_t before) { s->path.len = before; }

static void show_many(struct show *s, const struct config_key *k, const void *base)
{
    size_t n;
    memcpy(&n, member(base, k->count), sizeof n);
    const void *all = pointer_at(member(base, k->offset));
    for (size_t i = 0; i < n; i++) {
        const void *one = member(all, i * k->section->size);
        char number[32];
        snprintf(number, sizeof number, "%zu", i);
        size_t before = enter(s, k->kind == KIND_LIST ? number : pointer_at(one));
        show_section(s, k->section, one);
        leave(s, before);
    }
}

static bool applies(const struct config_section *section, const struct config_key *k, const void *base)
{
    const struct config_key *other = k->needs ? config_table_find(section, str_of(k->needs)) : NULL;
    if (other && !pointer_at(member(base, other->offset))) return false;
    return k->kind != KIND_SECTION || config_table_is_there(k->section, member(base, k->offset));
}

static void show_section(struct show *s, const struct config_section *section, const void *base)
{
    for (size_t i = 0; i < section->n; i++) {
        const struct config_key *k = &section->keys[i];
        if (!applies(section, k, base)) continue;
        size_t before = enter(s, k->key);
        if (k->kind == KIND_SECTION) show_section(s, k->section, member(base, k->offset));
        else if (k->kind == KIND_NAMED || k->kind == KIND_LIST) show_many(s, k, base);
        else s->f(s->user, &(struct config_item){buf_str(&s->path), section, k, base});
        leave(s, before);
    }
}

void config_show_each(const struct config *c, void (*f)(void *user, const struct config_item *item), void *user)
{
    struct show s = {.f = f, .user = user};
    buf_init(&s.path, PATH_MOST);
    show_section(&s, &config_table_top, c);
    buf_release(&s.path);
}

/* ---- values ---- */

static bool says_secret(struct str name)
{
    static const char *const words[] = {"TOKEN", "SECRET", "PASSW", "KEY", "CREDENTIAL", "AUTH"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        for (size_t at = 0; at < name.len; at++)
            if (str_eq_nocase(str_sub(name, at, strlen(words[i])), str_of(words[i]))) return true;
    return false;
}

static void show_env(struct buf *b, const char *const *env, bool all_secret)
{
    json_write_open(b, '{');
    for (; *env; env++) {
        struct str value = str_of(*env), name = str_cut(&value, '=');
        json_write_key_str(b, name);
        json_write_str(b, all_secret || says_secret(name) ? STR(MASK) : value);
    }
    json_write_close(b, '}');
}

static void show_list(struct buf *b, const char *const *list)
{
    json_write_open(b, '[');
    for (; *list; list++) json_write_text(b, *list);
    json_write_close(b, ']');
}

/* Where they are kept may be shown, they may not. */
static void show_secrets(struct buf *b, const char *const *list)
{
    json_write_open(b, '[');
    for (; *list; list++) {
        struct str said = str_of(*list);
        const char *secret = strstr(*list, "whsec_");
        struct buf text;
        buf_init(&text, LIMIT_CONFIG);
        if (secret) said.len = (size_t)(secret - *list);
        buf_add_str(&text, said);
        if (secret) buf_add_text(&text, "***");
        json_write_str(b, buf_str(&text));
        buf_release(&text);
    }
    json_write_close(b, ']');
}

static void show_duration(struct buf *b, const struct config_key *k, int64_t ms)
{
    struct buf text;
    buf_init(&text, 64);
    if (ms < 0 && k->words) buf_add_text(&text, k->words[-1 - ms]);
    else text_add_duration(&text, ms);
    json_write_str(b, buf_str(&text));
    buf_release(&text);
}

static void show_size(struct buf *b, int64_t bytes)
{
    struct buf text;
    buf_init(&text, 64);
    text_add_size(&text, bytes);
    json_write_str(b, buf_str(&text));
    buf_release(&text);
}

static void show_rate(struct buf *b, const struct rate *rate)
{
    char text[RATE_TEXT];
    rate_format(rate, text);
    json_write_text(b, text);
}

static void show_user(struct buf *b, const struct sandbox_user *user)
{
    if (user->text[0]) json_write_text(b, user->text);
    else json_write_null(b);
}

void config_show_value(struct buf *b, const struct config_item *item)
{
    const struct config_key *k = item->key;
    const void *p = k->size == sizeof p ? pointer_at(member(item->base, k->offset)) : NULL;
    switch (k->kind) {
    case KIND_PATH:
    case KIND_STORE:
    case KIND_POINTER:
    case KIND_URL:
    case KIND_TEXT:
    case KIND_TYPE:
    case KIND_QUEUE:
    case KIND_WORKER: json_write_text(b, p); return;
    case KIND_ADDRESSES:
    case KIND_COMMAND:
    case KIND_WORDS:
    case KIND_PATHS:
        if (p) (k->secret ? show_secrets : show_list)(b, p);
        else json_write_null(b);
        return;
    case KIND_ENV:
        if (p) show_env(b, p, false);
        else json_write_null(b);
        return;
    case KIND_SECRETS:
        if (p) show_env(b, p, true);
        else json_write_null(b);
        return;
    case KIND_AMOUNTS:
        if (p) config_amounts_show(b, p);
        else json_write_null(b);
        return;
    case KIND_JSON:
    case KIND_MAPPING:
        if (p) json_write_raw(b, str_of(p));
        else json_write_null(b);
        return;
    case KIND_SCHEMA:
        if (p && *(const char *)p == '{') json_write_raw(b, str_of(p));
        else json_write_text(b, p);
        return;
    case KIND_RATE: show_rate(b, member(item->base, k->offset)); return;
    case KIND_USER: show_user(b, member(item->base, k->offset)); return;
    case KIND_DURATION: show_duration(b, k, int_at(item)); return;
    case KIND_INT: json_write_int(b, int_at(item)); return;
    case KIND_SIZE: show_size(b, int_at(item)); return;
    case KIND_BOOL: json_write_bool(b, int_at(item) != 0); return;
    case KIND_CHOICE: json_write_text(b, k->words[int_at(item)]); return;
    case KIND_SECTION:
    case KIND_NAMED:
    case KIND_LIST: return; /* their values are items of their own */
    }
}

/* ---- where from ---- */

/* A type's rules are those of `defaults` unless it sets them itself: what follows the type's name. */
static struct str inherited(const struct config_item *item)
{
    bool nested = item->section->inherited, type = item->section == &config_table_type;
    struct str key = str_of(item->key->key), path = item->path;
    bool rule = nested || (type && config_table_find(&config_table_defaults, key));
    if (!rule || !str_starts(path, STR("types."))) return STR_NONE;
    size_t len = key.len + (nested ? strlen(item->section->name) + 1 : 0);
    return str_sub(path, path.len - len, len);
}

void config_show_origin(struct buf *b, const struct config *c, const struct config_item *item)
{
    struct config_origin o = config_origin(c, item->path);
    struct str from = inherited(item);
    switch (o.from) {
    case CONFIG_FILE: buf_add_format(b, "%s:%d", c->path, o.mark.line); return;
    case CONFIG_ENV:
    case CONFIG_FLAG: buf_add_text(b, o.name); return;
    case CONFIG_DEFAULT:
        if (from.len) buf_add_format(b, "defaults.%.*s", STR_ARG(from));
        else buf_add_text(b, "default");
        return;
    }
}

const char *config_show_from(enum config_from from)
{
    static const char *const words[] = {
        [CONFIG_DEFAULT] = "default", [CONFIG_FILE] = "file", [CONFIG_ENV] = "env", [CONFIG_FLAG] = "flag"};
    return words[from];
}
