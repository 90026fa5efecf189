/* SPDX-License-Identifier: Apache-2.0
 *
 * A compiled schema: one struct schema_node for each subschema, with what only objects, arrays, strings or numbers need aside.
 * All of it lies in one arena. For the files of src/schema only.
 */
#ifndef SCHEMA_SCHEMA_INSIDE_H
#define SCHEMA_SCHEMA_INSIDE_H

#include "schema/exact.h"
#include "schema/format.h"
#include "schema/pattern.h"
#include "schema/same.h"
#include "schema/schema.h"
#include "schema/steps.h"

#define SCHEMA_IN_PLACE 32 /* subschemas that lead from one to the next without a step into the instance */
#define SCHEMA_NO_MOST INT64_MAX

enum schema_type {
    TYPE_NULL = 1,
    TYPE_BOOLEAN = 2,
    TYPE_NUMBER = 4,
    TYPE_INTEGER = 8, /* a number without a fraction */
    TYPE_STRING = 16,
    TYPE_ARRAY = 32,
    TYPE_OBJECT = 64,
    TYPE_ANY = 127 - TYPE_INTEGER,
};

struct schema_list {
    const struct schema_node **items;
    size_t n;
};

struct schema_name {
    struct str name;
    const struct schema_node *schema; /* NULL: it is only required */
    bool required;
};

struct schema_pattern {
    const struct pattern *pattern;
    const struct schema_node *schema;
};

struct schema_dependent {
    struct str name;
    const struct str *needs; /* NULL: a schema */
    size_t n_needs;
    const struct schema_node *schema;
};

struct schema_object {
    struct schema_name *names; /* of properties and required, in order */
    size_t n_names, n_required;
    struct schema_pattern *patterns;
    size_t n_patterns;
    struct schema_dependent *dependents;
    size_t n_dependents;
    const struct schema_node *additional, *property_names;
    int64_t least, most;
};

struct schema_array {
    struct schema_list prefix;
    const struct schema_node *items, *contains;
    int64_t least_contained, most_contained;
    int64_t least, most;
    bool unique;
};

struct schema_text {
    int64_t least, most; /* characters */
    const struct pattern *pattern;
    const struct format *format;
};

struct schema_bound {
    bool there;
    struct str text;
    struct exact value;
};

struct schema_number {
    struct schema_bound least, most, above, below, multiple;
};

struct schema_node {
    const struct json_node *at; /* of the schema's own json */
    const struct schema_node *ref;
    struct schema_list all, any, one;
    const struct schema_node *not_this, *when, *then, *otherwise;
    const struct json_node *only, *words, *initial; /* const; enum, default; NULL: none */
    struct schema_object *object;                   /* NULL: nothing is said of them */
    struct schema_array *array;
    struct schema_text *text;
    struct schema_number *number;
    struct schema_node *older; /* all nodes, the newest first */
    uint8_t types;             /* of enum schema_type */
    uint8_t takes;             /* the same of all that it says and refers to; numbers as both kinds */
    const struct json_node *filled; /* the default, its own or of what it refers to */
    bool never;                /* the schema false */
    bool open;                 /* while the depth is looked for: it is being looked at */
    uint8_t in_place;          /* the longest way through others that look at the same value, itself included; 0: not looked at */
};

struct schema {
    struct json j; /* of the schema; its nodes are in the arena, and never released */
    const struct schema_node *root;
    struct schema_node *newest;
    bool has_defaults;
};

/* ---- compiling: schema_compile.c walks, the others know the keywords ---- */

struct schema_ref {
    struct schema_node *from;
    const struct json_node *to;
    struct schema_ref *next;
};

struct schema_anchor {
    struct str name;
    const struct json_node *at;
    struct schema_anchor *next;
};

struct schema_compile {
    struct schema *s;
    struct json *j; /* that of s */
    struct arena *a;
    struct err *e;
    struct schema_node **made; /* by the index of their json node */
    struct schema_ref *refs;
    struct schema_anchor *anchors;
    struct str id; /* $id of the whole, without its fragment; p NULL: none */
    const char *keyword;
};

typedef int schema_read(struct schema_compile *c, struct schema_node *n, const struct json_node *v);

struct schema_keyword {
    const char *name;
    schema_read *read;
};

extern const struct schema_keyword schema_keywords_values[], schema_keywords_applied[], schema_keywords_core[];

/* Refuses, with the place of `v` in the schema. */
int schema_refuse(struct schema_compile *c, const struct json_node *v, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
int schema_expect(struct schema_compile *c, const struct json_node *v, enum json_kind kind) MUST_USE;
struct str schema_string(struct schema_compile *c, const struct json_node *v); /* a copy, unescaped */
struct str schema_key(struct schema_compile *c, const struct json_node *v);
/* The subschema at `v`. */
int schema_subschema(struct schema_compile *c, const struct json_node *v, const struct schema_node **ret) MUST_USE;
int schema_resolve(struct schema_compile *c) MUST_USE; /* schema_ref.c: all references, and how deep they lead */
void schema_conclude(const struct schema *s, struct schema_node *n); /* once all that it refers to is concluded */
struct schema_object *schema_object_of(struct schema_compile *c, struct schema_node *n);
struct schema_array *schema_array_of(struct schema_compile *c, struct schema_node *n);

/* ---- checking ---- */

struct schema_run {
    const struct schema *s;
    const struct json *j;
    const char *at, *name;
    struct schema_report *report;
    int quiet; /* above 0: only whether it fits is asked */
    struct steps steps;
};

/* Notes what is wrong with `v`; always false. */
bool schema_note(struct schema_run *r, const struct json_node *v, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* The same with ", not " and what is there. */
bool schema_note_found(struct schema_run *r, const struct json_node *v, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
bool schema_note_missing(struct schema_run *r, const struct json_node *object, struct str name);
bool schema_fits(struct schema_run *r, const struct schema_node *n, const struct json_node *v);
bool schema_fits_quietly(struct schema_run *r, const struct schema_node *n, const struct json_node *v);
bool schema_fits_object(struct schema_run *r, const struct schema_object *o, const struct json_node *v);
bool schema_fits_array(struct schema_run *r, const struct schema_array *a, const struct json_node *v);
bool schema_fits_text(struct schema_run *r, const struct schema_text *t, const struct json_node *v);
bool schema_fits_number(struct schema_run *r, const struct schema_number *m, const struct json_node *v);
bool schema_type_fits(uint8_t types, const struct json *j, const struct json_node *v);
void schema_type_words(uint8_t types, char *to, size_t cap);                      /* "a string or null" */
void schema_found(const struct json *j, const struct json_node *v, char *to, size_t cap); /* "3", "an object" */
const struct schema_name *schema_name_find(const struct schema_object *o, struct str name);
/* The schema of a member by `properties`; patterns and the rest are not asked. NULL: none. */
const struct schema_node *schema_property(const struct schema_object *o, struct str name);

#endif
