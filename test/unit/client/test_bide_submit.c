/* SPDX-License-Identifier: Apache-2.0
 *
 * Submits with all they may say, many at once, and changes to a task: what is asked, and what becomes of the answer.
 */
#include "canned.h"

TEST(a_submit_says_its_key_its_time_and_what_the_library_has_no_name_for)
{
    canned_start((const char *const[]){ACCEPTED TASK("scheduled"), ACCEPTED TASK("pending"), NULL}, NULL);
    struct bide_client *c = canned_client();
    struct bide_text task = {0};
    struct bide_error e = {0};
    struct bide_submit submit = {.type = "t",
                                 .run_at_ms = 1500,
                                 .more = " {\"retry\":{\"backoff\":\"fixed\"},\n\"key\":\"k\"}\n",
                                 .idempotency_key = "order-7"};
    CHECK_INT(bide_client_submit(c, &submit, &task, &e), 0);
    CHECK_INT(bide_client_submit(c, &(struct bide_submit){.type = "t", .more = "{ \n}"}, &task, &e), 0);
    canned_join();
    CHECK(canned_asked(0, "Idempotency-Key: order-7\r\n"));
    CHECK_STR(str_of(canned_body(0)), "{\"type\":\"t\",\"input\":{},\"run_at\":\"1970-01-01T00:00:01.500Z\","
                                      "\"retry\":{\"backoff\":\"fixed\"},\n\"key\":\"k\"}");
    CHECK(!canned_asked(1, "Idempotency-Key"));
    CHECK_STR(str_of(canned_body(1)), "{\"type\":\"t\",\"input\":{}}");
    bide_text_free(&task);
    bide_client_free(c);
}

TEST(a_submit_says_what_follows_it)
{
    canned_start((const char *const[]){ACCEPTED TASK("pending"), NULL}, NULL);
    struct bide_client *c = canned_client();
    struct bide_text task = {0};
    struct bide_error e = {0};
    struct bide_submit submit = {.type = "t", .on_success = " [{\"type\":\"a\",\n\"input\":[1]}] ", .on_failure = "[]", .more = "{\"cost\":2}"};
    CHECK_INT(bide_client_submit(c, &submit, &task, &e), 0);
    canned_join();
    CHECK_STR(str_of(canned_body(0)), "{\"type\":\"t\",\"input\":{},\"on_success\":[{\"type\":\"a\",\n\"input\":[1]}],"
                                      "\"on_failure\":[],\"cost\":2}");
    submit.on_failure = "{\"type\":\"a\"}";
    CHECK_INT(bide_client_submit(c, &submit, &task, &e), -1);
    CHECK_STR(str_of(e.code), "invalid_json");
    CHECK_STR(str_of(e.text), "the list on_failure is not a JSON array");
    submit.on_success = "[1";
    CHECK_INT(bide_client_submit(c, &submit, &task, &e), -1);
    CHECK(str_starts(str_of(e.text), STR("the list on_success is not a JSON array: ")));
    bide_text_free(&task);
    bide_client_free(c);
}

TEST(what_could_end_a_header_or_is_no_object_is_refused_before_anything_is_sent)
{
    static const char *const keys[] = {"", "a b", "a\r\nX: y", "\xc3\xa9", "\x7f"};
    struct bide_error e = {0};
    struct bide_text task = {0};
    struct bide_client *c = bide_client_new(&(struct bide_client_options){.server = "http://127.0.0.1:1"}, &e);
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        CHECK_INT(bide_client_submit(c, &(struct bide_submit){.type = "t", .idempotency_key = keys[i]}, &task, &e), -1);
        CHECK_STR(str_of(e.code), "invalid");
    }
    CHECK_INT(bide_client_submit(c, &(struct bide_submit){.type = "t", .more = "[1]"}, &task, &e), -1);
    CHECK_STR(str_of(e.text), "the object of further members is not a JSON object");
    CHECK_INT(bide_client_submit(c, &(struct bide_submit){.input = "1"}, &task, &e), -1);
    CHECK_STR(str_of(e.text), "a task needs a type");
    bide_client_free(c);
    CHECK(bide_client_new(&(struct bide_client_options){.token = "a\nb"}, &e) == NULL);
    CHECK_STR(str_of(e.code), "invalid");
}

static const struct bide_submit three[] = {
    {.type = "a", .input = "[1]\n"}, {.type = "b"}, {.type = "c", .priority = 3}};

