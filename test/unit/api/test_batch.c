/* SPDX-License-Identifier: Apache-2.0
 *
 * Batches over a store that is slow or away, and clients that leave while it works.
 */
#include "test/unit/api/api_rig.h"

#define LINE "{\"type\":\"transcribe\",\"delay_ms\":3600000}\n"
#define NDJSON "POST /v1/tasks:batch HTTP/1.1\nContent-Type: application/x-ndjson\nTransfer-Encoding: chunked"

static void settle(struct rig *rig)
{
    for (int i = 0; i < 8; i++) api_step(rig);
}

/* A chunk of a chunked body; "" is its end. */
static void send_chunk(struct client *c, struct rig *rig, const char *text)
{
    char bytes[1000];
    int len = snprintf(bytes, sizeof bytes, "%zx\r\n%s\r\n", strlen(text), text);
    CHECK_INT(send(c->fd, bytes, (size_t)len, MSG_NOSIGNAL), len);
    settle(rig);
}

static void read_until(struct client *c, struct rig *rig, const char *text)
{
    while (!client_sees(c, text))
        if (!client_read(c)) api_step(rig);
}

static int adds(void) { return sim->store.n[STORE_ADD]; }

TEST(a_store_that_is_away_is_a_verdict_of_each_item_and_the_next_chunk_is_tried)
{
    struct rig rig;
    struct client c;
    api_open(&rig);
    client_open(&c, &rig);
    sim->store.rules[STORE_ADD].fail_next = 1;
    client_send(&c, &rig, NDJSON, STR_NONE);
    send_chunk(&c, &rig, LINE "nonsense\n" LINE);
    read_until(&c, &rig, "{\"index\":2,\"status\":503,\"error\":{\"type\":\"urn:bide:error:store_unavailable\"");
    CHECK(client_sees(&c, "{\"index\":0,\"status\":503,"));
    CHECK(client_sees(&c, "{\"index\":1,\"status\":400,"));
    send_chunk(&c, &rig, LINE);
    read_until(&c, &rig, "{\"index\":3,\"status\":202,\"id\":");
    send_chunk(&c, &rig, "");
    read_until(&c, &rig, "\r\n0\r\n\r\n");
    CHECK_INT(adds(), 2);
    client_close(&c);
    api_close(&rig);
}

TEST(nothing_is_read_while_a_chunk_is_being_committed)
{
    struct rig rig;
    struct client c;
    api_open(&rig);
    client_open(&c, &rig);
    sim->store.rules[STORE_ADD].out_ms = 50;
    client_send(&c, &rig, NDJSON, STR_NONE);
    send_chunk(&c, &rig, LINE);
    CHECK_INT(adds(), 1);
    uint64_t before = http_stats(rig.http)->bytes_in;
    send_chunk(&c, &rig, LINE LINE);
    CHECK_INT(http_stats(rig.http)->bytes_in, before);
    sim_pass(sim, 50);
    read_until(&c, &rig, "\"index\":0,");
    settle(&rig);
    CHECK_INT(adds(), 2); /* both lines in one */
    sim_pass(sim, 50);
    read_until(&c, &rig, "\"index\":2,");
    CHECK_INT(rig.http->body_bytes, 0);
    client_close(&c);
    settle(&rig);
    api_close(&rig);
}

TEST(items_that_are_all_refused_ask_nothing_of_the_store)
{
    struct rig rig;
    struct client c;
    api_open(&rig);
    client_open(&c, &rig);
    client_send(&c, &rig, "POST /v1/tasks:batch HTTP/1.1", STR("[1,2,3]"));
    read_until(&c, &rig, "\r\n0\r\n\r\n");
    CHECK(client_sees(&c, "{\"items\":[{\"index\":0,\"status\":400,"));
    CHECK(client_sees(&c, "},{\"index\":2,\"status\":400,"));
    CHECK_INT(adds(), 0);
    client_close(&c);
    api_close(&rig);
}

TEST(a_client_that_leaves_while_its_chunk_is_committed_leaves_nothing_else)
{
    for (int array = 0; array < 2; array++) {
        struct rig rig;
        struct client c;
        api_open(&rig);
        client_open(&c, &rig);
        sim->store.rules[STORE_ADD].out_ms = 50;
        if (array) client_send(&c, &rig, "POST /v1/tasks:batch HTTP/1.1", STR("[{\"type\":\"transcribe\"}]"));
        else client_send(&c, &rig, NDJSON, STR_NONE);
        if (!array) send_chunk(&c, &rig, LINE "{\"ty");
        settle(&rig);
        CHECK_INT(adds(), 1);
        client_close(&c);
        settle(&rig);
        CHECK(!http_is_idle(rig.http));
        sim_pass(sim, 50);
        settle(&rig);
        CHECK(http_is_idle(rig.http));
        CHECK_INT(rig.http->body_bytes, 0);
        CHECK_INT(rig.http->answer_bytes, 0);
        CHECK_INT(adds(), 1);
        api_close(&rig);
    }
}

TEST(a_server_that_closes_in_the_middle_of_a_commit_leaves_nothing)
{
    struct rig rig;
    struct client c;
    api_open(&rig);
    client_open(&c, &rig);
    sim->store.rules[STORE_ADD].out_ms = 50;
    client_send(&c, &rig, NDJSON, STR_NONE);
    send_chunk(&c, &rig, LINE);
    CHECK_INT(adds(), 1);
    http_close(rig.http, api_on_closed, &rig);
    while (!rig.closed) api_step(&rig);
    sim_pass(sim, 50);
    settle(&rig);
    client_close(&c);
    loop_close(rig.loop);
    RIG_CLOSE();
    api_release(&rig.api);
}

TEST(an_unfinished_line_has_to_come_on_and_whole_ones_may_be_slow)
{
    struct rig rig;
    struct client c;
    api_open(&rig);
    client_open(&c, &rig);
    client_send(&c, &rig, NDJSON, STR_NONE);
    for (int i = 0; i < 10; i++) { /* an hour's work of somebody who thinks */
        char index[32];
        send_chunk(&c, &rig, LINE "{\"type\":");
        snprintf(index, sizeof index, "{\"index\":%d,", 2 * i);
        read_until(&c, &rig, index);
        sim_pass(sim, LIMIT_HTTP_BODY_MS - 10);
        send_chunk(&c, &rig, "\"transcribe\",\"delay_ms\":3600000}\n");
        snprintf(index, sizeof index, "{\"index\":%d,", 2 * i + 1);
        read_until(&c, &rig, index);
        CHECK_INT(rig.http->body_bytes, 0);
        sim_pass(sim, LIMIT_HTTP_BODY_MS - 10);
    }
    for (int i = 0; i < 10 && !client_sees(&c, "request_timeout"); i++) { /* and of somebody who wants to stay */
        send_chunk(&c, &rig, "x");
        sim_pass(sim, LIMIT_HTTP_BODY_MS / 3);
        settle(&rig);
        while (!client_sees(&c, "\r\n0\r\n\r\n") && client_read(&c)) continue;
    }
    CHECK(client_sees(&c, "{\"index\":20,\"status\":408,"));
    CHECK(client_sees(&c, "\r\n0\r\n\r\n"));
    client_close(&c);
    settle(&rig);
    api_close(&rig);
}

TEST_MAIN
