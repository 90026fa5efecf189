/* SPDX-License-Identifier: Apache-2.0
 *
 * Places in the answer to a GET: which requests ask the store for them, what a store that does not say means, and tags
 * of tasks that show one.
 */
#include "api/etag.h"
#include "api/task_json.h"
#include "test/unit/api/api_rig.h"

static void answer(struct rig *rig, struct client *c, const char *head, const char *body)
{
    buf_clear(&c->in);
    client_send(c, rig, head, str_of(body));
    for (int i = 0; i < 8; i++) {
        api_step(rig);
        sim_pass(sim, 1);
    }
}

static void submit(struct rig *rig, struct client *c, const char *fields, char id[ID_TEXT])
{
    char body[256];
    snprintf(body, sizeof body, "{\"type\":\"transcribe\"%s}", fields);
    answer(rig, c, "POST /v1/tasks HTTP/1.1", body);
    CHECK_INT(client_answer(c, rig), 202);
    const char *at = strstr(c->in.p, "\"id\":\"");
    CHECK(at != NULL);
    memcpy(id, at + 6, ID_TEXT - 1);
    id[ID_TEXT - 1] = 0;
}

static void get(struct rig *rig, struct client *c, const char *id)
{
    char head[128];
    snprintf(head, sizeof head, "GET /v1/tasks/%s HTTP/1.1", id);
    answer(rig, c, head, "");
    CHECK_INT(client_answer(c, rig), 200);
}

TEST(only_a_task_that_waits_is_looked_for_in_the_lines_and_a_store_that_does_not_say_leaves_the_place_open)
{
    struct rig rig;
    struct client c;
    char id[ID_TEXT], later[ID_TEXT];
    api_open(&rig);
    client_open(&c, &rig);
    rig_queue("default")->paused = true;
    submit(&rig, &c, "", id);
    submit(&rig, &c, ",\"delay_ms\":3600000", later);
    get(&rig, &c, id);
    CHECK(client_sees(&c, "\"position\":1,"));
    CHECK_INT(sim->store.n[STORE_WHERE], 1);
    get(&rig, &c, later);
    CHECK(client_sees(&c, "\"position\":null,"));
    sim->store.rules[STORE_WHERE].fail_next = 1;
    get(&rig, &c, id);
    CHECK(client_sees(&c, "\"position\":null,"));
    int asked = sim->store.n[STORE_WHERE];
    char cancel[128];
    snprintf(cancel, sizeof cancel, "POST /v1/tasks/%s/cancel HTTP/1.1", id);
    answer(&rig, &c, cancel, "");
    get(&rig, &c, id);
    CHECK(client_sees(&c, "\"status\":\"cancelled\""));
    CHECK_INT(sim->store.n[STORE_WHERE], asked);
    client_close(&c);
    api_close(&rig);
}

TEST(nobody_waits_long_for_a_place_that_a_busy_store_does_not_tell)
{
    struct rig rig;
    struct client c;
    char id[ID_TEXT];
    api_open(&rig);
    client_open(&c, &rig);
    rig_queue("default")->paused = true;
    submit(&rig, &c, "", id);
    sim->store.rules[STORE_WHERE].in_ms = 60000;
    char head[128];
    snprintf(head, sizeof head, "GET /v1/tasks/%s HTTP/1.1", id);
    answer(&rig, &c, head, "");
    sim_pass(sim, 80);
    api_step(&rig);
    CHECK_INT(c.in.len, 0);
    sim_pass(sim, 20);
    for (int i = 0; i < 8; i++) api_step(&rig);
    CHECK_INT(client_answer(&c, &rig), 200);
    CHECK(client_sees(&c, "\"position\":null,"));
    sim_pass(sim, 60000); /* the store answers, and nobody is there any more */
    sim->store.rules[STORE_WHERE].in_ms = 0;
    get(&rig, &c, id);
    CHECK(client_sees(&c, "\"position\":1,"));
    client_close(&c);
    api_close(&rig);
}

/* The place is bytes 2 to 5. */
static void tag(const char *body, bool placed, char etag[ETAG_TEXT])
{
    etag_of_placed(str_of(body), 2, 5, placed, etag);
}

TEST(a_tag_says_place_and_rest_apart)
{
    char none[ETAG_TEXT], first[ETAG_TEXT], moved[ETAG_TEXT], other[ETAG_TEXT];
    tag("{.nnn}", false, none);
    tag("{.aaa}", true, first);
    tag("{.bbb}", true, moved);
    tag("{.aaa,}", true, other);
    CHECK(strlen(none) == 18 && strlen(first) == 35);
    CHECK(memcmp(first, moved, 17) == 0 && strcmp(first, moved) != 0);
    CHECK(memcmp(first, other, 17) != 0 && strcmp(first + 18, other + 18) == 0);
    CHECK(memcmp(first, none, 17) == 0);
}

TEST_MAIN
