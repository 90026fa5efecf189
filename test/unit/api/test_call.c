/* SPDX-License-Identifier: Apache-2.0
 *
 * How long to wait, from query and Prefer; answers that are too large, or for which there is no room.
 */
#include "api/call.h"
#include "api/prefer.h"
#include "test/unit/api/api_rig.h"

/* The wait that these Prefer headers ask for. */
static int64_t wait_of(const char *one, const char *two)
{
    struct http_header headers[3] = {{STR("Host"), STR("localhost")}, {STR("prefer"), str_of(one)}, {STR("Prefer"), str_of(two)}};
    struct http_request r = {.headers = headers, .n_headers = two ? 3 : 2};
    struct call c = {.req = &r};
    int64_t ms = -1;
    CHECK_INT(call_wait_ms(&c, &ms), 0);
    return ms;
}

TEST(prefer_wait_is_understood_in_all_its_forms)
{
    CHECK_INT(wait_of("wait=1", NULL), 1000);
    CHECK_INT(wait_of("wait=\"2\"", NULL), 2000);
    CHECK_INT(wait_of("WAIT = 3", NULL), 3000);
    CHECK_INT(wait_of("wait=4; x=y", NULL), 4000);
    CHECK_INT(wait_of("wait=\"5\" ;x=\"a,b;wait=9\"", NULL), 5000);
    CHECK_INT(wait_of("respond-async, wait=6", NULL), 6000);
    CHECK_INT(wait_of("foo=\"a, wait=9\", wait=7", NULL), 7000);
    CHECK_INT(wait_of("foo=\"a\\\", wait=9\", wait=8", NULL), 8000);
    CHECK_INT(wait_of("respond-async", "handling=lenient, wait=9"), 9000);
    CHECK_INT(wait_of("wait=1", "wait=2"), 1000); /* the first counts */
    CHECK_INT(wait_of("wait=0.25", NULL), 250);
    CHECK_INT(wait_of("wait=100000", NULL), LIMIT_WAIT_MS);
    CHECK_INT(wait_of(",, ,wait=1,", NULL), 1000);
}

TEST(a_preference_that_is_not_understood_is_ignored)
{
    static const char *const odd[] = {"", "wait", "wait=", "wait=abc", "wait=-1", "wait=1s", "wait=\"1", "wait=1e3", "waits=5",
                                      "x=wait=5", "wait=\"\\1\"", "wait=1.2345", "x; wait=5", "=5", "\"wait\"=5", "wait 5"};
    for (size_t i = 0; i < N(odd); i++) CHECK_INT(wait_of(odd[i], NULL), 0);
}

TEST(a_preference_without_a_value_is_found_and_an_absent_one_is_not)
{
    struct http_header h = {STR("Prefer"), STR("respond-async")};
    struct http_request r = {.headers = &h, .n_headers = 1};
    CHECK(prefer_find(&r, "respond-async").p != NULL);
    CHECK_INT(prefer_find(&r, "respond-async").len, 0);
    CHECK(prefer_find(&r, "wait").p == NULL);
}

TEST(the_query_goes_before_prefer_and_what_is_wrong_in_it_is_refused)
{
    struct rig rig;
    struct client c;
    api_open(&rig);
    client_open(&c, &rig);
    struct sim_task *t = SUBMIT(.plan = "done", .delay_ms = 100000);
    char text[ID_TEXT], head[200];
    id_format(&t->body.id, text);
    snprintf(head, sizeof head, "GET /v1/tasks/%s?wait=abc HTTP/1.1\nPrefer: wait=1", text);
    CHECK_INT(client_ask(&c, &rig, head, ""), 400);
    snprintf(head, sizeof head, "GET /v1/tasks/%s?wait=0 HTTP/1.1\nPrefer: wait=1", text);
    CHECK_INT(client_ask(&c, &rig, head, ""), 200);
    snprintf(head, sizeof head, "GET /v1/tasks/%s HTTP/1.1\nPrefer: wait=\"1\"; x=y", text);
    client_send(&c, &rig, head, STR(""));
    buf_clear(&c.in);
    for (int i = 0; i < 5; i++) api_step(&rig);
    CHECK(!client_read(&c)); /* it waits */
    sim_pass(sim, 1000);
    CHECK_INT(client_answer(&c, &rig), 200);
    client_close(&c);
    api_close(&rig);
}

TEST(a_query_name_is_known_as_a_word_only)
{
    struct rig rig;
    struct client c;
    api_open(&rig);
    client_open(&c, &rig);
    CHECK_INT(client_ask(&c, &rig, "GET /v1/tasks?status=pending&limit=1 HTTP/1.1", ""), 200);
    CHECK_INT(client_ask(&c, &rig, "GET /v1/tasks?status%20type=1 HTTP/1.1", ""), 400);
    CHECK_INT(client_ask(&c, &rig, "GET /v1/tasks?=1 HTTP/1.1", ""), 400);
    CHECK_INT(client_ask(&c, &rig, "GET /v1/tasks?stat=1 HTTP/1.1", ""), 400);
    CHECK_INT(client_ask(&c, &rig, "GET /livez?x=1 HTTP/1.1", ""), 400);
    CHECK(client_sees(&c, "none"));
    client_close(&c);
    api_close(&rig);
}

