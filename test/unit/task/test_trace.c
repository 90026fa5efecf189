/* SPDX-License-Identifier: Apache-2.0
 *
 * Trace context: what is one, and what an attempt hands on. The examples are those of W3C Trace Context.
 */
#include "base/limits.h"
#include "task/trace.h"
#include "test.h"

#include <string.h>

#define ID "0af7651916cd43dd8448eb211c80319c"
#define SPAN "b7ad6b7169203331"
#define GOOD "00-" ID "-" SPAN "-01"

static struct arena arena;

static struct str stored(const char *parent, const char *state) { return trace_read(str_of(parent), str_of(state), &arena); }

static void refuse(const char *parent) { CHECK(stored(parent, "a=1").p == NULL); }

TEST(a_traceparent_is_kept_as_it_was_sent)
{
    CHECK_STR(stored(GOOD, ""), GOOD);
    CHECK_STR(stored("00-" ID "-" SPAN "-00", ""), "00-" ID "-" SPAN "-00");
    CHECK_STR(stored("00-" ID "-" SPAN "-ff", ""), GOOD);
    CHECK_STR(stored("00-" ID "-" SPAN "-1e", ""), "00-" ID "-" SPAN "-00");
    arena_release(&arena);
}

TEST(a_later_version_is_read_as_far_as_it_is_known)
{
    CHECK_STR(stored("01-" ID "-" SPAN "-01", ""), GOOD);
    CHECK_STR(stored("cc-" ID "-" SPAN "-01-what-comes", ""), GOOD);
    CHECK_STR(stored("10-" ID "-" SPAN "-01", ""), GOOD);
    refuse("cc-" ID "-" SPAN "-01.what-comes");
    refuse("0f-" ID "-" SPAN "-010");
    refuse("ff-" ID "-" SPAN "-01");
    arena_release(&arena);
}

TEST(what_is_no_traceparent_is_no_trace)
{
    refuse("");
    refuse("00");
    refuse("00-" ID "-" SPAN "-0");
    refuse(GOOD "-");
    refuse(GOOD "0");
    refuse("0g-" ID "-" SPAN "-01");
    refuse("00_" ID "-" SPAN "-01");
    refuse("00-" ID "_" SPAN "-01");
    refuse("00-" ID "-" SPAN "_01");
    refuse("00-0AF7651916CD43DD8448EB211C80319C-" SPAN "-01");
    refuse("00-00000000000000000000000000000000-" SPAN "-01");
    refuse("00-" ID "-0000000000000000-01");
    refuse("00-" ID "-b7ad6b716920333/-01");
    refuse("00-" ID "-b7ad6b716920333:-01");
    refuse("00-" ID "-b7ad6b716920333`-01");
    refuse("00-" ID "-" SPAN "-0g");
    arena_release(&arena);
}

TEST(a_tracestate_that_can_be_handed_on_is_kept)
{
    char most[LIMIT_TRACE_STATE + 2];
    memset(most, 'a', sizeof most);
    most[LIMIT_TRACE_STATE] = 0;
    CHECK_STR(trace_state(stored(GOOD, "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE")), "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE");
    CHECK_INT(trace_state(stored(GOOD, most)).len, LIMIT_TRACE_STATE);
    CHECK_INT(trace_state(stored(GOOD, "")).len, 0);
    most[LIMIT_TRACE_STATE] = 'a';
    most[LIMIT_TRACE_STATE + 1] = 0;
    CHECK_STR(stored(GOOD, most), GOOD);
    CHECK_STR(stored(GOOD, "a=\n"), GOOD);
    CHECK_STR(stored(GOOD, "a=\x7f"), GOOD);
    arena_release(&arena);
}

TEST(an_attempt_is_a_span_of_its_own_in_the_same_trace)
{
    char first[TRACE_PARENT], again[TRACE_PARENT], second[TRACE_PARENT];
    struct str trace = stored(GOOD, "a=1");
    trace_parent(trace, 0x9f86d081884c7d65, first);
    trace_parent(trace, 0x9f86d081884c7d65, again);
    trace_parent(trace, 0x9f86d081884c7d66, second);
    CHECK_STR(str_of(first), again);
    CHECK(strcmp(first, second) != 0);
    CHECK(strncmp(first, "00-" ID "-", 36) == 0 && strcmp(first + 52, "-01") == 0);
    CHECK(strstr(first, "9f86d081884c7d65") == NULL && strstr(first, SPAN) == NULL);
    CHECK_STR(stored(first, ""), first);
    arena_release(&arena);
}

TEST_MAIN
