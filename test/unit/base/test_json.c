/* SPDX-License-Identifier: Apache-2.0
 *
 * Reading a parsed text: walking, members, spans, strings, numbers. (Which texts are accepted is in test_json_parse.c.)
 */
#include "test.h"

#include "base/json.h"

static struct json j;
static struct err e;
static struct buf scratch;

static const struct json_node *parse(const char *text)
{
    if (!scratch.max) buf_init(&scratch, 1 << 20);
    buf_clear(&scratch);
    if (json_parse(&j, str_of(text), &e)) {
        fprintf(stderr, "%s: %s\n", text, e.text);
        test_fail();
    }
    return json_root(&j);
}

TEST(nodes_are_walked_in_the_order_of_the_text)
{
    static const char *const spans[] = {"{\"x\" : [1,2]}", "[]", "3", "{}"};
    const struct json_node *root = parse(" [ {\"x\" : [1,2]} , [], 3,{}] ");
    CHECK_INT(root->kind, JSON_ARRAY);
    CHECK_INT(root->count, 4);
    CHECK_INT(root->skip, j.n);
    CHECK_STR(json_span(&j, root), "[ {\"x\" : [1,2]} , [], 3,{}]");
    int n = 0;
    for (const struct json_node *v = json_first(root); v; v = json_next(root, v)) {
        CHECK(n < 4);
        CHECK_STR(json_span(&j, v), spans[n++]);
    }
    CHECK_INT(n, 4);
    CHECK(json_first(json_first(root) + json_first(root)->skip) == NULL); /* of an empty array */
    CHECK(json_first(NULL) == NULL);
}

TEST(members_are_found_by_key)
{
    const struct json_node *root = parse("{\"a\":{\"b\":1},\"b\":\"x\",\"\":null,\"\\u0063d\":true}");
    CHECK_INT(root->count, 4);
    CHECK_STR(json_span(&j, json_member(&j, root, STR("b"))), "\"x\"");
    CHECK_STR(json_span(&j, json_member(&j, json_member(&j, root, STR("a")), STR("b"))), "1");
    CHECK_INT(json_member(&j, root, STR(""))->kind, JSON_NULL);
    CHECK_INT(json_member(&j, root, STR("cd"))->kind, JSON_TRUE);
    CHECK(json_member(&j, root, STR("\\u0063d")) == NULL); /* the raw text is not the key */
    CHECK(json_member(&j, root, STR("c")) == NULL);
    CHECK(json_member(&j, root, STR("cde")) == NULL);
    CHECK(json_member(&j, NULL, STR("a")) == NULL);
    CHECK(json_member(&j, json_member(&j, root, STR("b")), STR("a")) == NULL);
}

TEST(keys_are_given_raw_and_unescaped)
{
    const struct json_node *v = json_first(parse("{ \"a\\n\\\"\\u00e9\" : 1}"));
    CHECK(v->key_escaped);
    CHECK_STR(json_key(&j, v), "a\\n\\\"\\u00e9");
    json_add_key(&j, v, &scratch);
    CHECK_STR(buf_str(&scratch), "a\n\"\xC3\xA9");
    CHECK(json_key_is(&j, v, STR("a\n\"\xC3\xA9")));
    v = json_first(parse("{\"plain\":1}"));
    CHECK(!v->key_escaped);
    json_add_key(&j, v, &scratch);
    CHECK_STR(buf_str(&scratch), "plain");
    CHECK_STR(json_key(&j, json_root(&j)), "");
}

TEST(strings_are_borrowed_when_they_can_be)
{
    const struct json_node *v = parse("\"as it is \xC3\xA9\"");
    struct str s = json_string(&j, v, &scratch);
    CHECK_STR(s, "as it is \xC3\xA9");
    CHECK(s.p == j.text.p + 1);
    CHECK_INT(scratch.len, 0);
    CHECK(!v->escaped);
}

TEST(every_escape_is_undone)
{
    static const char wanted[] = "\"\\/\b\f\n\r\t A\xC3\xA9\xE2\x82\xAC\xF0\x9F\x8E\xA7\xF4\x8F\xBF\xBF";
    const struct json_node *v =
        parse("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0020\\u0041\\u00e9\\u20AC\\uD83C\\uDFA7\\udbff\\udfff\"");
    CHECK(v->escaped);
    buf_add_text(&scratch, "before"); /* results are appended */
    CHECK_STR(json_string(&j, v, &scratch), wanted);
    CHECK(str_starts(buf_str(&scratch), STR("before")));
    buf_clear(&scratch);
    json_add_string(&j, v, &scratch);
    CHECK_STR(buf_str(&scratch), wanted);
    v = parse("\"a\\u0000b\"");
    struct str s = json_string(&j, v, &scratch);
    CHECK_INT(s.len, 3);
    CHECK(memcmp(s.p, "a\0b", 3) == 0);
}

