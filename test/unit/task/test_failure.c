/* SPDX-License-Identifier: Apache-2.0
 *
 * The table of error codes.
 */
#include "base/limits.h"
#include "task/failure.h"
#include "test.h"

TEST(every_code_has_a_word_of_its_own_that_leads_back)
{
    for (int c = 0; c < FAILURE_COUNT; c++) {
        enum failure_code code = (enum failure_code)c;
        CHECK_INT(failure_of(failure_word(code)), code);
        CHECK((failure_word(code).len == 0) == (code == FAILURE_NONE));
        CHECK((failure_text(code).len == 0) == (code == FAILURE_NONE));
        CHECK(failure_word(code).len <= LIMIT_NAME);
        for (size_t i = 0; i < failure_word(code).len; i++) {
            char ch = failure_word(code).p[i];
            CHECK((ch >= 'a' && ch <= 'z') || ch == '_');
        }
    }
}

TEST(a_workers_own_word_is_treated_as_its_error)
{
    CHECK_INT(failure_of(STR("quota")), FAILURE_WORKER_ERROR);
    CHECK_INT(failure_of(STR("Timeout")), FAILURE_WORKER_ERROR);
    CHECK_INT(failure_of(STR("timeou")), FAILURE_WORKER_ERROR);
}

TEST(what_asking_again_cannot_help_is_not_retryable)
{
    static const enum failure_code hopeless[] = {
        FAILURE_NONE,      FAILURE_INVALID_INPUT, FAILURE_POISON,           FAILURE_OUTPUT_TOO_LARGE,
        FAILURE_CANCELLED, FAILURE_REPLACED,      FAILURE_EXPIRED,          FAILURE_DEPENDENCY_FAILED};
    int n = 0;
    for (int c = 0; c < FAILURE_COUNT; c++) n += !failure_retryable((enum failure_code)c);
    CHECK_INT(n, sizeof hopeless / sizeof *hopeless);
    for (size_t i = 0; i < sizeof hopeless / sizeof *hopeless; i++) CHECK(!failure_retryable(hopeless[i]));
}

TEST_MAIN
