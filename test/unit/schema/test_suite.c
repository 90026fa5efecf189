/* SPDX-License-Identifier: Apache-2.0
 *
 * The cases of the Debian package json-schema-test-suite. It ends with draft 7, so its schemas are written as 2020-12 says the
 * same (`modern`): items with a list and additionalItems become prefixItems and items, dependencies becomes dependentRequired
 * or dependentSchemas, definitions becomes $defs, and beside a $ref, where draft 7 reads nothing, nothing is left. What of 2020-12 is
 * new has cases of our own in test_schema.c.
 *
 * Cases that are out of scope are listed, each with the reason; one that would pass fails the test, so that the list is never
 * longer than it has to be.
 */
#include "base/json.h"
#include "base/json_write.h"
#include "schema/schema.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#define SUITE "/usr/share/json-schema-test-suite/tests/draft7"
#define FILE_MAX (4 * 1024 * 1024)

enum why { REFUSED, DIFFERENT };

/* file, group ("": all), test ("": all), what becomes of it */
static const struct out {
    const char *file, *group, *test;
    enum why why;
    const char *reason;
    int *used;
} outs[] = {
#define OUT(file, group, test, why, reason) {file, group, test, why, reason, &(int){0}},
#include "suite_out.def"
#undef OUT
};
#define OUTS (sizeof outs / sizeof *outs)

static int passed, failed, skipped;

static const struct out *find_out(const char *file, struct str group, struct str test)
{
    for (size_t i = 0; i < OUTS; i++) {
        if (strcmp(outs[i].file, file)) continue;
        if (*outs[i].group && !str_eq(group, str_of(outs[i].group))) continue;
        if (*outs[i].test && !str_eq(test, str_of(outs[i].test))) continue;
        return &outs[i];
    }
    return NULL;
}

/* ---- draft 7 as 2020-12 ---- */

enum place { SCHEMA, SCHEMAS_BY_NAME, SCHEMA_LIST, VALUE };

