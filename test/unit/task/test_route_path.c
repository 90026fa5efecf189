/* SPDX-License-Identifier: Apache-2.0
 *
 * Addresses of configured routes: which are right, what they fit, which of two goes first.
 */
#include "task/route_path.h"
#include "test.h"

static struct str values[ROUTE_PATH_PARAMS];

static struct route_path path(const char *text)
{
    struct route_path r;
    struct err e = {0};
    if (route_path_read(&r, str_of(text), &e) != 0) fprintf(stderr, "%s: %s\n", text, e.text), test_fail();
    return r;
}

static bool fits(const char *pattern, const char *given)
{
    struct route_path r = path(pattern);
    return route_path_fits(&r, str_of(given), values);
}

TEST(texts_are_compared_as_they_are_and_names_take_one_part)
{
    CHECK(fits("GET /health", "/health"));
    CHECK(!fits("GET /health", "/health/") && !fits("GET /health", "/healt") && !fits("GET /health", "/healths"));
    CHECK(!fits("GET /health", "") && !fits("GET /health", "health"));
    CHECK(fits("GET /A/{ID}/b/{n}", "/A/7%20/b/x"));
    CHECK_STR(values[0], "7%20");
    CHECK_STR(values[1], "x");
    CHECK(!fits("GET /a/{id}", "/a/") && !fits("GET /a/{id}", "/a") && !fits("GET /a/{id}", "/a/b/c"));
    CHECK(fits("POST /", "/"));
    CHECK(!fits("POST /", "//"));
}

TEST(a_path_tells_its_names)
{
    struct route_path r = path("POST /projects/{project_id}/chapters/{n-2}");
    CHECK_STR(r.method, "POST");
    CHECK_STR(r.path, "/projects/{project_id}/chapters/{n-2}");
    CHECK_INT(r.n, 2);
    CHECK_STR(r.names[0], "project_id");
    CHECK_STR(r.names[1], "n-2");
}

TEST(what_is_no_address_is_refused)
{
    static const char *const wrong[] = {
        "", "GET", "/a", "get /a", "GET a", "FETCH /a", "GET  /a", "GET /a b", "GET /a?b=1", "GET /a#b", "GET /a%20b", "GET /a//b",
        "GET /a/../b", "GET /a/./b", "GET /{}", "GET /{a", "GET /a}", "GET /x{a}", "GET /{a}x", "GET /{a}{b}", "GET /{a b}", "GET /{a~b}", "GET /{a[b}", "GET /{a:b}", "GET /{a/b}",
        "GET /{a}/{a}", "GET /{1}/{2}/{3}/{4}/{5}/{6}/{7}/{8}/{9}"};
    struct route_path r;
    struct err e;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        e = (struct err){0};
        if (route_path_read(&r, str_of(wrong[i]), &e) == 0) fprintf(stderr, "taken: %s\n", wrong[i]), test_fail();
        CHECK(e.text[0]);
    }
}

static int cmp(const char *a, const char *b)
{
    struct route_path left = path(a), right = path(b);
    CHECK_INT(route_path_cmp(&left, &right) < 0, route_path_cmp(&right, &left) > 0);
    return route_path_cmp(&left, &right);
}

TEST(a_text_goes_before_a_name)
{
    CHECK(cmp("GET /tasks/latest", "GET /tasks/{id}") < 0);
    CHECK(cmp("GET /{a}/b", "GET /{a}/{b}") < 0);
    CHECK(cmp("GET /a/{b}", "GET /{a}/b") < 0);
    CHECK(cmp("GET /tasks/{id}", "POST /tasks/{other}") == 0);
    CHECK(cmp("GET /tasks/{id}", "GET /tasks/{id}/x") != 0);
    CHECK(cmp("GET /a/{id}", "GET /b/{id}") < 0);
}

TEST_MAIN
