/* SPDX-License-Identifier: Apache-2.0
 *
 * One list of each option, however often it is given. In JSON a text is the name of a type, as in the configuration.
 */
#include "cli/cli_sequel.h"

#include "base/json.h"
#include "base/json_write.h"
#include "base/limits.h"

static void add_type(struct buf *list, struct str type)
{
    json_write_open(list, '{');
    json_write_member_str(list, "type", type);
    json_write_close(list, '}');
}

static bool add_value(struct buf *list, const struct json *j, const struct json_node *v)
{
    struct buf type;
    if (v->kind == JSON_OBJECT) json_write_raw(list, json_span(j, v));
    if (v->kind != JSON_STRING) return v->kind == JSON_OBJECT;
    buf_init(&type, LIMIT_INPUT);
    json_add_string(j, v, &type);
    add_type(list, buf_str(&type));
    buf_release(&type);
    return true;
}

static bool add_json(struct buf *list, struct str text)
{
    struct json j;
    json_init(&j);
    j.closed = STR("input");
    bool fits = json_parse(&j, text, NULL) == 0;
    const struct json_node *root = fits ? json_root(&j) : NULL;
    if (root && root->kind == JSON_ARRAY)
        for (const struct json_node *v = json_first(root); v && fits; v = json_next(root, v))
            fits = add_value(list, &j, v);
    else if (root) fits = add_value(list, &j, root);
    json_release(&j);
    return fits;
}

static bool read_list(const struct cli_args *a, const char *name, struct buf *list, const char **ret)
{
    const char *text;
    if (!cli_args_text(a, name)) return true;
    json_write_open(list, '[');
    for (int at = 0; (text = cli_args_next(a, name, &at));) {
        bool fits = *text != '\0';
        if (*text == '{' || *text == '[') fits = add_json(list, str_of(text));
        else add_type(list, str_of(text));
        if (fits && !buf_err(list)) continue;
        cli_args_wrong(a,
                       "%s is `%s`: a type is expected, or a submit as JSON like "
                       "{\"type\":\"publish\",\"priority\":5}, or a list of them",
                       name, text);
        return false;
    }
    json_write_close(list, ']');
    *ret = list->p;
    return true;
}

bool cli_sequel_read(const struct cli_args *a, struct cli_sequel *q, struct bide_submit *s)
{
    buf_init(&q->on_success, LIMIT_BODY);
    buf_init(&q->on_failure, LIMIT_BODY);
    return read_list(a, "--on-success", &q->on_success, &s->on_success) &&
           read_list(a, "--on-failure", &q->on_failure, &s->on_failure);
}

void cli_sequel_release(struct cli_sequel *q)
{
    buf_release(&q->on_success);
    buf_release(&q->on_failure);
}