TEST(many_are_one_request_and_each_is_told_apart_in_whatever_order)
{
    canned_start(
        (const char *const[]){OK_JSON "{\"items\":[{\"index\":2,\"status\":202,\"id\":\"i-c\"},"
                                      "{\"index\":1,\"status\":422,\"error\":{\"status\":422,\"code\":\"unknown_type\","
                                      "\"detail\":\"there is no type b\",\"errors\":[{\"pointer\":\"/type\"}]}},"
                                      "{\"index\":0,\"status\":202,\"id\":\"i-a\"}]}",
                              NULL},
        NULL);
    struct bide_client *c = canned_client();
    struct bide_submitted each[3];
    struct bide_error e = {0};
    CHECK_INT(bide_client_submit_many(c, three, 3, "key-1", each, &e), 0);
    canned_join();
    CHECK(canned_asked(0, "POST /v1/tasks:batch HTTP/1.1\r\n"));
    CHECK(canned_asked(0, "Content-Type: application/json\r\n"));
    CHECK(canned_asked(0, "Idempotency-Key: key-1\r\n"));
    CHECK_STR(str_of(canned_body(0)), "[{\"type\":\"a\",\"input\":[1]},{\"type\":\"b\",\"input\":{}},"
                                      "{\"type\":\"c\",\"input\":{},\"priority\":3}]");
    CHECK_STR(str_of(each[0].id), "i-a");
    CHECK_INT(each[0].status, 202);
    CHECK_STR(str_of(each[0].error.code), "");
    CHECK_STR(str_of(each[1].id), "");
    CHECK_INT(each[1].status, 422);
    CHECK_INT(each[1].error.http_status, 422);
    CHECK_STR(str_of(each[1].error.code), "unknown_type");
    CHECK_STR(str_of(each[1].error.text), "there is no type b");
    CHECK_STR(str_of(each[1].error.pointer), "/type");
    CHECK_STR(str_of(each[2].id), "i-c");
    bide_client_free(c);
}

TEST(an_answer_that_does_not_speak_of_each_is_no_answer)
{
#define ITEM(index, rest) "{\"index\":" #index "," rest "}"
    static const char *const answers[] = {
        OK_JSON "[]",
        OK_JSON "{\"items\":[]}",
        OK_JSON "<html>",
        OK_JSON "{\"items\":[" ITEM(0, "\"status\":202,\"id\":\"a\"") "," ITEM(0, "\"status\":202,\"id\":\"b\"") "]}",
        OK_JSON "{\"items\":[" ITEM(0, "\"status\":202,\"id\":\"a\"") "," ITEM(2, "\"status\":202,\"id\":\"b\"") "]}",
        OK_JSON "{\"items\":[" ITEM(0, "\"status\":202,\"id\":\"a\"") "," ITEM(1, "\"status\":202") "]}",
        OK_JSON "{\"items\":[" ITEM(0, "\"status\":202,\"id\":\"a\"") "," ITEM(1, "\"id\":\"b\"") "]}",
        "HTTP/1.1 413 Content Too Large\r\nConnection: close\r\n\r\n{\"code\":\"too_large\"}",
        NULL};
    canned_start(answers, NULL);
    struct bide_client *c = canned_client();
    for (size_t i = 0; answers[i]; i++) {
        struct bide_submitted each[2] = {{.status = 7}, {.status = 7}};
        struct bide_error e = {0};
        CHECK_INT(bide_client_submit_many(c, three, 2, NULL, each, &e), -1);
        CHECK_STR(str_of(e.code), answers[i + 1] ? "bad_answer" : "too_large");
        CHECK_INT(each[0].status + each[1].status, 14); /* untouched */
    }
    canned_join();
    bide_client_free(c);
}

TEST(one_that_cannot_be_sent_keeps_all_from_being_sent)
{
    struct bide_error e = {0};
    struct bide_submitted each[2];
    struct bide_client *c = bide_client_new(&(struct bide_client_options){.server = "http://127.0.0.1:1"}, &e);
    struct bide_submit two[] = {{.type = "a"}, {.type = "b", .input = "{"}};
    CHECK_INT(bide_client_submit_many(c, two, 2, NULL, each, &e), -1);
    CHECK_STR(str_of(e.code), "invalid_json");
    CHECK(str_starts(str_of(e.text), STR("task 1: the input is not JSON")));
    two[1] = (struct bide_submit){.type = "b", .idempotency_key = "k"};
    CHECK_INT(bide_client_submit_many(c, two, 2, NULL, each, &e), -1);
    CHECK_STR(str_of(e.code), "invalid");
    CHECK_INT(bide_client_submit_many(c, NULL, 0, NULL, NULL, &e), 0);
    bide_client_free(c);
}