static enum place place_of(struct str key)
{
    static const char *const names[] = {"properties", "patternProperties", "definitions", "$defs"};
    static const char *const lists[] = {"allOf", "anyOf", "oneOf"};
    static const char *const one[] = {"additionalProperties", "propertyNames", "items", "additionalItems", "contains",
                                      "not", "if", "then", "else"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (str_eq(key, str_of(names[i]))) return SCHEMAS_BY_NAME;
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        if (str_eq(key, str_of(lists[i]))) return SCHEMA_LIST;
    for (size_t i = 0; i < sizeof one / sizeof *one; i++)
        if (str_eq(key, str_of(one[i]))) return SCHEMA;
    return VALUE;
}

static void modern(const struct json *j, const struct json_node *v, enum place place, struct buf *b);

static void modern_dependencies(const struct json *j, const struct json_node *v, struct buf *b)
{
    for (int lists = 0; lists < 2; lists++) {
        json_write_key(b, lists ? "dependentRequired" : "dependentSchemas");
        json_write_open(b, '{');
        for (const struct json_node *m = json_first(v); m; m = json_next(v, m)) {
            if ((m->kind == JSON_ARRAY) != (lists == 1)) continue;
            json_write_key_str(b, json_key(j, m));
            modern(j, m, lists ? VALUE : SCHEMA, b);
        }
        json_write_close(b, '}');
    }
}

static void modern_ref(const struct json *j, const struct json_node *v, struct buf *b)
{
    struct buf text;
    buf_init(&text, 4096);
    struct str ref = json_string(j, v, &text), old = STR("#/definitions/");
    json_write_key(b, "$ref");
    char modernised[1024];
    bool is_old = str_starts(ref, old);
    snprintf(modernised, sizeof modernised, "%s%.*s", is_old ? "#/$defs/" : "",
             STR_ARG(is_old ? str_sub(ref, old.len, ref.len) : ref));
    struct str was = str_of(modernised);
    size_t at = str_find(was, '/');
    bool items = str_starts(str_sub(was, at, was.len), STR("/items/")) && was.len > at + 7;
    if (items) snprintf(modernised, sizeof modernised, "#/prefixItems/%.*s", STR_ARG(str_sub(ref, 8, ref.len)));
    json_write_str(b, str_of(modernised));
    buf_release(&text);
}

static void modern_member(const struct json *j, const struct json_node *schema, const struct json_node *m, struct buf *b)
{
    struct str key = json_key(j, m);
    const struct json_node *items = json_member(j, schema, STR("items"));
    bool list = items && items->kind == JSON_ARRAY;
    if (str_eq(key, STR("dependencies"))) {
        modern_dependencies(j, m, b);
    } else if (str_eq(key, STR("$ref")) && m->kind == JSON_STRING) {
        modern_ref(j, m, b);
    } else if (list && str_eq(key, STR("items"))) {
        if (m->count == 0) return;
        json_write_key(b, "prefixItems");
        modern(j, m, SCHEMA_LIST, b);
    } else if (str_eq(key, STR("additionalItems"))) {
        if (!list) return;
        json_write_key(b, "items");
        modern(j, m, SCHEMA, b);
    } else {
        json_write_key_str(b, str_eq(key, STR("definitions")) ? STR("$defs") : key);
        modern(j, m, place_of(key), b);
    }
}

static void modern(const struct json *j, const struct json_node *v, enum place place, struct buf *b)
{
    bool inside = place != VALUE && (v->kind == JSON_OBJECT || (place == SCHEMA_LIST && v->kind == JSON_ARRAY));
    const struct json_node *ref = place == SCHEMA ? json_member(j, v, STR("$ref")) : NULL;
    if (ref && ref->kind != JSON_STRING) ref = NULL;
    if (!inside) {
        json_write_raw(b, json_span(j, v));
        return;
    }
    json_write_open(b, v->kind == JSON_OBJECT ? '{' : '[');
    for (const struct json_node *m = json_first(v); m; m = json_next(v, m)) {
        struct str key = json_key(j, m);
        if (place == SCHEMA_LIST) {
            modern(j, m, SCHEMA, b);
        } else if (place == SCHEMAS_BY_NAME) {
            buf_add_text(b, b->p[b->len - 1] == '{' ? "\"" : ",\"");
            buf_add_str(b, key);
            buf_add_text(b, "\":");
            modern(j, m, SCHEMA, b);
        } else if (!ref || m == ref || str_eq(key, STR("definitions")) || str_eq(key, STR("$schema"))) {
            modern_member(j, v, m, b);
        }
    }
    json_write_close(b, v->kind == JSON_OBJECT ? '}' : ']');
}

/* ---- running ---- */

static void tell(bool good, const struct out *out, const char *file, struct str group, struct str test, const char *why)
{
    if (out) ++*out->used;
    if (good && !out) {
        passed++;
    } else if (!good && out) {
        skipped++;
    } else {
        failed++;
        printf("%s: %.*s: %.*s: %s\n", file, STR_ARG(group), STR_ARG(test), out ? "passes: take it out of the list" : why);
    }
}

static void run_group(const char *file, const struct json *j, const struct json_node *group)
{
    struct arena a;
    struct buf text;
    const struct schema *s;
    struct err e = {0};
    struct str name = arena_str((arena_init(&a), &a), json_span(j, json_member(j, group, STR("description"))));
    name = str_sub(name, 1, name.len - 2);
    buf_init(&text, FILE_MAX);
    modern(j, json_member(j, group, STR("schema")), SCHEMA, &text);
    int err = schema_compile(&s, &a, buf_str(&text), &e);
    const struct json_node *tests = json_member(j, group, STR("tests"));
    for (const struct json_node *t = json_first(tests); t; t = json_next(tests, t)) {
        struct str test = json_span(j, json_member(j, t, STR("description")));
        test = str_sub(test, 1, test.len - 2);
        const struct out *out = find_out(file, name, test);
        const struct json_node *data = json_member(j, t, STR("data"));
        bool valid = json_member(j, t, STR("valid"))->kind == JSON_TRUE;
        struct schema_report report = {.n = 0};
        char why[1024];
        if (err) {
            snprintf(why, sizeof why, "refused: %s: %s", e.pointer, e.text);
            tell(false, out && out->why == REFUSED ? out : NULL, file, name, test, why);
            continue;
        }
        bool fits = schema_check(s, j, data, "", "it", &report) == 0;
        snprintf(why, sizeof why, "%s", fits ? "fits" : report.items[0].text);
        tell(fits == valid, out && out->why == DIFFERENT ? out : NULL, file, name, test, why);
    }
    buf_release(&text);
    arena_release(&a);
}

static void run_file(const char *folder, const char *name)
{
    char path[512], file[256];
    struct json j;
    struct buf text;
    struct err e = {0};
    snprintf(path, sizeof path, SUITE "%s/%s", folder, name);
    snprintf(file, sizeof file, "%s%s%s", *folder ? folder + 1 : "", *folder ? "/" : "", name);
    FILE *f = fopen(path, "re");
    buf_init(&text, FILE_MAX);
    json_init(&j);
    for (size_t got = 1; f && got > 0;) {
        char piece[4096];
        got = fread(piece, 1, sizeof piece, f);
        buf_add(&text, piece, got);
    }
    if (!f || json_parse(&j, buf_str(&text), &e)) {
        printf("%s: %s\n", path, f ? e.text : "cannot be opened");
        failed++;
    } else {
        for (const struct json_node *g = json_first(json_root(&j)); g; g = json_next(json_root(&j), g)) run_group(file, &j, g);
    }
    if (f) fclose(f);
    json_release(&j);
    buf_release(&text);
}

static void run_folder(const char *folder)
{
    char path[512];
    struct dirent **entries;
    snprintf(path, sizeof path, SUITE "%s", folder);
    int n = scandir(path, &entries, NULL, alphasort);
    for (int i = 0; i < n; i++) {
        if (str_ends(str_of(entries[i]->d_name), STR(".json"))) run_file(folder, entries[i]->d_name);
        free(entries[i]);
    }
    if (n >= 0) free(entries);
    else printf("%s: cannot be opened: install the package json-schema-test-suite\n", path);
    failed += n < 0;
}

int main(void)
{
    run_folder("");
    run_folder("/optional");
    run_folder("/optional/format");
    for (size_t i = 0; i < OUTS; i++) {
        if (*outs[i].used) continue;
        printf("%s: %s: %s: nothing like this is in the suite: take it out of the list\n", outs[i].file, outs[i].group, outs[i].test);
        failed++;
    }
    printf("%d cases are out of scope (suite_out.def)\n%d passed, %d failed\n", skipped, passed, failed);
    return failed != 0;
}
