/* SPDX-License-Identifier: Apache-2.0
 *
 * JSON made of other JSON: every form of a template, what is not there, what is hostile.
 */
#include "base/json.h"
#include "base/limits.h"
#include "task/mapping.h"
#include "test.h"

static const char *const roots[] = {"task", "body", NULL};
static struct buf out;

static const char *make_of(const char *template, const char *task, struct str body)
{
    const struct mapping_root given[] = {{STR("task"), str_of(task)}, {STR("body"), body}};
    struct err e = {0};
    buf_release(&out);
    buf_init(&out, 1 << 20);
    CHECK_INT(mapping_check(str_of(template), roots, &e), 0);
    CHECK_INT(mapping_make(str_of(template), given, 2, &out, &e), 0);
    return out.p;
}

static const char *make(const char *template, const char *task) { return make_of(template, task, STR("{}")); }

#define TASK "{\"id\":\"t1\",\"n\":1.50,\"result\":{\"items\":[{\"a\":1},{\"a\":\"\\u00e9\\n\"},[5]],\"none\":null},\"0\":{\"k.e\":7}}"

TEST(a_source_is_copied_byte_for_byte)
{
    CHECK_STR(str_of(make("\"task.n\"", TASK)), "1.50");
    CHECK_STR(str_of(make("\"task.result.items.1.a\"", TASK)), "\"\\u00e9\\n\"");
    CHECK_STR(str_of(make("\"task\"", "[1 , 2]")), "[1 , 2]");
    CHECK_STR(str_of(make("{\"id\":\"task.id\",\"of\":[\"task.n\",{\"x\":\"task.result.items.2.0\"}]}", TASK)),
              "{\"id\":\"t1\",\"of\":[1.50,{\"x\":5}]}");
}

TEST(leaves_that_are_no_texts_are_themselves_and_const_is_text)
{
    CHECK_STR(str_of(make("{\"a\":5,\"b\":true,\"c\":null,\"d\":{},\"e\":[]}", TASK)),
              "{\"a\":5,\"b\":true,\"c\":null,\"d\":{},\"e\":[]}");
    CHECK_STR(str_of(make("{\"m\":\"const.It is \\\"on\\\". Wait.\",\"e\":\"const.\"}", TASK)),
              "{\"m\":\"It is \\\"on\\\". Wait.\",\"e\":\"\"}");
    CHECK_STR(str_of(make("{\"a\\\"b\\u0001\":1}", TASK)), "{\"a\\\"b\\u0001\":1}");
}

TEST(what_is_not_there_is_null)
{
    CHECK_STR(str_of(make("[\"task.x\",\"task.result.items.3\",\"task.id.x\",\"task.result.items.a\",\"task.result.none.x\"]", TASK)),
              "[null,null,null,null,null]");
    CHECK_STR(str_of(make("\"task.result.items.-1\"", TASK)), "null");
    CHECK_STR(str_of(make("[\"task.result.items.99999999999999999999999\",\"task.0\"]", TASK)), "[null,{\"k.e\":7}]");
    CHECK_STR(str_of(make_of("[\"body\",\"body.a\"]", TASK, STR_NONE)), "[null,null]");
}

TEST(each_makes_an_array_of_what_as_makes_of_every_item)
{
    CHECK_STR(str_of(make("{\"each\":\"task.result.items\",\"as\":{\"v\":\"item.a\",\"id\":\"task.id\"}}", TASK)),
              "[{\"v\":1,\"id\":\"t1\"},{\"v\":\"\\u00e9\\n\",\"id\":\"t1\"},{\"v\":null,\"id\":\"t1\"}]");
    CHECK_STR(str_of(make("{\"each\":\"task.rows\",\"as\":{\"each\":\"item\",\"as\":\"item\"}}", "{\"rows\":[[1,2],[],3]}")),
              "[[1,2],[],[]]");
    CHECK_STR(str_of(make("{\"a\":{\"as\":\"item\",\"each\":\"task.no\"}}", TASK)), "{\"a\":[]}");
}

TEST(an_object_that_only_looks_like_a_form_is_an_object)
{
    CHECK_STR(str_of(make("{\"each\":\"task.n\"}", TASK)), "{\"each\":1.50}");
    CHECK_STR(str_of(make("{\"as\":\"task.n\",\"x\":1}", TASK)), "{\"as\":1.50,\"x\":1}");
    CHECK_STR(str_of(make("{\"first\":\"task.n\"}", TASK)), "{\"first\":1.50}");
}

