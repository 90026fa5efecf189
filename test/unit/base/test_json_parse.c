/* SPDX-License-Identifier: Apache-2.0
 *
 * Which texts are JSON here and which are not, with the place and the reason that the writer is told. (Reading values
 * is in test_json.c, what large texts cost in test_json_size.c.)
 */
#include "test.h"

#include "base/json.h"
#include "base/limits.h"

static struct json j;
static struct err e;

static const struct str accepted[] = {
    STR("null"),
    STR("true"),
    STR("false"),
    STR("0"),
    STR("-0"),
    STR("123"),
    STR(" 1 "),
    STR("\t\r\n{}\n"),
    STR("\"\""),
    STR("[]"),
    STR("-12.5e+10"),
    STR("1E5"),
    STR("1e-5"),
    STR("0.0"),
    STR("0e0"),
    STR("1e400"),
    STR("-1e-999999"),
    STR("12345678901234567890"),
    STR("[1]"),
    STR("[[],[[]]]"),
    STR("{\"\":{\"\":[]}}"),
    STR("{\"a\":1,\"A\":2,\"a \":3}"),
    STR("[ 1 , 2\n,\t3 ]"),
    STR("{ \"a\" : 1 , \"b\" : [ ] }"),
    STR("[\"a,b:c\",\"[{\"]"),
    STR("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\""),
    STR("\"\\u0000\""),
    STR("\"\\uD83C\\udfa7\""),
    STR("\"\\ud800\\udc00\\udbff\\udfff\""),
    STR("\"\xC3\xA9\xE2\x82\xAC\xF0\x9F\x8E\xA7\""),
    STR("\"\x7f\""),
    STR("\"\xEF\xBF\xBF\""),
    STR("\"\xEF\xBB\xBF\""),
    STR("{\"a\":{\"a\":{\"a\":1}}}"),
    STR("[{\"a\":1},{\"a\":1}]"),
    STR("{\"\\\\u0000\":1}"),
    STR("\"\\\\ud800\""),
    STR("{\"a\":1,\"\\\\u0061\":2}"),
    STR("{\"\\u0061b\":1,\"a\":2}"),
};

