/* SPDX-License-Identifier: Apache-2.0
 *
 * Long polls: clients that leave cost nothing, whenever they leave, and what a poll holds while it waits.
 */
#include "test/unit/api/api_rig.h"

static void settle(struct rig *rig)
{
    for (int i = 0; i < 6; i++) api_step(rig);
}

static void submit(struct client *c, struct rig *rig, const char *body, size_t pad)
{
    struct buf b;
    buf_init(&b, 32 << 20);
    buf_add_text(&b, body);
    memset(buf_room(&b, pad), ' ', pad);
    buf_wrote(&b, pad);
    client_send(c, rig, "POST /v1/tasks HTTP/1.1\nPrefer: wait=30", buf_str(&b));
    buf_release(&b);
}

static size_t waiting(void) { return sim->server.waiters.by_id.n; }

TEST(a_poll_answers_when_the_task_ends_and_when_its_time_is_up)
{
    struct rig rig;
    struct client c;
    api_open(&rig);
    client_open(&c, &rig);
    submit(&c, &rig, "{\"type\":\"transcribe\",\"delay_ms\":3600000}", 0);
    settle(&rig);
    CHECK_INT(waiting(), 1);
    sim_pass(sim, 30000);
    CHECK_INT(client_answer(&c, &rig), 202);
    CHECK_INT(waiting(), 0);
    buf_clear(&c.in);
    submit(&c, &rig, "{\"type\":\"transcribe\",\"input\":{\"plan\":\"done\"},\"delay_ms\":10}", 0);
    settle(&rig);
    sim_pass(sim, 20000);
    CHECK_INT(client_answer(&c, &rig), 200);
    CHECK(client_sees(&c, "Preference-Applied: wait"));
    CHECK_INT(waiting(), 0);
    client_close(&c);
    api_close(&rig);
}

TEST(a_client_that_left_before_the_first_answer_of_the_store_is_noticed)
{
    for (int late = 0; late < 3; late++) {
        struct rig rig;
        struct client c;
        api_open(&rig);
        client_open(&c, &rig);
        sim->store.rules[STORE_GET].out_ms = 50;
        submit(&c, &rig, "{\"type\":\"transcribe\",\"delay_ms\":3600000}", 0);
        if (late) settle(&rig); /* the question is on its way */
        if (late == 2) shutdown(c.fd, SHUT_WR); /* it may still read, but waits no more */
        else client_close(&c);
        settle(&rig);
        sim_pass(sim, 100);
        settle(&rig);
        CHECK_INT(waiting(), 0);
        CHECK(http_is_idle(rig.http));
        CHECK_INT(rig.http->stats.connections_now, 0);
        if (late == 2) client_close(&c);
        api_close(&rig);
    }
}

TEST(a_client_that_leaves_while_it_waits_is_noticed)
{
    struct rig rig;
    struct client c;
    api_open(&rig);
    client_open(&c, &rig);
    submit(&c, &rig, "{\"type\":\"transcribe\",\"delay_ms\":3600000}", 0);
    settle(&rig);
    CHECK_INT(waiting(), 1);
    client_close(&c);
    settle(&rig);
    CHECK_INT(waiting(), 0);
    CHECK(http_is_idle(rig.http));
    api_close(&rig);
}

TEST(a_submit_that_waits_does_not_hold_its_body)
{
    struct rig rig;
    struct client c;
    api_open(&rig);
    client_open(&c, &rig);
    submit(&c, &rig, "{\"type\":\"transcribe\",\"subject\":\"a subject\",\"delay_ms\":3600000}", 4 << 20);
    while (waiting() == 0) api_step(&rig);
    CHECK_INT(rig.http->body_bytes, 0);
    sim_pass(sim, 30000);
    CHECK_INT(client_answer(&c, &rig), 202);
    CHECK(client_sees(&c, "\"subject\":\"a subject\""));
    client_close(&c);
    api_close(&rig);
}

TEST_MAIN
