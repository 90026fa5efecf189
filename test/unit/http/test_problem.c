/* SPDX-License-Identifier: Apache-2.0
 *
 * Errors as problem+json, as text and as answers.
 */
#include "base/json.h"
#include "http/problem.h"
#include "rig.h"

static struct str member(const struct json *j, const char *key)
{
    const struct json_node *v = json_member(j, json_root(j), str_of(key));
    return v ? json_span(j, v) : STR_NONE;
}

static void write_and_parse(struct buf *b, struct json *j, const struct err *e, struct str extra)
{
    struct err bad;
    buf_init(b, 4096);
    json_init(j);
    problem_write(b, e, "id-1", extra);
    CHECK_INT(json_parse(j, buf_str(b), &bad), 0);
}

TEST(a_problem_has_the_members_of_its_row)
{
    struct err e = {0};
    struct buf b;
    struct json j;
    err_set(&e, ERR_QUEUE_FULL, "queue \"x\" holds %d tasks", 7);
    write_and_parse(&b, &j, &e, STR(""));
    CHECK_STR(member(&j, "type"), "\"urn:bide:error:queue_full\"");
    CHECK_STR(member(&j, "status"), "429");
    CHECK_STR(member(&j, "code"), "\"queue_full\"");
    CHECK_STR(member(&j, "detail"), "\"queue \\\"x\\\" holds 7 tasks\"");
    CHECK_STR(member(&j, "request_id"), "\"id-1\"");
    CHECK(member(&j, "title").len > 2);
    CHECK(member(&j, "errors").p == NULL);
    json_release(&j);
    buf_release(&b);
}

TEST(a_pointer_makes_an_errors_list_and_extra_members_are_merged)
{
    struct err e = {0};
    struct buf b;
    struct json j;
    err_set_at(&e, ERR_INVALID, "/tasks/3/input", "must be an object");
    write_and_parse(&b, &j, &e, STR("{\"state\":\"running\",\"n\":1}"));
    CHECK_STR(member(&j, "errors"), "[{\"pointer\":\"/tasks/3/input\",\"detail\":\"must be an object\"}]");
    CHECK_STR(member(&j, "state"), "\"running\"");
    CHECK_STR(member(&j, "n"), "1");
    json_release(&j);
    buf_release(&b);
}

TEST(a_problem_answer_has_its_status_media_type_and_retry_after)
{
    struct rig rig;
    struct buf b;
    size_t taken = 0;
    rig_open(&rig);
    rig.hold = true;
    buf_init(&b, 65536);
    int fd = rig_connect(&rig);
    rig_send(&rig, fd, STR("GET /x HTTP/1.1\r\nHost: a\r\nX-Request-Id: mine-1\r\n\r\n"));
    while (rig.n_held == 0) rig_step(&rig);
    struct err e = {0};
    struct http_header allow = {STR("Allow"), STR("GET, HEAD")};
    err_set(&e, ERR_METHOD, "POST is not allowed");
    problem_reply_with(rig.held[0], &e, 12, &allow, 1, STR("{}"));
    struct str answer = rig_answer(&rig, fd, &b, &taken);
    CHECK_INT(rig_status(answer), 405);
    CHECK(rig_has(answer, "Content-Type: application/problem+json\r\n"));
    CHECK(rig_has(answer, "Allow: GET, HEAD\r\n"));
    CHECK(rig_has(answer, "Retry-After: 12\r\n"));
    CHECK(rig_has(answer, "X-Request-Id: mine-1\r\n"));
    CHECK(rig_has(answer, "\"request_id\":\"mine-1\""));
    CHECK(!rig_has(answer, "Connection: close"));
    close(fd);
    buf_release(&b);
    rig_close(&rig);
}

TEST(a_problem_with_a_large_extra_is_whole)
{
    struct rig rig;
    struct buf b, extra;
    struct json j;
    size_t taken = 0;
    rig_open(&rig);
    rig.hold = true;
    buf_init(&b, 1 << 20);
    buf_init(&extra, 1 << 20);
    int fd = rig_connect(&rig);
    rig_send(&rig, fd, STR("GET /x HTTP/1.1\r\nHost: a\r\n\r\n"));
    while (rig.n_held == 0) rig_step(&rig);
    buf_add_text(&extra, "{\"error\":\"");
    for (int i = 0; i < LIMIT_DETAIL; i++) buf_add_text(&extra, "\\u001b");
    buf_add_text(&extra, "\"}");
    struct err e = {.code = ERR_CONFLICT}; /* everything of it at its limit, too */
    memset(e.text, 1, sizeof e.text - 1);
    memset(e.pointer, 1, sizeof e.pointer - 1);
    problem_reply_with(rig.held[0], &e, 0, NULL, 0, buf_str(&extra));
    struct str body = rig_body(rig_answer(&rig, fd, &b, &taken));
    json_init(&j);
    CHECK_INT(json_parse(&j, body, &e), 0);
    CHECK_INT(member(&j, "error").len, 6 * LIMIT_DETAIL + 2);
    json_release(&j);
    close(fd);
    buf_release(&extra);
    buf_release(&b);
    rig_close(&rig);
}

TEST_MAIN
