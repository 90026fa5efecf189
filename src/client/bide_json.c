/* SPDX-License-Identifier: Apache-2.0
 *
 * Reading one value out of a JSON text by a dotted path. Each call parses the whole text: inputs are small and a worker
 * asks for a handful of members once, so nothing is kept between calls and there is nothing to free.
 */
#include "base/json.h"
#include "base/limits.h"
#include "base/text.h"
#include "bide.h"

struct place {
    struct json json;
    const struct json_node *value;
};

static const struct json_node *step(const struct json *j, const struct json_node *v, struct str name)
{
    if (v->kind == JSON_OBJECT) return json_member(j, v, name);
    int64_t index;
    if (v->kind != JSON_ARRAY || text_int(&index, name)) return NULL;
    const struct json_node *child = json_first(v);
    for (; child && index > 0; index--) child = json_next(v, child);
    return index < 0 ? NULL : child;
}

/* Parses and walks. The caller releases place->json whatever is returned. */
static enum bide_json find(struct place *p, const char *json, const char *path)
{
    json_init(&p->json);
    p->json.envelope = LIMIT_JSON_ENVELOPE; /* a task is read whole, too, with what bide puts around its texts */
    p->value = NULL;
    p->json.any_size = true; /* the text is in memory and its owner's: what it has may be read */
    int rc = json_parse(&p->json, str_of(json), NULL);
    if (rc) return rc == ERR_NOMEM ? BIDE_JSON_MEMORY : rc == ERR_TOO_BIG ? BIDE_JSON_HUGE : BIDE_JSON_INVALID;
    p->value = json_root(&p->json);
    struct str rest = str_of(path);
    while (rest.len > 0 && p->value) p->value = step(&p->json, p->value, str_cut(&rest, '.'));
    return p->value ? BIDE_JSON_FOUND : BIDE_JSON_ABSENT;
}

/* The string unescaped into a zeroed buf. */
static enum bide_json find_string(const char *json, const char *path, struct buf *text)
{
    struct place p;
    enum bide_json found = find(&p, json, path);
    if (!found && p.value->kind != JSON_STRING) found = BIDE_JSON_KIND;
    if (!found) json_add_string(&p.json, p.value, text);
    json_release(&p.json);
    if (!found && buf_err(text)) found = BIDE_JSON_MEMORY;
    return found;
}

enum bide_json bide_json_string(const char *json, const char *path, char *to, size_t cap)
{
    struct buf text;
    buf_init(&text, SIZE_MAX / 2);
    enum bide_json found = find_string(json, path, &text);
    if (!found && text.len >= cap) found = BIDE_JSON_LONG;
    if (!found) str_copy(to, cap, buf_str(&text));
    buf_release(&text);
    return found;
}

enum bide_json bide_json_text(const char *json, const char *path, struct bide_text *ret_text)
{
    struct buf text;
    buf_init(&text, SIZE_MAX / 2);
    enum bide_json found = find_string(json, path, &text);
    if (found) {
        buf_release(&text);
        return found;
    }
    bide_text_free(ret_text);
    *ret_text = (struct bide_text){.p = text.p, .len = text.len, .cap = text.cap};
    return BIDE_JSON_FOUND;
}

enum bide_json bide_json_int(const char *json, const char *path, int64_t *ret_value)
{
    struct place p;
    enum bide_json found = find(&p, json, path);
    if (!found && (p.value->kind != JSON_NUMBER || json_int(&p.json, p.value, ret_value))) found = BIDE_JSON_KIND;
    json_release(&p.json);
    return found;
}

enum bide_json bide_json_double(const char *json, const char *path, double *ret_value)
{
    struct place p;
    enum bide_json found = find(&p, json, path);
    if (!found && (p.value->kind != JSON_NUMBER || json_double(&p.json, p.value, ret_value))) found = BIDE_JSON_KIND;
    json_release(&p.json);
    return found;
}

enum bide_json bide_json_bool(const char *json, const char *path, bool *ret_value)
{
    struct place p;
    enum bide_json found = find(&p, json, path);
    if (!found && p.value->kind != JSON_TRUE && p.value->kind != JSON_FALSE) found = BIDE_JSON_KIND;
    if (!found) *ret_value = p.value->kind == JSON_TRUE;
    json_release(&p.json);
    return found;
}

enum bide_json bide_json_span(const char *json, const char *path, const char **ret_start, size_t *ret_len)
{
    struct place p;
    enum bide_json found = find(&p, json, path);
    if (!found) {
        struct str span = json_span(&p.json, p.value);
        *ret_start = span.p;
        *ret_len = span.len;
    }
    json_release(&p.json);
    return found;
}

enum bide_json bide_json_count(const char *json, const char *path, size_t *ret_count)
{
    struct place p;
    enum bide_json found = find(&p, json, path);
    if (!found && p.value->kind != JSON_ARRAY && p.value->kind != JSON_OBJECT) found = BIDE_JSON_KIND;
    if (!found) *ret_count = p.value->count;
    json_release(&p.json);
    return found;
}
