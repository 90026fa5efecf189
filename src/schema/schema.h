/* SPDX-License-Identifier: Apache-2.0
 *
 * JSON Schema, draft 2020-12: a schema is compiled once, then instances are checked against it, completed with its defaults,
 * or made from texts (the fields of a form). A compiled schema never changes and lives in the arena it was compiled in.
 *
 *   type properties required additionalProperties patternProperties propertyNames minProperties maxProperties
 *   dependentRequired dependentSchemas items prefixItems contains minContains maxContains minItems maxItems uniqueItems
 *   enum const minimum maximum exclusiveMinimum exclusiveMaximum multipleOf minLength maxLength pattern format
 *   allOf anyOf oneOf not if then else default $ref $defs $anchor $id (of the whole), and annotations
 *
 * Everything else is refused when a schema is compiled, never passed over: unevaluated*, $dynamicRef, references to other
 * documents, formats that are not checked, keywords that nobody knows (but x-...). A `default` has to fit where it stands.
 *
 * What it costs to check an instance is bounded (LIMIT_SCHEMA_STEPS), whatever the schema, its patterns and the instance.
 * Pure: no I/O, no clock.
 */
#ifndef SCHEMA_SCHEMA_H
#define SCHEMA_SCHEMA_H

#include "base/arena.h"
#include "base/err.h"
#include "base/json.h"

#define SCHEMA_ERRORS 20

struct schema;

/* What does not fit, the first SCHEMA_ERRORS of it. Of each: `code` ERR_INPUT, `pointer` to the value in the instance (cut at
 * a step when it is long: then it is what is around), `text` a sentence. */
struct schema_report {
    struct err items[SCHEMA_ERRORS];
    size_t n, more; /* noted; found beyond those */
};

/* Compiles a JSON text, which is copied. ERR_INVALID, ERR_SYNTAX, ERR_TOO_BIG with the reason in `e`, whose pointer leads into
 * the schema; *ret is in the arena, and so is all that it needs. */
int schema_compile(const struct schema **ret, struct arena *a, struct str text, struct err *e) MUST_USE;

/* Does the instance, `v` of `j`, fit? ERR_INPUT: no, and the report (emptied first) says why. `at`: a pointer that is put before
 * those of the report, like "/input"; `name`: what a sentence about the whole instance calls it, like "input". */
int schema_check(const struct schema *s, const struct json *j, const struct json_node *v, const char *at, const char *name,
                 struct schema_report *report) MUST_USE;

/* Appends the instance with what is missing: each property that is not there and has a default gets it, in each object that is
 * there, through $ref and allOf. All else is byte for byte as it was. Of two defaults for one property the first in the schema
 * counts. ERR_INPUT: it takes too many steps (a schema made for it). Errors of the buf are left to it. */
int schema_complete(const struct schema *s, const struct json *j, const struct json_node *v, struct buf *b) MUST_USE;
bool schema_has_defaults(const struct schema *s); /* false: schema_complete only copies */

/* Both, of a text: one that fits is completed (*text is then in the arena). ERR_INPUT: it does not fit; all that is wrong is in `e`,
 * the errors after the first (as far as they have room in 4 KiB) in `e->more`, which is in the arena. */
int schema_apply(const struct schema *s, struct str *text, const char *at, const char *name, struct arena *a, struct err *e) MUST_USE;

/* A field of a form: a name and its text. Several with one name are an array's elements. */
struct schema_field {
    struct str name, text;
};

/* Appends a JSON object made of fields: each text becomes what the schema of its property takes. Where a string will do it is
 * one; else "true" -> true, "0.1" -> 0.1, "" or "null" -> null, and for arrays and objects a JSON text is taken as it is. What cannot be read
 * so stays a string, and schema_check says what was expected. A single text where only an array will do is its one element. */
void schema_coerce(const struct schema *s, const struct schema_field *fields, size_t n, struct buf *b);

/* RFC 6901: "/" and the name, escaped, of each step from the root of `j` to `v`, after `at`. It ends early where it would not
 * fit into `cap` bytes. */
void schema_pointer(const struct json *j, const struct json_node *v, const char *at, char *to, size_t cap);

#endif
