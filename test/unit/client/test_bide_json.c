/* SPDX-License-Identifier: Apache-2.0
 *
 * The small JSON helpers a worker reads its input and writes its result with.
 */
#include "bide.h"
#include "test/test.h"

static const char input[] = "{\"audio\":\"a\\u00e9\\n\",\"n\":7,\"x\":2.5,\"on\":true,\"none\":null,"
                            "\"options\":{\"language\":\"en\",\"list\":[10,{\"text\":\"hi\"}]}}";

TEST(members_are_found_by_path)
{
    char text[16];
    int64_t n = 0;
    double x = 0;
    bool on = false;
    CHECK_INT(bide_json_string(input, "audio", text, sizeof text), BIDE_JSON_FOUND);
    CHECK_STR(str_of(text), "a\xc3\xa9\n");
    CHECK_INT(bide_json_string(input, "options.language", text, sizeof text), BIDE_JSON_FOUND);
    CHECK_STR(str_of(text), "en");
    CHECK_INT(bide_json_string(input, "options.list.1.text", text, sizeof text), BIDE_JSON_FOUND);
    CHECK_STR(str_of(text), "hi");
    CHECK_INT(bide_json_int(input, "options.list.0", &n), BIDE_JSON_FOUND);
    CHECK_INT(n, 10);
    CHECK_INT(bide_json_double(input, "x", &x), BIDE_JSON_FOUND);
    CHECK(x == 2.5);
    CHECK_INT(bide_json_double(input, "n", &x), BIDE_JSON_FOUND);
    CHECK(x == 7);
    CHECK_INT(bide_json_bool(input, "on", &on), BIDE_JSON_FOUND);
    CHECK(on);
}

TEST(what_is_not_there_leaves_the_default)
{
    char text[3] = "d";
    int64_t n = 42;
    bool on = true;
    CHECK_INT(bide_json_int(input, "missing", &n), BIDE_JSON_ABSENT);
    CHECK_INT(bide_json_int(input, "options.list.2", &n), BIDE_JSON_ABSENT);
    CHECK_INT(bide_json_int(input, "options.list.-1", &n), BIDE_JSON_ABSENT);
    CHECK_INT(bide_json_int(input, "n.deeper", &n), BIDE_JSON_ABSENT);
    CHECK_INT(bide_json_int(input, "audio", &n), BIDE_JSON_KIND);
    CHECK_INT(bide_json_int(input, "none", &n), BIDE_JSON_KIND);
    CHECK_INT(bide_json_int(input, "x", &n), BIDE_JSON_KIND);
    CHECK_INT(bide_json_bool(input, "n", &on), BIDE_JSON_KIND);
    CHECK_INT(bide_json_string(input, "audio", text, sizeof text), BIDE_JSON_LONG);
    CHECK_INT(bide_json_string("{", "audio", text, sizeof text), BIDE_JSON_INVALID);
    CHECK_STR(str_of(text), "d");
    CHECK_INT(n, 42);
    CHECK(on);
}

TEST(a_span_is_the_bytes_as_written)
{
    const char *start = NULL;
    size_t len = 0, count = 0;
    CHECK_INT(bide_json_span(input, "options.list", &start, &len), BIDE_JSON_FOUND);
    CHECK_STR(((struct str){start, len}), "[10,{\"text\":\"hi\"}]");
    CHECK_INT(bide_json_count(input, "options.list", &count), BIDE_JSON_FOUND);
    CHECK_INT(count, 2);
    CHECK_INT(bide_json_count(input, "", &count), BIDE_JSON_FOUND);
    CHECK_INT(count, 6);
    CHECK_INT(bide_json_count(input, "n", &count), BIDE_JSON_KIND);
}

TEST(a_text_of_any_length_is_the_callers)
{
    struct bide_text text = {0};
    CHECK_INT(bide_json_text(input, "options.language", &text), BIDE_JSON_FOUND);
    CHECK_STR(str_of(text.p), "en");
    CHECK_INT(bide_json_text(input, "audio", &text), BIDE_JSON_FOUND); /* what it held is freed */
    CHECK_INT(text.len, 4);
    CHECK_INT(bide_json_text(input, "n", &text), BIDE_JSON_KIND);
    CHECK_INT(text.len, 4);
    bide_text_free(&text);
    CHECK(text.p == NULL);
    bide_text_free(&text);
}

