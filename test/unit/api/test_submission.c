/* SPDX-License-Identifier: Apache-2.0
 *
 * A submit's JSON as a task body: each field as it should be, of the wrong kind, out of range; where a refusal points.
 */
#include "api/submission.h"
#include "test/unit/server/server_rig.h"

static struct json parsed;
static struct arena arena;
static struct err error;
static struct task_body body;

static void begin(void)
{
    rig_open();
    sim->config.types[0].rules = (struct config_rules){.max_attempts = 3, .timeout_ms = 60000, .grace_ms = 700, .retry = {.base_ms = 9}};
    sim->config.types[1] = (struct config_type){.name = "transcribe", .queue = "slow", .worker = "speech", .priority = 4,
                                               .rules = {.max_attempts = 5, .timeout_ms = 1000, .grace_ms = 200,
                                                         .retry = {RETRY_EXPONENTIAL, RETRY_JITTER_FULL, 50, 500}}};
    json_init(&parsed);
    arena_init(&arena);
}

static void end(void)
{
    arena_release(&arena);
    json_release(&parsed);
    RIG_CLOSE();
}

static int read_text(struct str text)
{
    error = (struct err){0};
    CHECK_INT(json_parse(&parsed, text, &error), 0);
    return submission_read(&body, &parsed, json_root(&parsed), &sim->server, &arena, &error);
}

/* {"type":"transcribe",MEMBERS} */
static int with(const char *members)
{
    struct str text = arena_format(&arena, "{\"type\":\"transcribe\"%s%s}", *members ? "," : "", members);
    return read_text(text);
}

#define CHECK_REFUSED(said, wanted, where)               \
    do {                                                 \
        int got = with(said);                            \
        if (got == 0) fprintf(stderr, "read: %s\n", said); \
        CHECK_INT(got, wanted);                          \
        CHECK_INT(error.code, wanted);                   \
        CHECK_STR(str_of(error.pointer), where);         \
        CHECK(error.text[0]);                            \
    } while (0)

TEST(what_is_not_said_comes_from_the_type)
{
    begin();
    CHECK_INT(with(""), 0);
    CHECK_STR(body.type, "transcribe");
    CHECK_STR(body.queue, "slow");
    CHECK_STR(body.input, "{}");
    CHECK_INT(body.rules.priority, 4);
    CHECK_INT(body.rules.max_attempts, 5);
    CHECK_INT(body.timeout_ms, 1000);
    CHECK_INT(body.grace_ms, 200);
    CHECK_INT(body.rules.retry.backoff, RETRY_EXPONENTIAL);
    CHECK_INT(body.rules.retry.jitter, RETRY_JITTER_FULL);
    CHECK_INT(body.rules.retry.base_ms, 50);
    CHECK_INT(body.rules.retry.cap_ms, 500);
    CHECK_INT(body.created_at_ms, sim_wall_ms(sim));
    CHECK_INT(body.run_at_ms, 0);
    CHECK_INT(body.rules.start_by_ms, 0);
    CHECK(body.subject.p == NULL && body.key.p == NULL && body.limit_key.p == NULL && body.batch_key.p == NULL);
    CHECK(body.cost == 1);
    CHECK(body.cache.ttl_ms == 0 && !body.cache.bypass);
    CHECK_INT(body.n_tags, 0);
    end();
}

