/* SPDX-License-Identifier: Apache-2.0
 *
 * What an attempt of the handler http leaves to the next one of its run: work that the other side has taken is asked for, not
 * sent again, unless its ending was told.
 */
#include "web_rig.h"

static void follow(void)
{
    conf.poll.status = conf.poll.status ? conf.poll.status : "http://there/jobs/{remote.id}";
    conf.cancel = "http://there/jobs/{remote.id}/stop";
    rig_open("{}");
}

static void end(void)
{
    rig_settled(0);
    rig_close();
    resume[0] = '\0';
}

/* The other side has taken it; then bide has ended, by itself or not, and another attempt begins. */
static void lose(void)
{
    follow();
    rig_answers(&asked[0], 202, "{\"id\":7}");
    CHECK_INT(h.n_saves, 1);
    rig_stop(STOP_SHUTDOWN);
    CHECK_INT(h.event, LIFE_RELEASED);
    CHECK_INT(h.n_saves, 1);
    CHECK_INT(n_asked, 1);
    str_copy(resume, sizeof resume, str_of(h.saved));
    const char *status = conf.poll.status;
    rig_settled(0);
    rig_close();
    conf.poll.status = status;
}

TEST(what_was_taken_is_asked_for_at_once_by_the_next_attempt_and_not_sent_again)
{
    lose();
    follow();
    CHECK_INT(n_asked, 1);
    CHECK(strcmp(asked[0].method, "GET") == 0 && strcmp(asked[0].url, "http://there/jobs/7") == 0);
    CHECK(heard_logged(&h, "attempt 1 has done so: the remote id is 7"));
    rig_answers(&asked[0], 200, "{\"status\":\"working\"}");
    fake_pass(&fake, 1000);
    rig_answers(&asked[1], 200, "{\"status\":\"completed\"}");
    CHECK_INT(h.event, LIFE_DONE);
    CHECK_INT(h.n_saves, 0);
    end();
}

TEST(one_that_was_taken_over_and_is_lost_again_is_left_as_it_was_saved)
{
    lose();
    follow();
    rig_stop(STOP_SHUTDOWN);
    CHECK(asked[0].cancelled);
    CHECK_INT(h.event, LIFE_RELEASED);
    CHECK_INT(h.n_saves, 0);
    end();
}

/* The last thing it saved is that there is nothing. */
static void check_forgotten(int saves)
{
    CHECK_INT(h.n_saves, saves);
    CHECK_STR(str_of(h.saved), "");
    end();
}

TEST(after_a_failure_that_the_other_side_told_it_is_sent_again)
{
    follow();
    rig_answers(&asked[0], 202, "{\"id\":7}");
    fake_pass(&fake, 1000);
    rig_answers(&asked[1], 200, "{\"status\":\"failed\"}");
    CHECK_INT(h.event, LIFE_FAILED);
    check_forgotten(2);
}

TEST(after_a_failure_of_one_that_was_taken_over_it_is_sent_again)
{
    lose();
    follow();
    rig_answers(&asked[0], 404, "");
    CHECK_INT(h.n_verdicts, 0);
    fake_pass(&fake, 1000);
    rig_answers(&asked[1], 404, "");
    CHECK_STR(h.code, "bad_result");
    check_forgotten(1);
}

TEST(after_a_timeout_or_a_cancel_of_which_the_other_side_was_told_it_is_sent_again)
{
    for (int i = 0; i < 2; i++) {
        lose();
        follow();
        rig_stop(i ? STOP_TIMEOUT : STOP_CANCEL);
        CHECK_INT(n_asked, 2);
        CHECK(strcmp(asked[1].url, "http://there/jobs/7/stop") == 0);
        rig_answers(&asked[1], 200, "");
        CHECK_INT(h.event, i ? LIFE_TIMEOUT : LIFE_STOPPED);
        check_forgotten(1);
    }
}

TEST(a_server_that_stops_while_it_sends_waits_for_the_answer_and_leaves_the_other_side_to_its_work)
{
    follow();
    rig_stop(STOP_SHUTDOWN);
    fake_pass(&fake, 4999);
    CHECK_INT(h.n_verdicts, 0);
    rig_answers(&asked[0], 202, "{\"id\":7}");
    CHECK_INT(n_asked, 1);
    CHECK_INT(h.event, LIFE_RELEASED);
    CHECK_INT(h.n_saves, 1);
    CHECK(strstr(h.saved, "\"id\":\"7\"") != NULL);
    end();
}

