/* SPDX-License-Identifier: Apache-2.0
 *
 * The task as JSON: every state, what is null and what is not, and that nothing is larger than TASK_JSON_MAX says.
 */
#include "api/task_json.h"
#include "api/depth.h"
#include "test/unit/server/server_rig.h"

#define NOW SIM_START_MS

static struct json parsed;
static struct buf out;

static void begin(void)
{
    rig_open();
    json_init(&parsed);
    buf_init(&out, 8 << 20);
}

static void end(void)
{
    buf_release(&out);
    json_release(&parsed);
    RIG_CLOSE();
}

static void write_task(const struct task *t, bool whole)
{
    struct err e = {0};
    buf_clear(&out);
    task_json_write(&out, &sim->server, t, whole ? TASK_SHOW_WHOLE : TASK_SHOW_NEITHER);
    CHECK_INT(buf_err(&out), 0);
    int err = json_parse(&parsed, buf_str(&out), &e);
    if (err) fprintf(stderr, "%s: %s\n", e.text, out.p);
    CHECK_INT(err, 0);
}

/* The text of a member, "" when it is not there. `path`: "error.code". */
static struct str member(const char *path)
{
    const struct json_node *v = json_root(&parsed);
    for (struct str rest = str_of(path); v && rest.len;) v = json_member(&parsed, v, str_cut(&rest, '.'));
    return v ? json_span(&parsed, v) : STR("");
}
#define CHECK_MEMBER(path, wanted) CHECK_STR(member(path), wanted)

static struct task task_in(enum task_state state)
{
    struct task t = {.body = {.type = STR("transcribe"), .queue = STR("default"), .created_at_ms = NOW - 5000, .input = STR("{\"a\":1}"),
                              .rules = {.priority = -3, .max_attempts = 4}},
                     .life = {.state = state, .run = 2, .attempt = 1},
                     .input_bytes = 7};
    return t;
}

TEST(every_state_has_its_word_and_only_an_ending_has_a_finish)
{
    begin();
    for (int state = 0; state < TASK_STATES; state++) {
        struct task t = task_in((enum task_state)state);
        bool ended = state_is_ending(t.life.state);
        t.life.attempt = state == TASK_SCHEDULED ? 0 : 1;
        t.life.due_at_ms = state == TASK_SCHEDULED ? NOW + 1000 : 0;
        t.ending.finished_at_ms = NOW; /* left over from a run before, when it has not ended */
        t.ending.result = STR("{\"r\":1}");
        t.ending.batch_size = 3;
        t.result_bytes = 7;
        t.life.started_at_ms = state >= TASK_RUNNING ? NOW - 2000 : 0;
        write_task(&t, true);
        char word[32];
        snprintf(word, sizeof word, "\"%s\"", state_word(t.life.state));
        CHECK_MEMBER("status", word);
        CHECK_INT(str_eq(member("finished_at"), STR("null")), !ended);
        CHECK_MEMBER("result", state == TASK_COMPLETED ? "{\"r\":1}" : "null");
        CHECK_MEMBER("timing.run_ms", ended ? "2000" : "null");
        CHECK_MEMBER("timing.queued_ms", state >= TASK_RUNNING ? "3000" : "null");
        CHECK_MEMBER("timing.batch_size", ended ? "3" : "null"); /* of a running one its run knows */
        CHECK_MEMBER("error", "null");
        CHECK_MEMBER("input", "{\"a\":1}");
    }
    end();
}

TEST(the_waiting_states_say_what_they_wait_for)
{
    begin();
    struct task t = task_in(TASK_BLOCKED);
    write_task(&t, false);
    CHECK_MEMBER("waiting_on.reason", "\"dependency\"");
    t = task_in(TASK_SCHEDULED);
    t.life.due_at_ms = NOW + 1000;
    t.life.attempt = 0;
    write_task(&t, false);
    CHECK_MEMBER("status", "\"scheduled\"");
    CHECK_MEMBER("waiting_on.reason", "\"time\"");
    CHECK_MEMBER("run_at", "\"2023-11-14T22:13:21.000Z\"");
    t.life.attempt = 1;
    write_task(&t, false);
    CHECK_MEMBER("status", "\"retrying\"");
    CHECK_MEMBER("waiting_on.reason", "\"retry\"");
    t.life.due_at_ms = NOW - 1;
    write_task(&t, false);
    CHECK_MEMBER("status", "\"pending\"");
    t = task_in(TASK_PENDING);
    rig_queue("default")->paused = true;
    write_task(&t, false);
    CHECK_MEMBER("waiting_on.reason", "\"queue_paused\"");
    rig_queue("default")->paused = false;
    t = task_in(TASK_RUNNING);
    write_task(&t, false);
    CHECK_MEMBER("waiting_on", "null");
    end();
}