TEST(every_field_that_is_said_is_kept)
{
    begin();
    CHECK_INT(with("\"queue\":\"default\",\"input\":{ \"a\" : [1] },\"priority\":-100,\"delay_ms\":250,\"timeout_ms\":1,"
                   "\"start_within_ms\":300,\"grace_ms\":2,\"max_attempts\":1000,\"subject\":\"s\\u00e9\","
                   "\"key\":\"night \\u00e9\",\"on_conflict\":\"replace\","
                   "\"limit_key\":\"user 7\",\"batch_key\":\"d\\u0065\",\"cost\":1.5e1,"
                   "\"tags\":{\"k\":\"v\",\"a\\/b\":\"\"},"
                   "\"retry\":{\"backoff\":\"fixed\",\"base_ms\":0,\"cap_ms\":7,\"jitter\":\"none\"}"), 0);
    int64_t now_ms = sim_wall_ms(sim);
    CHECK_STR(body.queue, "default");
    CHECK_STR(body.input, "{ \"a\" : [1] }");
    CHECK_INT(body.rules.priority, -100);
    CHECK_INT(body.run_at_ms, now_ms + 250);
    CHECK_INT(body.timeout_ms, 1);
    CHECK_INT(body.rules.start_by_ms, now_ms + 300);
    CHECK_INT(body.grace_ms, 2);
    CHECK_INT(body.rules.max_attempts, 1000);
    CHECK_STR(body.subject, "s\xc3\xa9");
    CHECK_STR(body.key, "night \xc3\xa9");
    CHECK_INT(body.on_conflict, TASK_REPLACE);
    CHECK_STR(body.limit_key, "user 7");
    CHECK_STR(body.batch_key, "de");
    CHECK(body.cost == 15);
    CHECK_INT(body.n_tags, 2);
    CHECK_STR(body.tags[0].key, "k");
    CHECK_STR(body.tags[0].value, "v");
    CHECK_STR(body.tags[1].key, "a/b");
    CHECK_STR(body.tags[1].value, "");
    CHECK_INT(body.rules.retry.backoff, RETRY_FIXED);
    CHECK_INT(body.rules.retry.jitter, RETRY_JITTER_NONE);
    CHECK_INT(body.rules.retry.base_ms, 0);
    CHECK_INT(body.rules.retry.cap_ms, 7);
    CHECK_INT(with("\"run_at\":\"2099-01-02T03:04:05.5+02:00\""), 0);
    CHECK_INT(body.run_at_ms, INT64_C(4070999045500));
    CHECK_INT(with("\"priority\":100,\"delay_ms\":0"), 0);
    CHECK_INT(body.run_at_ms, 0);
    end();
}

TEST(a_member_of_the_wrong_kind_is_pointed_at)
{
    static const struct {
        const char *name, *kinds; /* n: null, t: true, 1: number, s: string, a: array, o: object */
    } wrong[] = {
        {"queue", "nt1ao"},      {"priority", "ntsao"},        {"run_at", "nt1ao"},   {"delay_ms", "ntsao"},
        {"timeout_ms", "ntsao"}, {"start_within_ms", "ntsao"}, {"grace_ms", "ntsao"}, {"max_attempts", "ntsao"},
        {"retry", "nt1sa"},      {"subject", "nt1ao"},         {"tags", "nt1sa"},
        {"limit_key", "t1ao"},   {"batch_key", "t1ao"},        {"cost", "ntsao"},
        {"key", "t1ao"},         {"on_conflict", "nt1ao"}, {"cache", "t1sao"},
    };
    begin();
    for (size_t i = 0; i < N(wrong); i++) {
        for (const char *k = wrong[i].kinds; *k; k++) {
            const char *value = *k == 'n' ? "null" : *k == 't' ? "true" : *k == '1' ? "1" : *k == 's' ? "\"s\"" : *k == 'a' ? "[]" : "{}";
            char members[80], where[80];
            snprintf(members, sizeof members, "\"%s\":%s", wrong[i].name, value);
            snprintf(where, sizeof where, "/%s", wrong[i].name);
            CHECK_REFUSED(members, ERR_INVALID, where);
        }
    }
    CHECK_INT(read_text(STR("{\"type\":7}")), ERR_INVALID);
    CHECK_STR(str_of(error.pointer), "/type");
    CHECK_INT(read_text(STR("[]")), ERR_INVALID);
    CHECK_STR(str_of(error.pointer), "");
    end();
}

TEST(a_number_out_of_its_range_is_pointed_at)
{
    static const struct {
        const char *name;
        int64_t low, high;
    } ranges[] = {{"priority", -LIMIT_PRIORITY, LIMIT_PRIORITY}, {"delay_ms", 0, LIMIT_DELAY_MS},
                  {"timeout_ms", 1, LIMIT_DELAY_MS},             {"start_within_ms", 1, LIMIT_DELAY_MS},
                  {"grace_ms", 1, LIMIT_DELAY_MS},               {"max_attempts", 1, LIMIT_ATTEMPTS}};
    char members[80], where[40];
    begin();
    for (size_t i = 0; i < N(ranges); i++) {
        snprintf(where, sizeof where, "/%s", ranges[i].name);
        int64_t good[] = {ranges[i].low, ranges[i].high}, bad[] = {ranges[i].low - 1, ranges[i].high + 1};
        for (int k = 0; k < 2; k++) {
            snprintf(members, sizeof members, "\"%s\":%" PRId64, ranges[i].name, good[k]);
            CHECK_INT(with(members), 0);
            snprintf(members, sizeof members, "\"%s\":%" PRId64, ranges[i].name, bad[k]);
            CHECK_REFUSED(members, ERR_INVALID, where);
        }
        static const char *const never[] = {"1.5", "0.5", "99999999999999999999"};
        for (size_t k = 0; k < N(never); k++) {
            snprintf(members, sizeof members, "\"%s\":%s", ranges[i].name, never[k]);
            CHECK_REFUSED(members, ERR_INVALID, where);
        }
    }
    end();
}

