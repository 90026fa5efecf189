/* SPDX-License-Identifier: Apache-2.0
 *
 * One attempt of the handler http, on a fetcher that the test plays.
 */
#include "web_rig.h"

TEST(an_answer_is_the_verdict_and_frees_the_place_before_it_is_stored)
{
    rig_open("{\"x\":1}");
    CHECK(strcmp(asked[0].method, "POST") == 0);
    CHECK_STR(buf_str(&asked[0].body), "{\"x\":1}");
    rig_answers(&asked[0], 200, "[1]");
    CHECK_INT(h.event, LIFE_DONE);
    CHECK_STR(h.result, "[1]");
    CHECK_INT(web->ops->room(web), 1);
    CHECK_INT(fake.rooms, 1);
    rig_settled(0);
    rig_close();
}

TEST(the_handler_stays_until_the_verdict_is_in_the_store)
{
    rig_open("{}");
    rig_answers(&asked[0], 200, "1");
    web->ops->drain(web, fake_on_drained, &fake);
    fake_run(&fake);
    CHECK_INT(fake.drained, 0);
    rig_settled(0);
    CHECK_INT(fake.drained, 1);
    rig_close();
}

TEST(a_request_that_cannot_be_made_fails_for_good)
{
    conf.url = "http://there/{input.x}";
    rig_open("{}");
    CHECK_INT(n_asked, 0);
    CHECK_INT(h.event, LIFE_FAILED);
    CHECK_STR(h.code, "invalid_input");
    CHECK(!h.retryable);
    rig_settled(0);
    rig_close();
}

TEST(what_is_no_answer_can_be_tried_again)
{
    rig_open("{}");
    rig_ends(&asked[0], ERR_AWAY);
    CHECK_STR(h.code, "worker_error");
    CHECK(h.retryable && strstr(h.message.p, "POST http://there/jobs: broken by the test"));
    rig_settled(0);
    rig_close();
}

TEST(a_machine_that_has_no_socket_to_give_is_no_fault_of_the_task)
{
    rig_open("{}");
    rig_ends(&asked[0], ERR_AGAIN);
    CHECK_INT(h.event, LIFE_UNSTARTED);
    CHECK_STR(h.shortage, "broken by the test");
    rig_settled(0);
    rig_close();
}

TEST(a_proxy_that_wants_another_login_is_asked_once)
{
    rig_open("{}");
    asked[0].fetch->status = 407;
    rig_ends(&asked[0], ERR_FORBIDDEN);
    CHECK_INT(h.event, LIFE_FAILED);
    CHECK(!h.retryable && strstr(h.message.p, "broken by the test"));
    CHECK_STR(h.type, "http 407");
    rig_settled(0);
    rig_close();
}

TEST(nothing_is_read_of_an_answer_that_is_too_long_already)
{
    rig_open("{}");
    char *text = mem_new(LIMIT_RESULT + 2);
    memset(text, ' ', LIMIT_RESULT + 1);
    text[LIMIT_RESULT + 1] = '\0';
    rig_says(&asked[0], 200, "application/json", text);
    free(text);
    CHECK(asked[0].cancelled);
    CHECK_INT(h.n_verdicts, 0);
    fake_run(&fake);
    CHECK_STR(h.code, "output_too_large");
    rig_settled(0);
    rig_close();
}

TEST(a_stop_ends_the_call_at_once_and_without_a_cancel_that_is_all)
{
    rig_open("{}");
    rig_stop(STOP_CANCEL);
    CHECK(asked[0].cancelled);
    CHECK_INT(h.event, LIFE_STOPPED);
    rig_stop(STOP_TIMEOUT);
    rig_settled(0);
    rig_close();
}

static void follow(void)
{
    conf.poll.status = "http://there/jobs/{remote.id}";
    conf.cancel = "http://there/jobs/{remote.id}/stop";
    rig_open("{}");
}

TEST(the_id_of_a_cancel_is_waited_for_half_of_the_grace)
{
    follow();
    rig_stop(STOP_CANCEL);
    CHECK(!asked[0].cancelled);
    fake_pass(&fake, 4999);
    CHECK(!asked[0].cancelled);
    fake_pass(&fake, 1);
    CHECK(asked[0].cancelled);
    CHECK_INT(h.event, LIFE_STOPPED);
    rig_settled(0);
    rig_close();
}