TEST(what_is_no_string_has_no_text)
{
    CHECK_INT(json_string(&j, parse("12"), &scratch).len, 0);
    CHECK_INT(json_string(&j, NULL, &scratch).len, 0);
    json_add_string(&j, json_root(&j), &scratch);
    CHECK_INT(scratch.len, 0);
}

TEST(a_scratch_too_small_is_told_by_the_scratch)
{
    struct buf small;
    buf_init(&small, 3);
    struct str s = json_string(&j, parse("\"abc\\ndef\""), &small);
    CHECK_INT(s.len, 0);
    CHECK_INT(buf_err(&small), ERR_TOO_BIG);
    buf_release(&small);
}

TEST(integers_are_exact_however_they_are_written)
{
    static const struct {
        const char *text;
        int64_t value;
    } good[] = {
        {"0", 0},
        {"-0", 0},
        {"1", 1},
        {"-17", -17},
        {"1.0", 1},
        {"1e3", 1000},
        {"1E+3", 1000},
        {"12.50e1", 125},
        {"1000e-3", 1},
        {"0.001e3", 1},
        {"0e999999999999999999999", 0},
        {"0.000e-99999999999999999999", 0},
        {"9223372036854775807", INT64_MAX},
        {"-9223372036854775808", INT64_MIN},
        {"922337203685477580.7e1", INT64_MAX},
        {"-9.223372036854775808e18", INT64_MIN},
        {"9007199254740993", 9007199254740993},
        {"1000000000000000000000e-20", 10},
        {"100000.00000", 100000},
    };
    static const char *const bad[] = {
        "1.5",
        "1e-1",
        "0.1",
        "9223372036854775808",
        "-9223372036854775809",
        "1e19",
        "1e400",
        "1e999999999999999999999",
        "1e-999999999999999999999",
        "12345678901234567890",
        "1.00000000000000000000000001",
        "123456789012345678901234567890e-3",
        "\"1\"",
        "true",
        "null",
        "[1]",
    };
    int64_t v = 7;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        int rc = json_int(&j, parse(good[i].text), &v);
        if (rc || v != good[i].value) fprintf(stderr, "row %s\n", good[i].text);
        CHECK_INT(rc, 0);
        CHECK_INT(v, good[i].value);
    }
    v = 7;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        int rc = json_int(&j, parse(bad[i]), &v);
        if (!rc) fprintf(stderr, "row %s\n", bad[i]);
        CHECK_INT(rc, ERR_INVALID);
    }
    CHECK_INT(json_int(&j, NULL, &v), ERR_INVALID);
    CHECK_INT(v, 7);
}

TEST(doubles_are_read_and_overflow_is_refused)
{
    double v;
    CHECK_INT(json_double(&j, parse("-12.5e-1"), &v), 0);
    CHECK(v == -1.25);
    CHECK_INT(json_double(&j, parse("7"), &v), 0);
    CHECK(v == 7);
    CHECK_INT(json_double(&j, parse("1e400"), &v), ERR_INVALID);
    CHECK_INT(json_double(&j, parse("\"7\""), &v), ERR_INVALID);
    CHECK_INT(json_double(&j, NULL, &v), ERR_INVALID);
    CHECK_STR(json_span(&j, parse("[1e400]") + 1), "1e400"); /* kept as text */
}

TEST(kinds_have_names_for_messages)
{
    CHECK_STR(str_of(json_kind_name(JSON_OBJECT)), "an object");
    CHECK_STR(str_of(json_kind_name(JSON_TRUE)), "a boolean");
    CHECK_STR(str_of(json_kind_name(JSON_NULL)), "null");
}

static const struct json_node *parse_closed(const char *closed, const char *text)
{
    j.closed = str_of(closed);
    const struct json_node *root = parse(text);
    j.closed = STR_NONE;
    return root;
}

