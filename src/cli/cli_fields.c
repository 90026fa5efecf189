/* SPDX-License-Identifier: Apache-2.0
 *
 * An object is walked to its scalars, each with the path of names that leads there ("depth.pending"). For a table the
 * first item names the columns unless they are given; a heading is the last name of its path.
 */
#include "cli/cli_fields.h"

#include "base/limits.h"
#include "base/mem.h"
#include "cli/cli_client.h"
#include "cli/cli_table.h"
#include "cli/cli_text.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#define PATH_MAX_BYTES 4096

struct walk {
    void (*on_scalar)(struct walk *w, struct str path, struct str text);
    const struct json *json;
    struct buf path;
    int width;
    const char **columns; /* owned texts */
    int n_columns, cap;
    const char *wanted; /* a column's path, while looking for its value */
    struct buf found;
};

static void walk_value(struct walk *w, const struct json_node *v);

static void walk_child(struct walk *w, const struct json_node *parent, const struct json_node *child, uint32_t index)
{
    size_t before = w->path.len;
    if (before) buf_add_char(&w->path, '.');
    if (parent->kind == JSON_OBJECT) json_add_key(w->json, child, &w->path);
    else buf_add_format(&w->path, "%u", index);
    if (!buf_err(&w->path)) walk_value(w, child);
    w->path.len = before;
}

static bool all_scalars(const struct json_node *list)
{
    for (const struct json_node *v = json_first(list); v; v = json_next(list, v))
        if (v->kind == JSON_ARRAY || v->kind == JSON_OBJECT) return false;
    return true;
}

static void walk_value(struct walk *w, const struct json_node *v)
{
    bool leaf = v->kind != JSON_OBJECT && (v->kind != JSON_ARRAY || all_scalars(v));
    leaf |= w->wanted && str_eq(buf_str(&w->path), str_of(w->wanted)); /* a column may be an object */
    if (!leaf) {
        uint32_t index = 0;
        for (const struct json_node *c = json_first(v); c; c = json_next(v, c)) walk_child(w, v, c, index++);
        return;
    }
    struct buf text;
    buf_init(&text, 1024 * 1024);
    if (v->kind == JSON_STRING) json_add_string(w->json, v, &text);
    else if (v->kind != JSON_NULL) buf_add_str(&text, json_span(w->json, v));
    w->on_scalar(w, buf_str(&w->path), buf_str(&text));
    buf_release(&text);
}

static void measure(struct walk *w, struct str path, struct str text)
{
    (void)text;
    int width = cli_text_width(path);
    if (width > w->width) w->width = width;
}

static void print_line(struct walk *w, struct str path, struct str text)
{
    struct buf line;
    buf_init(&line, 2 * 1024 * 1024);
    cli_text_clean(&line, path);
    buf_add_format(&line, ":%*s", w->width + 1 - cli_text_width(path), "");
    cli_text_clean(&line, text.len ? text : STR("-"));
    if (line.p) puts(line.p);
    buf_release(&line);
}

static void add_column(struct walk *w, struct str path, struct str text)
{
    (void)text;
    if (w->n_columns == w->cap) {
        w->cap = w->cap ? w->cap * 2 : 16;
        w->columns = mem_grow((void *)w->columns, (size_t)w->cap * sizeof *w->columns);
    }
    w->columns[w->n_columns++] = mem_text(path);
}

static void keep_wanted(struct walk *w, struct str path, struct str text)
{
    if (str_eq(path, str_of(w->wanted))) buf_add_str(&w->found, text);
}

static void add_heading(struct cli_table *t, const char *path)
{
    char heading[64];
    const char *dot = strrchr(path, '.');
    str_copy(heading, sizeof heading, str_of(dot ? dot + 1 : path));
    for (char *c = heading; *c; c++) *c = (char)toupper((unsigned char)*c);
    cli_table_add(t, str_of(heading));
}

static void add_row(struct walk *w, struct cli_table *t, const struct json_node *item)
{
    w->on_scalar = keep_wanted;
    for (int c = 0; c < w->n_columns; c++) {
        w->wanted = w->columns[c];
        buf_clear(&w->found);
        walk_value(w, item);
        cli_table_add(t, buf_str(&w->found));
    }
}

int cli_fields_parse(struct json *j, const struct bide_text *text, struct bide_error *error)
{
    struct err e = {0};
    json_init(j);
    j->envelope = LIMIT_JSON_ENVELOPE;
    if (json_parse(j, (struct str){text->p, text->len}, &e) == 0) return 0;
    return cli_client_bad_answer(error, "the answer is not JSON: %s", e.text);
}

static void walk_init(struct walk *w, const struct json *j)
{
    *w = (struct walk){.json = j};
    buf_init(&w->path, PATH_MAX_BYTES);
    buf_init(&w->found, 1024 * 1024);
}

static void walk_release(struct walk *w)
{
    for (int i = 0; i < w->n_columns; i++) free((char *)w->columns[i]);
    free((void *)w->columns);
    buf_release(&w->path);
    buf_release(&w->found);
}

int cli_fields_print(const struct bide_text *text, struct bide_error *error)
{
    struct json j;
    struct walk w;
    int rc = cli_fields_parse(&j, text, error);
    walk_init(&w, &j);
    if (rc == 0) {
        w.on_scalar = measure;
        walk_value(&w, json_root(&j));
        w.on_scalar = print_line;
        walk_value(&w, json_root(&j));
    }
    walk_release(&w);
    json_release(&j);
    return rc;
}

int cli_fields_print_items(const struct bide_text *page, const char *const *columns, struct bide_error *error)
{
    struct json j;
    struct walk w;
    struct cli_table t;
    int rc = cli_fields_parse(&j, page, error);
    walk_init(&w, &j);
    const struct json_node *items = rc ? NULL : json_member(&j, json_root(&j), STR("items"));
    if (!rc && (!items || items->kind != JSON_ARRAY))
        rc = cli_client_bad_answer(error, "the answer is not a list: it has no items");
    const struct json_node *first = rc ? NULL : json_first(items);
    if (first) {
        w.on_scalar = add_column;
        for (const char *const *c = columns; c && *c; c++) add_column(&w, str_of(*c), STR_NONE);
        if (!columns) walk_value(&w, first);
        cli_table_init(&t, w.n_columns ? w.n_columns : 1);
        for (int c = 0; c < w.n_columns; c++) add_heading(&t, w.columns[c]);
        for (const struct json_node *v = first; v; v = json_next(items, v)) add_row(&w, &t, v);
        cli_table_print(&t);
        cli_table_release(&t);
    }
    walk_release(&w);
    json_release(&j);
    return rc;
}