TEST(what_is_not_there_is_null_or_empty)
{
    begin();
    struct task t = task_in(TASK_PENDING);
    t.body.created_at_ms = NOW;
    write_task(&t, false);
    static const char *const nulls[] = {"progress", "position", "eta_at", "error", "subject", "group_id", "run_at", "start_by",
                                        "started_at", "finished_at", "purge_at", "delivery", "timing.queued_ms"};
    for (size_t i = 0; i < N(nulls); i++) CHECK_MEMBER(nulls[i], "null");
    CHECK_MEMBER("files", "[]");
    CHECK_MEMBER("tags", "{}");
    CHECK_MEMBER("depends_on", "[]");
    CHECK_MEMBER("cancel_requested", "false");
    CHECK_MEMBER("input", ""); /* not whole: left out */
    CHECK_MEMBER("result", "");
    CHECK_MEMBER("input_bytes", "7");
    write_task(&(struct task){.body = t.body, .life = t.life}, true);
    CHECK_MEMBER("result", "null");
    end();
}

TEST(what_is_there_is_shown)
{
    begin();
    struct task_tag tags[] = {{STR("a\"b"), STR("v")}, {STR("k"), STR("")}};
    struct task t = task_in(TASK_FAILED);
    t.body.subject = STR("a \x01 subject");
    t.body.tags = tags;
    t.body.n_tags = 2;
    t.body.run_at_ms = NOW - 4000;
    t.body.rules.start_by_ms = NOW;
    t.life.cancel_requested = true;
    t.life.started_at_ms = NOW - 3000;
    t.ending = (struct task_ending){.finished_at_ms = NOW - 1000, .files = STR("[\"f\"]"), .progress = STR("{\"done\":1}"),
                                    .failure = {.code = STR("quota"), .message = STR("m\n"), .type = STR("E"), .attempt = 1, .at_ms = NOW}};
    t.last = (struct failure){.code = STR("of before")};
    write_task(&t, true);
    CHECK_MEMBER("run", "2");
    CHECK_MEMBER("attempt", "1");
    CHECK_MEMBER("max_attempts", "4");
    CHECK_MEMBER("priority", "-3");
    CHECK_MEMBER("cancel_requested", "true");
    CHECK_MEMBER("subject", "\"a \\u0001 subject\"");
    CHECK_MEMBER("tags", "{\"a\\\"b\":\"v\",\"k\":\"\"}");
    CHECK_MEMBER("files", "[\"f\"]");
    CHECK_MEMBER("progress", "{\"done\":1}");
    CHECK_MEMBER("error.code", "\"quota\"");
    CHECK_MEMBER("error.message", "\"m\\n\"");
    CHECK_MEMBER("error.detail", "null");
    CHECK_MEMBER("error.type", "\"E\"");
    CHECK_MEMBER("error.attempt", "1");
    CHECK_MEMBER("timing.queued_ms", "1000"); /* from run_at */
    CHECK_MEMBER("urls.self", "\"/v1/tasks/00000000-0000-0000-0000-000000000000\"");
    CHECK_MEMBER("urls.cancel", "\"/v1/tasks/00000000-0000-0000-0000-000000000000/cancel\"");
    t.life.state = TASK_PENDING; /* another attempt is to come: the last one's error */
    write_task(&t, true);
    CHECK_MEMBER("error.code", "\"of before\"");
    CHECK_MEMBER("error.attempt", "null");
    CHECK_MEMBER("error.at", "null");
    end();
}

static struct str worst(struct arena *a, size_t len)
{
    char *p = arena_alloc(a, len + 1);
    memset(p, 1, len);
    return (struct str){p, len};
}