TEST(a_cost_is_a_number_above_nothing)
{
    static const char *const bad[] = {"0", "-1", "-0.5", "1000000000001", "1e400"};
    begin();
    for (size_t i = 0; i < N(bad); i++) CHECK_REFUSED(arena_format(&arena, "\"cost\":%s", bad[i]).p, ERR_INVALID, "/cost");
    CHECK_INT(with("\"cost\":0.001"), 0);
    CHECK(body.cost == 0.001);
    CHECK_INT(with("\"cost\":1000000000000"), 0);
    CHECK(body.cost == LIMIT_COST);
    end();
}

static bool same_print(const char *members, const char *others)
{
    CHECK_INT(with(members), 0);
    struct task_cache first = body.cache;
    CHECK_INT(with(others), 0);
    return memcmp(first.print, body.cache.print, sizeof first.print) == 0;
}

TEST(a_cache_is_asked_for_with_its_time_and_may_name_a_version)
{
    begin();
    CHECK_INT(with("\"cache\":{\"ttl_ms\":1}"), 0);
    CHECK(body.cache.ttl_ms == 1 && !body.cache.bypass);
    CHECK_INT(with("\"cache\":{\"bypass\":true,\"version\":\"v\\u00e9\",\"ttl_ms\":2592000000}"), 0);
    CHECK(body.cache.ttl_ms == LIMIT_CACHE_MS && body.cache.bypass);
    CHECK_INT(with("\"cache\":null"), 0);
    CHECK_INT(body.cache.ttl_ms, 0);
    CHECK(same_print("\"cache\":{\"ttl_ms\":1}", "\"input\":{},\"cache\":{\"ttl_ms\":9,\"version\":\"\",\"bypass\":true},\"priority\":3"));
    CHECK(same_print("\"cache\":{\"ttl_ms\":1},\"input\":[1]", "\"input\":[1],\"cache\":{\"ttl_ms\":1}")); /* in whatever order */
    CHECK(!same_print("\"cache\":{\"ttl_ms\":1}", "\"cache\":{\"ttl_ms\":1},\"input\":{ }"));
    CHECK(!same_print("\"cache\":{\"ttl_ms\":1}", "\"cache\":{\"ttl_ms\":1,\"version\":\"2\"}"));
    CHECK_REFUSED("\"cache\":{\"version\":\"2\"}", ERR_INVALID, "/cache");
    CHECK_REFUSED("\"cache\":{\"ttl_ms\":0}", ERR_INVALID, "/cache/ttl_ms");
    CHECK_REFUSED("\"cache\":{\"ttl_ms\":2592000001}", ERR_INVALID, "/cache/ttl_ms");
    CHECK_REFUSED("\"cache\":{\"ttl_ms\":\"1h\"}", ERR_INVALID, "/cache/ttl_ms");
    CHECK_REFUSED("\"cache\":{\"ttl_ms\":1,\"bypass\":1}", ERR_INVALID, "/cache/bypass");
    CHECK_REFUSED("\"cache\":{\"ttl_ms\":1,\"version\":2}", ERR_INVALID, "/cache/version");
    CHECK_REFUSED("\"cache\":{\"ttl_ms\":1,\"ttl\":2}", ERR_UNKNOWN_FIELD, "/cache/ttl");
    char longest[LIMIT_CACHE_VERSION + 2];
    memset(longest, 'v', sizeof longest);
    longest[LIMIT_CACHE_VERSION] = 0;
    CHECK_INT(with(arena_format(&arena, "\"cache\":{\"ttl_ms\":1,\"version\":\"%s\"}", longest).p), 0);
    longest[LIMIT_CACHE_VERSION] = 'v';
    longest[LIMIT_CACHE_VERSION + 1] = 0;
    CHECK_REFUSED(arena_format(&arena, "\"cache\":{\"ttl_ms\":1,\"version\":\"%s\"}", longest).p, ERR_INVALID, "/cache/version");
    end();
}