TEST(it_waits_for_that_half_of_the_grace)
{
    conf.poll.status = "http://there/jobs/{id}";
    follow();
    conf.cancel = NULL;
    rig_stop(STOP_SHUTDOWN);
    fake_pass(&fake, 4999);
    CHECK_INT(h.n_verdicts, 0);
    fake_pass(&fake, 1);
    CHECK(asked[0].cancelled);
    CHECK_INT(h.event, LIFE_RELEASED);
    CHECK_INT(h.n_saves, 0);
    end();
}

TEST(templates_mean_the_attempt_that_has_sent_it)
{
    conf.poll.status = "http://there/{attempt}/{fence}";
    lose();
    follow();
    CHECK(strcmp(asked[0].url, "http://there/1/0000000000001001") == 0);
    rig_answers(&asked[0], 200, "{\"status\":\"completed\"}");
    end();
}

TEST(an_id_is_not_needed_where_nothing_names_it)
{
    conf.poll.status = "http://there/jobs?of={id}";
    follow();
    rig_answers(&asked[0], 202, "");
    str_copy(resume, sizeof resume, str_of(h.saved));
    rig_stop(STOP_SHUTDOWN);
    rig_settled(0);
    rig_close();
    conf.poll.status = "http://there/jobs?of={id}";
    follow();
    CHECK(strcmp(asked[0].method, "GET") == 0);
    rig_stop(STOP_SHUTDOWN);
    rig_settled(0);
    rig_close();
    follow(); /* now something does */
    CHECK(strcmp(asked[0].method, "POST") == 0);
    CHECK(heard_logged(&h, "ignored: the remote id is not in it"));
    rig_answers(&asked[0], 403, "");
    check_forgotten(1);
}

TEST(one_that_is_taken_over_can_not_be_called_back)
{
    lose();
    conf.callback.base = "http://here/";
    conf.body = "\"{callback_url}\"";
    follow();
    CHECK_INT(desk.places.n, 0);
    rig_answers(&asked[0], 200, "{\"status\":\"completed\"}");
    CHECK_INT(h.event, LIFE_DONE);
    end();
}

static void check_sent(const char *saved, const char *why)
{
    str_copy(resume, sizeof resume, str_of(saved));
    follow();
    CHECK_INT(n_asked, 1);
    CHECK(strcmp(asked[0].method, "POST") == 0);
    if (!heard_logged(&h, why)) fprintf(stderr, "%s: %s", saved, h.log.p ? h.log.p : "\n");
    CHECK(heard_logged(&h, why));
    rig_answers(&asked[0], 202, "{\"id\":8}");
    CHECK_INT(h.n_saves, 1);
    fake_pass(&fake, 1000);
    CHECK(strcmp(asked[1].url, "http://there/jobs/8") == 0);
    rig_answers(&asked[1], 200, "{\"status\":\"completed\"}");
    end();
}

TEST(a_checkpoint_of_another_shape_is_ignored_and_the_log_says_so)
{
    const char *why = "the checkpoint of an earlier attempt is ignored: it is not one of an http type";
    check_sent("{\"segment\":4}", why);
    check_sent("7", why);
    check_sent("\"http\"", why);
    check_sent("{\"http\":7}", why);
    check_sent("{\"http\":{\"id\":\"7\",\"attempt\":1}}", why);
    check_sent("{\"http\":{\"id\":\"7\",\"attempt\":0,\"fence\":\"0000000000001001\"}}", why);
    check_sent("{\"http\":{\"id\":\"7\",\"attempt\":1e99,\"fence\":\"0000000000001001\"}}", why);
}

TEST(what_another_server_has_taken_is_not_asked_for_here)
{
    lose();
    conf.url = "http://elsewhere/jobs";
    char saved[sizeof resume];
    str_copy(saved, sizeof saved, str_of(resume));
    check_sent(saved, "ignored: the type has another `url` now");
}

TEST(a_type_that_is_not_asked_any_more_sends_again)
{
    lose();
    conf.poll.status = NULL;
    rig_open("{}");
    CHECK(strcmp(asked[0].method, "POST") == 0);
    CHECK(heard_logged(&h, "ignored: the type has no `poll` now"));
    rig_ends(&asked[0], ERR_AWAY);
    CHECK_INT(h.event, LIFE_FAILED);
    check_forgotten(1);
}

TEST_MAIN