static const struct {
    struct str text;
    const char *why; /* what the message begins with */
    int at;          /* the byte it names */
} refused[] = {
    {STR(""), "the text is empty", -1},
    {STR(" \n\t\r "), "the text is empty", -1},
    {STR("\xEF\xBB\xBF{}"), "a byte order mark", 0},
    {STR("\xEF\xBB\xBF"), "a byte order mark", 0},
    {STR("{} {}"), "something follows the value", 3},
    {STR("1 2"), "something follows the value", 2},
    {STR("01"), "something follows the value", 1},
    {STR("-01"), "something follows the value", 2},
    {STR("1a"), "something follows the value", 1},
    {STR("[]]"), "something follows the value", 2},
    {STR("{}\0"), "something follows the value", 2},
    {STR("1\0"), "something follows the value", 1},
    {STR("{}//"), "something follows the value", 2},
    {STR("1 \"unfinished"), "something follows the value", 2},
    {STR("1 tru"), "something follows the value", 2},
    {STR("[] ,"), "something follows the value", 3},
    {STR("["), "the text ends too early", 1},
    {STR("{"), "the text ends too early", 1},
    {STR("[1"), "the text ends too early", 2},
    {STR("[1,"), "the text ends too early", 3},
    {STR("{\"a\""), "the text ends too early", 4},
    {STR("{\"a\":"), "the text ends too early", 5},
    {STR("{\"a\":1"), "the text ends too early", 6},
    {STR("{\"a\":1,"), "the text ends too early", 7},
    {STR("\"abc"), "the text ends too early", 4},
    {STR("\"abc\\"), "the text ends too early", 5},
    {STR("\"\\u12"), "the text ends too early", 5},
    {STR("tru"), "the text ends too early", 3},
    {STR("-"), "the text ends too early", 1},
    {STR("1."), "the text ends too early", 2},
    {STR("1e"), "the text ends too early", 2},
    {STR("1e+"), "the text ends too early", 3},
    {STR("[1.]"), "", 1},
    {STR("[-]"), "", 1},
    {STR("[-x]"), "", 1},
    {STR("[.5]"), "", 1},
    {STR("[+1]"), "", 1},
    {STR("[1e]"), "", 1},
    {STR("[01]"), "", 2},
    {STR("[0x10]"), "", 2},
    {STR("[NaN]"), "", 1},
    {STR("[Infinity]"), "", 1},
    {STR("[-Infinity]"), "", 1},
    {STR("[nul]"), "", 1},
    {STR("[True]"), "", 1},
    {STR("[truex]"), "", 5},
    {STR("undefined"), "", 0},
    {STR("'a'"), "", 0},
    {STR("{a:1}"), "", 1},
    {STR("{1:2}"), "", 1},
    {STR("{\"a\"}"), "", 4},
    {STR("{\"a\",1}"), "", 4},
    {STR("{\"a\" \"b\"}"), "", 5},
    {STR("{\"a\":}"), "", 5},
    {STR("{\"a\":1,}"), "", 7},
    {STR("{,}"), "", 1},
    {STR("[1,]"), "", 3},
    {STR("[,1]"), "", 1},
    {STR("[1,,2]"), "", 3},
    {STR("[1 2]"), "", 3},
    {STR("[1:2]"), "", 2},
    {STR("[1}"), "", 2},
    {STR("{\"a\":1]"), "", 6},
    {STR("]"), "", 0},
    {STR(","), "", 0},
    {STR(":"), "", 0},
    {STR("/* c */1"), "", 0},
    {STR("[1,//c\n2]"), "", 3},
    {STR("\0"), "", 0},
    {STR("[\0]"), "", 1},
    {STR("\f1"), "a control character", 0}, /* yajl takes these two for blanks */
    {STR("[1\v]"), "a control character", 2},
    {STR("[1\f,\v2]"), "a control character", 2},
    {STR("1\v"), "a control character", 1},
    {STR("\"a\fb\""), "a control character", 2},
    {STR("\"a\nb\""), "", 2},
    {STR("\"a\tb\""), "", 2},
    {STR("\"a\0b\""), "", 2},
    {STR("\"a\x1f\""), "", 2},
    {STR("\"\\x41\""), "", 2},
    {STR("\"\\a\""), "", 2},
    {STR("\"\\u12G4\""), "", 5},
    {STR("\"\\u 123\""), "", 3},
    {STR("\"\\U0041\""), "", 2},
    {STR("[\"\xC0\x80\"]"), "not UTF-8", 2},
    {STR("[\"\xED\xA0\x80\"]"), "not UTF-8", 2},
    {STR("[\"\xF4\x90\x80\x80\"]"), "not UTF-8", 2},
    {STR("[\"ab\xC3\"]"), "not UTF-8", 4},
    {STR("\xFF\xFE"), "not UTF-8", 0},
    {STR("\xC3\xA9"), "", 0},
    {STR("\xC2\xA0"
         "1"),
     "", 0}, /* a no-break space is not a blank */
    {STR("\"\\ud800\""), "half of a surrogate pair", 1},
    {STR("\"ab\\udc00\""), "half of a surrogate pair", 3},
    {STR("\"\\udc00\\ud800\""), "half of a surrogate pair", 1},
    {STR("\"\\ud800\\ud800\\udc00\""), "half of a surrogate pair", 1},
    {STR("\"\\ud800x\\udc00\""), "half of a surrogate pair", 1},
    {STR("\"\\ud800\\n\""), "half of a surrogate pair", 1},
    {STR("\"\\ud83c\\udfa7\\udfa7\""), "half of a surrogate pair", 13},
    {STR("{\"\\ud800\":1}"), "half of a surrogate pair", 2},
    {STR("{\"a\\u0000b\":1}"), "\\u0000 in a key", 3},
    {STR("{\"a\":1,\"a\":2}"), "the key \"a\" is there twice", 7},
    {STR("{\"a\":1,\"\\u0061\":2}"), "the key \"\\u0061\" is there twice", 7},
    {STR("{\"\\u0061\":1,\"b\":1,\"a\":2}"), "the key \"a\" is there twice", 18},
    {STR("{\"\":1,\"\":2}"), "the key \"\" is there twice", 6},
    {STR("{\"\xF0\x9F\x8E\xA7\":1,\"\\ud83c\\udfa7\":2}"), "the key", 10},
    {STR("{\"\\/\":1,\"\\u002F\":2}"), "the key", 8},
};