/* "NAME" with a value of `n` times x. */
static const char *long_text(const char *name, int n)
{
    char *x = arena_alloc(&arena, (size_t)n + 1);
    memset(x, 'x', (size_t)n);
    return arena_format(&arena, "\"%s\":\"%s\"", name, x).p;
}

TEST(a_text_over_its_length_or_with_a_nul_is_pointed_at)
{
    begin();
    CHECK_INT(with(long_text("subject", LIMIT_SUBJECT)), 0);
    CHECK_REFUSED(long_text("subject", LIMIT_SUBJECT + 1), ERR_INVALID, "/subject");
    struct buf b;
    buf_init(&b, 8192);
    buf_add_text(&b, "\"subject\":\"");
    for (int i = 0; i < LIMIT_SUBJECT; i++) buf_add_text(&b, "\\u0061"); /* counted as what it stands for */
    CHECK_INT(with(arena_format(&arena, "%s\"", b.p).p), 0);
    CHECK_INT(body.subject.len, LIMIT_SUBJECT);
    CHECK_REFUSED(arena_format(&arena, "%sx\"", b.p).p, ERR_INVALID, "/subject");
    buf_release(&b);
    CHECK_REFUSED("\"subject\":\"a\\u0000b\"", ERR_INVALID, "/subject");
    CHECK_REFUSED(long_text("queue", LIMIT_NAME + 1), ERR_INVALID, "/queue");
    static const char *const keys[] = {"limit_key", "batch_key", "key"}, *const at[] = {"/limit_key", "/batch_key", "/key"};
    for (int i = 0; i < 3; i++) {
        CHECK_INT(with(long_text(keys[i], LIMIT_NAME)), 0);
        CHECK_REFUSED(long_text(keys[i], LIMIT_NAME + 1), ERR_INVALID, at[i]);
        CHECK_REFUSED(long_text(keys[i], 0), ERR_INVALID, at[i]); /* none is said by null, or by nothing */
        CHECK_INT(with(arena_format(&arena, "\"%s\":null", keys[i]).p), 0);
        CHECK(body.limit_key.p == NULL && body.batch_key.p == NULL && body.key.p == NULL);
    }
    CHECK_REFUSED(long_text("run_at", 65), ERR_INVALID, "/run_at");
    CHECK_REFUSED("\"run_at\":\"tomorrow\"", ERR_INVALID, "/run_at");
    CHECK_REFUSED("\"run_at\":\"1970-01-01T00:00:00Z\"", ERR_INVALID, "/run_at");
    end();
}

TEST(what_becomes_of_a_key_that_is_held_is_one_of_three_words_and_needs_a_key)
{
    static const struct {
        const char *members;
        enum task_conflict wanted;
    } said[] = {{"\"key\":\"k\"", TASK_REFUSE},
                {"\"key\":\"k\",\"on_conflict\":\"refuse\"", TASK_REFUSE},
                {"\"on_conflict\":\"existing\",\"key\":\"k\"", TASK_EXISTING},
                {"\"key\":\"k\",\"on_conflict\":\"replace\"", TASK_REPLACE}};
    begin();
    for (size_t i = 0; i < N(said); i++) {
        CHECK_INT(with(said[i].members), 0);
        CHECK_STR(body.key, "k");
        CHECK_INT(body.on_conflict, said[i].wanted);
    }
    CHECK_REFUSED("\"key\":\"k\",\"on_conflict\":\"Replace\"", ERR_INVALID, "/on_conflict");
    CHECK_REFUSED("\"key\":\"k\",\"on_conflict\":\"\"", ERR_INVALID, "/on_conflict");
    CHECK_REFUSED("\"on_conflict\":\"existing\"", ERR_INVALID, "/on_conflict");
    CHECK_REFUSED("\"on_conflict\":\"refuse\",\"key\":null", ERR_INVALID, "/on_conflict");
    end();
}