TEST(a_closed_member_is_one_node_whatever_it_holds)
{
    static const char *const values[] = {"{\"a\":[1,{\"x\":[]}],\"b\":{\"x\":1}}",
                                         "[[1,2],[3],{\"in\":4}, \"\\u00e9\" ]",
                                         "{}",
                                         "[]",
                                         "[ 1 ]",
                                         "\"a\\nb\"",
                                         "-1.5e3",
                                         "true",
                                         "false",
                                         "null"};
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        char text[200];
        snprintf(text, sizeof text, "{\"tags\":{\"k\":[1,2]}, \"in\" : %s ,\"retry\":{\"in\":[5,6]}}", values[i]);
        enum json_kind kind = parse(values[i])->kind;
        const struct json_node *root = parse_closed("in", text), *in = json_member(&j, root, STR("in"));
        CHECK_INT(j.n, 10);
        CHECK_INT(root->count, 3);
        CHECK_INT(root->skip, 10);
        CHECK_STR(json_span(&j, in), values[i]);
        CHECK_INT(in->kind, kind);
        CHECK_INT(in->count, 0);
        CHECK_INT(in->skip, 1);
        CHECK(json_first(in) == NULL);
        CHECK_STR(json_key(&j, json_next(root, in)), "retry");
        const struct json_node *retry = json_member(&j, root, STR("retry"));
        CHECK_INT(json_member(&j, retry, STR("in"))->count, 2); /* no member of the root */
        CHECK_INT(json_member(&j, json_member(&j, root, STR("tags")), STR("k"))->count, 2);
    }
}

TEST(a_member_further_in_is_closed_at_its_level_and_nowhere_else)
{
    j.closed_level = 2;
    const char *text = "{\"in\":[1,2],\"tasks\":[{\"in\":[1,[2]],\"b\":{\"in\":[3]}},{\"in\":{\"x\":4}}],\"after\":[[[[5,6]]]]}";
    const struct json_node *root = parse_closed("in", text);
    j.closed_level = 0;
    CHECK_INT(json_member(&j, root, STR("in"))->skip, 3);
    const struct json_node *tasks = json_member(&j, root, STR("tasks")), *first = json_first(tasks);
    CHECK_INT(tasks->count, 2);
    CHECK_INT(json_member(&j, first, STR("in"))->skip, 1);
    CHECK_STR(json_span(&j, json_member(&j, first, STR("in"))), "[1,[2]]");
    CHECK_INT(json_member(&j, first, STR("b"))->skip, 3);
    CHECK_STR(json_span(&j, json_member(&j, json_next(tasks, first), STR("in"))), "{\"x\":4}");
    CHECK_INT(json_member(&j, root, STR("after"))->skip, 6);
}

TEST(the_closed_member_is_known_by_its_unescaped_key)
{
    CHECK_INT(parse_closed("in", "{\"\\u0069n\":[1,2],\"i\\u006e2\":[1]}")->skip, 4);
    CHECK_INT(parse_closed("", "{\"\":[1,2]}")->skip, 2);
    CHECK_INT(parse_closed("\\u0069n", "{\"\\u0069n\":[1,2]}")->skip, 4); /* the name given is plain */
    CHECK_INT(parse_closed("in", "{\"i\":[1],\"inn\":[1]}")->skip, 5);
    CHECK_INT(parse_closed("in", "[{\"in\":[1,2]}]")->skip, 5); /* the root is no object */
    CHECK_INT(parse("{\"in\":[1,2],\"\":[1]}")->skip, 6);       /* none is closed unless asked for */
}

TEST(a_closed_root_is_one_node)
{
    static const char *const values[] = {"{\"in\":{\"a\":[1]},\"b\":2}", "[[1],2]", "{}", "\"\\n\"", "12"};
    j.root_only = true;
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        const struct json_node *root = parse_closed("in", values[i]);
        CHECK_INT(j.n, 1);
        CHECK_INT(root->count, 0);
        CHECK_INT(root->skip, 1);
        CHECK_STR(json_span(&j, root), values[i]);
    }
    CHECK_STR(json_string(&j, parse("\"\\n\""), &scratch), "\n");
    j.root_only = false;
}

TEST(trimmed_it_holds_no_node_and_no_text)
{
    parse("[1,2]");
    json_trim(&j);
    CHECK(json_root(&j) == NULL);
    CHECK(j.text.p == NULL);
    CHECK_INT(parse("[1,2]")->count, 2);
    json_trim(&(struct json){0});
}

TEST(one_json_is_used_for_many_texts)
{
    parse("[1,2,3]");
    CHECK(json_parse(&j, STR("[1,"), &e) == ERR_SYNTAX);
    CHECK(json_root(&j) == NULL);
    CHECK_INT(parse("{\"a\":[]}")->count, 1);
    json_release(&j);
    json_release(&j);
    CHECK(json_root(&j) == NULL);
    buf_release(&scratch);
}

TEST_MAIN
