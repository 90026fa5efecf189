/* SPDX-License-Identifier: Apache-2.0
 *
 * The client's calls against a server of canned answers: what is asked, and what becomes of the answer.
 */
#include "canned.h"

#include <unistd.h>

TEST(a_submit_sends_what_was_said_and_the_input_byte_for_byte)
{
    canned_start((const char *const[]){ACCEPTED TASK("pending"), NULL}, NULL);
    struct bide_client *c = canned_client();
    struct bide_text task = {0};
    struct bide_error e = {0};
    struct bide_tag tags[] = {{"project_id", "7"}, {"a\"b", "c"}};
    CHECK_INT(bide_client_submit(c,
                                 &(struct bide_submit){.type = "transcribe",
                                                       .input = "{ \"n\" : 1.00}",
                                                       .queue = "gpu",
                                                       .priority = -5,
                                                       .delay_ms = 1000,
                                                       .timeout_ms = 2000,
                                                       .start_within_ms = 3000,
                                                       .max_attempts = 4,
                                                       .subject = "s",
                                                       .tags = tags,
                                                       .n_tags = 2},
                                 &task, &e),
              0);
    canned_join();
    CHECK_STR(str_of(task.p), TASK("pending"));
    CHECK(canned_asked(0, "POST /v1/tasks HTTP/1.1\r\n"));
    CHECK(canned_asked(0, "Content-Type: application/json\r\n"));
    CHECK_STR(str_of(canned_body(0)),
              "{\"type\":\"transcribe\",\"input\":{ \"n\" : 1.00},\"queue\":\"gpu\",\"priority\":-5,\"delay_ms\":1000,"
              "\"timeout_ms\":2000,\"start_within_ms\":3000,\"max_attempts\":4,\"subject\":\"s\","
              "\"tags\":{\"project_id\":\"7\",\"a\\\"b\":\"c\"}}");
    bide_text_free(&task);
    bide_client_free(c);
}

TEST(an_input_that_ends_in_a_line_feed_is_one_value_of_a_valid_body)
{
    canned_start((const char *const[]){ACCEPTED TASK("pending"), ACCEPTED TASK("pending"), NULL}, NULL);
    struct bide_client *c = canned_client();
    struct bide_text task = {0};
    struct bide_error e = {0};
    struct bide_submit submit = {.type = "t", .input = "\n{\"n\" : 1}\r\n", .queue = "gpu"};
    CHECK_INT(bide_client_submit(c, &submit, &task, &e), 0);
    submit.input_len = strlen(submit.input) - 2; /* the same without a NUL where it ends */
    CHECK_INT(bide_client_submit(c, &submit, &task, &e), 0);
    canned_join();
    for (int i = 0; i < 2; i++)
        CHECK_STR(str_of(canned_body(i)), "{\"type\":\"t\",\"input\":{\"n\" : 1},\"queue\":\"gpu\"}");
    bide_text_free(&task);
    bide_client_free(c);
}

TEST(an_input_that_is_not_json_is_refused_before_anything_is_sent)
{
    struct bide_error e = {0};
    struct bide_text task = {0};
    struct bide_client *c = bide_client_new(&(struct bide_client_options){.server = "http://127.0.0.1:1"}, &e);
    CHECK_INT(bide_client_submit(c, &(struct bide_submit){.type = "t", .input = "{},\"queue\":\"x\""}, &task, &e), -1);
    CHECK_STR(str_of(e.code), "invalid_json");
    CHECK(task.p == NULL);
    bide_client_free(c);
}

TEST(a_problem_becomes_code_text_and_pointer)
{
    canned_start(
        (const char *const[]){
            "HTTP/1.1 422 Unprocessable Content\r\nContent-Type: application/problem+json\r\nConnection: close\r\n\r\n"
            "{\"status\":422,\"code\":\"unknown_type\",\"title\":\"no such task type\",\"detail\":\"there is no type "
            "\\\"x\\\"\","
            "\"errors\":[{\"pointer\":\"/type\"}]}",
            "HTTP/1.1 502 Bad Gateway\r\nConnection: close\r\n\r\n<html>", NULL},
        NULL);
    struct bide_client *c = canned_client();
    struct bide_text task = {0};
    struct bide_error e = {0};
    CHECK_INT(bide_client_get(c, "a/b c", &task, &e), -1);
    CHECK_INT(e.http_status, 422);
    CHECK_STR(str_of(e.code), "unknown_type");
    CHECK_STR(str_of(e.text), "there is no type \"x\"");
    CHECK_STR(str_of(e.pointer), "/type");
    CHECK_INT(bide_client_get(c, "t1", &task, &e), -1);
    CHECK_INT(e.http_status, 502);
    CHECK_STR(str_of(e.code), "away");
    canned_join();
    CHECK(canned_asked(0, "GET /v1/tasks/a%2Fb%20c HTTP/1.1\r\n"));
    bide_client_free(c);
}

TEST(a_wait_polls_until_the_ending)
{
    canned_start(
        (const char *const[]){OK_JSON TASK("running"), OK_JSON TASK("running"), OK_JSON TASK("completed"), NULL}, NULL);
    struct bide_client *c = canned_client();
    struct bide_text task = {0};
    struct bide_error e = {0};
    CHECK_INT(bide_client_wait(c, "t1", -1, &task, &e), 0);
    canned_join();
    CHECK_STR(str_of(task.p), TASK("completed"));
    CHECK(canned_asked(0, "GET /v1/tasks/t1?wait=30 HTTP/1.1\r\n"));
    bide_text_free(&task);
    bide_client_free(c);
}

