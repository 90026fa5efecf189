/* SPDX-License-Identifier: Apache-2.0
 *
 * Does a value fit a schema? Loudly, all that is wrong is noted; quietly (in anyOf, oneOf, not, if, contains) the first thing
 * ends it. Recursion is bounded: by the depth of JSON times SCHEMA_IN_PLACE.
 */
#include "base/limits.h"
#include "schema/schema_inside.h"

#include <stdio.h>

bool schema_type_fits(uint8_t types, const struct json *j, const struct json_node *v)
{
    struct exact number;
    switch (v->kind) {
    case JSON_NULL: return types & TYPE_NULL;
    case JSON_FALSE:
    case JSON_TRUE: return types & TYPE_BOOLEAN;
    case JSON_STRING: return types & TYPE_STRING;
    case JSON_ARRAY: return types & TYPE_ARRAY;
    case JSON_OBJECT: return types & TYPE_OBJECT;
    case JSON_NUMBER:
        if (types & TYPE_NUMBER) return true;
        if (!(types & TYPE_INTEGER)) return false;
        exact_read(&number, json_span(j, v));
        return exact_is_whole(&number);
    }
    return false;
}

static bool wrong_type(struct schema_run *r, uint8_t types, const struct json_node *v)
{
    char words[120];
    if (r->quiet) return false;
    schema_type_words(types, words, sizeof words);
    return schema_note_found(r, v, "must be %s", words);
}

static bool is_word(struct schema_run *r, const struct json_node *words, const struct json_node *v)
{
    for (const struct json_node *word = json_first(words); word; word = json_next(words, word))
        if (same_value(&r->s->j, word, r->j, v, &r->steps)) return true;
    return false;
}

static bool note_word(struct schema_run *r, const struct schema_node *n, const struct json_node *v)
{
    char list[200] = "", word_text[80];
    size_t len = 0;
    if (r->quiet) return false;
    for (const struct json_node *word = json_first(n->words); word; word = json_next(n->words, word)) {
        schema_found(&r->s->j, word, word_text, sizeof word_text);
        if (len + strlen(word_text) + 8 > sizeof list) {
            snprintf(list + len, sizeof list - len, ", ...");
            break;
        }
        len += (size_t)snprintf(list + len, sizeof list - len, "%s%s", len ? ", " : "", word_text);
    }
    return schema_note_found(r, v, "must be one of %s", list);
}

static bool fits_words(struct schema_run *r, const struct schema_node *n, const struct json_node *v)
{
    if (n->only && !same_value(&r->s->j, n->only, r->j, v, &r->steps)) {
        char only[80];
        schema_found(&r->s->j, n->only, only, sizeof only);
        return schema_note_found(r, v, "must be %s", only);
    }
    return !n->words || is_word(r, n->words, v) || note_word(r, n, v);
}

bool schema_fits_quietly(struct schema_run *r, const struct schema_node *n, const struct json_node *v)
{
    r->quiet++;
    bool fits = schema_fits(r, n, v);
    r->quiet--;
    return fits;
}

/* None of a list fits: what would help most to know. When the kind of the value leaves one of them, what is wrong there. */
static bool note_none(struct schema_run *r, const struct schema_list *list, const struct json_node *v)
{
    const struct schema_node *near = NULL;
    uint8_t types = 0;
    size_t n = 0;
    if (r->quiet) return false;
    for (size_t i = 0; i < list->n; i++) {
        types |= list->items[i]->types;
        if (!schema_type_fits(list->items[i]->types, r->j, v)) continue;
        near = list->items[i];
        n++;
    }
    if (n == 0) return wrong_type(r, types, v);
    if (n == 1) return schema_fits(r, near, v);
    return schema_note(r, v, "fits none of the %zu schemas, one of which it must fit", list->n);
}

static bool fits_any(struct schema_run *r, const struct schema_list *list, const struct json_node *v)
{
    for (size_t i = 0; i < list->n; i++)
        if (schema_fits_quietly(r, list->items[i], v)) return true;
    return note_none(r, list, v);
}

static bool fits_one(struct schema_run *r, const struct schema_list *list, const struct json_node *v)
{
    size_t found = list->n;
    for (size_t i = 0; i < list->n; i++) {
        if (!schema_fits_quietly(r, list->items[i], v)) continue;
        if (found < list->n)
            return schema_note(r, v, "must fit one of %zu schemas only, but fits number %zu and number %zu", list->n, found + 1, i + 1);
        found = i;
    }
    return found < list->n || note_none(r, list, v);
}

static bool fits_all(struct schema_run *r, const struct schema_list *list, const struct json_node *v)
{
    bool fits = true;
    for (size_t i = 0; i < list->n && (fits || !r->quiet); i++) fits = schema_fits(r, list->items[i], v) && fits;
    return fits;
}

static bool fits_applied(struct schema_run *r, const struct schema_node *n, const struct json_node *v)
{
    bool fits = !n->ref || schema_fits(r, n->ref, v);
    if (fits || !r->quiet) fits = fits_all(r, &n->all, v) && fits;
    if (n->any.n && (fits || !r->quiet)) fits = fits_any(r, &n->any, v) && fits;
    if (n->one.n && (fits || !r->quiet)) fits = fits_one(r, &n->one, v) && fits;
    if (n->not_this && (fits || !r->quiet) && schema_fits_quietly(r, n->not_this, v))
        fits = schema_note(r, v, "fits a schema that it must not fit");
    if (n->when && (n->then || n->otherwise) && (fits || !r->quiet)) {
        const struct schema_node *next = schema_fits_quietly(r, n->when, v) ? n->then : n->otherwise;
        if (next) fits = schema_fits(r, next, v) && fits;
    }
    return fits;
}

bool schema_fits(struct schema_run *r, const struct schema_node *n, const struct json_node *v)
{
    if (!steps_take(&r->steps, 1)) return false;
    if (n->never) return schema_note(r, v, "must not be there");
    if (!schema_type_fits(n->types, r->j, v)) return wrong_type(r, n->types, v);
    bool fits = !(n->only || n->words) || fits_words(r, n, v);
    if (!fits && r->quiet) return false;
    if (n->object && v->kind == JSON_OBJECT) fits = schema_fits_object(r, n->object, v) && fits;
    else if (n->array && v->kind == JSON_ARRAY) fits = schema_fits_array(r, n->array, v) && fits;
    else if (n->text && v->kind == JSON_STRING) fits = schema_fits_text(r, n->text, v) && fits;
    else if (n->number && v->kind == JSON_NUMBER) fits = schema_fits_number(r, n->number, v) && fits;
    if (!fits && r->quiet) return false;
    return fits_applied(r, n, v) && fits;
}

int schema_check(const struct schema *s, const struct json *j, const struct json_node *v, const char *at, const char *name,
                 struct schema_report *report)
{
    struct schema_run r = {.s = s, .j = j, .at = at, .name = name, .report = report, .steps = {LIMIT_SCHEMA_STEPS}};
    report->n = report->more = 0;
    bool fits = schema_fits(&r, s->root, v);
    if (steps_spent(&r.steps)) {
        report->n = 1;
        report->more = 0;
        return err_set_at(&report->items[0], ERR_INPUT, at, "%s takes too long to check against its schema (more than %d steps)", name,
                          LIMIT_SCHEMA_STEPS);
    }
    return fits ? 0 : ERR_INPUT;
}
