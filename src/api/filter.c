/* SPDX-License-Identifier: Apache-2.0
 *
 * Ids are in the order of time (UUIDv7), so a range of time is a range of ids.
 */
#include "api/filter.h"

#include "api/depth.h"
#include "base/text.h"

#include <string.h>

#define STATUS_TEXT "status must be one of blocked scheduled retrying pending running completed failed cancelled expired"

static bool is_word(struct str s, const char **ret)
{
    for (size_t i = 0; i < DEPTH_WORDS; i++) {
        if (!str_eq(s, str_of(depth_word(i)))) continue;
        *ret = depth_word(i);
        return true;
    }
    return false;
}

/* The least id of that moment. */
static struct id id_at(int64_t ms)
{
    struct id id = {{0}};
    for (int i = 0; i < 6; i++) id.b[i] = (uint8_t)((uint64_t)ms >> (40 - 8 * i));
    return id;
}

static void set_after(struct filter *f, int64_t ms)
{
    f->store.has_from = true;
    f->store.from = id_at(ms);
}

void filter_begin(const struct filter *f, struct store_list *list)
{
    list->filter = f->store;
    struct id bound = id_at(f->before_ms);
    if (f->before_ms && (!list->has_after || id_cmp(&bound, &list->after) < 0)) {
        list->has_after = true;
        list->after = bound;
    }
}

/* ---- from a query ---- */

/* `tag=key:value`, or key=value where the query has it percent-encoded: whichever sign comes first. */
static bool read_tag(struct filter *f, struct str tag)
{
    size_t colon = str_find(tag, ':'), equals = str_find(tag, '='), at = colon < equals ? colon : equals;
    if (at == 0 || at >= tag.len || f->store.n_tags == STORE_TAGS) return false;
    f->store.tags[f->store.n_tags++] = (struct task_tag){str_sub(tag, 0, at), str_sub(tag, at + 1, tag.len)};
    return true;
}

static int refuse(struct call *c, const char *text)
{
    call_refuse(c, ERR_INVALID, "%s", text);
    return ERR_INVALID;
}

static int read_time(struct call *c, const char *name, int64_t *ret_ms)
{
    struct str text = query_get(&c->query, name);
    *ret_ms = 0;
    if (!text.p || (text_time(ret_ms, text) == 0 && *ret_ms > 0)) return 0;
    call_refuse(c, ERR_INVALID, "%s must be a time like 2026-11-21T20:00:00Z (RFC 3339)", name);
    return ERR_INVALID;
}

int filter_read_query(struct call *c, struct filter *f)
{
    *f = (struct filter){0};
    f->store.type = query_get(&c->query, "type");
    f->store.queue = query_get(&c->query, "queue");
    f->store.subject = query_get(&c->query, "subject");
    struct str status = query_get(&c->query, "status");
    if (status.p && !is_word(status, &f->store.word)) return refuse(c, STATUS_TEXT);
    for (size_t i = 0; i < c->query.n; i++) {
        if (!str_eq(c->query.pairs[i].name, STR("tag"))) continue;
        if (!read_tag(f, c->query.pairs[i].value))
            return refuse(c, "tag must be a name and a value with a colon between: tag=project_id:7; at most 8 of them");
    }
    int64_t after_ms;
    int err = read_time(c, "created_after", &after_ms);
    if (!err) err = read_time(c, "created_before", &f->before_ms);
    if (!err && after_ms) set_after(f, after_ms);
    return err;
}

/* ---- from a body ---- */

static int read_type(const struct members *m, void *to, const struct json_node *v, const char *pointer)
{
    struct filter *f = to;
    f->said = true;
    return members_text(m, v, pointer, LIMIT_NAME, &f->store.type);
}

static int read_queue(const struct members *m, void *to, const struct json_node *v, const char *pointer)
{
    struct filter *f = to;
    f->said = true;
    return members_text(m, v, pointer, LIMIT_NAME, &f->store.queue);
}

static int read_subject(const struct members *m, void *to, const struct json_node *v, const char *pointer)
{
    struct filter *f = to;
    f->said = true;
    return members_text(m, v, pointer, LIMIT_SUBJECT, &f->store.subject);
}

static int read_status(const struct members *m, void *to, const struct json_node *v, const char *pointer)
{
    struct filter *f = to;
    struct str word;
    f->said = true;
    int err = members_text(m, v, pointer, LIMIT_NAME, &word);
    return err || is_word(word, &f->store.word) ? err : err_set_at(m->e, ERR_INVALID, pointer, STATUS_TEXT);
}

static int read_tags(const struct members *m, void *to, const struct json_node *v, const char *pointer)
{
    struct filter *f = to;
    const struct task_tag *tags;
    size_t n;
    int err = members_tags(m, v, pointer, &tags, &n);
    if (!err && n > STORE_TAGS) err = err_set_at(m->e, ERR_INVALID, pointer, "a filter takes at most %d tags", STORE_TAGS);
    if (err) return err;
    f->said = f->said || n > 0;
    memcpy(f->store.tags, tags, n * sizeof *tags);
    f->store.n_tags = n;
    return 0;
}

static int read_created_after(const struct members *m, void *to, const struct json_node *v, const char *pointer)
{
    struct filter *f = to;
    int64_t ms;
    int err = members_time(m, v, pointer, &ms);
    f->said = true;
    if (!err) set_after(f, ms);
    return err;
}

static int read_created_before(const struct members *m, void *to, const struct json_node *v, const char *pointer)
{
    ((struct filter *)to)->said = true;
    return members_time(m, v, pointer, &((struct filter *)to)->before_ms);
}

const struct member filter_members[] = {
    {"type", read_type}, {"queue", read_queue}, {"subject", read_subject}, {"status", read_status}, {"tags", read_tags},
    {"created_after", read_created_after}, {"created_before", read_created_before}, {NULL, NULL},
};
