/* SPDX-License-Identifier: Apache-2.0
 *
 * Fuzz target: a template, a line feed, and a text that is its root `task`. What is checked as a template tells its sources,
 * each of a root that there is; what it makes is JSON (deeper than JSON may be only when both were deep), is the same each time,
 * and is not more than its bound. The address of a route and the path of a request, read from the same bytes, take apart
 * what they fit.
 */
#include "fuzz.h"
#include "task/mapping.h"
#include "task/route_path.h"

#define MOST (64 * 1024)

static const char *const roots[] = {"task", "body", NULL};

static void on_source(void *user, struct str source)
{
    struct str rest = source, root = str_cut(&rest, '.');
    must(str_eq(root, STR("task")) || str_eq(root, STR("body")) || str_eq(root, STR("item")));
    must(source.len > root.len ? rest.len > 0 : true);
    ++*(size_t *)user;
}

static void check_made(struct str made)
{
    struct json j;
    struct err e = {0};
    json_init(&j);
    j.any_size = true;
    if (json_parse(&j, made, &e)) {
        if (!str_starts(str_of(e.text), STR("nested deeper"))) fprintf(stderr, "%s: %.*s\n", e.text, STR_ARG(str_sub(made, 0, 2000)));
        must(str_starts(str_of(e.text), STR("nested deeper")));
    }
    json_release(&j);
}

static void check_mapping(struct str template, struct str root)
{
    const struct mapping_root given[] = {{STR("task"), root}, {STR("body"), STR_NONE}};
    struct err e = {0};
    struct buf first, second;
    size_t n = 0;
    if (mapping_check(template, roots, &e)) {
        must(e.text[0]);
        return;
    }
    mapping_sources(template, on_source, &n);
    must(n <= template.len);
    buf_init(&first, MOST);
    buf_init(&second, MOST);
    int err = mapping_make(template, given, 2, &first, &e);
    must(err == 0 || err == ERR_SYNTAX || err == ERR_TOO_BIG);
    must(first.len <= MOST && (err == 0) == (e.code == 0));
    if (!err) {
        check_made(buf_str(&first));
        must(mapping_make_any(template, given, 2, &second, &e) == 0 && str_eq(buf_str(&first), buf_str(&second)));
    }
    buf_release(&first);
    buf_release(&second);
}

static void check_path(struct str address, struct str path)
{
    struct route_path r;
    struct err e = {0};
    struct str values[ROUTE_PATH_PARAMS];
    if (route_path_read(&r, address, &e)) {
        must(e.text[0]);
        return;
    }
    must(r.n <= ROUTE_PATH_PARAMS && r.path.p[0] == '/' && route_path_cmp(&r, &r) == 0);
    must(route_path_fits(&r, r.path, values)); /* each name takes its own braces */
    for (size_t i = 0; i < r.n; i++) must(str_eq(str_sub(values[i], 1, values[i].len - 2), r.names[i]));
    if (!route_path_fits(&r, path, values)) return;
    for (size_t i = 0; i < r.n; i++) must(values[i].len > 0 && str_find(values[i], '/') == values[i].len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str rest = {(const char *)data, size}, template = str_cut(&rest, '\n');
    check_mapping(template, rest.p ? rest : STR(""));
    check_path(template, rest);
    return 0;
}