TEST(tags_have_names_values_and_a_number)
{
    begin();
    CHECK_REFUSED("\"tags\":{\"a\":1}", ERR_INVALID, "/tags/a");
    CHECK_REFUSED("\"tags\":{\"\":\"v\"}", ERR_INVALID, "/tags/");
    CHECK_REFUSED("\"tags\":{\"a~b/c\":null}", ERR_INVALID, "/tags/a~0b~1c");
    CHECK_REFUSED(arena_format(&arena, "\"tags\":{%s}", long_text("k", LIMIT_TAG_VALUE + 1)).p, ERR_INVALID, "/tags/k");
    CHECK_INT(with(arena_format(&arena, "\"tags\":{%s}", long_text("k", LIMIT_TAG_VALUE)).p), 0);
    struct buf b;
    buf_init(&b, 4096);
    buf_add_text(&b, "\"tags\":{");
    for (int i = 0; i < LIMIT_TAGS; i++) buf_add_format(&b, "%s\"%d\":\"v\"", i ? "," : "", i);
    CHECK_INT(with(arena_format(&arena, "%s}", b.p).p), 0);
    CHECK_INT(body.n_tags, LIMIT_TAGS);
    CHECK_REFUSED(arena_format(&arena, "%s,\"more\":\"v\"}", b.p).p, ERR_INVALID, "/tags");
    buf_release(&b);
    end();
}

TEST(retry_is_read_member_by_member)
{
    begin();
    CHECK_INT(with("\"retry\":{}"), 0);
    CHECK_INT(body.rules.retry.base_ms, 50); /* the type's */
    CHECK_INT(with("\"retry\":{\"cap_ms\":1}"), 0);
    CHECK_INT(body.rules.retry.base_ms, 50);
    CHECK_INT(body.rules.retry.cap_ms, 1);
    CHECK_REFUSED("\"retry\":{\"backoff\":\"linear\"}", ERR_INVALID, "/retry/backoff");
    CHECK_REFUSED("\"retry\":{\"backoff\":1}", ERR_INVALID, "/retry/backoff");
    CHECK_REFUSED("\"retry\":{\"jitter\":\"some\"}", ERR_INVALID, "/retry/jitter");
    CHECK_REFUSED("\"retry\":{\"base_ms\":-1}", ERR_INVALID, "/retry/base_ms");
    CHECK_REFUSED("\"retry\":{\"cap_ms\":\"5s\"}", ERR_INVALID, "/retry/cap_ms");
    CHECK_REFUSED("\"retry\":{\"wait\":1}", ERR_UNKNOWN_FIELD, "/retry/wait");
    CHECK_REFUSED("\"retry\":{\"backof\":1}", ERR_UNKNOWN_FIELD, "/retry/backof");
    CHECK(strstr(error.text, "did you mean \"backoff\"") != NULL);
    end();
}

TEST(what_the_configuration_does_not_know_is_refused_with_a_guess)
{
    begin();
    CHECK_INT(read_text(STR("{\"type\":\"transcrib\"}")), ERR_UNKNOWN_TYPE);
    CHECK_STR(str_of(error.pointer), "/type");
    CHECK(strstr(error.text, "did you mean \"transcribe\"") != NULL);
    CHECK_INT(read_text(STR("{\"type\":\"no name\"}")), ERR_UNKNOWN_TYPE);
    CHECK_INT(read_text(STR("{}")), ERR_INVALID);
    CHECK_STR(str_of(error.pointer), "/type");
    CHECK_REFUSED("\"queue\":\"defaul\"", ERR_UNKNOWN_QUEUE, "/queue");
    CHECK(strstr(error.text, "did you mean \"default\"") != NULL);
    CHECK_REFUSED("\"prioritee\":1", ERR_UNKNOWN_FIELD, "/prioritee");
    CHECK(strstr(error.text, "did you mean \"priority\"") != NULL);
    CHECK_REFUSED("\"a/b~c\":1", ERR_UNKNOWN_FIELD, "/a~1b~0c");
    end();
}

TEST(times_that_cannot_go_together_are_refused)
{
    begin();
    CHECK_REFUSED("\"run_at\":\"2099-01-01T00:00:00Z\",\"delay_ms\":1", ERR_INVALID, "/delay_ms");
    CHECK_REFUSED("\"delay_ms\":2,\"start_within_ms\":1", ERR_INVALID, "/start_within_ms");
    CHECK_INT(with("\"delay_ms\":2,\"start_within_ms\":2"), 0);
    end();
}

TEST_MAIN