TEST(a_wait_runs_out)
{
    canned_start((const char *const[]){OK_JSON TASK("running"), NULL}, NULL);
    struct bide_client *c = canned_client();
    struct bide_text task = {0};
    struct bide_error e = {0};
    CHECK_INT(bide_client_wait(c, "t1", 0, &task, &e), -1);
    canned_join();
    CHECK_STR(str_of(e.code), "timeout");
    CHECK(task.p == NULL);
    bide_client_free(c);
}

TEST(a_server_that_restarts_is_waited_for)
{
    canned_start((const char *const[]){OK_JSON TASK("running"),
                                       "HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\n\r\n", "",
                                       OK_JSON TASK("failed"), NULL},
                 NULL);
    struct bide_client *c = canned_client();
    struct bide_text task = {0};
    struct bide_error e = {0};
    CHECK_INT(bide_client_wait(c, "t1", 10000, &task, &e), 0);
    canned_join();
    CHECK_STR(str_of(task.p), TASK("failed"));
    bide_text_free(&task);
    bide_client_free(c);
}

TEST(a_server_that_is_not_there_is_away)
{
    canned_start((const char *const[]){NULL}, NULL);
    canned_join();
    struct bide_client *c = canned_client();
    struct bide_text task = {0};
    struct bide_error e = {0};
    CHECK_INT(bide_client_wait(c, "t1", 10000, &task, &e), -1);
    CHECK_STR(str_of(e.code), "away");
    CHECK(strstr(e.text, canned.server) && strstr(e.text, "connection refused"));
    bide_client_free(c);
}

TEST(a_list_asks_by_filter)
{
    canned_start((const char *const[]){OK_JSON "{\"items\":[]}", NULL}, NULL);
    struct bide_client *c = canned_client();
    struct bide_text page = {0};
    struct bide_error e = {0};
    CHECK_INT(bide_client_list(c,
                               &(struct bide_filter){.status = "failed",
                                                     .subject = "a&b",
                                                     .tags = &(struct bide_tag){"k", "v w"},
                                                     .n_tags = 1,
                                                     .limit = 7,
                                                     .cursor = "c="},
                               &page, &e),
              0);
    canned_join();
    CHECK(canned_asked(0, "GET /v1/tasks?status=failed&subject=a%26b&tag=k:v%20w&limit=7&cursor=c%3D HTTP/1.1\r\n"));
    bide_text_free(&page);
    bide_client_free(c);
}

TEST(a_result_before_the_end_is_no_result)
{
    canned_start((const char *const[]){ACCEPTED "{}", OK_JSON "\xff\x01 bytes", NULL}, NULL);
    struct bide_client *c = canned_client();
    struct bide_text bytes = {0};
    struct bide_error e = {0};
    CHECK_INT(bide_client_result(c, "t1", &bytes, &e), -1);
    CHECK_STR(str_of(e.code), "not_ended");
    CHECK_INT(bide_client_result(c, "t1", &bytes, &e), 0);
    CHECK_INT(bytes.len, 8);
    canned_join();
    bide_text_free(&bytes);
    bide_client_free(c);
}

TEST(verbs_are_posted_over_a_unix_socket_without_a_body)
{
    char dir[] = "/tmp/bide-test-XXXXXX", path[64];
    CHECK(mkdtemp(dir) != NULL);
    snprintf(path, sizeof path, "%s/s", dir);
    canned_start((const char *const[]){OK_JSON "{}", OK_JSON "{}", NULL}, path);
    struct bide_client *c = canned_client();
    struct bide_text answer = {0};
    struct bide_error e = {0};
    CHECK_INT(bide_client_cancel(c, "t1", &answer, &e), 0);
    CHECK_INT(bide_client_queue_pause(c, "a b", &answer, &e), 0);
    canned_join();
    CHECK(canned_asked(0, "POST /v1/tasks/t1/cancel HTTP/1.1\r\n"));
    CHECK(canned_asked(0, "Content-Length: 0\r\n"));
    CHECK(canned_asked(1, "POST /v1/queues/a%20b/pause HTTP/1.1\r\n"));
    bide_text_free(&answer);
    bide_client_free(c);
    unlink(path);
    rmdir(dir);
}

TEST(a_head_request_ends_with_the_head)
{
    canned_start((const char *const[]){"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\n", NULL},
                 NULL);
    struct bide_client *c = canned_client();
    struct bide_text answer = {0};
    struct bide_error e = {0};
    int status = 0;
    CHECK_INT(bide_client_call(c, "HEAD", "/v1/tasks/t1", NULL, &answer, &status, &e), 0);
    canned_join();
    CHECK_INT(status, 200);
    CHECK_INT(answer.len, 0);
    CHECK(canned_asked(0, "HEAD /v1/tasks/t1 HTTP/1.1\r\n"));
    CHECK(!canned_asked(0, "Content-Length:"));
    bide_client_free(c);
}

TEST(an_address_that_is_none_is_explained)
{
    static const char *const bad[] = {"ftp://host", "host", "unix:", "127.0.0.1:http"};
    struct bide_error e = {0};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        CHECK(bide_client_new(&(struct bide_client_options){.server = bad[i]}, &e) == NULL);
        CHECK_STR(str_of(e.code), "invalid");
        CHECK(strstr(e.text, "http://HOST:PORT or unix:PATH is expected") != NULL);
    }
    struct bide_client *c = bide_client_new(&(struct bide_client_options){.server = "127.0.0.1:8080"}, &e);
    CHECK(c != NULL);
    CHECK_STR(str_of(bide_client_server(c)), "127.0.0.1:8080");
    bide_client_free(c);
}

TEST_MAIN
