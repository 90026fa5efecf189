/* SPDX-License-Identifier: Apache-2.0
 *
 * Fuzz target: a schema, a line feed, an instance. What is compiled must hold together: a check ends and says why it refuses;
 * an instance that is completed is JSON, completing it once more changes nothing, without defaults it is what it was, and an
 * instance is equal to itself and so fits a schema that is made of it. The fields of a form become an object.
 */
#include "base/json_write.h"
#include "schema/schema.h"

#include "fuzz.h"

static void check_report(const struct schema_report *report)
{
    must(report->n > 0 && report->n <= SCHEMA_ERRORS);
    for (size_t i = 0; i < report->n; i++) {
        must(report->items[i].code == ERR_INPUT && report->items[i].text[0]);
        must(strncmp(report->items[i].pointer, "/input", 6) == 0);
    }
}

static void check_completed(const struct schema *s, const struct json *j, bool has_room)
{
    struct buf once, twice;
    struct json completed;
    buf_init(&once, LIMIT_INPUT);
    buf_init(&twice, LIMIT_INPUT);
    json_init(&completed);
    if (schema_complete(s, j, json_root(j), &once) == 0 && !buf_err(&once)) {
        if (!schema_has_defaults(s)) must(str_eq(buf_str(&once), json_span(j, json_root(j))));
        must(once.len >= json_root(j)->len);
        int err = json_parse(&completed, buf_str(&once), NULL);
        must(err == 0 || !has_room);
        if (!err) {
            must(schema_complete(s, &completed, json_root(&completed), &twice) == 0);
            if (once.len == json_root(j)->len) must(str_eq(buf_str(&once), buf_str(&twice)));
        }
    }
    json_release(&completed);
    buf_release(&once);
    buf_release(&twice);
}

static void check_itself(const struct json *j)
{
    struct arena a;
    struct buf text;
    const struct schema *s;
    struct schema_report report;
    arena_init(&a);
    buf_init(&text, LIMIT_SCHEMA);
    json_write_open(&text, '{');
    json_write_member_raw(&text, "const", json_span(j, json_root(j)));
    json_write_close(&text, '}');
    if (!buf_err(&text) && schema_compile(&s, &a, buf_str(&text), NULL) == 0)
        must(schema_check(s, j, json_root(j), "/input", "input", &report) == 0);
    buf_release(&text);
    arena_release(&a);
}

static void check_fields(const struct schema *s, struct str text)
{
    struct schema_field fields[8];
    struct json j;
    struct buf b;
    size_t n = 0;
    buf_init(&b, LIMIT_INPUT);
    json_init(&j);
    while (text.len && n < 8) {
        struct str name = str_cut(&text, ' ');
        fields[n++] = (struct schema_field){name, str_cut(&text, ' ')};
    }
    schema_coerce(s, fields, n, &b);
    must(buf_err(&b) == 0);
    int err = json_parse(&j, buf_str(&b), NULL);
    must(err == 0 || err == ERR_SYNTAX); /* two spellings of one name that is not UTF-8; a NUL in a name; too deep */
    json_release(&j);
    buf_release(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str instance = {(const char *)data, size}, schema = str_cut(&instance, '\n');
    struct arena a;
    const struct schema *s = NULL;
    struct json j;
    struct err e = {0};
    struct schema_report report;
    arena_init(&a);
    json_init(&j);
    bool compiled = schema_compile(&s, &a, schema, &e) == 0;
    must(compiled || e.text[0]);
    if (json_parse(&j, instance, NULL) == 0) {
        check_itself(&j);
        if (compiled && schema_check(s, &j, json_root(&j), "/input", "input", &report)) check_report(&report);
        if (compiled) check_completed(s, &j, size < 100);
    }
    if (compiled) check_fields(s, instance);
    json_release(&j);
    arena_release(&a);
    return 0;
}