TEST(an_id_that_comes_while_it_is_waited_for_is_told_to_stop)
{
    follow();
    rig_stop(STOP_TIMEOUT);
    fake_pass(&fake, 4000);
    rig_answers(&asked[0], 202, "{\"id\":7}");
    CHECK_INT(n_asked, 2);
    CHECK_INT(asked[1].timeout_ms, 6000);
    rig_ends(&asked[1], ERR_TIMEOUT);
    CHECK_INT(h.event, LIFE_TIMEOUT);
    CHECK(heard_logged(&h, "/jobs/7/stop: broken by the test"));
    rig_settled(0);
    rig_close();
}

TEST(it_is_asked_every_so_often_and_not_before_retry_after)
{
    follow();
    rig_answers(&asked[0], 202, "{\"id\":7}");
    fake_pass(&fake, 999);
    CHECK_INT(n_asked, 1);
    fake_pass(&fake, 1);
    CHECK_INT(n_asked, 2);
    str_copy(asked[1].fetch->retry_after, FETCH_RETRY_AFTER, STR("30"));
    rig_answers(&asked[1], 503, "{}");
    fake_pass(&fake, 29999);
    CHECK_INT(n_asked, 2);
    fake_pass(&fake, 1);
    rig_answers(&asked[2], 200, "{\"status\":\"completed\"}");
    CHECK_INT(h.event, LIFE_DONE);
    CHECK_STR(h.result, "{\"status\":\"completed\"}");
    rig_settled(0);
    rig_close();
}

TEST(questions_that_could_not_be_asked_are_not_counted)
{
    follow();
    rig_answers(&asked[0], 202, "{\"id\":7}");
    for (int i = 1; i < 5; i++) {
        fake_pass(&fake, 1000);
        CHECK_INT(n_asked, i + 1);
        rig_ends(&asked[i], ERR_AGAIN);
        CHECK_INT(h.n_verdicts, 0);
    }
    fake_pass(&fake, 1000);
    rig_answers(&asked[5], 200, "{\"status\":\"completed\"}");
    CHECK_INT(h.event, LIFE_DONE);
    rig_settled(0);
    rig_close();
}

/* ---- callbacks ---- */

struct teller {
    struct web_caller caller;
    int n, err;
};

static void on_told(struct web_caller *c, int err)
{
    struct teller *t = CONTAINER_OF(c, struct teller, caller);
    t->n++;
    t->err = err;
}

static struct teller teller;
static struct err why;

static int call_back(struct str token, const char *body)
{
    teller = (struct teller){.caller = {on_told}};
    int rc = web_desk_call(&desk, token, str_of(body), &teller.caller, &why);
    fake_run(&fake);
    return rc;
}

/* The token of the attempt, from the body that was sent. */
static struct str token(void)
{
    struct str url = buf_str(&asked[0].body);
    CHECK(str_starts(url, STR("\"http://here/v1/callbacks/")) && url.len == 26 + 32 + 1);
    return str_sub(url, 26, 32);
}

static void wait_for_callback(const char *state)
{
    conf.callback.base = "http://here/";
    conf.callback.state = state;
    conf.callback.result = "";
    conf.body = "\"{callback_url}\"";
    rig_open("{}");
}

TEST(a_callback_is_answered_when_it_is_stored_and_another_finds_nobody)
{
    wait_for_callback(NULL);
    char kept[64];
    str_copy(kept, sizeof kept, token());
    rig_answers(&asked[0], 202, "");
    CHECK_INT(call_back(str_of(kept), "{\"text\":1}"), 1);
    CHECK_INT(h.event, LIFE_DONE);
    CHECK_STR(h.result, "{\"text\":1}");
    CHECK_INT(teller.n, 0);
    struct teller first = teller;
    CHECK_INT(call_back(str_of(kept), "2"), ERR_NOT_FOUND);
    teller = first;
    rig_settled(0);
    CHECK_INT(teller.n, 1);
    CHECK_INT(teller.err, 0);
    rig_close();
}

TEST(a_callback_whose_verdict_the_store_refused_hears_so)
{
    wait_for_callback(NULL);
    CHECK_INT(call_back(token(), "1"), 1);
    CHECK(asked[0].cancelled);
    rig_settled(ERR_STALE);
    CHECK_INT(teller.n, 1);
    CHECK_INT(teller.err, ERR_STALE);
    rig_close();
}