TEST(texts_that_are_json_are_accepted_with_the_span_of_the_value)
{
    for (size_t i = 0; i < sizeof accepted / sizeof accepted[0]; i++) {
        struct str text = accepted[i], trimmed = text;
        int rc = json_parse(&j, text, &e);
        if (rc) fprintf(stderr, "refused %.*s: %s\n", STR_ARG(text), e.text);
        CHECK_INT(rc, 0);
        while (strchr(" \t\r\n", trimmed.p[0])) trimmed.p++, trimmed.len--;
        while (strchr(" \t\r\n", trimmed.p[trimmed.len - 1])) trimmed.len--;
        CHECK(str_eq(json_span(&j, json_root(&j)), trimmed));
    }
}

TEST(texts_that_are_not_are_refused_with_reason_and_place)
{
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        char place[32];
        snprintf(place, sizeof place, "at byte %d", refused[i].at);
        int rc = json_parse(&j, refused[i].text, &e);
        bool told = str_starts(str_of(e.text), str_of(refused[i].why));
        if (refused[i].at >= 0) told = told && str_ends(str_of(e.text), str_of(place));
        if (rc != ERR_SYNTAX || !told) fprintf(stderr, "%.*s: %d %s\n", STR_ARG(refused[i].text), rc, rc ? e.text : "");
        CHECK_INT(rc, ERR_SYNTAX);
        CHECK_INT(e.code, ERR_SYNTAX);
        CHECK(told);
        CHECK(json_root(&j) == NULL);
        CHECK_INT(json_parse(&j, refused[i].text, NULL), ERR_SYNTAX);
    }
}

/* Each accepted text that is a container, a string or a word, cut anywhere, is refused and nothing beyond the cut is
 * read. */
TEST(a_text_cut_short_is_refused)
{
    for (size_t i = 0; i < sizeof accepted / sizeof accepted[0]; i++) {
        if (!strchr("[{\"tfn", accepted[i].p[0])) continue;
        for (size_t len = 0; len < accepted[i].len; len++) {
            char *cut = malloc(len ? len : 1); /* of its own, so that a sanitizer sees a read past the end */
            memcpy(cut, accepted[i].p, len);
            int rc = json_parse(&j, (struct str){cut, len}, &e);
            free(cut);
            CHECK_INT(rc, ERR_SYNTAX);
        }
    }
}

TEST(a_number_that_ends_the_text_has_its_span)
{
    char *text = malloc(3);
    memcpy(text, " 42", 3);
    int rc = json_parse(&j, (struct str){text, 3}, &e);
    bool same = rc == 0 && str_eq(json_span(&j, json_root(&j)), STR("42"));
    free(text);
    CHECK(same);
}

static int parse_nested(int depth, char open, char close)
{
    struct buf b;
    buf_init(&b, 10 << 20);
    for (int i = 0; i < depth; i++) {
        buf_add_char(&b, open);
        if (open == '{') buf_add_text(&b, "\"k\":");
    }
    buf_add_char(&b, '1');
    for (int i = 0; i < depth; i++) buf_add_char(&b, close);
    int rc = json_parse(&j, buf_str(&b), &e);
    buf_release(&b);
    return rc;
}

TEST(depth_is_limited_and_does_not_cost_stack)
{
    CHECK_INT(parse_nested(LIMIT_JSON_DEPTH, '[', ']'), 0);
    CHECK_INT(parse_nested(LIMIT_JSON_DEPTH, '{', '}'), 0);
    CHECK_INT(parse_nested(LIMIT_JSON_DEPTH + 1, '[', ']'), ERR_SYNTAX);
    CHECK_STR(str_of(e.text), "nested deeper than 64 levels at byte 64");
    CHECK_INT(parse_nested(LIMIT_JSON_DEPTH + 1, '{', '}'), ERR_SYNTAX);
    CHECK_INT(parse_nested(1000000, '[', ']'), ERR_SYNTAX);
}

TEST(a_duplicate_key_is_told_with_its_pointer)
{
    CHECK_INT(json_parse(&j, STR("{\"a\":[0,{},{\"x/y~z\":{\"d\":1,\"d\":2}}]}"), &e), ERR_SYNTAX);
    CHECK_STR(str_of(e.pointer), "/a/2/x~1y~0z/d");
    CHECK_INT(json_parse(&j, STR("{\"a\":1,\"a\":2}"), &e), ERR_SYNTAX);
    CHECK_STR(str_of(e.pointer), "/a");
    CHECK_INT(json_parse(&j, STR("[[0,{\"\\u00e9\":1,\"\xC3\xA9\":2}]]"), &e), ERR_SYNTAX);
    CHECK_STR(str_of(e.pointer), "/0/1/\xC3\xA9");
}

