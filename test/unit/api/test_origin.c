/* SPDX-License-Identifier: Apache-2.0
 *
 * Programs of this machine pass, web pages of other sites do not.
 */
#include "api/origin.h"
#include "test/test.h"

#define N(array) (sizeof(array) / sizeof *(array))

static const struct http_header *given(const char *name, const char *value)
{
    static struct http_header h;
    h = (struct http_header){str_of(name), str_of(value)};
    return &h;
}

static int check(const char *method, const char *host, const struct http_header *more)
{
    struct http_header headers[2];
    struct err e = {0};
    struct http_request r = {.method = str_of(method), .peer = STR("127.0.0.1"), .headers = headers};
    if (host) headers[r.n_headers++] = (struct http_header){STR("Host"), str_of(host)};
    if (more) headers[r.n_headers++] = *more;
    int err = origin_check(&r, &e);
    CHECK_INT(e.code, err);
    return err;
}

TEST(every_way_to_name_this_machine_is_a_host)
{
    static const char *const hosts[] = {"localhost", "localhost:8080", "LocalHost:1", "127.0.0.1", "127.0.0.1:43121",
                                        "127.1.2.255:80", "[::1]", "[::1]:8080"};
    for (size_t i = 0; i < N(hosts); i++) CHECK_INT(check("GET", hosts[i], NULL), 0);
    CHECK_INT(check("GET", NULL, NULL), 0); /* HTTP/1.0 */
}

TEST(a_name_that_only_points_here_is_not)
{
    static const char *const hosts[] = {"", "evil.example.com", "localhost.example.com", "localhost:80x", "127.0.0.1.example.com",
                                        "127.example.com", "127.0.0", "127.0.0.1.1", "127.0.0.256", "128.0.0.1", "0.0.0.0",
                                        "127.0.0.-1", "127.0.0.0001", "[::1].example.com", "[::2]", "[::1]:x", "::1", "xlocalhost",
                                        "localhost:123456", "127.0.0.", "localhost:8080:80"};
    for (size_t i = 0; i < N(hosts); i++) {
        if (check("GET", hosts[i], given("Referer", "")) == 0) fprintf(stderr, "passed: %s\n", hosts[i]);
        CHECK_INT(check("GET", hosts[i], given("accept-language", "en")), ERR_MISDIRECTED);
        CHECK_INT(check("OPTIONS", hosts[i], given("Sec-Fetch-Site", "none")), ERR_MISDIRECTED);
        CHECK_INT(check("GET", hosts[i], NULL), 0); /* a program may say what it likes */
    }
}

TEST(on_a_unix_socket_any_host_will_do)
{
    struct http_header host = {STR("Host"), STR("whatever")};
    struct http_request r = {.method = STR("POST"), .peer = STR("unix"), .headers = &host, .n_headers = 1};
    struct err e;
    CHECK_INT(origin_check(&r, &e), 0);
}

TEST(a_page_of_another_origin_may_look_but_not_change)
{
    static const char *const foreign[] = {"https://evil.example", "null", "", "http://localhost", "http://localhost:81",
                                          "http://localhost:8080.evil.example", "file://", "ftp://localhost:8080",
                                          "localhost:8080"};
    static const char *const changing[] = {"POST", "PUT", "DELETE", "PATCH", "post"};
    for (size_t i = 0; i < N(foreign); i++) {
        for (size_t k = 0; k < N(changing); k++)
            CHECK_INT(check(changing[k], "localhost:8080", given("Origin", foreign[i])), ERR_FORBIDDEN);
        CHECK_INT(check("GET", "localhost:8080", given("origin", foreign[i])), 0);
        CHECK_INT(check("HEAD", "localhost:8080", given("Origin", foreign[i])), 0);
    }
    CHECK_INT(check("POST", "localhost:8080", given("Origin", "http://localhost:8080")), 0);
    CHECK_INT(check("POST", "[::1]:8080", given("Origin", "http://[::1]:8080")), 0);
}

TEST(a_page_of_another_origin_may_not_open_a_websocket)
{
    struct http_header headers[] = {{STR("Host"), STR("127.0.0.1:8080")}, {STR("Upgrade"), STR("websocket")}, {STR("Origin"), STR("http://evil.example")}};
    struct http_request r = {.method = STR("GET"), .peer = STR("127.0.0.1"), .headers = headers, .n_headers = N(headers)};
    struct err e;
    CHECK_INT(origin_check(&r, &e), ERR_FORBIDDEN);
    headers[2].value = STR("http://127.0.0.1:8080");
    CHECK_INT(origin_check(&r, &e), 0);
    r.n_headers = 2; /* no page */
    CHECK_INT(origin_check(&r, &e), 0);
}

TEST(what_the_browser_calls_cross_site_may_not_change_anything)
{
    CHECK_INT(check("POST", "localhost", given("Sec-Fetch-Site", "cross-site")), ERR_FORBIDDEN);
    CHECK_INT(check("GET", "localhost", given("Sec-Fetch-Site", "cross-site")), 0);
    CHECK_INT(check("POST", "localhost", given("Sec-Fetch-Site", "same-origin")), 0);
    CHECK_INT(check("POST", "localhost", given("Sec-Fetch-Site", "none")), 0);
}

TEST_MAIN