TEST(a_path_that_knows_the_method_not_says_what_it_allows)
{
    struct rig rig;
    struct client c;
    api_open(&rig);
    client_open(&c, &rig);
    CHECK_INT(client_ask(&c, &rig, "DELETE /v1/tasks HTTP/1.1", ""), 405);
    CHECK(client_sees(&c, "Allow: POST, GET, HEAD, OPTIONS\r\n"));
    CHECK_INT(client_ask(&c, &rig, "OPTIONS /livez HTTP/1.1", ""), 204);
    CHECK(client_sees(&c, "Allow: GET, HEAD, OPTIONS\r\n"));
    CHECK_INT(client_ask(&c, &rig, "GET /nowhere HTTP/1.1", ""), 404);
    CHECK_INT(client_ask(&c, &rig, "GET /livez HTTP/1.1\nHost: evil.example\nAccept-Language: en", ""), 421);
    CHECK_INT(client_ask(&c, &rig, "POST /v1/queues/default/pause HTTP/1.1\nOrigin: null", ""), 403);
    CHECK_INT(rig_queue("default")->paused, 0);
    uint64_t refused = 0;
    for (int i = 0; i <= METRICS_BUCKETS; i++) refused += rig.api.answers[4].n[i];
    CHECK_INT(refused, 5 - 1);
    client_close(&c);
    api_close(&rig);
}

/* A request is over with its answer, and the next one may have its memory at once: what the store said of the first must
 * have been let go by then (the asan tree sees what was not). */
TEST(a_result_that_there_is_not_keeps_nothing_of_the_store)
{
    struct rig rig;
    struct client c;
    char text[ID_TEXT];
    struct buf asks;
    api_open(&rig);
    client_open(&c, &rig);
    struct sim_task *t = SUBMIT(.type = "convert", .plan = "fatal", .ms = 10, .max_attempts = 1);
    sim_pass(sim, 100);
    CHECK_TASK(t, "failed");
    id_format(&t->body.id, text);
    buf_init(&asks, 1 << 16);
    for (int i = 0; i < 50; i++) buf_add_format(&asks, "GET /v1/tasks/%s/result HTTP/1.1\r\nHost: localhost\r\n\r\n", text);
    CHECK_INT(send(c.fd, asks.p, asks.len, MSG_NOSIGNAL), asks.len);
    int answers = 0;
    while (answers < 50) {
        if (!client_read(&c)) api_step(&rig);
        struct str rest = c.in.len ? buf_str(&c.in) : STR("");
        answers = 0;
        for (const char *p; (p = memmem(rest.p, rest.len, "HTTP/1.1 409 ", 13)); answers++)
            rest = str_sub(rest, (size_t)(p - rest.p) + 13, rest.len);
    }
    CHECK(client_sees(&c, "\"task_status\":\"failed\""));
    buf_release(&asks);
    client_close(&c);
    api_close(&rig);
}

/* An answer of CALL_LARGE. */
static void large(struct call *c, int code)
{
    struct buf b = call_buf(c);
    for (int i = 0; i < CALL_LARGE / 8; i++) json_write_raw(&b, STR("12345678"));
    b.err = code;
    call_answer(c, 200, &b);
}

static int wrong;
static void answer_large(void *user, struct http_request *req)
{
    struct call *c = arena_alloc(&req->arena, sizeof *c);
    *c = (struct call){.api = user, .req = req};
    large(c, wrong);
}

TEST(an_answer_that_is_too_large_or_has_no_room_is_a_problem_and_never_half_an_answer)
{
    struct rig rig;
    struct client c;
    api_open(&rig);
    client_open(&c, &rig);
    rig.http->conf.on_request = answer_large;
    wrong = 0;
    CHECK_INT(client_ask(&c, &rig, "GET / HTTP/1.1", ""), 200);
    wrong = ERR_TOO_BIG;
    CHECK_INT(client_ask(&c, &rig, "GET / HTTP/1.1", ""), 500);
    CHECK(client_sees(&c, "\"code\":\"internal\""));
    wrong = 0;
    rig.http->answer_bytes += LIMIT_HTTP_ANSWERS; /* others hold it all */
    CHECK_INT(client_ask(&c, &rig, "GET / HTTP/1.1", ""), 503);
    CHECK(client_sees(&c, "Retry-After: 1\r\n"));
    rig.http->conf.on_request = api_on_request;
    CHECK_INT(client_ask(&c, &rig, "GET /v1/tasks HTTP/1.1", ""), 503);
    CHECK_INT(sim->store.n[STORE_LIST], 0); /* the store was not asked */
    CHECK_INT(client_ask(&c, &rig, "GET /livez HTTP/1.1", ""), 200);
    rig.http->answer_bytes -= LIMIT_HTTP_ANSWERS;
    CHECK_INT(client_ask(&c, &rig, "GET /v1/tasks HTTP/1.1", ""), 200);
    CHECK_INT(rig.http->answer_bytes, 0);
    client_close(&c);
    api_close(&rig);
}

TEST_MAIN