TEST(a_text_of_more_than_a_million_values_is_read)
{
    size_t n = 1200 * 1000, count = 0;
    struct bide_text json = {0};
    bide_json_write_raw(&json, "{\"list\":[");
    for (size_t i = 0; i < n; i++) bide_json_write_int(&json, 1);
    bide_json_write_close(&json, ']');
    bide_json_write_key(&json, "last");
    bide_json_write_int(&json, 9);
    bide_json_write_close(&json, '}');
    CHECK_INT(bide_json_count(json.p, "list", &count), BIDE_JSON_FOUND);
    CHECK_INT(count, n);
    int64_t last = 0;
    CHECK_INT(bide_json_int(json.p, "last", &last), BIDE_JSON_FOUND);
    CHECK_INT(last, 9);
    json.p[json.len - 1] = ']';
    CHECK_INT(bide_json_count(json.p, "list", &count), BIDE_JSON_INVALID);
    bide_text_free(&json);
}

TEST(a_result_is_written_with_commas_and_escapes)
{
    struct bide_text json = {0};
    bide_json_write_open(&json, '{');
    bide_json_write_key(&json, "te\"xt");
    bide_json_write_string(&json, "a\n\"b\"");
    bide_json_write_key(&json, "segments");
    bide_json_write_open(&json, '[');
    bide_json_write_int(&json, -3);
    bide_json_write_double(&json, 0.5);
    bide_json_write_bool(&json, false);
    bide_json_write_string(&json, NULL);
    bide_json_write_raw(&json, "{\"a\": 1} \r\n"); /* as a file ends: the comma after it is still due */
    bide_json_write_raw(&json, "");
    bide_json_write_raw(&json, " \n");
    bide_json_write_close(&json, ']');
    bide_json_write_close(&json, '}');
    CHECK_INT(json.err, 0);
    CHECK_STR(((struct str){json.p, json.len}),
              "{\"te\\\"xt\":\"a\\n\\\"b\\\"\",\"segments\":[-3,0.5,false,null,{\"a\": 1},null,null]}");
    bide_text_free(&json);
}

TEST(a_task_is_read_into_fields)
{
    struct bide_task_view v;
    struct bide_error e = {0};
    CHECK_INT(
        bide_task_view_read(
            &v,
            "{\"id\":\"i\",\"run\":1,\"type\":\"t\",\"queue\":\"gpu\",\"status\":\"pending\",\"priority\":-5,"
            "\"attempt\":1,"
            "\"max_attempts\":3,\"cancel_requested\":true,\"waiting_on\":{\"reason\":\"key\",\"detail\":\"2 of 2\"},"
            "\"progress\":{\"percent\":40.5,\"message\":\"m\"},\"position\":3,\"result\":null,\"result_bytes\":0,"
            "\"error\":{\"code\":\"worker_error\",\"message\":\"no\",\"type\":\"E\"},"
            "\"created_at\":\"1970-01-01T00:00:01.500Z\",\"timing\":{\"queued_ms\":12}}",
            &e),
        0);
    CHECK_STR(str_of(v.queue), "gpu");
    CHECK_STR(str_of(v.waiting_on), "key");
    CHECK_STR(str_of(v.waiting_detail), "2 of 2");
    CHECK_STR(str_of(v.error_code), "worker_error");
    CHECK_INT(v.priority, -5);
    CHECK_INT(v.position, 3);
    CHECK_INT(v.created_at_ms, 1500);
    CHECK_INT(v.queued_ms, 12);
    CHECK_INT(v.run_ms, -1);
    CHECK(v.percent == 40.5);
    CHECK(v.cancel_requested && !v.ended && !v.has_result);
}

TEST(absent_members_are_not_known_and_what_is_no_task_is_refused)
{
    struct bide_task_view v;
    struct bide_error e = {0};
    CHECK_INT(
        bide_task_view_read(&v, "{\"id\":\"i\",\"status\":\"completed\",\"result\":{},\"waiting_on\":\"time\"}", &e),
        0);
    CHECK(v.ended && v.has_result);
    CHECK(v.percent < 0);
    CHECK_STR(str_of(v.waiting_on), "time");
    CHECK_INT(bide_task_view_read(&v, "[]", &e), -1);
    CHECK_STR(str_of(e.text), "the answer is not a task: it has no id and status");
    CHECK_INT(bide_task_view_read(&v, "<html>", &e), -1);
    CHECK_STR(str_of(e.code), "bad_answer");
    CHECK_STR(str_of(v.status), "completed");
}

TEST_MAIN
