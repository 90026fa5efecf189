/* SPDX-License-Identifier: Apache-2.0
 *
 * The test runner: TEST(a_sentence_that_says_what_holds) { ... CHECK(...) ... } and one TEST_MAIN per file. A failed
 * check prints file:line and what was seen, ends that test, and the others go on. `prog NAME` runs the tests whose name
 * contains NAME. Exit status 1 when anything failed. The last line is `N passed, N failed`.
 */
#ifndef TEST_TEST_H
#define TEST_TEST_H

#include "base/str.h"
#include <inttypes.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>

struct test {
    const char *name;
    void (*run)(void);
    struct test *next;
};

static struct test *test_first, **test_last = &test_first;
static jmp_buf test_out;

static inline void test_add(struct test *t)
{
    *test_last = t;
    test_last = &t->next;
}

static inline _Noreturn void test_fail(void) { longjmp(test_out, 1); }

#define TEST(name)                                                                       \
    static void test_##name(void);                                                       \
    static struct test test_entry_##name = {#name, test_##name, NULL};                   \
    __attribute__((constructor)) static void test_add_##name(void) { test_add(&test_entry_##name); } \
    static void test_##name(void)

#define CHECK(condition)                                                           \
    do {                                                                           \
        if (!(condition)) {                                                        \
            fprintf(stderr, "%s:%d: not true: %s\n", __FILE__, __LINE__, #condition); \
            test_fail();                                                           \
        }                                                                          \
    } while (0)

#define CHECK_INT(seen, wanted)                                                                                       \
    do {                                                                                                              \
        int64_t check_seen = (int64_t)(seen), check_wanted = (int64_t)(wanted);                                       \
        if (check_seen != check_wanted) {                                                                             \
            fprintf(stderr, "%s:%d: %s is %" PRId64 ", wanted %" PRId64 "\n", __FILE__, __LINE__, #seen, check_seen, \
                    check_wanted);                                                                                    \
            test_fail();                                                                                              \
        }                                                                                                             \
    } while (0)

/* `seen` is a struct str, `wanted` a C string */
#define CHECK_STR(seen, wanted)                                                                                  \
    do {                                                                                                         \
        struct str check_seen = (seen), check_wanted = str_of(wanted);                                           \
        if (check_seen.len != check_wanted.len || memcmp(check_seen.p, check_wanted.p, check_seen.len) != 0) {   \
            fprintf(stderr, "%s:%d: %s is \"%.*s\", wanted \"%s\"\n", __FILE__, __LINE__, #seen,                 \
                    (int)check_seen.len, check_seen.p ? check_seen.p : "", check_wanted.p);                      \
            test_fail();                                                                                         \
        }                                                                                                        \
    } while (0)

/* A function of its own, so that no variable of test_main lives across the jump. */
static __attribute__((noinline)) bool test_passes(void (*run)(void))
{
    if (setjmp(test_out) != 0) return false;
    run();
    return true;
}

static inline int test_main(int argc, char **argv)
{
    int passed = 0, failed = 0;
    for (struct test *t = test_first; t; t = t->next) {
        if (argc > 1 && !strstr(t->name, argv[1])) continue;
        if (test_passes(t->run)) {
            passed++;
        } else {
            fprintf(stderr, "FAILED %s\n", t->name);
            failed++;
        }
    }
    printf("%d passed, %d failed\n", passed, failed);
    return failed ? 1 : 0;
}

#define TEST_MAIN \
    int main(int argc, char **argv) { return test_main(argc, argv); }

#endif