TEST(first_is_the_first_that_is_not_null)
{
    CHECK_STR(str_of(make("{\"first\":[\"task.x\",\"task.result.none\",\"task.id\",\"task.n\"]}", TASK)), "\"t1\"");
    CHECK_STR(str_of(make("[1,{\"first\":[\"task.x\"]},{\"first\":[\"task.x\",\"const.null\"]},{\"first\":[]}]", TASK)),
              "[1,null,\"null\",null]");
}

TEST(a_text_becomes_a_number_and_a_number_a_text)
{
    const char *task = "{\"s\":\"123\",\"f\":\"-1.50e3\",\"n\":7.0,\"t\":true,\"o\":{},\"bad\":[\"\",\" 1\",\"007\",\"1x\",\"[1]\",\"null\",\"1 \"]}";
    CHECK_STR(str_of(make("[{\"as_number\":\"task.s\"},{\"as_number\":\"task.f\"},{\"as_number\":\"task.n\"},{\"as_number\":\"task.o\"},{\"as_number\":\"task.x\"}]", task)),
              "[123,-1.50e3,7.0,null,null]");
    CHECK_STR(str_of(make("{\"each\":\"task.bad\",\"as\":{\"as_number\":\"item\"}}", task)), "[null,null,null,null,null,null,null]");
    CHECK_STR(str_of(make("[{\"as_text\":\"task.s\"},{\"as_text\":\"task.n\"},{\"as_text\":\"task.t\"},{\"as_text\":\"task.o\"},{\"as_text\":\"task.x\"}]", task)),
              "[\"123\",\"7.0\",\"true\",null,null]");
    CHECK_STR(str_of(make("{\"as_number\":5,\"as_text\":6}", task)), "{\"as_number\":5,\"as_text\":6}");
    CHECK_STR(str_of(make("[{\"as_number\":5},{\"as_text\":\"task\"}]", "false")), "[{\"as_number\":5},\"false\"]");
#define LONG "1234567890123456789012345678901234567890123456789012345678901234567890"
    CHECK_STR(str_of(make("[{\"as_number\":\"task.0\"},{\"as_text\":\"task.1\"}]", "[\"" LONG "\"," LONG "]")), "[null,null]");
}

TEST(a_source_that_names_no_root_says_which_there_are)
{
    struct err e = {0};
    CHECK_INT(mapping_check(STR("{\"a\":[\"tsk.id\"]}"), roots, &e), ERR_INVALID);
    CHECK_STR(str_of(e.text), "\"tsk.id\" names no source; a source begins with one of task., body., const. (which is text)");
    CHECK_INT(mapping_check(STR("{\"each\":\"task.x\",\"as\":\"itme.x\"}"), roots, &e), ERR_INVALID);
    CHECK_STR(str_of(e.text), "\"itme.x\" names no source; a source begins with one of task., body., item., const. (which is text)");
    CHECK_INT(mapping_check(STR("\"item.x\""), roots, &e), ERR_INVALID);
    CHECK_INT(mapping_check(STR("\"const\""), roots, &e), ERR_INVALID);
    CHECK_INT(mapping_check(STR("[\"tsk\",\"task\"]"), roots, &e), ERR_INVALID);
    CHECK_INT(mapping_check(STR("{\"each\":\"tsk\",\"as\":1}"), roots, &e), ERR_INVALID);
    CHECK_INT(mapping_check(STR("{\"each\":5,\"as\":1}"), roots, &e), ERR_INVALID);
    CHECK_INT(mapping_check(STR("\"task.\""), roots, &e), ERR_INVALID);
    CHECK_INT(mapping_check(STR("\"task.a.\""), roots, &e), ERR_INVALID);
    CHECK_INT(mapping_check(STR("\"task..a\""), roots, &e), ERR_INVALID);
    CHECK_INT(mapping_check(STR("\"\""), roots, &e), ERR_INVALID);
    CHECK_INT(mapping_check(STR("{"), roots, &e), ERR_SYNTAX);
}

static void collect(void *user, struct str source)
{
    buf_add_str(user, source);
    buf_add_char(user, ' ');
}

static int fail(const char *template, const char *task, size_t most)
{
    const struct mapping_root given[] = {{STR("task"), str_of(task)}};
    struct err e = {0};
    buf_release(&out);
    buf_init(&out, most);
    return mapping_make(str_of(template), given, 1, &out, &e);
}

