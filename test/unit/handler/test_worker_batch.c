/* SPDX-License-Identifier: Apache-2.0
 *
 * Several attempts of one process: batches in one frame, further ones while others are open, and what the stop of one, or
 * the death of the process, means for the others.
 */
#include "handler/attempt.h"
#include "pool_rig.h"
#include <sys/resource.h>

#define MOST 8

static struct heard t[MOST];

static void open_with(int instances, struct worker_batch_conf batch, int concurrency, const char *ready)
{
    pool_conf();
    conf.instances = instances;
    conf.batch = batch;
    conf.concurrency = concurrency;
    pool_open();
    pool_want((size_t)instances);
    CHECK_INT(fake.n, instances);
    for (int i = 0; i < instances; i++) fake_frame(&fake, i, ready);
    pool_want(0);
    for (int i = 0; i < MOST; i++) heard_init(&t[i], pool, i + 1, "{\"a\":1}");
}

static void close_all(void)
{
    pool_close();
    for (int i = 0; i < MOST; i++) heard_release(&t[i]);
}

static int give(int from, int n)
{
    struct attempt *a[MOST];
    struct err e = {0};
    for (int i = 0; i < n; i++) a[i] = &t[from + i].attempt;
    return pool->ops->start(pool, a, (size_t)n, &e);
}

static int lines_sent(int child)
{
    int n = 0;
    for (const char *c = fake.children[child].sent.p; c && *c; c++) n += *c == '\n';
    return n;
}

#define BATCH_OF_FOUR "{\"op\":\"ready\",\"max_batch\":4}"

/* One process that takes four, and has the first n. */
static void open_batch(int n)
{
    open_with(1, (struct worker_batch_conf){0}, 0, BATCH_OF_FOUR);
    CHECK_INT(give(0, n), 0);
}

/* It has two with these graces, and the first is to stop from now on, a moment that is returned. */
static int64_t open_stopping(int64_t first_grace_ms, int64_t second_grace_ms)
{
    open_with(1, (struct worker_batch_conf){0}, 0, BATCH_OF_FOUR);
    t[0].body.grace_ms = first_grace_ms;
    t[1].body.grace_ms = second_grace_ms;
    CHECK_INT(give(0, 2), 0);
    pool->ops->stop(pool, &t[0].attempt, STOP_CANCEL);
    return fake.now_ms;
}

/* A text of so many bytes in quotes, as input of task i. */
static void large_input(struct buf *b, int i, int bytes)
{
    buf_init(b, LIMIT_INPUT);
    buf_add_char(b, '"');
    for (int n = 0; n < bytes; n++) buf_add_char(b, 'x');
    buf_add_char(b, '"');
    t[i].body.input = buf_str(b);
}

TEST(a_batch_is_one_frame_and_each_has_its_own_verdict)
{
    open_with(1, (struct worker_batch_conf){0}, 0, BATCH_OF_FOUR);
    CHECK_INT(pool->ops->room(pool), 1);
    CHECK_INT(pool->ops->batch(pool), 4);
    CHECK_INT(give(0, 3), 0);
    CHECK_INT(lines_sent(0), 1);
    for (int i = 0; i < 3; i++) {
        char id[ID_TEXT];
        id_format(&t[i].body.id, id);
        CHECK(fake_was_sent(&fake, 0, id));
    }
    CHECK_INT(pool->ops->room(pool), 0); /* a batch at a time */
    CHECK_INT(pool->ops->batch(pool), 4);
    CHECK_INT(pool_view(0)->n_open, 3);
    fake_about(&fake, 0, &t[1], "done", ",\"result\":{\"n\":2}");
    CHECK_INT(t[1].n_verdicts, 1);
    CHECK_STR(t[1].result, "{\"n\":2}");
    CHECK_INT(t[0].n_verdicts + t[2].n_verdicts, 0);
    fake_about(&fake, 0, &t[0], "fail", ",\"code\":\"invalid_input\",\"message\":\"no\"");
    CHECK_INT(t[0].event, LIFE_FAILED);
    CHECK_STATE("busy");
    fake_about(&fake, 0, &t[1], "done", ""); /* it has its verdict */
    CHECK_INT(t[1].n_verdicts, 1);
    CHECK_INT(pool_view(0)->dropped, 1);
    fake_about(&fake, 0, &t[2], "progress", ",\"percent\":50");
    CHECK_INT(t[2].n_progress, 1);
    CHECK_INT(t[0].n_progress, 0);
    fake_about(&fake, 0, &t[2], "done", "");
    CHECK_STATE("idle");
    CHECK_INT(pool_view(0)->tasks, 3);
    CHECK_INT(pool->ops->room(pool), 1);
    close_all();
}

