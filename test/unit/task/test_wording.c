/* SPDX-License-Identifier: Apache-2.0
 *
 * Text with sources in it: what is put in, what is cut, what is refused.
 */
#include "base/limits.h"
#include "task/notify.h"
#include "task/wording.h"
#include "test.h"

static const char *const members[] = {"id", "n", "tags", "result", "error", NULL};
static struct buf out;

#define TASK \
    "{\"id\":\"t1\",\"n\":1.50,\"tags\":{\"a\":\"\\u00e9\\n\\\"\"},\"result\":{\"l\":[true,null,{\"x\": [1 ]}],\"e\":\"\"},\"error\":null}"

static const char *fill_of(const char *text, const char *task, size_t max)
{
    struct json j;
    struct err e = {0};
    json_init(&j);
    CHECK_INT(json_parse(&j, str_of(task), &e), 0);
    buf_release(&out);
    buf_init(&out, 1 << 16);
    CHECK_INT(wording_check(str_of(text), STR("task"), members, &e), 0);
    wording_fill(str_of(text), &j, max, &out);
    CHECK_INT(buf_err(&out), 0);
    json_release(&j);
    return out.len ? out.p : "";
}

static const char *fill(const char *text) { return fill_of(text, TASK, 1000); }

static const char *refusal(const char *text)
{
    static struct err e;
    CHECK_INT(wording_check(str_of(text), STR("task"), members, &e), ERR_INVALID);
    return e.text;
}

TEST(sources_are_put_in_as_people_read_them)
{
    CHECK_STR(str_of(fill("{task.id}")), "t1");
    CHECK_STR(str_of(fill("a {task.id}b{task.n}")), "a t1b1.50");
    CHECK_STR(str_of(fill("<{task.tags.a}>")), "<\xc3\xa9\n\">");
    CHECK_STR(str_of(fill("{task.result.l.0} {task.result.l.2} {task.result.l}")), "true {\"x\": [1 ]} [true,null,{\"x\": [1 ]}]");
    CHECK_STR(str_of(fill("no source")), "no source");
}

TEST(what_is_not_there_is_empty)
{
    CHECK_STR(str_of(fill("<{task.error}{task.error.message}{task.tags.b}{task.result.l.1}{task.result.l.9}{task.result.e}{task.id.x}>")), "<>");
    CHECK_STR(str_of(fill_of("{task.id}", "[]", 10)), "");
}

TEST(two_braces_are_one)
{
    CHECK_STR(str_of(fill("{{task.id}} {{{task.id}}}")), "{task.id}} {t1}}");
    CHECK_STR(str_of(fill("}{{")), "}{");
}

TEST(what_has_too_many_characters_ends_with_an_ellipsis)
{
    CHECK_STR(str_of(fill_of("12345", TASK, 5)), "12345");
    CHECK_STR(str_of(fill_of("123456", TASK, 5)), "1234\xe2\x80\xa6");
    CHECK_STR(str_of(fill_of("12{task.id}5", TASK, 5)), "12t15");
    CHECK_STR(str_of(fill_of("12{task.id}5{task.id}", TASK, 5)), "12t1\xe2\x80\xa6");
    CHECK_STR(str_of(fill_of("\xc3\xa9\xc3\xa9\xc3\xa9", TASK, 3)), "\xc3\xa9\xc3\xa9\xc3\xa9");
    CHECK_STR(str_of(fill_of("\xc3\xa9\xc3\xa9\xc3\xa9{task.tags.a}", TASK, 3)), "\xc3\xa9\xc3\xa9\xe2\x80\xa6");
    CHECK_STR(str_of(fill_of("\xf0\x9f\x98\x80x", TASK, 1)), "\xe2\x80\xa6");
    CHECK_STR(str_of(fill_of("x{task.error}{task.tags.b}", TASK, 1)), "x"); /* nothing more came */
}

TEST(what_names_no_source_is_refused_with_the_reason)
{
    CHECK(strstr(refusal("{}"), "names no source"));
    CHECK(strstr(refusal("{body.x}"), "begins with task."));
    CHECK(strstr(refusal("{task}"), "no such member"));
    CHECK(strstr(refusal("{task.}"), "no such member"));
    CHECK(strstr(refusal("{task.tag.a}"), "did you mean tags?"));
    CHECK(strstr(refusal("{task.id.}"), "without a letter"));
    CHECK(strstr(refusal("{task.tags..a}"), "without a letter"));
    CHECK(strstr(refusal("{task.result.a..b}"), "without a letter"));
    CHECK(strstr(refusal("{task.zzzzzzzzz.b}"), "no such member"));
    CHECK(strstr(refusal("x{task.id"), "not closed"));
    CHECK(strstr(refusal("x{"), "not closed"));
}

/* ---- notify ---- */

static int check(const char *text, struct err *e)
{
    struct json j;
    json_init(&j);
    *e = (struct err){0};
    CHECK_INT(json_parse(&j, str_of(text), e), 0);
    int err = notify_check(&j, json_root(&j), e);
    json_release(&j);
    return err;
}

static void wrong(const char *text, int err, const char *pointer)
{
    struct err e;
    CHECK_INT(check(text, &e), err);
    CHECK_STR(str_of(e.pointer), pointer);
}