TEST(a_server_that_stops_tells_the_other_side_and_gives_the_task_back)
{
    conf.cancel = "http://there/jobs/{remote.id}/stop";
    wait_for_callback(NULL);
    rig_answers(&asked[0], 202, "{\"id\":7}");
    rig_stop(STOP_SHUTDOWN);
    CHECK_INT(n_asked, 2);
    CHECK(strcmp(asked[1].url, "http://there/jobs/7/stop") == 0 && strcmp(asked[1].method, "POST") == 0);
    CHECK_INT(asked[1].timeout_ms, 10000);
    CHECK_INT(h.n_verdicts, 0);
    rig_answers(&asked[1], 200, "");
    CHECK_INT(h.event, LIFE_RELEASED);
    CHECK_INT(h.n_saves, 0);
    rig_settled(0);
    rig_close();
}

TEST(a_callback_that_comes_while_the_attempt_is_stopped_changes_nothing)
{
    conf.cancel = "http://there/stop/{id}";
    wait_for_callback(NULL);
    rig_answers(&asked[0], 202, "");
    rig_stop(STOP_CANCEL);
    CHECK_INT(n_asked, 2);
    CHECK_INT(call_back(token(), "1"), ERR_STALE);
    rig_answers(&asked[1], 200, "");
    CHECK_INT(h.event, LIFE_STOPPED);
    rig_settled(0);
    CHECK_INT(teller.n, 0);
    rig_close();
}

TEST(a_callback_without_a_state_is_refused_and_another_may_come)
{
    wait_for_callback("/state");
    rig_answers(&asked[0], 202, "");
    CHECK_INT(call_back(token(), "{}"), ERR_INVALID);
    CHECK_INT(call_back(token(), "not json"), ERR_INVALID);
    CHECK_INT(call_back(token(), "{\"state\":\"working\"}"), 0);
    CHECK_INT(call_back(token(), "{\"state\":\"failed\"}"), 1);
    CHECK_STR(h.message, "the remote task is failed");
    rig_settled(0);
    rig_close();
}

TEST(a_refused_request_ends_the_wait_for_its_callback)
{
    wait_for_callback(NULL);
    rig_answers(&asked[0], 403, "{\"error\":\"no\"}");
    CHECK_INT(h.event, LIFE_FAILED);
    CHECK(!h.retryable);
    CHECK_STR(h.type, "http 403");
    rig_settled(0);
    rig_close();
}

/* ---- streams ---- */

static void stream(void)
{
    conf.stream = (struct web_stream_conf){.piece = "/t", .error = "/error", .end = "[DONE]"};
    rig_open("{}");
}

#define EVENTS "text/event-stream"

TEST(pieces_are_output_and_the_result_though_the_answer_never_ends)
{
    stream();
    rig_says(&asked[0], 200, EVENTS, "data: {\"t\":\"a\"}\n\nda");
    rig_says(&asked[0], 200, EVENTS, "ta: {\"t\":\"b\"}\n\ndata: [DONE]\n\ndata: {\"t\":\"c\"}\n\n");
    fake_run(&fake);
    CHECK_INT(h.n_verdicts, 0);
    fake_pass(&fake, 1000);
    CHECK(asked[0].cancelled);
    CHECK_STR(h.result, "{\"text\":\"ab\"}");
    rig_settled(0);
    rig_close();
}

TEST(a_stream_that_ends_without_its_end_has_broken_off)
{
    stream();
    rig_says(&asked[0], 200, EVENTS, "data: {\"t\":\"a\"}\n\n");
    rig_ends(&asked[0], 0);
    CHECK_INT(h.event, LIFE_FAILED);
    CHECK(h.retryable && strstr(h.message.p, "without [DONE]"));
    rig_settled(0);
    rig_close();
}

TEST(an_event_that_is_no_json_ends_the_stream_as_a_failure)
{
    stream();
    rig_says(&asked[0], 200, EVENTS, "data: {\"t\":\"a\"}\n\ndata: oops\n\n");
    fake_run(&fake);
    CHECK(asked[0].cancelled);
    CHECK_INT(h.event, LIFE_FAILED);
    CHECK(h.retryable && strstr(h.message.p, "not JSON"));
    rig_settled(0);
    rig_close();
}

TEST(an_error_status_is_no_stream)
{
    stream();
    rig_says(&asked[0], 500, EVENTS, "data: {\"t\":\"a\"}\n\n");
    rig_ends(&asked[0], 0);
    CHECK(h.retryable);
    CHECK_STR(h.type, "http 500");
    rig_settled(0);
    rig_close();
}

TEST_MAIN