TEST(what_a_process_takes_is_the_least_of_what_it_says_and_what_is_configured)
{
    open_with(1, (struct worker_batch_conf){.max = 3}, 0, BATCH_OF_FOUR);
    CHECK_INT(pool->ops->batch(pool), 3);
    CHECK_INT(give(0, 4), ERR_AGAIN);
    CHECK_INT(lines_sent(0), 0);
    CHECK_INT(give(0, 3), 0);
    close_all();

    open_with(1, (struct worker_batch_conf){.max = 8}, 0, "{\"op\":\"ready\"}"); /* it knows nothing of batches */
    CHECK_INT(pool->ops->batch(pool), 1);
    close_all();

    open_with(1, (struct worker_batch_conf){0}, 0, "{\"op\":\"ready\",\"max_batch\":1000000,\"concurrency\":-5}");
    CHECK_INT(pool->ops->batch(pool), LIMIT_BATCH);
    CHECK_INT(pool_view(0)->concurrency, 1);
    close_all();
}

TEST(one_with_a_concurrency_is_given_more_while_others_are_open)
{
    open_with(1, (struct worker_batch_conf){0}, 0, "{\"op\":\"ready\",\"concurrency\":3}");
    CHECK_INT(pool->ops->room(pool), 3);
    CHECK_INT(pool->ops->batch(pool), 1);
    CHECK_INT(give(0, 1), 0);
    CHECK_INT(give(1, 1), 0);
    CHECK_INT(pool->ops->room(pool), 1);
    fake_about(&fake, 0, &t[0], "done", "");
    CHECK_INT(pool->ops->room(pool), 2);
    CHECK_INT(give(2, 1), 0);
    CHECK_INT(give(3, 1), 0);
    CHECK_INT(give(4, 1), ERR_AGAIN);
    CHECK_INT(lines_sent(0), 4);
    close_all();

    open_with(1, (struct worker_batch_conf){0}, 2, "{\"op\":\"ready\",\"concurrency\":3,\"max_batch\":8}");
    CHECK_INT(give(0, 1), 0);
    CHECK_INT(pool->ops->batch(pool), 1); /* one more is all it takes now */
    CHECK_INT(give(1, 2), ERR_AGAIN);
    CHECK_INT(give(1, 1), 0);
    close_all();
}

TEST(of_several_the_one_with_the_least_to_do_is_given_the_next)
{
    open_with(2, (struct worker_batch_conf){0}, 0, "{\"op\":\"ready\",\"concurrency\":4}");
    for (int i = 0; i < 4; i++) CHECK_INT(give(i, 1), 0);
    CHECK_INT(lines_sent(0), 2);
    CHECK_INT(lines_sent(1), 2);
    close_all();
}

TEST(one_of_a_batch_that_obeys_its_stop_leaves_the_process_and_the_others_alone)
{
    open_batch(3);
    pool->ops->stop(pool, &t[1].attempt, STOP_CANCEL);
    CHECK_INT(lines_sent(0), 2);
    fake_pass(&fake, 4000);
    fake_about(&fake, 0, &t[1], "cancelled", "");
    CHECK_INT(t[1].event, LIFE_STOPPED);
    fake_pass(&fake, 60000);
    CHECK_INT(fake.children[0].terms, 0);
    CHECK_INT(t[0].n_verdicts, 0);
    fake_about(&fake, 0, &t[0], "done", "");
    fake_about(&fake, 0, &t[2], "done", "");
    CHECK_STATE("idle");
    close_all();
}

TEST(one_that_does_not_obey_ends_the_process_and_the_others_go_back)
{
    open_batch(3);
    pool->ops->stop(pool, &t[1].attempt, STOP_TIMEOUT);
    fake_pass(&fake, 5000); /* half of its grace */
    CHECK_INT(fake.children[0].terms, 1);
    fake_about(&fake, 0, &t[0], "done", ""); /* what is done before it is dead is done */
    fake_killed(&fake, 0, SIGTERM);
    CHECK_INT(t[0].event, LIFE_DONE);
    CHECK_INT(t[1].event, LIFE_TIMEOUT);
    CHECK_INT(t[2].event, LIFE_RELEASED);
    CHECK(heard_logged(&t[2], "goes back to its queue"));
    CHECK_STATE("off");
    close_all();
}

