/* SPDX-License-Identifier: Apache-2.0
 *
 * Elements of an array; strings and numbers against their bounds.
 */
#include "schema/schema_inside.h"

static bool fits_contained(struct schema_run *r, const struct schema_array *a, const struct json_node *v)
{
    int64_t n = 0;
    for (const struct json_node *item = json_first(v); item; item = json_next(v, item)) {
        n += schema_fits_quietly(r, a->contains, item);
        if (steps_spent(&r->steps)) return false;
    }
    if (n < a->least_contained)
        return schema_note(r, v, "must contain at least %lld items of a kind, not %lld", (long long)a->least_contained, (long long)n);
    if (n > a->most_contained)
        return schema_note(r, v, "must contain at most %lld items of a kind, not %lld", (long long)a->most_contained, (long long)n);
    return true;
}

static bool fits_items(struct schema_run *r, const struct schema_array *a, const struct json_node *v)
{
    bool fits = true;
    size_t place = 0;
    for (const struct json_node *item = json_first(v); item && (fits || !r->quiet); item = json_next(v, item), place++) {
        const struct schema_node *s = place < a->prefix.n ? a->prefix.items[place] : a->items;
        if (steps_spent(&r->steps)) return false;
        if (s) fits = schema_fits(r, s, item) && fits;
        else if (place >= a->prefix.n) break;
    }
    return fits;
}

bool schema_fits_array(struct schema_run *r, const struct schema_array *a, const struct json_node *v)
{
    uint32_t places[2];
    bool fits = true;
    if (v->count < a->least) fits = schema_note(r, v, "must have at least %lld items, not %u", (long long)a->least, v->count);
    if (v->count > a->most) fits = schema_note(r, v, "must have at most %lld items, not %u", (long long)a->most, v->count);
    if (!fits && r->quiet) return false;
    fits = fits_items(r, a, v) && fits;
    if (a->unique && (fits || !r->quiet) && same_twice(r->j, v, &r->steps, places))
        fits = schema_note(r, v, "must not have the same item twice: items %u and %u are equal", places[0], places[1]);
    if (a->contains && (fits || !r->quiet)) fits = fits_contained(r, a, v) && fits;
    return fits;
}

static int64_t characters(struct str text)
{
    int64_t n = 0;
    for (size_t i = 0; i < text.len; i++) n += ((unsigned char)text.p[i] & 0xC0) != 0x80;
    return n;
}

static bool fits_plain(struct schema_run *r, const struct schema_text *t, const struct json_node *v, struct str text)
{
    bool fits = true;
    int64_t n = t->least > 0 || t->most < SCHEMA_NO_MOST ? characters(text) : 0;
    if (n < t->least)
        fits = schema_note(r, v, "must have at least %lld characters, not %lld", (long long)t->least, (long long)n);
    if (n > t->most)
        fits = schema_note(r, v, "must have at most %lld characters, not %lld", (long long)t->most, (long long)n);
    if (t->pattern && !pattern_is_in(t->pattern, text, &r->steps)) {
        struct str source = pattern_source(t->pattern);
        fits = schema_note_found(r, v, "must match %.*s", (int)(source.len > 120 ? 120 : source.len), source.p);
    }
    if (t->format && steps_take(&r->steps, t->format->steps) && !t->format->fits(text)) fits = schema_note_found(r, v, "must be %s", t->format->wanted);
    return fits;
}

bool schema_fits_text(struct schema_run *r, const struct schema_text *t, const struct json_node *v)
{
    struct buf plain;
    if (!steps_take(&r->steps, 1 + v->len / 4)) return false;
    buf_init(&plain, (size_t)v->len + 1);
    struct str text = json_string(r->j, v, &plain);
    bool fits = !buf_err(&plain) && fits_plain(r, t, v, text.p ? text : STR(""));
    if (buf_err(&plain)) r->steps.left = -1; /* no memory: it is not known */
    buf_release(&plain);
    return fits;
}

bool schema_fits_number(struct schema_run *r, const struct schema_number *m, const struct json_node *v)
{
    struct exact number;
    bool fits = true;
    if (!steps_take(&r->steps, 1 + v->len / 4)) return false;
    exact_read(&number, json_span(r->j, v));
    const struct {
        const struct schema_bound *bound;
        const char *words;
        bool broken;
    } bounds[] = {
        {&m->least, "at least", m->least.there && exact_compare(&number, &m->least.value) < 0},
        {&m->most, "at most", m->most.there && exact_compare(&number, &m->most.value) > 0},
        {&m->above, "above", m->above.there && exact_compare(&number, &m->above.value) <= 0},
        {&m->below, "below", m->below.there && exact_compare(&number, &m->below.value) >= 0},
        {&m->multiple, "a multiple of", m->multiple.there && !exact_is_multiple(&number, &m->multiple.value)},
    };
    for (size_t i = 0; i < sizeof bounds / sizeof *bounds; i++) {
        struct str text = bounds[i].bound->text;
        if (!bounds[i].broken) continue;
        fits = schema_note_found(r, v, "must be %s %.*s", bounds[i].words, (int)(text.len > 40 ? 40 : text.len), text.p);
    }
    return fits;
}
