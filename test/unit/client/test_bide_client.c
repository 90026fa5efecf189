/* SPDX-License-Identifier: Apache-2.0
 *
 * The client against a server of canned answers: a thread that reads one request per connection, remembers it, and
 * sends the next answer of its script. Port 0, or a UNIX socket.
 */
#include "bide.h"
#include "test/test.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static struct canned {
    pthread_t thread;
    int listener;
    const char *const *answers; /* ends with NULL */
    char request[8][4096];
    int n;
    char server[128];
} canned;

/* Reads one whole request: headers and Content-Length bytes. */
static void read_request(int fd, char *to, size_t cap)
{
    size_t len = 0, need = 0;
    for (;;) {
        ssize_t n = read(fd, to + len, cap - 1 - len);
        if (n <= 0) return;
        len += (size_t)n;
        to[len] = '\0';
        char *end = strstr(to, "\r\n\r\n"), *length = strcasestr(to, "content-length: ");
        if (!end) continue;
        need = (size_t)(end - to) + 4 + (length ? strtoul(length + 16, NULL, 10) : 0);
        if (len >= need) return;
    }
}

static void *serve(void *arg)
{
    (void)arg;
    for (; canned.answers[canned.n]; canned.n++) {
        int fd = accept(canned.listener, NULL, NULL);
        if (fd < 0) break;
        read_request(fd, canned.request[canned.n], sizeof canned.request[0]);
        struct str rest = str_of(canned.answers[canned.n]);
        while (rest.len > 0) {
            ssize_t n = write(fd, rest.p, rest.len);
            if (n <= 0) break;
            rest = str_sub(rest, (size_t)n, rest.len);
        }
        close(fd);
    }
    close(canned.listener); /* the last answer is given: from here on nobody is there */
    return NULL;
}

static void start(const char *const *answers, const char *socket_path)
{
    memset(&canned, 0, sizeof canned);
    canned.answers = answers;
    if (socket_path) {
        struct sockaddr_un a = {.sun_family = AF_UNIX};
        str_copy(a.sun_path, sizeof a.sun_path, str_of(socket_path));
        canned.listener = socket(AF_UNIX, SOCK_STREAM, 0);
        CHECK_INT(bind(canned.listener, (struct sockaddr *)&a, sizeof a), 0);
        snprintf(canned.server, sizeof canned.server, "unix:%s", socket_path);
    } else {
        struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        socklen_t len = sizeof a;
        canned.listener = socket(AF_INET, SOCK_STREAM, 0);
        CHECK_INT(bind(canned.listener, (struct sockaddr *)&a, sizeof a), 0);
        CHECK_INT(getsockname(canned.listener, (struct sockaddr *)&a, &len), 0);
        snprintf(canned.server, sizeof canned.server, "http://127.0.0.1:%d", ntohs(a.sin_port));
    }
    CHECK_INT(listen(canned.listener, 8), 0);
    CHECK_INT(pthread_create(&canned.thread, NULL, serve, NULL), 0);
}

#define OK_JSON "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n"
#define ACCEPTED "HTTP/1.1 202 Accepted\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n"
#define TASK(status) "{\"id\":\"t1\",\"status\":\"" status "\"}"

static struct bide_client *client(void)
{
    struct bide_error e = {0};
    struct bide_client *c = bide_client_new(&(struct bide_client_options){.server = canned.server}, &e);
    CHECK(c != NULL);
    return c;
}

static const char *body(int request)
{
    char *end = strstr(canned.request[request], "\r\n\r\n");
    return end ? end + 4 : "";
}

static bool asked(int request, const char *start_of_line)
{
    return strstr(canned.request[request], start_of_line) != NULL;
}

