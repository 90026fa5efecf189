/* SPDX-License-Identifier: Apache-2.0
 *
 * Memory that is not there: NULL for those who can go on, the end for a server.
 */
#include "base/mem.h"
#include "test/test.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define TOO_MUCH (SIZE_MAX / 4)

/* The sanitizers end a program that asks for so much, unless they are told not to. */
const char *__asan_default_options(void);
const char *__tsan_default_options(void);
const char *__asan_default_options(void) { return "allocator_may_return_null=1"; }
const char *__tsan_default_options(void) { return "allocator_may_return_null=1"; }

static int gave_up;

static void note(void) { gave_up++; }

TEST(without_memory_there_is_none_and_whoever_asked_goes_on)
{
    mem_try_or(NULL);
    void *p = mem_try(NULL, 100);
    CHECK(p);
    CHECK(!mem_try(p, TOO_MUCH));
    memset(p, 1, 100); /* it is still there */
    free(p);
}

TEST(who_cannot_go_on_says_what_to_do_then)
{
    gave_up = 0;
    mem_try_or(note);
    free(mem_try(NULL, 100));
    CHECK_INT(gave_up, 0);
    CHECK(!mem_try(NULL, TOO_MUCH));
    CHECK_INT(gave_up, 1);
    mem_try_or(NULL);
}

TEST(a_server_for_which_it_is_vital_ends_by_abort)
{
    int status;
    pid_t pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) {
        setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
        signal(SIGABRT, SIG_DFL); /* a sanitizer's would tell of it at length */
        close(STDERR_FILENO);
        mem_is_vital();
        free(mem_try(NULL, TOO_MUCH));
        _exit(0);
    }
    CHECK_INT(waitpid(pid, &status, 0), pid);
    CHECK(WIFSIGNALED(status));
    CHECK_INT(WTERMSIG(status), SIGABRT);
}

TEST_MAIN
