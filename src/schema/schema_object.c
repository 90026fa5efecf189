/* SPDX-License-Identifier: Apache-2.0
 *
 * Members of an object, each looked up once in the table of names; what is required is counted on the way, and looked for by
 * name only when some of it is missing.
 */
#include "base/text.h"
#include "schema/schema_inside.h"

#include <stdlib.h>

static int against_name(const void *key, const void *item)
{
    return str_cmp(*(const struct str *)key, ((const struct schema_name *)item)->name);
}

const struct schema_name *schema_name_find(const struct schema_object *o, struct str name)
{
    return o->n_names ? bsearch(&name, o->names, o->n_names, sizeof *o->names, against_name) : NULL;
}

const struct schema_node *schema_property(const struct schema_object *o, struct str name)
{
    const struct schema_name *found = schema_name_find(o, name);
    return found ? found->schema : NULL;
}

static bool note_unknown(struct schema_run *r, const struct schema_object *o, const struct json_node *v, struct str name)
{
    size_t n = 0;
    if (r->quiet) return false;
    const char **names = calloc(o->n_names + 1, sizeof *names);
    for (size_t i = 0; names && i < o->n_names; i++)
        if (o->names[i].schema) names[n++] = o->names[i].name.p; /* an arena's copy, NUL after the end */
    const char *near = names ? text_nearest(name, names) : NULL;
    (void)schema_note(r, v, "is not known here%s%s%s", near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
    free(names);
    return false;
}

/* A member against what is said of its name. */
static bool fits_member(struct schema_run *r, const struct schema_object *o, const struct json_node *v, struct str name,
                        const struct schema_name *known)
{
    bool said = known && known->schema, fits = !said || schema_fits(r, known->schema, v);
    for (size_t i = 0; i < o->n_patterns && (fits || !r->quiet); i++) {
        if (!pattern_is_in(o->patterns[i].pattern, name, &r->steps)) continue;
        said = true;
        fits = schema_fits(r, o->patterns[i].schema, v) && fits;
    }
    if (said || !o->additional || (!fits && r->quiet)) return fits;
    return (o->additional->never ? note_unknown(r, o, v, name) : schema_fits(r, o->additional, v)) && fits;
}

/* A name is no value of the instance: it is made one. */
static bool fits_name(struct schema_run *r, const struct schema_object *o, const struct json_node *v)
{
    struct json_node name = {.kind = JSON_STRING, .escaped = v->key_escaped, .start = v->key_start - 1, .len = v->key_len + 2, .skip = 1};
    return schema_fits_quietly(r, o->property_names, &name) || schema_note(r, v, "is not a name that is allowed here");
}

static bool fits_members(struct schema_run *r, const struct schema_object *o, const struct json_node *v, size_t *ret_required)
{
    bool fits = true;
    struct buf key;
    buf_init(&key, (size_t)v->len + 1);
    for (const struct json_node *m = json_first(v); m && (fits || !r->quiet); m = json_next(v, m)) {
        if (!steps_take(&r->steps, 1 + m->key_len / 16)) break;
        buf_clear(&key);
        if (m->key_escaped) json_add_key(r->j, m, &key);
        struct str name = m->key_escaped ? (key.p ? buf_str(&key) : STR("")) : json_key(r->j, m);
        const struct schema_name *known = schema_name_find(o, name);
        *ret_required += known && known->required;
        fits = fits_member(r, o, m, name, known) && fits;
        if (o->property_names && (fits || !r->quiet)) fits = fits_name(r, o, m) && fits;
    }
    buf_release(&key);
    return fits;
}

static bool note_missing(struct schema_run *r, const struct schema_object *o, const struct json_node *v)
{
    for (size_t i = 0; i < o->n_names && !r->quiet; i++) {
        if (!o->names[i].required || !steps_take(&r->steps, 1 + v->count)) continue;
        if (!json_member(r->j, v, o->names[i].name)) (void)schema_note_missing(r, v, o->names[i].name);
    }
    return false;
}

static bool fits_dependents(struct schema_run *r, const struct schema_object *o, const struct json_node *v)
{
    bool fits = true;
    for (size_t i = 0; i < o->n_dependents && (fits || !r->quiet); i++) {
        const struct schema_dependent *d = &o->dependents[i];
        if (!steps_take(&r->steps, (1 + d->n_needs) * (1 + (uint64_t)v->count))) return false;
        if (!json_member(r->j, v, d->name)) continue;
        for (size_t k = 0; k < d->n_needs; k++)
            if (!json_member(r->j, v, d->needs[k])) fits = schema_note_missing(r, v, d->needs[k]);
        if (d->schema) fits = schema_fits(r, d->schema, v) && fits;
    }
    return fits;
}

bool schema_fits_object(struct schema_run *r, const struct schema_object *o, const struct json_node *v)
{
    size_t required = 0;
    bool fits = true;
    if (v->count < o->least) fits = schema_note(r, v, "must have at least %lld members, not %u", (long long)o->least, v->count);
    if (v->count > o->most) fits = schema_note(r, v, "must have at most %lld members, not %u", (long long)o->most, v->count);
    if (!fits && r->quiet) return false;
    fits = fits_members(r, o, v, &required) && fits;
    if (!fits && r->quiet) return false;
    if (required < o->n_required) fits = note_missing(r, o, v);
    if (!fits && r->quiet) return false;
    return fits_dependents(r, o, v) && fits;
}
