/* SPDX-License-Identifier: Apache-2.0
 *
 * The input was closed when the submit was parsed, so it is parsed again, for types with a schema only.
 */
#include "api/input_schema.h"

#include "base/json_write.h"
#include "base/limits.h"

#define MORE_MAX 4096 /* so many bytes of further errors: a batch answers thousands of items at once */

/* The errors after the first, as far as there is room. */
static const char *further(const struct schema_report *report, struct arena *a)
{
    struct buf b;
    size_t whole = 0;
    buf_init(&b, MORE_MAX);
    for (size_t i = 1; i < report->n; i++) {
        json_write_open(&b, '{');
        json_write_member_text(&b, "pointer", report->items[i].pointer);
        json_write_member_text(&b, "detail", report->items[i].text);
        json_write_close(&b, '}');
        if (buf_err(&b)) break;
        whole = b.len;
    }
    const char *text = whole ? arena_text(a, str_sub(buf_str(&b), 0, whole)) : NULL;
    buf_release(&b);
    return text;
}

static int refuse(const struct schema_report *report, struct arena *a, struct err *e)
{
    *e = report->items[0];
    e->more = further(report, a);
    return e->code;
}

/* Nested in what the client sent, a default may be deeper than any JSON that comes in. */
static int check_depth(struct str completed, struct err *e)
{
    struct json j;
    struct err why = {0};
    json_init(&j);
    j.root_only = true;
    int err = json_parse(&j, completed, &why);
    json_release(&j);
    return err ? err_set_at(e, ERR_INPUT, "/input", "with the defaults of its schema, input is %s", why.text) : 0;
}

static int complete(const struct schema *s, const struct json *j, struct str *input, struct arena *a, struct err *e)
{
    struct buf b;
    buf_init(&b, LIMIT_INPUT);
    int err = schema_complete(s, j, json_root(j), &b);
    if (err) err = err_set_at(e, err, "/input", "input takes too long to complete with the defaults of its schema");
    else if (buf_err(&b) == ERR_TOO_BIG)
        err = err_set_at(e, ERR_TOO_BIG, "/input", "input must be at most %d bytes, the defaults of its schema included", LIMIT_INPUT);
    else if (buf_err(&b)) err = err_set(e, buf_err(&b), "%s", err_text(buf_err(&b)));
    else if (b.len != input->len && (err = check_depth(buf_str(&b), e)) == 0) *input = arena_str(a, buf_str(&b));
    buf_release(&b);
    return err;
}

int input_schema_apply(const struct config_type *type, struct str *input, struct arena *a, struct err *e)
{
    struct json j;
    struct schema_report report;
    if (!type->schema) return 0;
    json_init(&j);
    int err = json_parse(&j, *input, e);
    if (!err && schema_check(type->schema, &j, json_root(&j), "/input", "input", &report)) err = refuse(&report, a, e);
    if (!err && schema_has_defaults(type->schema)) err = complete(type->schema, &j, input, a, e);
    json_release(&j);
    return err;
}