TEST(a_task_with_everything_at_its_limit_and_escaped_is_not_larger_than_said)
{
    begin();
    struct arena a;
    struct buf raw, files;
    struct task_tag tags[LIMIT_TAGS];
    arena_init(&a);
    buf_init(&raw, 1 << 20);
    buf_init(&files, 1 << 20);
    buf_add_text(&raw, "\"");
    while (raw.len < LIMIT_INLINE - 1) buf_add_char(&raw, 'x');
    buf_add_text(&raw, "\"");
    json_write_open(&files, '[');
    for (int i = 0; i < LIMIT_FILES; i++) json_write_str(&files, worst(&a, 255));
    json_write_close(&files, ']');
    struct task t = task_in(TASK_COMPLETED);
    t.body.type = t.body.queue = worst(&a, LIMIT_NAME);
    t.body.input = t.ending.result = buf_str(&raw);
    t.body.subject = worst(&a, LIMIT_SUBJECT);
    t.body.key = t.body.limit_key = t.body.batch_key = worst(&a, LIMIT_NAME);
    t.body.cost = 1.0 / 3;
    for (int i = 0; i < LIMIT_TAGS; i++) { /* names differ */
        tags[i].key = worst(&a, (size_t)(LIMIT_TAG_KEY - i));
        tags[i].value = worst(&a, LIMIT_TAG_VALUE);
    }
    t.body.tags = tags;
    t.body.n_tags = LIMIT_TAGS;
    t.ending.files = buf_str(&files);
    t.ending.progress = str_sub(buf_str(&raw), 0, 0);
    t.ending.failure = (struct failure){.code = worst(&a, LIMIT_NAME), .message = worst(&a, LIMIT_MESSAGE), .attempt = 1,
                                        .detail = worst(&a, LIMIT_DETAIL), .type = worst(&a, LIMIT_NAME), .at_ms = NOW};
    write_task(&t, true);
    CHECK(out.len > 700000);
    CHECK(out.len + LIMIT_PROGRESS_DATA + 6 * LIMIT_MESSAGE + 1024 <= TASK_JSON_MAX); /* the progress it could have */
    buf_release(&files);
    buf_release(&raw);
    arena_release(&a);
    end();
}

TEST(a_depth_counts_what_is_retrying_apart_from_what_is_scheduled)
{
    begin();
    struct store_count n = {.retrying = 3};
    struct err e;
    int64_t sum = 0;
    for (int state = 0; state < TASK_STATES; state++) n.n[state] = 10 + state;
    for (size_t i = 0; i < DEPTH_WORDS; i++) sum += depth_count(&n, i);
    CHECK_INT(sum, 80 + 28);
    depth_write(&out, &n);
    CHECK_INT(json_parse(&parsed, buf_str(&out), &e), 0);
    CHECK_MEMBER("blocked", "10");
    CHECK_MEMBER("scheduled", "8");
    CHECK_MEMBER("retrying", "3");
    CHECK_MEMBER("pending", "12");
    CHECK_MEMBER("expired", "17");
    CHECK_STR(str_of(depth_word(2)), "retrying");
    CHECK_STR(str_of(depth_word(DEPTH_WORDS - 1)), "expired");
    end();
}

TEST(one_that_was_answered_says_by_whom_and_has_completed_at_once)
{
    begin();
    struct task t = task_in(TASK_COMPLETED);
    write_task(&t, false);
    CHECK_MEMBER("cached_from", "null");
    struct store_add_item item = {.body = &t.body, .life = {.state = TASK_COMPLETED, .run = 1}, .cached = true, .result_bytes = 17,
                                  .finished_at_ms = NOW};
    item.cached_from.b[15] = 0x2a;
    t = store_added(&item);
    write_task(&t, false);
    CHECK_MEMBER("status", "\"completed\"");
    CHECK_MEMBER("cached_from", "\"00000000-0000-0000-0000-00000000002a\"");
    CHECK_MEMBER("result_bytes", "17");
    CHECK_MEMBER("attempt", "0");
    CHECK_MEMBER("started_at", "null");
    CHECK(!str_eq(member("finished_at"), STR("null")));
    CHECK_MEMBER("timing.batch_size", "null");
    item.cached = false;
    item.life.state = TASK_PENDING;
    t = store_added(&item);
    write_task(&t, false);
    CHECK_MEMBER("cached_from", "null");
    end();
}

TEST_MAIN
