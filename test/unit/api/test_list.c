/* SPDX-License-Identifier: Apache-2.0
 *
 * Pages of tasks: how large they get, and that nothing is missed between them.
 */
#include "test/unit/api/api_rig.h"

#define TASKS 90

/* About 110 KB of JSON when shown. */
static void submit_large(struct client *c, struct rig *rig)
{
    struct buf b;
    buf_init(&b, 1 << 20);
    buf_add_text(&b, "{\"type\":\"transcribe\",\"delay_ms\":3600000,\"tags\":{");
    for (int i = 0; i < LIMIT_TAGS; i++) {
        buf_add_format(&b, "%s\"%d\":\"", i ? "," : "", i);
        for (int k = 0; k < LIMIT_TAG_VALUE; k++) buf_add_text(&b, "\\u0001");
        buf_add_char(&b, '"');
    }
    buf_add_text(&b, "}}");
    buf_clear(&c->in);
    client_send(c, rig, "POST /v1/tasks HTTP/1.1", buf_str(&b));
    CHECK_INT(client_answer(c, rig), 202);
    buf_release(&b);
}

/* Items of the page in c->in; its next cursor, "" when there is none. */
static int items(struct client *c, char cursor[ID_TEXT])
{
    struct json j;
    struct err e;
    const char *body = strstr(c->in.p, "\r\n\r\n") + 4;
    json_init(&j);
    CHECK_INT(json_parse(&j, str_of(body), &e), 0);
    int n = (int)json_member(&j, json_root(&j), STR("items"))->count;
    struct str next = json_span(&j, json_member(&j, json_root(&j), STR("next_cursor")));
    CHECK(str_copy(cursor, ID_TEXT, str_eq(next, STR("null")) ? STR("") : str_sub(next, 1, next.len - 2)));
    json_release(&j);
    return n;
}

TEST(a_page_of_large_tasks_ends_early_and_the_next_one_goes_on)
{
    struct rig rig;
    struct client c;
    char cursor[ID_TEXT], head[200];
    api_open(&rig);
    client_open(&c, &rig);
    for (int i = 0; i < TASKS; i++) submit_large(&c, &rig);
    CHECK_INT(client_ask(&c, &rig, "GET /v1/tasks?limit=200 HTTP/1.1", ""), 200);
    int first = items(&c, cursor);
    CHECK(first > TASKS / 2 && first < TASKS);
    CHECK(c.in.len > LIMIT_PAGE_BYTES && c.in.len < LIMIT_PAGE_BYTES + 200000);
    CHECK(client_sees(&c, "Link: </v1/tasks?cursor="));
    CHECK(client_sees(&c, "limit=200>; rel=\"next\""));
    CHECK(cursor[0]);
    snprintf(head, sizeof head, "GET /v1/tasks?limit=200&cursor=%s HTTP/1.1", cursor);
    CHECK_INT(client_ask(&c, &rig, head, ""), 200);
    CHECK_INT(items(&c, cursor), TASKS - first);
    CHECK_STR(str_of(cursor), "");
    CHECK(!client_sees(&c, "Link:"));
    client_close(&c);
    api_close(&rig);
}

TEST(the_address_of_the_next_page_has_one_cursor_however_the_last_was_written)
{
    struct rig rig;
    struct client c;
    api_open(&rig);
    client_open(&c, &rig);
    for (int i = 0; i < 3; i++) SUBMIT(.type = "convert", .delay_ms = 1000);
    CHECK_INT(client_ask(&c, &rig, "GET /v1/tasks?c%75rsor=ffffffff-ffff-7fff-bfff-ffffffffffff&limit=1 HTTP/1.1", ""), 200);
    CHECK(client_sees(&c, "Link: </v1/tasks?cursor="));
    CHECK(!client_sees(&c, "c%75rsor"));
    CHECK(client_sees(&c, "&limit=1>; rel=\"next\""));
    client_close(&c);
    api_close(&rig);
}

TEST(a_store_that_is_away_is_a_503_that_says_so)
{
    struct rig rig;
    struct client c;
    api_open(&rig);
    client_open(&c, &rig);
    sim->store.away = true;
    static const char *const asks[] = {
        "GET /v1/tasks HTTP/1.1", "GET /v1/queues HTTP/1.1", "GET /v1/stats HTTP/1.1", "GET /metrics HTTP/1.1",
        "GET /v1/tasks/01a1ffe8-96cd-754e-be93-691a58a8ee38 HTTP/1.1",
        "GET /v1/tasks/01a1ffe8-96cd-754e-be93-691a58a8ee38/result HTTP/1.1",
        "GET /v1/tasks/01a1ffe8-96cd-754e-be93-691a58a8ee38/log HTTP/1.1"};
    for (size_t i = 0; i < N(asks); i++) {
        CHECK_INT(client_ask(&c, &rig, asks[i], ""), 503);
        CHECK(client_sees(&c, "\"code\":\"store_unavailable\""));
        CHECK(client_sees(&c, "Retry-After: 1\r\n"));
    }
    sim->store.away = false;
    CHECK_INT(client_ask(&c, &rig, asks[4], ""), 404);
    CHECK(client_sees(&c, "there is no task with this id"));
    client_close(&c);
    api_close(&rig);
}

TEST_MAIN
