/* SPDX-License-Identifier: Apache-2.0
 *
 * Templates of http types: URLs, headers, bodies.
 */
#include "handler/web_fill.h"
#include "handler/remote_job.h"
#include "test.h"

static struct buf out;
static struct err err;

static const char *const INPUT = "{\"text\":\"a \\\"b\\\"\\n\",\"n\":[1, 2.50],\"deep\":{\"x/y\":null},\"nul\":\"\\u0000\",\"many\":{\"0\":true}}";

enum where { URL, HEADER, BODY };

static int fill(enum where where, const char *text, const char *input)
{
    struct json j;
    struct task_body body = {.type = STR("polish")};
    struct attempt attempt = {.task = &body, .fence = 0xdef, .number = 3};
    const struct remote_job job = {.id = STR("r/1"), .attempt = 2, .fence = 0xabc};
    const struct web_words words = {&attempt, &job, &j, STR_NONE};
    CHECK_INT(id_parse(&body.id, STR("01a1ffe8-96cd-754e-be93-691a58a8ee38")), 0);
    json_init(&j);
    CHECK_INT(json_parse(&j, str_of(input), NULL), 0);
    buf_release(&out);
    buf_init(&out, 4096);
    err = (struct err){0};
    int rc = (where == URL ? web_fill_url : where == HEADER ? web_fill_header : web_fill_body)(&out, text, &words, &err);
    json_release(&j);
    return rc;
}

#define CHECK_FILLED(where, text, wanted)          \
    do {                                           \
        CHECK_INT(fill(where, (text), INPUT), 0);  \
        CHECK_STR(buf_str(&out), (wanted));        \
    } while (0)

TEST(names_of_the_attempt_are_filled_in)
{
    CHECK_FILLED(HEADER, "{id} {attempt} {fence} {type} {remote.id}", "01a1ffe8-96cd-754e-be93-691a58a8ee38 2 0000000000000abc polish r/1");
}

TEST(in_a_url_a_value_is_percent_encoded)
{
    CHECK_FILLED(URL, "http://h/{remote.id}?t={input.text}&n={input.n}", "http://h/r%2F1?t=a%20%22b%22%0A&n=%5B1%2C2.50%5D");
    CHECK_FILLED(URL, "http://h/{input.nul}", "http://h/%00");
}

TEST(in_a_url_a_value_is_not_another_path)
{
    CHECK_INT(fill(URL, "http://h/a/{input.x}", "{\"x\":\"..\"}"), ERR_INVALID);
    CHECK_INT(fill(URL, "http://h/a/{input.x}", "{\"x\":\".\"}"), ERR_INVALID);
    CHECK_INT(fill(URL, "http://h/a/{input.x}", "{\"x\":\"...\"}"), 0);
}

TEST(a_header_has_no_control_characters)
{
    CHECK_INT(fill(HEADER, "v={input.text}", INPUT), ERR_INVALID);
    CHECK(strcmp(err.pointer, "/text") == 0);
    CHECK_INT(fill(HEADER, "{input.nul}", INPUT), ERR_INVALID);
    CHECK_FILLED(HEADER, "n={input.n}", "n=[1,2.50]");
}

TEST(a_text_of_a_body_that_is_one_template_becomes_the_value)
{
    CHECK_FILLED(BODY, "{\"a\":\"{input.n}\",\"b\":\"{input.deep}\",\"c\":\"{input.text}\",\"d\":\"{attempt}\",\"e\":\"{id}\"}",
                 "{\"a\":[1, 2.50],\"b\":{\"x/y\":null},\"c\":\"a \\\"b\\\"\\n\",\"d\":2,\"e\":\"01a1ffe8-96cd-754e-be93-691a58a8ee38\"}");
    CHECK_FILLED(BODY, "\"{input}\"", INPUT);
}

TEST(another_text_of_a_body_stays_a_text)
{
    CHECK_FILLED(BODY, "[\"<{input.text}>\",\"{input.n}{input.n}\"]", "[\"<a \\\"b\\\"\\n>\",\"[1,2.50][1,2.50]\"]");
    CHECK_FILLED(BODY, "[\" {attempt}\",\"\\u00e9{attempt}\"]", "[\" 2\",\"\xc3\xa9" "2\"]");
}

TEST(what_is_no_text_stays_as_it_is_and_so_do_other_braces_and_keys)
{
    CHECK_FILLED(BODY, "{\"n\":1.50,\"t\":[true,null,[]],\"{id}\":\"{own} {} {\",\"u\":\"{callback_url}\"}",
                 "{\"n\":1.50,\"t\":[true,null,[]],\"{id}\":\"{own} {} {\",\"u\":\"{callback_url}\"}");
}

TEST(a_member_that_is_not_there_is_said)
{
    CHECK_INT(fill(BODY, "{\"a\":[\"{input.n.7}\"]}", INPUT), ERR_INVALID);
    CHECK(strcmp(err.pointer, "/n/7") == 0);
    CHECK_INT(fill(URL, "http://h/{input.nope}", INPUT), ERR_INVALID);
    CHECK_INT(fill(HEADER, "{input.text.more}", INPUT), ERR_INVALID);
}

static bool is_good(const char *url) { return web_fill_check_url(str_of(url), &err) == 0; }

TEST(a_url_has_a_scheme_and_a_host_and_templates_behind_them)
{
    CHECK(is_good("http://127.0.0.1:11434/v1/chat/completions"));
    CHECK(is_good("HTTPS://[::1]:8443"));
    CHECK(is_good("https://h/{input.a.b}/{id}?x={attempt}&y={remote.id}&z={callback_url}"));
    const char *const bad[] = {"", "h/x", "ftp://h/", "http:/h", "http://", "http:///x", "http://:80/", "http://u:p@h/", "http://{input.h}/",
                               "http://h{id}/", "http://h/ x", "http://h/\n", "http://h/#x", "http://h/{inptu.x}", "http://h/{", "http://h/}",
                               "http://h/{input.}"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (is_good(bad[i])) CHECK_STR(str_of(bad[i]), "refused");
}

TEST(a_text_is_known_to_have_a_template)
{
    CHECK(web_fill_names("a{remote.id}b", "remote.id"));
    CHECK(!web_fill_names("a{id}{remote}", "remote.id"));
    CHECK(!web_fill_names(NULL, "id"));
}

TEST_MAIN
