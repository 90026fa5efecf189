/* SPDX-License-Identifier: Apache-2.0
 *
 * Conditions of steps: what is one, when it holds; and the lane of a step.
 */
#include "base/limits.h"
#include "task/chain.h"
#include "task/task.h"
#include "test.h"

static const char *const roots[] = {"input", "fetch", NULL};

static bool holds(const char *when, const char *input)
{
    const struct mapping_root given[] = {{STR("input"), str_of(input)}, {STR("fetch"), STR_NONE}};
    struct err e = {0};
    bool is = false;
    CHECK_INT(chain_check(str_of(when), roots, &e), 0);
    CHECK_INT(chain_holds(str_of(when), given, 2, &is, &e), 0);
    return is;
}

TEST(a_source_holds_when_it_is_something)
{
    static const char *const yes[] = {"true", "1", "-0.5", "\"x\"", "[]", "{}", "1e999"};
    static const char *const no[] = {"null", "false", "0", "0.0", "-0", "\"\""};
    char input[64];
    for (size_t i = 0; i < sizeof yes / sizeof *yes; i++) {
        snprintf(input, sizeof input, "{\"a\":%s}", yes[i]);
        CHECK(holds("\"input.a\"", input));
    }
    for (size_t i = 0; i < sizeof no / sizeof *no; i++) {
        snprintf(input, sizeof input, "{\"a\":%s}", no[i]);
        CHECK(!holds("\"input.a\"", input));
    }
    CHECK(!holds("\"input.b\"", "{\"a\":1}"));
    CHECK(!holds("\"fetch.result\"", "{}"));
    CHECK(holds("\"const.x\"", "{}"));
}

TEST(a_map_holds_when_each_source_is_its_value_or_one_of_them)
{
    CHECK(holds("{\"input.llm\":\"local\"}", "{\"llm\":\"loc\\u0061l\"}"));
    CHECK(!holds("{\"input.llm\":\"local\"}", "{\"llm\":\"remote\"}"));
    CHECK(!holds("{\"input.llm\":\"1\"}", "{\"llm\":1}"));
    CHECK(holds("{\"input.n\":[1,2.0,null]}", "{\"n\":2}"));
    CHECK(holds("{\"input.n\":[1,2.0,null]}", "{}"));
    CHECK(!holds("{\"input.n\":[1,2.0,null]}", "{\"n\":3}"));
    CHECK(!holds("{\"input.n\":[]}", "{\"n\":3}"));
    CHECK(holds("{\"input.n\":true,\"input.m\":false}", "{\"n\":true,\"m\":false}"));
    CHECK(!holds("{\"input.n\":true,\"input.m\":false}", "{\"n\":true,\"m\":true}"));
    CHECK(!holds("{\"input.n\":1,\"input.m\":2}", "{\"n\":5}"));
    CHECK(!holds("{\"input.n\":null}", "{\"n\":{}}"));
    CHECK(!holds("{\"input.n\":1}", "{\"n\":[1]}"));
    CHECK(holds("{\"input.a\\u0062\":1}", "{\"ab\":1}"));
    CHECK(holds("{\"input.n\":1e999}", "{\"n\":1e999}"));
    CHECK(!holds("{\"input.n\":1e999}", "{\"n\":1}"));
    CHECK(!holds("{\"input.n\":1}", "{\"n\":1e999}"));
}

TEST(what_is_no_condition_says_why)
{
    static const char *const wrong[][2] = {
        {"\"other.x\"", "input., fetch."}, {"5", "a condition is a source"},        {"[]", "a condition is a source"},
        {"{}", "it compares nothing"},  {"{\"other.x\":1}", "input., fetch."},      {"{\"input.x\":{}}", "compared with"},
        {"{\"input.x\":[[1]]}", "compared with"}, {"{\"input.x\":[{},1]}", "compared with"}, {"{\"other.x\":1,\"input.x\":1}", "input., fetch."}, {"{\"input.x\"", "ends too early"}};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct err e = {0};
        CHECK(chain_check(str_of(wrong[i][0]), roots, &e) != 0);
        if (!strstr(e.text, wrong[i][1])) fprintf(stderr, "%s: %s\n", wrong[i][0], e.text);
        CHECK(strstr(e.text, wrong[i][1]));
    }
}

TEST(a_root_that_is_no_json_is_an_error_not_an_answer)
{
    const struct mapping_root given[] = {{STR("input"), STR("{\"a\"")}};
    struct err e = {0};
    bool is = true;
    CHECK_INT(chain_holds(STR("\"input.a\""), given, 1, &is, &e), ERR_SYNTAX);
    CHECK_INT(chain_holds(STR("{\"input.a\":1}"), given, 1, &is, &e), ERR_SYNTAX);
    CHECK_INT(chain_holds(STR("{\"input.a\":1,\"input.b\":1}"), given, 1, &is, &e), ERR_SYNTAX);
    CHECK_INT(chain_holds(STR("{\"input"), given, 1, &is, &e), ERR_SYNTAX);
}

TEST(a_lane_is_the_type_and_the_step)
{
    char room[TASK_LANE];
    struct task_body b = {.type = STR("notes")};
    CHECK_STR(task_lane(&b, room), "notes");
    b.step = STR("fetch");
    struct str lane = task_lane(&b, room);
    CHECK_STR(lane, "notes>fetch");
    CHECK_STR(task_lane_type(lane), "notes");
    CHECK_STR(task_lane_step(lane), "fetch");
    CHECK_STR(task_lane_type(STR("a/b")), "a/b");
    CHECK(!task_lane_step(STR("a/b")).p);
}

TEST(a_step_is_copied_with_its_texts)
{
    struct arena a = {0};
    arena_init(&a);
    char name[] = "fetch", result[] = "{}";
    struct task_step s = {.n = 2, .run = 1, .attempt = 3, .name = str_of(name), .result = str_of(result), .files = STR("[\"x\"]")};
    struct task_step copy = task_copy_step(&a, &s);
    name[0] = result[0] = 'z';
    CHECK_STR(copy.name, "fetch");
    CHECK_STR(copy.result, "{}");
    CHECK_STR(copy.files, "[\"x\"]");
    CHECK(copy.n == 2 && copy.run == 1 && copy.attempt == 3);
    arena_release(&a);
}


TEST_MAIN
