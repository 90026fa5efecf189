/* SPDX-License-Identifier: Apache-2.0
 *
 * What the configuration says of a pool's batches and of when its processes are replaced or given up: what each key means,
 * how far it goes, and that what is beyond is refused at its line and column.
 */
#include "base/limits.h"
#include "server/config_copy.h"
#include "server/config_show.h"
#include "server/config_table.h"
#include "test_config_pool.h"

#define MINUTE 60000LL
#define HOUR (60 * MINUTE)

static const struct worker_pool_conf *pool(const char *keys) { return pool_with(keys, ""); }
static void refused(const char *keys, int column, const char *text) { pool_refused(keys, "", column, text); }

TEST(nothing_said_is_what_the_process_says_and_no_limit)
{
    const struct worker_pool_conf *w = pool("instances: 1");
    CHECK_INT(w->batch.max, 0);
    CHECK_INT(w->batch.delay_ms, 0);
    CHECK_INT(w->batch.cost, 0);
    CHECK_INT(w->concurrency, 0);
    CHECK_INT(w->ping_timeout_ms, 30000);
    CHECK_INT(w->stall_timeout_ms, 0);
    CHECK_INT(w->prefer_warm, 4);
    CHECK_INT(w->max_tasks, 0);
    CHECK_INT(w->max_age_ms, 0);
    CHECK_INT(w->max_rss, 0);
    CHECK_INT(w->keep_alive_ms, 10 * MINUTE);
    CHECK_INT(w->ready_timeout_ms, 2 * MINUTE);
    CHECK_INT(pool("batch: {}")->batch.max, 0);
}

TEST(every_key_is_read)
{
    const struct worker_pool_conf *w = pool("batch: {max: 8, delay: 250ms, cost: 600}\n    concurrency: 4\n    max_tasks: 1000\n"
                                            "    max_age: 1h30m\n    max_rss: 3G\n    ping_timeout: 90s\n    stall_timeout: 10m\n    prefer_warm: 0");
    CHECK_INT(w->batch.max, 8);
    CHECK_INT(w->batch.delay_ms, 250);
    CHECK_INT(w->batch.cost, 600);
    CHECK_INT(w->concurrency, 4);
    CHECK_INT(w->max_tasks, 1000);
    CHECK_INT(w->max_age_ms, 90 * MINUTE);
    CHECK_INT(w->max_rss, 3LL << 30);
    CHECK_INT(w->ping_timeout_ms, 90000);
    CHECK_INT(w->stall_timeout_ms, 10 * MINUTE);
    CHECK_INT(w->prefer_warm, 0);
}

TEST(the_parts_of_a_batch_are_independent)
{
    CHECK_INT(pool("batch: {delay: 1s}")->batch.delay_ms, 1000);
    CHECK_INT(c.workers[0].batch.max + c.workers[0].batch.cost, 0);
    CHECK_INT(pool("batch: {cost: 5}")->batch.cost, 5);
    CHECK_INT(c.workers[0].batch.max + c.workers[0].batch.delay_ms, 0);
    CHECK_INT(pool("batch:\n      max: 2")->batch.max, 2);
}

TEST(the_least_and_the_most_are_taken)
{
    CHECK_INT(pool("batch: {max: 64, delay: 1m, cost: 2147483647}")->batch.max, LIMIT_BATCH);
    CHECK_INT(c.workers[0].batch.delay_ms, MINUTE);
    CHECK_INT(c.workers[0].batch.cost, INT32_MAX);
    CHECK_INT(pool("batch: {max: 0, delay: 0, cost: 0}")->batch.delay_ms, 0);
    CHECK_INT(pool("concurrency: 256")->concurrency, LIMIT_OPEN);
    CHECK_INT(pool("concurrency: 0")->concurrency, 0);
    CHECK_INT(pool("max_tasks: 2147483647")->max_tasks, INT32_MAX);
    CHECK_INT(pool("max_age: 366d")->max_age_ms, LIMIT_DELAY_MS);
    CHECK_INT(pool("ping_timeout: 1ms")->ping_timeout_ms, 1);
    CHECK_INT(pool("ping_timeout: 366d")->ping_timeout_ms, LIMIT_DELAY_MS);
    CHECK_INT(pool("stall_timeout: 8784h")->stall_timeout_ms, 8784 * HOUR);
    CHECK_INT(pool("instances: 1000")->instances, 1000);
    CHECK_INT(pool("max_rss: 1B")->max_rss, 1);
}