TEST(notify_tells_where_it_is_wrong)
{
    static char text[2 * LIMIT_NOTICE_TEMPLATE];
    struct err e;
    CHECK_INT(check("{\"title\":\"a\",\"message\":null,\"on\":[\"expired\"],\"data\":{\"a\":[\"task.id\",{\"b\":5}]},\"kind\":\"k\"}", &e), 0);
    CHECK_INT(check("{\"title\":\"a\",\"message\":\"{task.subject}\",\"data\":null}", &e), 0);
    wrong("[]", ERR_INVALID, "");
    wrong("{\"message\":\"a\"}", ERR_INVALID, "/title");
    wrong("{\"title\":5,\"message\":\"a\"}", ERR_INVALID, "/title");
    wrong("{\"title\":\"\"}", ERR_INVALID, "/title");
    wrong("{\"title\":\"a\",\"message\":\"{task.nope}\"}", ERR_INVALID, "/message");
    snprintf(text, sizeof text, "{\"title\":\"%0*d\"}", LIMIT_NOTICE_TEMPLATE, 7);
    wrong(text, ERR_INVALID, "/title");
    wrong("{\"title\":\"a\",\"on\":\"completed\"}", ERR_INVALID, "/on");
    wrong("{\"title\":\"a\",\"on\":[]}", ERR_INVALID, "/on");
    wrong("{\"title\":\"a\",\"on\":[5]}", ERR_INVALID, "/on");
    wrong("{\"title\":\"a\",\"on\":[\"pending\",\"failed\"]}", ERR_INVALID, "/on");
    wrong("{\"title\":\"a\",\"on\":[\"failed\",\"nope\"]}", ERR_INVALID, "/on");
    wrong("{\"title\":\"a\",\"data\":[]}", ERR_INVALID, "/data");
    wrong("{\"title\":\"a\",\"data\":{\"a\":\"item.id\"}}", ERR_INVALID, "/data");
    snprintf(text, sizeof text, "{\"title\":\"a\",\"data\":{\"a\":\"const.%0*d\"}}", LIMIT_NOTICE_DATA, 7);
    wrong(text, ERR_INVALID, "/data");
    wrong("{\"zzzzzzzz\":\"a\"}", ERR_UNKNOWN_FIELD, "");
    CHECK_INT(check("{\"titel\":\"a\"}", &e), ERR_UNKNOWN_FIELD);
    CHECK(strstr(e.text, "did you mean \"title\"?"));
}

static void made(const char *notify, const char *task, int wanted, const char *kind, const char *title, const char *data)
{
    struct json j;
    struct arena a;
    struct err e = {0};
    struct notice n = {.type = STR("t")};
    arena_init(&a);
    json_init(&j);
    CHECK_INT(json_parse(&j, str_of(notify), &e), 0);
    CHECK_INT(notify_fill(&j, json_root(&j), str_of(task), &a, &n, &e), wanted);
    CHECK_STR(n.kind, kind);
    CHECK_STR(n.title, title);
    CHECK(n.message.p == NULL || str_eq(n.message, STR("t1")));
    CHECK(data ? str_eq(n.data, str_of(data)) : n.data.p == NULL);
    json_release(&j);
    arena_release(&a);
}

TEST(notify_makes_the_rest_when_its_data_cannot_be)
{
    static char task[3 * LIMIT_NOTICE_DATA];
    made("{\"title\":\"{task.id}!\",\"data\":{\"x\":\"task.n\"}}", TASK, 0, "t", "t1!", "{\"x\":1.50}");
    made("{\"title\":\"a\",\"kind\":\"{task.id}\",\"data\":null}", TASK, 0, "t1", "a", NULL);
    made("{\"title\":\"a\",\"message\":null}", TASK, 0, "t", "a", NULL);
    made("{\"title\":\"a\",\"message\":\"{task.id}\"}", TASK, 0, "t", "a", NULL);
    made("{\"title\":\"a\",\"data\":{}}", "no JSON", ERR_SYNTAX, "t", "", NULL);
    snprintf(task, sizeof task, "{\"id\":\"%0*d\"}", 2 * LIMIT_NOTICE_DATA, 7);
    made("{\"title\":\"a\",\"data\":{\"x\":\"task.id\"}}", task, ERR_TOO_BIG, "t", "a", NULL);
}

TEST(notify_is_for_the_endings_that_it_names)
{
    struct json j;
    json_init(&j);
    CHECK_INT(json_parse(&j, STR("{\"on\":[\"failed\",\"expired\"]}"), NULL), 0);
    CHECK(notify_wants(&j, json_root(&j), TASK_FAILED) && notify_wants(&j, json_root(&j), TASK_EXPIRED));
    CHECK(!notify_wants(&j, json_root(&j), TASK_COMPLETED) && !notify_wants(&j, json_root(&j), TASK_CANCELLED));
    CHECK_INT(json_parse(&j, STR("{}"), NULL), 0);
    CHECK(notify_wants(&j, json_root(&j), TASK_COMPLETED));
    json_release(&j);
}

int main(int argc, char **argv)
{
    int failed = test_main(argc, argv);
    buf_release(&out);
    return failed;
}