/* The first stop has all the time in the world, the second very little. */
TEST(the_process_is_ended_when_the_first_grace_is_over)
{
    int64_t at_ms = open_stopping(60000, 1000);
    fake_pass(&fake, 100);
    pool->ops->stop(pool, &t[1].attempt, STOP_CANCEL);
    CHECK_INT(pool->ops->room(pool), 0);
    fake_pass(&fake, 1500);
    CHECK_INT(fake.children[0].term_at_ms - at_ms, 600);
    CHECK_INT(fake.children[0].kill_at_ms - at_ms, 1100);
    CHECK_INT(t[0].event, LIFE_STOPPED);
    CHECK_INT(t[1].event, LIFE_STOPPED);
    close_all();
}

/* SIGTERM has been sent for the first, which has half a minute left; the second has not. */
TEST(after_sigterm_a_hasty_one_is_still_over_in_its_own_grace)
{
    int64_t at_ms = open_stopping(60000, 1000);
    fake_pass(&fake, 31000);
    CHECK_INT(fake.children[0].terms, 1);
    pool->ops->stop(pool, &t[1].attempt, STOP_TIMEOUT);
    fake_pass(&fake, 5000);
    CHECK_INT(fake.children[0].kill_at_ms - at_ms, 32000);
    CHECK_INT(fake.children[0].terms, 1);
    CHECK_INT(t[1].event, LIFE_TIMEOUT);
    CHECK_INT(t[0].event, LIFE_STOPPED);
    close_all();
}

TEST(when_the_hasty_one_obeys_the_other_has_its_own_grace_again)
{
    int64_t at_ms = open_stopping(20000, 1000);
    pool->ops->stop(pool, &t[1].attempt, STOP_CANCEL);
    fake_pass(&fake, 400);
    fake_about(&fake, 0, &t[1], "cancelled", "");
    fake_pass(&fake, 15000);
    CHECK_INT(fake.children[0].term_at_ms - at_ms, 10000);
    close_all();
}

TEST(a_death_with_several_open_is_nobodys_and_says_so)
{
    open_batch(3);
    fake_about(&fake, 0, &t[0], "done", "");
    fake_killed(&fake, 0, SIGSEGV);
    for (int i = 1; i < 3; i++) {
        CHECK_INT(t[i].event, LIFE_CRASHED);
        CHECK(t[i].shared);
        CHECK(heard_logged(&t[i], "tried again, alone"));
    }
    CHECK_INT(pool_view(0)->n_open, 0);
    close_all();

    open_batch(2);
    fake_about(&fake, 0, &t[0], "done", "");
    fake_killed(&fake, 0, SIGSEGV); /* the other had its verdict: there is no doubt whose it was */
    CHECK_INT(t[1].event, LIFE_CRASHED);
    CHECK(!t[1].shared);
    close_all();
}

TEST(what_the_process_prints_is_in_the_log_of_each_and_marked)
{
    open_batch(2);
    fake_says(&fake, 0, CHILD_STDERR, "decoding\n");
    fake_says(&fake, 0, CHILD_STDOUT, "still\n");
    for (int i = 0; i < 2; i++)
        CHECK_STR(buf_str(&t[i].log),
                  "bide: the worker has several tasks: what it prints is in the log of each (shared)\ndecoding\nstill\n");
    fake_about(&fake, 0, &t[0], "log", ",\"text\":\"only mine\"");
    CHECK(heard_logged(&t[0], "only mine") && !heard_logged(&t[1], "only mine"));
    fake_about(&fake, 0, &t[0], "done", "");
    CHECK_INT(give(2, 1), ERR_AGAIN); /* the batch is not over */
    fake_about(&fake, 0, &t[1], "done", "");
    CHECK_INT(give(2, 1), 0);
    fake_says(&fake, 0, CHILD_STDERR, "alone\n");
    CHECK_STR(buf_str(&t[2].log), "alone\n");
    close_all();
}

TEST(inputs_that_are_too_much_together_travel_as_files)
{
    open_with(1, (struct worker_batch_conf){0}, 0, BATCH_OF_FOUR);
    struct buf large;
    large_input(&large, 0, 600 * 1024);
    t[2].body.input = t[0].body.input;
    CHECK_INT(give(0, 3), 0);
    CHECK(fake_was_sent(&fake, 0, "\"input_file\":\"" FRAME_INPUT_FILE "\""));
    CHECK(fake_was_sent(&fake, 0, "\"input\":{\"a\":1}"));
    CHECK(fake.children[0].sent.len < LIMIT_FRAME);
    CHECK_INT(pool->ops->room(pool), 0);
    buf_release(&large);
    close_all();
}