TEST(a_pointer_that_does_not_fit_points_to_what_is_around)
{
    char text[600], key[201];
    memset(key, 'k', sizeof key - 1);
    key[200] = '\0';
    snprintf(text, sizeof text, "{\"in\":{\"%s\":1,\"%s\":2}}", key, key);
    CHECK_INT(json_parse(&j, str_of(text), &e), ERR_SYNTAX);
    CHECK_STR(str_of(e.pointer), "/in");
    CHECK(strlen(e.text) < 150);
}

/* The same text, alone and closed inside another: accepted alike, or refused in the same words, a little further on. */
static void compare_closed(struct str text)
{
    static const char before[] = "{\"tags\":{\"k\":0},\"in\":";
    struct err whole;
    struct buf b;
    char place[32], *at;
    buf_init(&b, 4096);
    buf_add_text(&b, before);
    buf_add_str(&b, text);
    buf_add_text(&b, ",\"z\":[1,[2]]}");
    int wanted = json_parse(&j, text, &whole);
    if (wanted && (at = strstr(whole.text, "at byte "))) {
        size_t byte = strtoul(at + 8, NULL, 10) + sizeof before - 1;
        snprintf(place, sizeof place, "%zu", byte);
        at[8] = '\0';
        strncat(whole.text, place, sizeof whole.text - strlen(whole.text) - 1);
    }
    j.closed = STR("in");
    int rc = json_parse(&j, buf_str(&b), &e);
    j.closed = STR_NONE;
    bool few = rc || j.n == 8, in_same_words = true, at_same_place = true;
    if (rc && !strstr(whole.text, "ends too early") && !strstr(whole.text, "follows") && !strstr(whole.text, "empty") &&
        !strstr(whole.text, "byte order")) {
        in_same_words = strcmp(e.text, whole.text) == 0;
        at_same_place = !whole.pointer[0] ||
                        (str_starts(str_of(e.pointer), STR("/in/")) && strcmp(e.pointer + 3, whole.pointer) == 0);
    }
    if (rc != wanted || !in_same_words)
        fprintf(stderr, "%.*s: %s / %s\n", STR_ARG(text), wanted ? whole.text : "", rc ? e.text : "");
    buf_release(&b);
    CHECK_INT(rc, wanted);
    CHECK(few);
    CHECK(in_same_words);
    CHECK(at_same_place);
}

TEST(what_is_closed_is_checked_all_the_same)
{
    for (size_t i = 0; i < sizeof accepted / sizeof accepted[0]; i++) compare_closed(accepted[i]);
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) compare_closed(refused[i].text);
    compare_closed(STR("{\"a\":[0,{},{\"x/y~z\":{\"d\":1,\"d\":2}}]}"));
    compare_closed(STR("{\"c\":0,\"a\":{\"e\":[[],{}]},\"b\":[[0,{\"\\u00e9\":{\"o\":1},\"\xC3\xA9\":2}]]}"));
    compare_closed(STR("{\"a\":{\"b\":{\"c\":1}},\"d\":{\"a\":1,\"c\":2},\"c\":3}"));
}

TEST(what_is_closed_counts_for_the_depth)
{
    char text[300];
    for (int over = 0; over < 2; over++) {
        int n = snprintf(text, sizeof text, "{\"in\":"), levels = LIMIT_JSON_DEPTH - 1 + over;
        memset(text + n, '[', (size_t)levels);
        memset(text + n + levels, ']', (size_t)levels);
        memcpy(text + n + 2 * levels, "}", 2);
        j.closed = STR("in");
        int rc = json_parse(&j, str_of(text), &e);
        j.closed = STR_NONE;
        CHECK_INT(rc, over ? ERR_SYNTAX : 0);
    }
    CHECK(str_starts(str_of(e.text), STR("nested deeper than 64 levels")));
}

TEST(released_it_has_no_root)
{
    json_release(&j);
    CHECK(json_root(&j) == NULL);
}

TEST_MAIN
