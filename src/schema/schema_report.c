/* SPDX-License-Identifier: Apache-2.0
 *
 * What is wrong, in words, and where. Places are looked for from the root when something is noted, so that a value that fits
 * costs nothing for it.
 */
#include "schema/schema_inside.h"

#include <stdio.h>

#define SHOWN 40 /* bytes of a value or name in a sentence */

/* The child of `parent` that is `v` or around it, and its place. */
static const struct json_node *step_to(const struct json_node *parent, const struct json_node *v, size_t *ret_place)
{
    *ret_place = 0;
    const struct json_node *c = json_first(parent);
    for (; c && v >= c + c->skip; c = json_next(parent, c)) ++*ret_place;
    return c;
}

/* All or nothing. */
static bool add_step(char *to, size_t cap, size_t *len, struct str name)
{
    size_t n = *len;
    if (n + 1 >= cap) return false;
    to[n++] = '/';
    for (size_t i = 0; i < name.len; i++) {
        bool escape = name.p[i] == '~' || name.p[i] == '/';
        if (n + 1 + escape >= cap) {
            to[*len] = '\0';
            return false;
        }
        if (escape) to[n++] = '~';
        to[n++] = name.p[i] == '~' ? '0' : name.p[i] == '/' ? '1' : name.p[i];
    }
    to[n] = '\0';
    *len = n;
    return true;
}

static bool add_step_of(const struct json *j, const struct json_node *c, bool named, size_t place, char *to, size_t cap, size_t *len)
{
    struct buf key;
    if (!named) {
        char number[24];
        snprintf(number, sizeof number, "%zu", place);
        return add_step(to, cap, len, str_of(number));
    }
    buf_init(&key, (size_t)c->key_len + 1);
    json_add_key(j, c, &key);
    bool fits = add_step(to, cap, len, buf_str(&key));
    buf_release(&key);
    return fits;
}

void schema_pointer(const struct json *j, const struct json_node *v, const char *at, char *to, size_t cap)
{
    size_t len = str_copy(to, cap, str_of(at)) ? strlen(at) : strlen(to), place;
    const struct json_node *here = json_root(j);
    while (here != v) {
        const struct json_node *c = step_to(here, v, &place);
        if (!c || !add_step_of(j, c, here->kind == JSON_OBJECT, place, to, cap, &len)) return;
        here = c;
    }
}

void schema_found(const struct json *j, const struct json_node *v, char *to, size_t cap)
{
    bool shown = v->kind != JSON_ARRAY && v->kind != JSON_OBJECT && v->len <= SHOWN;
    struct str text = shown ? json_span(j, v) : str_of(json_kind_name(v->kind));
    snprintf(to, cap, "%.*s", STR_ARG(text));
}

void schema_type_words(uint8_t types, char *to, size_t cap)
{
    static const struct {
        uint8_t type;
        const char *words;
    } names[] = {{TYPE_STRING, "a string"}, {TYPE_NUMBER, "a number"}, {TYPE_INTEGER, "a whole number"}, {TYPE_BOOLEAN, "true or false"},
                 {TYPE_ARRAY, "an array"},  {TYPE_OBJECT, "an object"}, {TYPE_NULL, "null"}};
    size_t len = 0;
    if (types & TYPE_NUMBER) types &= (uint8_t)~TYPE_INTEGER;
    to[0] = '\0';
    for (size_t i = 0; i < sizeof names / sizeof *names && len < cap; i++) {
        if (!(types & names[i].type)) continue;
        types &= (uint8_t)~names[i].type;
        len += (size_t)snprintf(to + len, cap - len, "%s%s", len == 0 ? "" : types ? ", " : " or ", names[i].words);
    }
}

/* What a sentence calls the value: "input", "name", item 3. */
static void name_it(const struct schema_run *r, const struct json_node *v, char *to, size_t cap)
{
    size_t place = 0;
    const struct json_node *parent = NULL, *here = json_root(r->j);
    while (here && here != v) {
        parent = here;
        here = step_to(here, v, &place);
    }
    if (!parent) {
        snprintf(to, cap, "%s", r->name);
    } else if (parent->kind == JSON_ARRAY) {
        snprintf(to, cap, "item %zu", place);
    } else {
        struct str key = json_key(r->j, v);
        bool cut = key.len > SHOWN;
        size_t len = cut ? SHOWN : key.len;
        while (cut && len > 0 && ((unsigned char)key.p[len] & 0xC0) == 0x80) len--;
        snprintf(to, cap, "\"%.*s%s\"", (int)len, key.p, cut ? "..." : "");
    }
}

static struct err *next_item(struct schema_run *r)
{
    struct schema_report *report = r->report;
    if (r->quiet || !report) return NULL;
    if (report->n < SCHEMA_ERRORS) return &report->items[report->n++];
    report->more++;
    return NULL;
}

static void fill(struct schema_run *r, struct err *e, const struct json_node *v, const char *found, const char *format, va_list args)
{
    char pointer[sizeof e->pointer], name[SHOWN + 16], text[sizeof e->text];
    vsnprintf(text, sizeof text, format, args);
    schema_pointer(r->j, v, r->at, pointer, sizeof pointer);
    name_it(r, v, name, sizeof name);
    (void)err_set_at(e, ERR_INPUT, pointer, "%s %s%s%s", name, text, found ? ", not " : "", found ? found : "");
}

bool schema_note(struct schema_run *r, const struct json_node *v, const char *format, ...)
{
    struct err *e = next_item(r);
    va_list args;
    va_start(args, format);
    if (e) fill(r, e, v, NULL, format, args);
    va_end(args);
    return false;
}

bool schema_note_found(struct schema_run *r, const struct json_node *v, const char *format, ...)
{
    struct err *e = next_item(r);
    char found[2 * SHOWN];
    va_list args;
    if (e) schema_found(r->j, v, found, sizeof found);
    va_start(args, format);
    if (e) fill(r, e, v, found, format, args);
    va_end(args);
    return false;
}

bool schema_note_missing(struct schema_run *r, const struct json_node *object, struct str name)
{
    struct err *e = next_item(r);
    char pointer[sizeof e->pointer], whole[SHOWN + 16];
    if (!e) return false;
    schema_pointer(r->j, object, r->at, pointer, sizeof pointer);
    size_t len = strlen(pointer);
    (void)add_step(pointer, sizeof pointer, &len, name);
    name_it(r, object, whole, sizeof whole);
    (void)err_set_at(e, ERR_INPUT, pointer, "\"%.*s\" is missing in %s", (int)(name.len > 100 ? 100 : name.len), name.p, whole);
    return false;
}
