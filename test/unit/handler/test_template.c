/* SPDX-License-Identifier: Apache-2.0
 *
 * Templates in the arguments of exec.
 */
#include "handler/template.h"
#include "test.h"

static struct arena arena;
static struct json input;
static struct task_body body;
static struct attempt attempt;
static struct err err;
static const char *seen;

static int fill(const char *argument, const char *text)
{
    arena_clear(&arena);
    CHECK_INT(json_parse(&input, str_of(text), &err), 0);
    CHECK_INT(id_parse(&body.id, STR("01a1ffe8-96cd-754e-be93-691a58a8ee38")), 0);
    attempt = (struct attempt){.task = &body, .number = 2, .dir = "/data/t1"};
    seen = "";
    err = (struct err){0};
    return template_fill(argument, &attempt, &input, STR_NONE, &arena, &seen, &err);
}

#define CHECK_FILLED(argument, text, wanted)    \
    do {                                        \
        CHECK_INT(fill((argument), (text)), 0); \
        CHECK_STR(str_of(seen), (wanted));      \
    } while (0)

TEST(names_of_the_attempt_are_filled_in)
{
    CHECK_FILLED("{id}", "{}", "01a1ffe8-96cd-754e-be93-691a58a8ee38");
    CHECK_FILLED("n={attempt},{dir}/out", "{}", "n=2,/data/t1/out");
}

TEST(a_member_is_one_argument_whatever_is_in_it)
{
    CHECK_FILLED("{input.path}", "{\"path\":\"a b; rm -rf $(x) 'q'\\n\"}", "a b; rm -rf $(x) 'q'\n");
    CHECK_FILLED("{input.a.b}", "{\"a\":{\"b\":\"\\u00e9\"}}", "\xC3\xA9");
    CHECK_FILLED("--in={input.path}", "{\"path\":\"--help\"}", "--in=--help");
    CHECK_FILLED("{input.path}", "{\"path\":\"-x\"}", "-x");
    CHECK_FILLED("{input.path}", "{\"path\":\"\"}", "");
    CHECK_FILLED("{input.path}", "{\"path\":\"{id}\"}", "{id}"); /* what is filled in is not looked at again */
}

TEST(what_is_no_string_is_put_in_as_compact_json)
{
    CHECK_FILLED("{input.n}", "{\"n\": 1.50}", "1.50");
    CHECK_FILLED("{input.n}", "{\"n\": true}", "true");
    CHECK_FILLED("{input.n}", "{\"n\": null}", "null");
    CHECK_FILLED("{input.n}", "{\"n\": { \"a b\" : [ 1 , \" x\\\" y\\\\\" ] } }", "{\"a b\":[1,\" x\\\" y\\\\\"]}");
    CHECK_FILLED("{input}", "{ \"n\" : 1 }", "{\"n\":1}");
    CHECK_FILLED("{input.urls.1}", "{\"urls\":[\"a\",\"b\"]}", "b");
}

TEST(other_braces_stay)
{
    CHECK_FILLED("{.foo} {} { {idx} {input {inputs.a} {input.}", "{}", "{.foo} {} { {idx} {input {inputs.a} {input.}");
    CHECK_FILLED("{{id}}", "{}", "{01a1ffe8-96cd-754e-be93-691a58a8ee38}");
}

TEST(a_missing_member_is_named_with_its_template)
{
    CHECK_INT(fill("x{input.a.b}", "{\"a\":{}}"), ERR_INVALID);
    CHECK_STR(str_of(err.text), "{input.a.b}: the input has no member \"b\"");
    CHECK_STR(str_of(err.pointer), "/a/b");
    CHECK_INT(fill("{input.a.b}", "{\"a\":7}"), ERR_INVALID);
    CHECK_INT(fill("{input.a}", "7"), ERR_INVALID);
    CHECK_INT(fill("{input.a.2}", "{\"a\":[1,2]}"), ERR_INVALID);
    CHECK_INT(fill("{input.a.-1}", "{\"a\":[1,2]}"), ERR_INVALID);
    char path[600] = "{input.", *end = path + 7;
    memset(end, 'a', 500);
    memcpy(end + 500, ".b}", 4);
    CHECK_INT(fill(path, "{}"), ERR_INVALID); /* longer than any pointer */
}

TEST(what_no_argument_can_hold_is_refused)
{
    CHECK_INT(fill("{input.a}", "{\"a\":\"x\\u0000y\"}"), ERR_INVALID);
    CHECK_STR(str_of(err.text), "{input.a}: an argument cannot have a NUL character in it");
    size_t len = TEMPLATE_ARGUMENT_MAX + 1;
    char *text = malloc(len + 32);
    int at = snprintf(text, 32, "{\"a\":\"");
    memset(text + at, 'x', len);
    memcpy(text + at + len, "\"}", 3);
    CHECK_INT(fill("{input.a}", text), ERR_TOO_BIG);
    memcpy(text + at + len - 1, "\"}", 3);
    CHECK_INT(fill("{input.a}", text), 0);
    CHECK_INT(strlen(seen), TEMPLATE_ARGUMENT_MAX);
    free(text);
}

TEST(only_templates_of_the_input_need_it)
{
    CHECK(template_needs_input("a{input.b}"));
    CHECK(template_needs_input("{input}"));
    CHECK(!template_needs_input("{id}{dir}{inputs}{input"));
    arena_release(&arena);
    json_release(&input);
}

TEST_MAIN
