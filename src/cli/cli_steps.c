/* SPDX-License-Identifier: Apache-2.0
 *
 * Name, type when that is another word, status, and how long the attempt took that did it.
 */
#include "cli/cli_steps.h"

#include "base/text.h"
#include "cli/cli_fields.h"
#include "cli/cli_text.h"

#include <stdio.h>

static void add_text(const struct json *j, const struct json_node *step, struct str key, struct buf *to)
{
    const struct json_node *v = json_member(j, step, key);
    struct buf text;
    buf_init(&text, 4096);
    if (v && v->kind == JSON_STRING) json_add_string(j, v, &text);
    cli_text_clean(to, buf_str(&text));
    buf_release(&text);
}

static int64_t time_of(const struct json *j, const struct json_node *step, struct str key)
{
    struct buf text;
    int64_t ms;
    buf_init(&text, 64);
    add_text(j, step, key, &text);
    bool said = text.len > 0 && text_time(&ms, buf_str(&text)) == 0;
    buf_release(&text);
    return said ? ms : 0;
}

static void print_one(const struct json *j, const struct json_node *step, const char *key)
{
    struct buf line, type;
    buf_init(&line, 16 * 1024);
    buf_init(&type, 4096);
    buf_add_format(&line, "%-13s", key);
    size_t from = line.len;
    add_text(j, step, STR("name"), &line);
    add_text(j, step, STR("type"), &type);
    if (type.len && !str_eq(buf_str(&type), str_sub(buf_str(&line), from, line.len)))
        buf_add_format(&line, " (%s)", type.p);
    buf_add_text(&line, ": ");
    add_text(j, step, STR("status"), &line);
    int64_t began = time_of(j, step, STR("started_at")), ended = time_of(j, step, STR("finished_at"));
    if (began && ended) {
        char took[CLI_TEXT_DURATION];
        cli_text_duration(took, ended - began);
        buf_add_format(&line, " in %s", took);
    }
    if (line.p) puts(line.p);
    buf_release(&line);
    buf_release(&type);
}

void cli_steps_print(const struct bide_text *task)
{
    struct json j;
    bool read = cli_fields_parse(&j, task, NULL) == 0;
    const struct json_node *steps = read ? json_member(&j, json_root(&j), STR("steps")) : NULL;
    if (steps && steps->kind == JSON_ARRAY)
        for (const struct json_node *v = json_first(steps); v; v = json_next(steps, v))
            print_one(&j, v, v == json_first(steps) ? "steps:" : "");
    json_release(&j);
}