TEST(a_root_that_is_no_json_is_an_error_wherever_it_is_looked_at)
{
    static const char *const templates[] = {"\"task.x\"", "[1,\"task\",2]", "{\"a\":\"task\",\"b\":1}", "{\"first\":[\"task\"]}",
                                            "{\"as_number\":\"task\"}", "{\"each\":\"task\",\"as\":\"item\"}"};
    for (size_t i = 0; i < sizeof templates / sizeof *templates; i++) CHECK_INT(fail(templates[i], "{\"x\":", 1000), ERR_SYNTAX);
    CHECK_INT(fail("[\"task", "{}", 1000), ERR_SYNTAX);
    CHECK_INT(fail("[\"body.x\"]", "{\"x\":", 1000), 0);
    CHECK_STR(buf_str(&out), "[null]");
    CHECK_INT(fail("{\"each\":\"task\",\"as\":\"body.x\"}", "[1]", 1000), 0);
}

TEST(what_has_more_values_than_json_may_have_is_for_those_who_bounded_it)
{
    struct buf many;
    struct err e = {0};
    buf_init(&many, 4 << 20);
    buf_add_text(&many, "[0");
    for (int i = 0; i < LIMIT_JSON_NODES; i++) buf_add_text(&many, ",0");
    buf_add_text(&many, "]");
    const struct mapping_root given[] = {{STR("task"), buf_str(&many)}};
    buf_release(&out);
    buf_init(&out, 4 << 20);
    CHECK_INT(mapping_make(STR("\"task.1\""), given, 1, &out, &e), ERR_TOO_BIG);
    CHECK_INT(mapping_make_any(STR("\"task.1\""), given, 1, &out, &e), 0);
    CHECK_STR(buf_str(&out), "0");
    buf_release(&many);
}

TEST(the_sources_of_a_template_are_told)
{
    buf_release(&out);
    buf_init(&out, 1000);
    mapping_sources(STR("{\"a\":[\"task.id\",\"const.x\",5],\"b\":{\"each\":\"body.l\",\"as\":{\"first\":[\"item.x\"]}}}"), collect, &out);
    CHECK_STR(buf_str(&out), "task.id body.l item.x ");
}

TEST(what_it_makes_has_a_bound)
{
    const struct mapping_root given[] = {{STR("task"), STR("[[1,2,3,4,5,6,7,8],1,2,3,4,5,6,7,8,9,10]")}};
    struct err e = {0};
    buf_release(&out);
    buf_init(&out, 100);
    CHECK_INT(mapping_make(STR("{\"each\":\"task\",\"as\":\"task\"}"), given, 1, &out, &e), ERR_TOO_BIG);
    CHECK_STR(str_of(e.text), "what the mapping makes is larger than 100 bytes");
    CHECK_INT(fail("\"task\"", "\"0123456789\"", 10), ERR_TOO_BIG);
    CHECK_INT(fail("{\"as_number\":\"task\"}", "\"0123456789\"", 10), ERR_TOO_BIG);
}

TEST(deep_templates_and_deep_values_are_made_up_to_what_json_may_have)
{
    char template[3 * LIMIT_JSON_DEPTH + 32] = "", value[2 * LIMIT_JSON_DEPTH + 1] = "";
    struct err e = {0};
    for (int i = 0; i < LIMIT_JSON_DEPTH; i++) template[i] = value[i] = '[';
    snprintf(template + LIMIT_JSON_DEPTH, 32, "\"task\"");
    for (int i = 0; i < LIMIT_JSON_DEPTH; i++) {
        size_t len = strlen(template);
        template[len] = ']';
        template[len + 1] = 0;
        value[LIMIT_JSON_DEPTH + i] = ']';
    }
    const char *made = make(template, value);
    CHECK_INT(strlen(made), 4 * LIMIT_JSON_DEPTH);
    char deeper[3 * LIMIT_JSON_DEPTH + 40];
    snprintf(deeper, sizeof deeper, "[%s]", template);
    CHECK_INT(mapping_check(str_of(deeper), roots, &e), ERR_SYNTAX);
}

TEST(many_items_and_a_member_behind_many_others_cost_no_square)
{
    struct buf body;
    buf_init(&body, 16 << 20);
    buf_add_text(&body, "{\"l\":[0");
    for (int i = 0; i < 200000; i++) buf_add_text(&body, ",0");
    buf_add_text(&body, "]");
    for (int i = 0; i < 200000; i++) buf_add_format(&body, ",\"k%d\":0", i);
    buf_add_text(&body, ",\"last\":1}");
    const struct mapping_root given[] = {{STR("body"), buf_str(&body)}};
    struct err e = {0};
    buf_release(&out);
    buf_init(&out, 16 << 20);
    CHECK_INT(mapping_make(STR("{\"each\":\"body.l\",\"as\":\"body.last\"}"), given, 1, &out, &e), 0);
    CHECK_INT(out.len, 2 * 200001 + 1);
    buf_release(&body);
    buf_release(&out);
}

TEST_MAIN
