/* SPDX-License-Identifier: Apache-2.0
 *
 * Copies of a task's parts: the same words, in memory that does not hang on the original.
 */
#include "task/task.h"
#include "test.h"

static void spoil(char *text) { memset(text, '#', strlen(text)); }

TEST(a_copied_body_has_everything_and_needs_nothing_of_the_original)
{
    char type[] = "transcribe", queue[] = "gpu", input[] = "{\"n\":1}", subject[] = "user-7";
    char limit_key[] = "user-8", batch_key[] = "de", once[] = "night", trace[] = "00-1";
    char key[] = "album", value[] = "blue", other_key[] = "day", other_value[] = "";
    const struct task_tag tags[] = {{str_of(key), str_of(value)}, {str_of(other_key), str_of(other_value)}};
    struct task_body from = {.type = str_of(type), .queue = str_of(queue), .input = str_of(input), .subject = str_of(subject),
                             .tags = tags, .n_tags = 2, .timeout_ms = 9, .rules.priority = 3,
                             .key = str_of(once), .limit_key = str_of(limit_key), .batch_key = str_of(batch_key), .trace = str_of(trace), .cost = 2.5};
    struct arena a;
    arena_init(&a);
    struct task_body to = task_copy_body(&a, &from);
    char *const texts[] = {type, queue, input, subject, key, value, other_key, other_value, limit_key, batch_key, once, trace};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) spoil(texts[i]);
    CHECK_STR(to.type, "transcribe");
    CHECK_STR(to.queue, "gpu");
    CHECK_STR(to.input, "{\"n\":1}");
    CHECK_STR(to.subject, "user-7");
    CHECK_STR(to.key, "night");
    CHECK_STR(to.limit_key, "user-8");
    CHECK_STR(to.batch_key, "de");
    CHECK_STR(to.trace, "00-1");
    CHECK(to.cost == 2.5);
    CHECK_INT(to.n_tags, 2);
    CHECK_STR(to.tags[0].key, "album");
    CHECK_STR(to.tags[0].value, "blue");
    CHECK_STR(to.tags[1].key, "day");
    CHECK_STR(to.tags[1].value, "");
    CHECK_INT(to.timeout_ms, 9);
    CHECK_INT(to.rules.priority, 3);
    arena_release(&a);
}

TEST(a_copied_body_without_subject_keys_and_tags_has_none)
{
    struct task_body from = {.type = STR("t"), .queue = STR("q"), .input = STR("{}")};
    struct arena a;
    arena_init(&a);
    struct task_body to = task_copy_body(&a, &from);
    CHECK(to.subject.p == NULL && to.key.p == NULL && to.limit_key.p == NULL && to.batch_key.p == NULL && to.trace.p == NULL);
    CHECK(to.tags == NULL && to.n_tags == 0);
    arena_release(&a);
}

TEST(a_copied_failure_has_everything_and_needs_nothing_of_the_original)
{
    char code[] = "worker_error", message[] = "no such file", detail[] = "line 3", type[] = "OSError";
    struct failure from = {.code = str_of(code), .message = str_of(message), .detail = str_of(detail), .type = str_of(type),
                           .attempt = 2, .at_ms = 7};
    struct arena a;
    arena_init(&a);
    struct failure to = task_copy_failure(&a, &from);
    char *const texts[] = {code, message, detail, type};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) spoil(texts[i]);
    CHECK_STR(to.code, "worker_error");
    CHECK_STR(to.message, "no such file");
    CHECK_STR(to.detail, "line 3");
    CHECK_STR(to.type, "OSError");
    CHECK_INT(to.attempt, 2);
    CHECK_INT(to.at_ms, 7);
    arena_release(&a);
}

TEST_MAIN