TEST(a_submit_sends_what_was_said_and_the_input_byte_for_byte)
{
    start((const char *const[]){ACCEPTED TASK("pending"), NULL}, NULL);
    struct bide_client *c = client();
    struct bide_text task = {0};
    struct bide_error e = {0};
    struct bide_tag tags[] = {{"project_id", "7"}, {"a\"b", "c"}};
    CHECK_INT(bide_client_submit(c,
                                 &(struct bide_submit){.type = "transcribe",
                                                       .input = " {\"n\" : 1.00}",
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
    pthread_join(canned.thread, NULL);
    CHECK_STR(str_of(task.p), TASK("pending"));
    CHECK(asked(0, "POST /v1/tasks HTTP/1.1\r\n"));
    CHECK(asked(0, "Content-Type: application/json\r\n"));
    CHECK_STR(str_of(body(0)),
              "{\"type\":\"transcribe\",\"input\": {\"n\" : 1.00},\"queue\":\"gpu\",\"priority\":-5,\"delay_ms\":1000,"
              "\"timeout_ms\":2000,\"start_within_ms\":3000,\"max_attempts\":4,\"subject\":\"s\","
              "\"tags\":{\"project_id\":\"7\",\"a\\\"b\":\"c\"}}");
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
    start(
        (const char *const[]){
            "HTTP/1.1 422 Unprocessable Content\r\nContent-Type: application/problem+json\r\nConnection: close\r\n\r\n"
            "{\"status\":422,\"code\":\"unknown_type\",\"title\":\"no such task type\",\"detail\":\"there is no type "
            "\\\"x\\\"\","
            "\"errors\":[{\"pointer\":\"/type\"}]}",
            "HTTP/1.1 502 Bad Gateway\r\nConnection: close\r\n\r\n<html>", NULL},
        NULL);
    struct bide_client *c = client();
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
    pthread_join(canned.thread, NULL);
    CHECK(asked(0, "GET /v1/tasks/a%2Fb%20c HTTP/1.1\r\n"));
    bide_client_free(c);
}

TEST(a_wait_polls_until_the_ending)
{
    start((const char *const[]){OK_JSON TASK("running"), OK_JSON TASK("running"), OK_JSON TASK("completed"), NULL},
          NULL);
    struct bide_client *c = client();
    struct bide_text task = {0};
    struct bide_error e = {0};
    CHECK_INT(bide_client_wait(c, "t1", -1, &task, &e), 0);
    pthread_join(canned.thread, NULL);
    CHECK_STR(str_of(task.p), TASK("completed"));
    CHECK(asked(0, "GET /v1/tasks/t1?wait=30 HTTP/1.1\r\n"));
    bide_text_free(&task);
    bide_client_free(c);
}

TEST(a_wait_runs_out)
{
    start((const char *const[]){OK_JSON TASK("running"), NULL}, NULL);
    struct bide_client *c = client();
    struct bide_text task = {0};
    struct bide_error e = {0};
    CHECK_INT(bide_client_wait(c, "t1", 0, &task, &e), -1);
    pthread_join(canned.thread, NULL);
    CHECK_STR(str_of(e.code), "timeout");
    CHECK(task.p == NULL);
    bide_client_free(c);
}

TEST(a_server_that_restarts_is_waited_for)
{
    start((const char *const[]){OK_JSON TASK("running"),
                                "HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\n\r\n", "",
                                OK_JSON TASK("failed"), NULL},
          NULL);
    struct bide_client *c = client();
    struct bide_text task = {0};
    struct bide_error e = {0};
    CHECK_INT(bide_client_wait(c, "t1", 10000, &task, &e), 0);
    pthread_join(canned.thread, NULL);
    CHECK_STR(str_of(task.p), TASK("failed"));
    bide_text_free(&task);
    bide_client_free(c);
}

TEST(a_server_that_is_not_there_is_away)
{
    start((const char *const[]){NULL}, NULL);
    pthread_join(canned.thread, NULL);
    struct bide_client *c = client();
    struct bide_text task = {0};
    struct bide_error e = {0};
    CHECK_INT(bide_client_wait(c, "t1", 10000, &task, &e), -1);
    CHECK_STR(str_of(e.code), "away");
    CHECK(strstr(e.text, canned.server) && strstr(e.text, "connection refused"));
    bide_client_free(c);
}

TEST(a_list_asks_by_filter)
{
    start((const char *const[]){OK_JSON "{\"items\":[]}", NULL}, NULL);
    struct bide_client *c = client();
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
    pthread_join(canned.thread, NULL);
    CHECK(asked(0, "GET /v1/tasks?status=failed&subject=a%26b&tag=k:v%20w&limit=7&cursor=c%3D HTTP/1.1\r\n"));
    bide_text_free(&page);
    bide_client_free(c);
}

TEST(a_result_before_the_end_is_no_result)
{
    start((const char *const[]){ACCEPTED "{}", OK_JSON "\xff\x01 bytes", NULL}, NULL);
    struct bide_client *c = client();
    struct bide_text bytes = {0};
    struct bide_error e = {0};
    CHECK_INT(bide_client_result(c, "t1", &bytes, &e), -1);
    CHECK_STR(str_of(e.code), "not_ended");
    CHECK_INT(bide_client_result(c, "t1", &bytes, &e), 0);
    CHECK_INT(bytes.len, 8);
    pthread_join(canned.thread, NULL);
    bide_text_free(&bytes);
    bide_client_free(c);
}

TEST(verbs_are_posted_over_a_unix_socket_without_a_body)
{
    char dir[] = "/tmp/bide-test-XXXXXX", path[64];
    CHECK(mkdtemp(dir) != NULL);
    snprintf(path, sizeof path, "%s/s", dir);
    start((const char *const[]){OK_JSON "{}", OK_JSON "{}", NULL}, path);
    struct bide_client *c = client();
    struct bide_text answer = {0};
    struct bide_error e = {0};
    CHECK_INT(bide_client_cancel(c, "t1", &answer, &e), 0);
    CHECK_INT(bide_client_queue_pause(c, "a b", &answer, &e), 0);
    pthread_join(canned.thread, NULL);
    CHECK(asked(0, "POST /v1/tasks/t1/cancel HTTP/1.1\r\n"));
    CHECK(asked(0, "Content-Length: 0\r\n"));
    CHECK(asked(1, "POST /v1/queues/a%20b/pause HTTP/1.1\r\n"));
    bide_text_free(&answer);
    bide_client_free(c);
    unlink(path);
    rmdir(dir);
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
