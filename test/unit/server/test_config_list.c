/* SPDX-License-Identifier: Apache-2.0
 *
 * Lists of maps in bide.yaml: read by a section each, with places and origins of their own.
 */
#include "server/config_copy.h"
#include "server/config_show.h"
#include "test_config_dir.h"

static struct config c;
static struct config_errors errors;

static void load(const char *text)
{
    config_release(&c);
    if (config_load(&c, config_dir_write("bide.yaml", text), NULL, &errors) == 0) return;
    struct buf b;
    buf_init(&b, 1 << 16);
    config_errors_write(&errors, &b);
    fprintf(stderr, "%s", b.p);
    test_fail();
}

static void refuse(const char *text, int line, int column, const char *why)
{
    config_release(&c);
    CHECK(config_load(&c, config_dir_write("bide.yaml", text), NULL, &errors) != 0);
    CHECK_STR(str_of(errors.items[0].text), why);
    CHECK_INT(errors.items[0].mark.line, line);
    CHECK_INT(errors.items[0].mark.column, column);
}

TEST(each_map_of_a_list_is_a_section_in_the_order_of_the_file)
{
    load("types: {a: {exec: [true]}}\nroutes:\n  - path: GET /b\n    count: {}\n    reply: {n: counts.total}\n"
         "  - {path: POST /a, submit: a, reply: task}\n");
    CHECK_INT(c.n_routes, 2);
    CHECK_STR(str_of(c.routes[0].path), "GET /b");
    CHECK_STR(str_of(c.routes[1].path), "POST /a");
    CHECK_STR(str_of(c.routes[1].reply), "\"task\"");
    struct config_origin o = config_origin(&c, STR("routes.1.reply"));
    CHECK(o.from == CONFIG_FILE && o.mark.line == 6 && o.mark.column == 32);
    o = config_origin(&c, STR("routes.0"));
    CHECK(o.mark.line == 3 && o.mark.column == 5);
}

TEST(a_list_may_be_empty_or_nothing)
{
    load("routes: []\n");
    CHECK_INT(c.n_routes, 0);
    load("routes:\n");
    CHECK_INT(c.n_routes, 0);
}

TEST(what_is_wrong_in_it_is_told_at_its_place)
{
    refuse("routes: {a: b}\n", 1, 10, "\"routes\": expected a list of maps of keys; found a map");
    refuse("routes:\n  - {path: GET /a, health: {}}\n  - hello\n", 3, 5,
           "\"routes\": item 2: expected a map of keys; found a text");
    refuse("routes:\n  - path: GET /a\n    health: {}\n    repyl: task\n", 4, 5, "unknown key \"repyl\" (did you mean \"reply\"?)");
    refuse("routes:\n  - reply: task\n", 2, 5, "\"path\" is missing");
    refuse("routes:\n  - path: GET /a\n    health: {}\n    reply:\n", 4, 5, "\"reply\": expected a map, a list or a text; found nothing");
}

static struct buf shown;

static void show(void *user, const struct config_item *item)
{
    (void)user;
    if (!str_starts(item->path, STR("routes"))) return;
    buf_add_format(&shown, "%.*s:", STR_ARG(item->path));
    config_show_value(&shown, item);
    buf_add_text(&shown, " ");
    config_show_origin(&shown, &c, item);
    buf_add_text(&shown, "\n");
}

TEST(values_of_a_list_are_told_back_by_their_places)
{
    load("routes:\n  - path: GET /a\n    health: {}\n    reply: {ok: true, n: 5, t: const.5}\n");
    buf_init(&shown, 1 << 16);
    config_show_each(&c, show, NULL);
    CHECK(strstr(shown.p, "routes.0.path:\"GET /a\" /"));
    CHECK(strstr(shown.p, "bide.yaml:2\n"));
    CHECK(strstr(shown.p, "routes.0.reply:{\"ok\": true, \"n\": 5, \"t\": \"const.5\"} "));
    buf_release(&shown);
}

TEST(two_configurations_are_compared_and_copied_with_their_lists)
{
    const struct config_key *k = config_table_find(&config_table_top, STR("routes"));
    load("routes:\n  - {path: GET /a, health: {}}\n");
    struct config other, copy;
    CHECK(config_load(&other, config_dir_write("bide.yaml", "routes:\n  - {path: GET /b, health: {}}\n"), NULL, &errors) == 0);
    CHECK(config_copy_same_key(k, &c, &c));
    CHECK(!config_copy_same_key(k, &c, &other));
    struct arena a;
    arena_init(&a);
    copy = other;
    struct config_section only = {"", k, 1, .size = sizeof copy};
    config_copy_deep(&a, &only, &copy);
    config_release(&other);
    CHECK_STR(str_of(copy.routes[0].path), "GET /b");
    arena_release(&a);
    config_release(&c);
}

TEST_MAIN