/* The input cannot be written, and the process is as free as before: it is not tried for ever. */
TEST(a_shortage_of_descriptors_is_told)
{
    open_with(1, (struct worker_batch_conf){0}, 0, BATCH_OF_FOUR);
    struct buf large;
    large_input(&large, 0, 1100 * 1024);
    struct rlimit was, none;
    CHECK_INT(getrlimit(RLIMIT_NOFILE, &was), 0);
    none = was;
    none.rlim_cur = 3;
    CHECK_INT(setrlimit(RLIMIT_NOFILE, &none), 0);
    int rc = give(0, 1);
    CHECK_INT(setrlimit(RLIMIT_NOFILE, &was), 0);
    CHECK_INT(rc, ERR_AGAIN);
    CHECK_INT(pool->ops->room(pool), 1);
    CHECK_INT(lines_sent(0), 0);
    CHECK_INT(give(0, 1), 0);
    buf_release(&large);
    close_all();
}

TEST(a_recycle_waits_for_the_whole_batch)
{
    open_batch(2);
    fake_about(&fake, 0, &t[0], "fail", ",\"recycle\":true");
    CHECK_INT(pool->ops->room(pool), 0);
    CHECK(!fake_was_sent(&fake, 0, "\"stop\""));
    fake_about(&fake, 0, &t[1], "done", "");
    CHECK(fake_was_sent(&fake, 0, "\"stop\""));
    close_all();
}

TEST(a_stop_of_the_worker_gives_all_its_tasks_back)
{
    struct err e = {0};
    open_batch(2);
    CHECK_INT(pool->ops->control(pool, STR("speech-1"), HANDLER_STOP, &e), 0);
    fake_about(&fake, 0, &t[0], "cancelled", "");
    fake_about(&fake, 0, &t[1], "cancelled", "");
    CHECK_INT(t[0].event, LIFE_RELEASED);
    CHECK_INT(t[1].event, LIFE_RELEASED);
    close_all();
}

/* Four attempts of 60 ms: the process is known. */
static void open_known(const char *ready)
{
    open_with(1, (struct worker_batch_conf){0}, 0, ready);
    CHECK_INT(give(0, 4), 0);
    fake_pass(&fake, 60);
    for (int i = 0; i < 4; i++) fake_about(&fake, 0, &t[i], "done", "");
    CHECK_INT(pool->ops->ahead(pool), 0); /* free, and given one batch */
}

TEST(a_moment_before_a_batch_should_be_over_the_next_may_be_claimed_and_the_pool_says_so)
{
    open_known(BATCH_OF_FOUR);
    CHECK_INT(give(4, 2), 0);
    fake_run(&fake);
    int rooms = fake.rooms;
    fake_pass(&fake, 60 - HANDLER_AHEAD_MS - 1);
    CHECK_INT(fake.rooms, rooms);
    CHECK_INT(pool->ops->ahead(pool), 0);
    fake_pass(&fake, 1);
    CHECK_INT(fake.rooms, rooms + 1);
    CHECK_INT(pool->ops->ahead(pool), 1);
    CHECK_INT(pool->ops->room(pool), 0);
    fake_pass(&fake, HANDLER_AHEAD_MS);
    CHECK_INT(pool->ops->ahead(pool), 0); /* it takes longer than was thought */
    fake_about(&fake, 0, &t[4], "done", "");
    fake_about(&fake, 0, &t[5], "done", "");
    close_all();
}

TEST(a_batch_that_is_over_earlier_says_nothing_later)
{
    open_known(BATCH_OF_FOUR);
    CHECK_INT(give(4, 1), 0);
    fake_pass(&fake, 10);
    fake_about(&fake, 0, &t[4], "done", "");
    fake_run(&fake);
    int rooms = fake.rooms;
    fake_pass(&fake, 1000);
    CHECK_INT(fake.rooms, rooms);
    close_all();
}

TEST(of_one_with_a_concurrency_nobody_knows_when_it_has_room)
{
    open_known("{\"op\":\"ready\",\"max_batch\":4,\"concurrency\":4}");
    CHECK_INT(give(4, 4), 0);
    fake_run(&fake);
    int rooms = fake.rooms;
    fake_pass(&fake, 60 - HANDLER_AHEAD_MS + 5);
    CHECK_INT(fake.rooms, rooms);
    CHECK_INT(pool->ops->ahead(pool), 0);
    for (int i = 4; i < 8; i++) fake_about(&fake, 0, &t[i], "done", "");
    close_all();
}

TEST_MAIN
