/* SPDX-License-Identifier: Apache-2.0
 *
 * The texts of an array's elements.
 */
#include "api/batch_array.h"
#include "base/json.h"
#include "test/test.h"

static struct arena arena;

static size_t split(const char *text, struct str **items)
{
    size_t n = 77;
    CHECK_INT(batch_array_split(str_of(text), 8, &arena, items, &n), 0);
    return n;
}

TEST(elements_are_cut_at_the_commas_of_the_array_itself)
{
    struct str *items;
    CHECK_INT(split("[]", &items), 0);
    CHECK_INT(split(" [ \n\t] \r\n", &items), 0);
    CHECK_INT(split("[1]", &items), 1);
    CHECK_STR(items[0], "1");
    CHECK_INT(split(" [ {\"a\":[1,2],\"b\":{}} ,[[],[3]] , \"x,]\\\"[\\\\\" ,null]", &items), 4);
    CHECK_STR(items[0], "{\"a\":[1,2],\"b\":{}}");
    CHECK_STR(items[1], "[[],[3]]");
    CHECK_STR(items[2], "\"x,]\\\"[\\\\\"");
    CHECK_STR(items[3], "null");
    CHECK_INT(split("[\"\",\"\\\\\",\"\\\"\"]", &items), 3);
    CHECK_STR(items[1], "\"\\\\\"");
    arena_release(&arena);
}

TEST(more_than_is_allowed_is_refused_before_anything_is_kept)
{
    struct str *items = NULL;
    size_t n = 0;
    CHECK_INT(batch_array_split(STR("[1,2,3]"), 2, &arena, &items, &n), ERR_TOO_BIG);
    CHECK_INT(arena.total, 0);
    CHECK_INT(batch_array_split(STR("[1,2,3]"), 3, &arena, &items, &n), 0);
    CHECK_INT(n, 3);
    arena_release(&arena);
}

TEST(the_elements_of_any_array_are_those_that_a_parser_sees)
{
    static const char alphabet[] = "[]{},:\"\\ 1an";
    struct json j;
    json_init(&j);
    uint64_t chance = 7;
    int arrays = 0;
    for (int round = 0; round < 300000; round++) {
        char text[16];
        size_t len = 2 + chance % 12;
        for (size_t i = 0; i < len; i++) {
            chance = chance * 6364136223846793005u + 1442695040888963407u;
            text[i] = alphabet[(chance >> 33) % (sizeof alphabet - 1)];
        }
        text[0] = '[';
        text[len - 1] = ']';
        struct str s = {text, len}, *items = NULL;
        size_t n = 0;
        if (json_parse(&j, s, NULL) || json_root(&j)->kind != JSON_ARRAY) continue;
        CHECK_INT(batch_array_split(s, 100, &arena, &items, &n), 0);
        CHECK_INT(n, json_root(&j)->count);
        const struct json_node *v = json_first(json_root(&j));
        for (size_t i = 0; i < n; i++, v = json_next(json_root(&j), v)) CHECK(str_eq(items[i], json_span(&j, v)));
        arena_clear(&arena);
        arrays++;
    }
    CHECK(arrays > 100);
    json_release(&j);
    arena_release(&arena);
}

TEST_MAIN
