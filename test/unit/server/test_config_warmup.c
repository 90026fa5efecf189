/* SPDX-License-Identifier: Apache-2.0
 *
 * The warm-up of a pool in the configuration: what its input becomes, which types it may be of, and where what is wrong with
 * it is told.
 */
#include "base/limits.h"
#include "server/config_copy.h"
#include "server/config_show.h"
#include "server/config_table.h"
#include "test_config_pool.h"

static const char rest[] = "  other: {command: [o]}\n"
                           "types:\n  a: {worker: w}\n  b.*: {worker: w}\n  c: {worker: other}\n  d: {exec: [d]}\n";

static struct worker_warmup_conf warmup(const char *keys) { return pool_with(keys, rest)->warmup; }
static void refused(const char *keys, int column, const char *text) { pool_refused(keys, rest, column, text); }

TEST(there_is_none_unless_it_is_said)
{
    CHECK(warmup("instances: 1").type == NULL);
    CHECK(config_worker_find(&c, STR("other"))->warmup.type == NULL);
}

TEST(its_type_is_one_of_the_pool_also_by_a_prefix)
{
    CHECK_STR(str_of(warmup("warmup: {type: a}").type), "a");
    CHECK_STR(str_of(warmup("warmup: {type: b.en}").type), "b.en");
}

#define INPUT(text) str_of(warmup("warmup: {type: a, input: " text "}").input)

TEST(its_input_is_a_map_a_list_or_json_in_a_text)
{
    CHECK_STR(str_of(warmup("warmup: {type: a}").input), "{}");
    CHECK_STR(INPUT("'{\"audio\": \"silence.wav\"}'"), "{\"audio\": \"silence.wav\"}");
    CHECK_STR(INPUT("5"), "5");
    CHECK_STR(INPUT("'\"word\"'"), "\"word\"");
    CHECK_STR(INPUT("'null'"), "null");
    CHECK_STR(INPUT("{}"), "{}");
    CHECK_STR(INPUT("[]"), "[]");
    CHECK_STR(INPUT("{\"s\": \"a \\\"b\\\" \\n c\"}"), "{\"s\": \"a \\\"b\\\" \\n c\"}");
    CHECK_STR(INPUT("{n: 1, x: 2.5, yes: true, none: null, word: en-us, quoted: '7', list: [1, {a: b}]}"),
              "{\"n\": 1, \"x\": 2.5, \"yes\": true, \"none\": null, \"word\": \"en-us\", \"quoted\": \"7\", "
              "\"list\": [1, {\"a\": \"b\"}]}");
    CHECK_STR(str_of(warmup("warmup:\n      type: a\n      input:\n        words:\n          - one two\n          - three").input),
              "{\"words\": [\"one two\", \"three\"]}");
}

TEST(what_is_wrong_with_it_is_told_where_it_stands)
{
    refused("warmup: {type: c}", 14, "\"type\": expected a type of the worker \"w\"; \"c\" is not one of its");
    refused("warmup: {type: d}", 14, "\"type\": expected a type of the worker \"w\"; \"d\" is not one of its");
    refused("warmup: {type: aa}", 14, "\"type\": expected a type of the worker \"w\"; no type \"aa\" is declared");
    refused("warmup: {type: 'a b'}", 21, "\"type\": expected the name of a type; found \"a b\"");
    refused("warmup: {type: [a]}", 21, "\"type\": expected the name of a type; found a list");
    refused("warmup: {input: {}}", 5, "\"type\" is missing");
    refused("warmup: a", 13, "\"warmup\": expected a map of keys; found \"a\"");
    refused("warmup: {type: a, input: hello}", 30,
            "\"input\": expected a map, a list, or JSON in a text; found \"hello\": invalid char in json text at byte 0");
    refused("warmup: {type: a, input: }", 23, "\"input\": expected a map, a list, or JSON in a text; found nothing");
    refused("warmup: {type: a, inptu: {}}", 23, "unknown key \"inptu\" (did you mean \"input\"?)");
}

static void add_shown(void *user, const struct config_item *item)
{
    struct buf *b = user, value;
    if (!str_starts(item->path, STR("workers.w.warmup."))) return;
    buf_init(&value, 4096);
    config_show_value(&value, item);
    buf_add_format(b, "%.*s=%.*s\n", STR_ARG(item->path), STR_ARG(buf_str(&value)));
    buf_release(&value);
}

TEST(it_is_shown_as_json)
{
    struct buf b;
    buf_init(&b, 65536);
    (void)warmup("warmup: {type: a, input: {n: 1}}");
    config_show_each(&c, add_shown, &b);
    CHECK_STR(buf_str(&b), "workers.w.warmup.type=\"a\"\nworkers.w.warmup.input={\"n\": 1}\n");
    buf_release(&b);
}

static struct worker_pool_conf pool(const char *keys)
{
    CHECK_INT(pool_read(keys, rest), 0);
    return *config_worker_find(&c, STR("w"));
}

TEST(a_pool_with_another_warm_up_is_another_pool)
{
    static const char *const others[] = {"instances: 1", "warmup: {type: b.x, input: {n: 1}}", "warmup: {type: a, input: {n: 2}}",
                                         "warmup: {type: a}"};
    struct arena arena = {0};
    struct worker_pool_conf same, plain = pool("warmup: {type: a, input: {n: 1}}");
    config_copy_deep(&arena, &config_table_worker, &plain);
    same = pool("warmup:\n      input: '{\"n\": 1}'\n      type: a");
    CHECK(config_copy_same(&config_table_worker, &plain, &same, NULL));
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        struct worker_pool_conf other = pool(others[i]);
        CHECK(!config_copy_same(&config_table_worker, &plain, &other, NULL));
    }
    arena_release(&arena);
    config_release(&c);
}

TEST_MAIN
