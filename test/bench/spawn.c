/* SPDX-License-Identifier: Apache-2.0
 *
 * spawn PARALLEL SECONDS PROGRAM: the least that starting programs can cost on this machine. PARALLEL of them at any time, by
 * posix_spawn, with nothing to read and nothing to write. Prints what bench.sh wants of a row: how many a second have ended.
 */
#include "latencies.h"

#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void give_up(const char *what, const char *why)
{
    fprintf(stderr, "spawn: %s: %s\n", what, why);
    exit(1);
}

static void start(char *program)
{
    char *argv[] = {program, NULL};
    pid_t pid;
    int failed = posix_spawn(&pid, program, NULL, NULL, argv, environ);
    if (failed) give_up(program, strerror(failed));
}

static void take_in(const char *program)
{
    int status;
    while (waitpid(-1, &status, 0) < 0)
        if (errno != EINTR) give_up("waitpid", strerror(errno));
    if (status != 0) give_up(program, "did not run well");
}

int main(int argc, char **argv)
{
    long parallel = argc == 4 ? strtol(argv[1], NULL, 10) : 0, seconds = argc == 4 ? strtol(argv[2], NULL, 10) : 0, ended = 0;
    if (parallel < 1 || seconds < 1) {
        fprintf(stderr, "usage: spawn PARALLEL SECONDS PROGRAM\n");
        return 64;
    }
    int64_t start_us = latencies_now_us(), took_us;
    for (long i = 0; i < parallel; i++) start(argv[3]);
    for (; (took_us = latencies_now_us() - start_us) < seconds * 1000000; ended++) {
        take_in(argv[3]);
        start(argv[3]);
    }
    for (long i = 0; i < parallel; i++) take_in(argv[3]);
    printf("%.0f - - - 0\n", (double)ended * 1e6 / (double)took_us);
    return 0;
}
