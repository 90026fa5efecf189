/* SPDX-License-Identifier: Apache-2.0
 *
 * All that is done with one text that came in: checked, completed, or refused with what is wrong.
 */
#include "base/json_write.h"
#include "base/limits.h"
#include "schema/schema.h"

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

struct applied {
    const struct schema *s;
    const struct json *j;
    const char *at, *name;
    struct arena *a;
    struct err *e;
};

/* Nested in what the client sent, a default may be deeper than any JSON that comes in. */
static int check_depth(const struct applied *p, struct str completed)
{
    struct json j;
    struct err why = {0};
    json_init(&j);
    j.root_only = true;
    int err = json_parse(&j, completed, &why);
    json_release(&j);
    return err ? err_set_at(p->e, ERR_INPUT, p->at, "with the defaults of its schema, %s is %s", p->name, why.text) : 0;
}

static int complete(const struct applied *p, struct str *text)
{
    struct buf b;
    buf_init(&b, LIMIT_INPUT);
    int err = schema_complete(p->s, p->j, json_root(p->j), &b);
    if (err) {
        err = err_set_at(p->e, err, p->at, "%s takes too long to complete with the defaults of its schema", p->name);
    } else if (buf_err(&b) == ERR_TOO_BIG) {
        err = err_set_at(p->e, ERR_TOO_BIG, p->at, "%s must be at most %d bytes, the defaults of its schema included", p->name, LIMIT_INPUT);
    } else if (buf_err(&b)) {
        err = err_set(p->e, buf_err(&b), "%s", err_text(buf_err(&b)));
    } else if (b.len != json_root(p->j)->len) {
        err = check_depth(p, buf_str(&b));
        if (!err) *text = arena_str(p->a, buf_str(&b));
    }
    buf_release(&b);
    return err;
}

int schema_apply(const struct schema *s, struct str *text, const char *at, const char *name, struct arena *a, struct err *e)
{
    struct json j;
    struct schema_report report;
    struct err unheard;
    struct applied p = {s, &j, at, name, a, e ? e : &unheard};
    json_init(&j);
    int err = json_parse(&j, *text, p.e);
    if (!err && schema_check(s, &j, json_root(&j), at, name, &report)) err = refuse(&report, a, p.e);
    if (!err && schema_has_defaults(s)) err = complete(&p, text);
    json_release(&j);
    return err;
}