TEST(many_over_the_limit_of_a_request_are_too_large)
{
    struct bide_error e = {0};
    struct bide_submitted each[3];
    struct bide_text input = {0};
    bide_json_write_open(&input, '[');
    for (int i = 0; i < 3500 * 1000; i++) bide_json_write_int(&input, 1);
    bide_json_write_close(&input, ']');
    struct bide_submit submits[3] = {
        {.type = "a", .input = input.p}, {.type = "a", .input = input.p}, {.type = "a", .input = input.p}};
    struct bide_client *c = bide_client_new(&(struct bide_client_options){.server = "http://127.0.0.1:1"}, &e);
    CHECK_INT(bide_client_submit_many(c, submits, 3, NULL, each, &e), -1);
    CHECK_STR(str_of(e.code), "too_large");
    bide_text_free(&input);
    bide_client_free(c);
}

TEST(changes_name_what_they_change)
{
    canned_start((const char *const[]){OK_JSON TASK("pending"), OK_JSON TASK("pending"), NULL}, NULL);
    struct bide_client *c = canned_client();
    struct bide_text task = {0};
    struct bide_error e = {0};
    int priority = 0;
    int64_t at_once = 0;
    struct bide_tag tags[] = {{"a", "b"}, {"gone", NULL}};
    CHECK_INT(bide_client_patch(c, "t1", &(struct bide_patch){.priority = &priority, .run_at_ms = &at_once}, &task, &e),
              0);
    CHECK_INT(bide_client_patch(c, "t1", &(struct bide_patch){.tags = tags, .n_tags = 2}, &task, &e), 0);
    canned_join();
    CHECK(canned_asked(0, "PATCH /v1/tasks/t1 HTTP/1.1\r\n"));
    CHECK(canned_asked(0, "Content-Type: application/merge-patch+json\r\n"));
    CHECK_STR(str_of(canned_body(0)), "{\"priority\":0,\"run_at\":null}");
    CHECK_STR(str_of(canned_body(1)), "{\"tags\":{\"a\":\"b\",\"gone\":null}}");
    CHECK_STR(str_of(task.p), TASK("pending"));
    bide_text_free(&task);
    bide_client_free(c);
}

TEST(the_newest_about_a_subject_is_asked_for_and_an_ended_one_is_removed)
{
    canned_start((const char *const[]){OK_JSON TASK("running"), OK_JSON TASK("failed"), "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n",
                                       "HTTP/1.1 409 Conflict\r\nConnection: close\r\n\r\n{\"code\":\"conflict\"}",
                                       NULL},
                 NULL);
    struct bide_client *c = canned_client();
    struct bide_text task = {0};
    struct bide_error e = {0};
    CHECK_INT(bide_client_latest(c, "chapter 1&2", &task, &e), 0);
    CHECK_STR(str_of(task.p), TASK("running"));
    CHECK_INT(bide_client_latest_of(c, "a", "b.c d", &task, &e), 0);
    CHECK_STR(str_of(task.p), TASK("failed"));
    CHECK_INT(bide_client_delete(c, "t1", &e), 0);
    CHECK_INT(bide_client_delete(c, "t2", &e), -1);
    CHECK_STR(str_of(e.code), "conflict");
    canned_join();
    CHECK(canned_asked(0, "GET /v1/tasks/latest?subject=chapter%201%262 HTTP/1.1\r\n"));
    CHECK(canned_asked(1, "GET /v1/tasks/latest?subject=a&type=b.c%20d HTTP/1.1\r\n"));
    CHECK(canned_asked(2, "DELETE /v1/tasks/t1 HTTP/1.1\r\n"));
    CHECK_INT(bide_client_delete(c, "", &e), -1);
    CHECK_STR(str_of(e.code), "invalid");
    CHECK_INT(bide_client_patch(c, "", &(struct bide_patch){0}, &task, &e), -1);
    CHECK_STR(str_of(e.code), "invalid");
    bide_text_free(&task);
    bide_client_free(c);
}

TEST_MAIN
