/* SPDX-License-Identifier: Apache-2.0
 *
 * The log, read back through a pipe that takes the place of stderr.
 */
#include "test.h"

#include "base/log.h"
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static int ends[2], true_stderr;
static char seen[16384];

static void catch_stderr(void)
{
    if (pipe2(ends, O_NONBLOCK) != 0) abort();
    fflush(stderr);
    true_stderr = dup(STDERR_FILENO);
    dup2(ends[1], STDERR_FILENO);
}

/* What was written since, without the time in front. */
static struct str caught(void)
{
    dup2(true_stderr, STDERR_FILENO);
    close(true_stderr);
    ssize_t n = read(ends[0], seen, sizeof seen - 1);
    close(ends[0]);
    close(ends[1]);
    return (struct str){seen, n > 0 ? (size_t)n : 0};
}

TEST(a_line_has_time_level_and_text)
{
    catch_stderr();
    log_warn("store_slow ms=%d", 12);
    struct str line = caught();
    CHECK_STR(str_sub(line, 23, line.len), "Z warn  store_slow ms=12\n");
    CHECK(line.p[4] == '-' && line.p[10] == 'T');
}

TEST(what_is_below_the_level_is_not_written)
{
    catch_stderr();
    log_debug("no");
    log_level_set(LOG_LEVEL_ERROR);
    log_warn("no");
    log_level_set(LOG_LEVEL_DEBUG);
    log_debug("yes");
    log_level_set(LOG_LEVEL_INFO);
    struct str line = caught();
    CHECK_STR(str_sub(line, 24, line.len), " debug yes\n");
}

TEST(a_stranger_cannot_forge_a_line)
{
    catch_stderr();
    log_info("subject=%s", "x\n2026 error forged\r\x1b[31m\x7f");
    struct str line = caught();
    CHECK_STR(str_sub(line, 24, line.len), " info  subject=x\\x0a2026 error forged\\x0d\\x1b[31m\\x7f\n");
}

TEST(a_line_too_long_is_cut_and_says_so)
{
    static char longer[10000];
    memset(longer, 'x', sizeof longer - 1);
    catch_stderr();
    log_info("%s", longer);
    struct str line = caught();
    CHECK(line.len > 4000 && line.len < 4200);
    CHECK(str_ends(line, STR("xxx...\n")));

    memset(longer, '\n', 4000); /* fits before, but not when made visible */
    longer[4000] = '\0';
    catch_stderr();
    log_info("%s", longer);
    line = caught();
    CHECK(line.len < 4200);
    CHECK(str_ends(line, STR("\\x0a...\n")));
    CHECK_INT(str_find(line, '\n'), line.len - 1);
}

TEST(errno_survives_a_line)
{
    catch_stderr();
    errno = EDOM;
    log_info("x");
    int after = errno;
    caught();
    CHECK_INT(after, EDOM);
}

TEST_MAIN
