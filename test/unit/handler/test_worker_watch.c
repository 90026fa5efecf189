/* SPDX-License-Identifier: Apache-2.0
 *
 * Processes that have done their share, and those that are there no more though they run.
 */
#include "pool_rig.h"
#include <unistd.h>

static struct heard tasks[32];

static void open_pool(const char *ready)
{
    pool_open();
    pool_want(1);
    fake_frame(&fake, 0, ready);
    pool_want(0);
}

static void give(int i)
{
    heard_init(&tasks[i], pool, i + 1, "{}");
    pool_give(&tasks[i]);
}

/* Tasks that the newest process does until it is told to stop. */
static int share_of(int64_t max_tasks)
{
    int n = 0, child = fake.n - 1;
    while (n < 30 && !fake_was_sent(&fake, child, "\"stop\"")) {
        give(n);
        fake_about(&fake, child, &tasks[n], "done", "");
        heard_release(&tasks[n]);
        n++;
    }
    CHECK(n <= max_tasks);
    return n;
}

TEST(after_max_tasks_a_process_is_replaced_not_all_at_the_same_number)
{
    pool_conf();
    conf.max_tasks = 20;
    open_pool("{\"op\":\"ready\"}");
    bool seen[21] = {false};
    int different = 0;
    for (int i = 0; i < 20; i++) {
        int n = share_of(20);
        CHECK(n >= 18);
        different += !seen[n];
        seen[n] = true;
        fake_exits(&fake, fake.n - 1, 0);
        CHECK_STATE("off"); /* nothing waits */
        CHECK_INT(pool_view(0)->restarts, 0);
        pool_want(1);
        fake_ready(&fake, fake.n - 1);
        pool_want(0);
    }
    CHECK(different > 1);
    CHECK(strstr(fake.events.p, "speech-1 has done its max_tasks and is replaced\n"));
    pool_close();
}

TEST(one_that_is_too_old_is_replaced_after_its_task)
{
    pool_conf();
    conf.max_age_ms = 60000;
    open_pool("{\"op\":\"ready\"}");
    give(0);
    fake_pass(&fake, 59999);
    fake_about(&fake, 0, &tasks[0], "done", "");
    CHECK_STATE("idle");
    give(1);
    fake_pass(&fake, 1);
    CHECK_STATE("busy"); /* nothing is taken from it */
    fake_about(&fake, 0, &tasks[1], "done", "");
    CHECK_STATE("stopping");
    pool_close();
    heard_release(&tasks[0]);
    heard_release(&tasks[1]);
}

TEST(one_that_is_too_large_is_replaced_after_its_task)
{
    pool_conf();
    conf.max_rss = 1;
    open_pool("{\"op\":\"ready\"}");
    give(0);
    fake.children[0].child->pid = getpid(); /* which is larger than a byte */
    fake_about(&fake, 0, &tasks[0], "done", "");
    fake.children[0].child->pid = 0;
    CHECK_STATE("stopping");
    CHECK(strstr(fake.events.p, "larger than its max_rss"));
    pool_close();
    heard_release(&tasks[0]);
}

#define PINGS "{\"op\":\"ready\",\"ping\":true}"

static int pings(void)
{
    int n = 0;
    for (const char *at = fake.children[0].sent.p; at && (at = strstr(at, "\"op\":\"ping\"")); at++) n++;
    return n;
}

TEST(a_busy_process_that_answers_pings_is_asked_and_lives)
{
    pool_conf();
    open_pool(PINGS);
    fake_pass(&fake, 300000);
    CHECK_INT(pings(), 0); /* idle: it costs nothing */
    give(0);
    for (int i = 1; i <= 20; i++) {
        fake_pass(&fake, 10000);
        CHECK_INT(pings(), i);
        fake_pass(&fake, 15000); /* late, but it answers */
        fake_frame(&fake, 0, "{\"op\":\"pong\",\"n\":1}");
    }
    CHECK_STATE("busy");
    fake_about(&fake, 0, &tasks[0], "done", "");
    int asked = pings();
    fake_pass(&fake, 300000);
    CHECK_INT(pings(), asked);
    CHECK_STATE("idle");
    pool_close();
    heard_release(&tasks[0]);
}

TEST(one_that_does_not_answer_is_killed)
{
    pool_conf();
    conf.ping_timeout_ms = 3000;
    open_pool(PINGS);
    give(0);
    fake_pass(&fake, 2999);
    CHECK_INT(pings(), 1);
    CHECK_INT(fake.children[0].kills, 0);
    fake_about(&fake, 0, &tasks[0], "progress", ",\"percent\":1"); /* another thread's */
    fake_pass(&fake, 1);
    CHECK_INT(fake.children[0].kills, 1);
    CHECK_INT(tasks[0].event, LIFE_CRASHED);
    CHECK_STR(tasks[0].message, "the worker did not answer a ping within 3s");
    pool_close();
    heard_release(&tasks[0]);
}

TEST(who_did_not_say_that_it_answers_is_never_asked)
{
    pool_conf();
    conf.ping_timeout_ms = 1000;
    open_pool("{\"op\":\"ready\"}");
    give(0);
    fake_pass(&fake, 600000);
    CHECK_INT(pings(), 0);
    CHECK_STATE("busy"); /* slow is not dead */
    pool_close();
    heard_release(&tasks[0]);
}

static void pass_with_pongs(int64_t ms)
{
    for (; ms > 0; ms -= 10000) {
        fake_pass(&fake, ms < 10000 ? ms : 10000);
        fake_frame(&fake, 0, "{\"op\":\"pong\"}");
    }
}

TEST(a_task_of_which_nothing_is_heard_is_stopped_though_pongs_come)
{
    pool_conf();
    static const char *const words[] = {"progress", "log", "output"};
    conf.stall_timeout_ms = 60000;
    open_pool(PINGS);
    give(0);
    for (int i = 0; i < 10; i++) { /* slow, and says so */
        pass_with_pongs(50000);
        fake_about(&fake, 0, &tasks[0], words[i % 3], ",\"percent\":1,\"text\":\"x\",\"data\":\"x\"");
    }
    CHECK_INT(tasks[0].n_verdicts, 0);
    pass_with_pongs(59999);
    CHECK(!fake_was_sent(&fake, 0, "\"cancel\""));
    fake_pass(&fake, 1);
    CHECK(fake_was_sent(&fake, 0, "\"reason\":\"stalled\""));
    fake_about(&fake, 0, &tasks[0], "cancelled", "");
    CHECK_INT(tasks[0].event, LIFE_TIMEOUT);
    CHECK_STR(tasks[0].code, "timeout");
    CHECK_STATE("idle");
    pool_close();
    heard_release(&tasks[0]);
}

TEST_MAIN
