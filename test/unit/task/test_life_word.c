/* SPDX-License-Identifier: Apache-2.0
 *
 * What people read about a life: its state and how an attempt ended.
 */
#include "task/life.h"
#include "test.h"

TEST(a_scheduled_task_is_called_retrying_after_an_attempt_and_pending_once_it_is_due)
{
    struct life l = {.state = TASK_SCHEDULED, .due_at_ms = 1000};
    CHECK_STR(str_of(life_word(&l, 999)), "scheduled");
    CHECK_STR(str_of(life_word(&l, 1000)), "pending");
    l.attempt = 1;
    CHECK_STR(str_of(life_word(&l, 999)), "retrying");
    CHECK_STR(str_of(life_word(&l, 1000)), "pending");
}

TEST(any_other_state_is_called_what_it_is)
{
    struct life l = {.state = TASK_BLOCKED};
    CHECK_STR(str_of(life_word(&l, 1000)), "blocked");
    l.state = TASK_COMPLETED;
    CHECK_STR(str_of(life_word(&l, 1000)), "completed");
}

TEST(verdicts_have_the_words_of_the_protocol)
{
    static const char *const words[] = {"done", "failed", "timeout", "lost", "lost", "cancelled", "released", "released"};
    for (int e = LIFE_DONE; e < LIFE_CLAIM; e++) CHECK(strcmp(life_verdict_word((enum life_event)e), words[e]) == 0);
}

TEST_MAIN
