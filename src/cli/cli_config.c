/* SPDX-License-Identifier: Apache-2.0
 *
 * `bide config`: every value a server started here would have, and where each comes from; with --keys every key there
 * is. Speaks to no server.
 */
#include "base/json_write.h"
#include "cli/cli_source.h"
#include "cli/cli_table.h"
#include "server/config_keys.h"
#include "server/config_show.h"

#include <stdio.h>

#define REPORT_MOST (16 * 1024 * 1024)
#define VALUE_MOST (1024 * 1024)

struct report {
    const struct config *config;
    struct cli_table table; /* for people */
    struct buf json;        /* for programs */
};

static void heading(struct report *r, const char *const *words)
{
    cli_table_init(&r->table, 0);
    for (; *words; words++, r->table.columns++) cli_table_add(&r->table, str_of(*words));
}

static void print(struct report *r, bool json)
{
    if (json) printf("%.*s\n", STR_ARG(buf_str(&r->json)));
    else cli_table_print(&r->table);
}

/* ---- values ---- */

/* JSON is YAML; a string needs no quotes for people. */
static struct str plain(struct str json)
{
    bool quoted = json.len >= 2 && json.p[0] == '"' && str_find(json, '\\') == json.len;
    return quoted ? str_sub(json, 1, json.len - 2) : json;
}

static void add_value(void *user, const struct config_item *item)
{
    struct report *r = user;
    struct config_origin o = config_origin(r->config, item->path);
    struct buf value, from;
    buf_init(&value, VALUE_MOST);
    buf_init(&from, VALUE_MOST);
    config_show_value(&value, item);
    config_show_origin(&from, r->config, item);
    cli_table_add(&r->table, item->path);
    cli_table_add(&r->table, buf_str(&from));
    cli_table_add(&r->table, str_eq(buf_str(&value), STR("null")) ? STR_NONE : plain(buf_str(&value)));
    json_write_open(&r->json, '{');
    json_write_member_str(&r->json, "key", item->path);
    json_write_member_raw(&r->json, "value", buf_str(&value));
    json_write_member_text(&r->json, "from", config_show_from(o.from));
    json_write_member_str(&r->json, "origin", buf_str(&from));
    json_write_close(&r->json, '}');
    buf_release(&value);
    buf_release(&from);
}

static int show_values(struct report *r, const struct cli_args *a)
{
    static const char *const words[] = {"KEY", "FROM", "VALUE", NULL};
    struct cli_source source;
    struct config c;
    int code = cli_source_init(&source, a);
    if (code == CLI_OK) code = cli_source_load(&source, &c);
    if (code == CLI_OK) {
        r->config = &c;
        heading(r, words);
        json_write_open(&r->json, '{');
        json_write_member_text(&r->json, "file", c.path);
        json_write_key(&r->json, "values");
        json_write_open(&r->json, '[');
        config_show_each(&c, add_value, r);
        json_write_close(&r->json, ']');
        json_write_close(&r->json, '}');
        print(r, cli_args_flag(a, "--json"));
        config_release(&c);
    }
    cli_source_release(&source);
    return code;
}

/* ---- keys ---- */

static void add_key(void *user, const struct config_row *row)
{
    static const char *const names[] = {"section", "key", "type", "unit", "range", "default", "meaning"};
    const char *const cells[] = {row->section, row->key, row->type, row->unit, row->range, row->initial, row->meaning};
    struct report *r = user;
    json_write_open(&r->json, '{');
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        cli_table_add(&r->table, str_of(cells[i]));
        json_write_member_text(&r->json, names[i], cells[i]);
    }
    json_write_close(&r->json, '}');
}

static int show_keys(struct report *r, const struct cli_args *a)
{
    static const char *const words[] = {"SECTION", "KEY", "TYPE", "UNIT", "RANGE", "DEFAULT", "MEANING", NULL};
    heading(r, words);
    json_write_open(&r->json, '[');
    config_keys_each(add_key, r);
    json_write_close(&r->json, ']');
    print(r, cli_args_flag(a, "--json"));
    return CLI_OK;
}

int cli_config(int argc, char **argv)
{
    struct cli_args a;
    int code;
    if (!cli_args_read(&a, argc, argv, 0, 0, &code)) return code;
    struct report r = {0};
    buf_init(&r.json, REPORT_MOST);
    code = cli_args_flag(&a, "--keys") ? show_keys(&r, &a) : show_values(&r, &a);
    cli_table_release(&r.table);
    buf_release(&r.json);
    cli_args_release(&a);
    return code;
}