TEST(what_is_beyond_a_batch_is_refused_where_it_stands)
{
    refused("batch: {max: 65}", 18, "\"max\": expected a whole number from 0 to 64; found \"65\"");
    refused("batch: {max: -1}", 18, "\"max\": expected a whole number from 0 to 64; found \"-1\"");
    refused("batch: {max: 2.5}", 18, "\"max\": expected a whole number from 0 to 64; found \"2.5\"");
    refused("batch: {max: many}", 18, "\"max\": expected a whole number from 0 to 64; found \"many\"");
    refused("batch: {delay: 61s}", 20, "\"delay\": \"61s\" is too long: 1m is the most");
    refused("batch: {delay: 5}", 20, "\"delay\": expected a duration like 90s, 1h30m; a number needs its unit; found \"5\"");
    refused("batch: {delay: forever}", 20,
            "\"delay\": expected a duration like 90s, 1h30m; a number needs its unit; found \"forever\"");
    refused("batch: {cost: 2147483648}", 19, "\"cost\": expected a whole number from 0 to 2147483647; found \"2147483648\"");
    refused("batch: {cost: -1}", 19, "\"cost\": expected a whole number from 0 to 2147483647; found \"-1\"");
    refused("batch: {max: 8, dely: 1s}", 21, "unknown key \"dely\" (did you mean \"delay\"?)");
    refused("batch: 8", 12, "\"batch\": expected a map of keys; found \"8\"");
    refused("batch: [8]", 13, "\"batch\": expected a map of keys; found a list");
}

TEST(what_is_beyond_a_process_is_refused_where_it_stands)
{
    refused("concurrency: 257", 18, "\"concurrency\": expected a whole number from 0 to 256; found \"257\"");
    refused("concurrency: -1", 18, "\"concurrency\": expected a whole number from 0 to 256; found \"-1\"");
    refused("instances: 0", 16, "\"instances\": expected a whole number from 1 to 1000; found \"0\"");
    refused("instances: 1001", 16, "\"instances\": expected a whole number from 1 to 1000; found \"1001\"");
    refused("max_tasks: -1", 16, "\"max_tasks\": expected a whole number from 0 to 2147483647; found \"-1\"");
    refused("max_tasks: 1k", 16, "\"max_tasks\": expected a whole number from 0 to 2147483647; found \"1k\"");
    refused("max_age: 60", 14, "\"max_age\": expected a duration like 90s, 1h30m; a number needs its unit; found \"60\"");
    refused("max_age: 367d", 14, "\"max_age\": \"367d\" is too long: 366d is the most");
    refused("max_rss: 3000", 14, "\"max_rss\": expected a size like 64K, 4G or 100B; found \"3000\"");
    refused("max_rss: lots", 14, "\"max_rss\": expected a size like 64K, 4G or 100B; found \"lots\"");
    refused("ping_timeout: 0", 19, "\"ping_timeout\": \"0\" is too short: 1ms is the least");
    refused("ping_timeout: forever", 19,
            "\"ping_timeout\": expected a duration like 90s, 1h30m; a number needs its unit; found \"forever\"");
    refused("stall_timeout: 367d", 20, "\"stall_timeout\": \"367d\" is too long: 366d is the most");
    refused("prefer_warm: 1001", 18, "\"prefer_warm\": expected a whole number from 0 to 1000; found \"1001\"");
    refused("stall_timout: 5m", 5, "unknown key \"stall_timout\" (did you mean \"stall_timeout\"?)");
    refused("max_task: 5", 5, "unknown key \"max_task\" (did you mean \"max_tasks\"?)");
}

static void add_shown(void *user, const struct config_item *item)
{
    struct buf *b = user, value;
    if (!str_starts(item->path, STR("workers.w.batch.")) && !str_starts(item->path, STR("workers.w.max_"))) return;
    buf_init(&value, 4096);
    config_show_value(&value, item);
    buf_add_format(b, "%.*s=%.*s\n", STR_ARG(item->path), STR_ARG(buf_str(&value)));
    buf_release(&value);
}

TEST(they_are_shown_as_they_would_be_written)
{
    struct buf b;
    buf_init(&b, 65536);
    (void)pool("batch: {max: 8, delay: 1500ms, cost: 600}\n    max_tasks: 10\n    max_age: 90m\n    max_rss: 3G");
    config_show_each(&c, add_shown, &b);
    CHECK_STR(buf_str(&b), "workers.w.batch.max=8\nworkers.w.batch.delay=\"1s500ms\"\nworkers.w.batch.cost=600\n"
                           "workers.w.max_tasks=10\nworkers.w.max_age=\"1h30m\"\nworkers.w.max_rss=\"3G\"\n");
    buf_release(&b);
}

/* What a reload asks: a pool of which any of these has changed is another one, and its processes are replaced. */
TEST(a_pool_with_another_batch_or_another_limit_is_another_pool)
{
    static const char *const others[] = {"batch: {max: 9}", "batch: {delay: 1ms}", "batch: {cost: 1}", "concurrency: 1", "max_tasks: 1",
                                         "max_age: 1h", "max_rss: 1G", "ping_timeout: 31s", "stall_timeout: 1s", "prefer_warm: 1"};
    struct arena arena = {0};
    struct worker_pool_conf plain = *pool("instances: 1");
    config_copy_deep(&arena, &config_table_worker, &plain);
    CHECK(config_copy_same(&config_table_worker, &plain, pool("batch: {}"), NULL));
    CHECK(config_copy_same(&config_table_worker, &plain, pool("ping_timeout: 30s"), NULL));
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        CHECK(!config_copy_same(&config_table_worker, &plain, pool(others[i]), NULL));
    arena_release(&arena);
    config_release(&c);
}

TEST_MAIN
