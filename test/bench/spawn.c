/* SPDX-License-Identifier: Apache-2.0
 *
 * spawn SECONDS PROGRAM: starts PROGRAM and waits for its end, one after another: what a process costs on this machine.
 */
#include "latencies.h"

#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>

extern char **environ;

static struct latencies latencies;

static int run(char *program)
{
    char *argv[] = {program, NULL};
    pid_t pid;
    int status;
    if (posix_spawn(&pid, program, NULL, NULL, argv, environ) != 0) return -1;
    return waitpid(pid, &status, 0) == pid && status == 0 ? 0 : -1;
}

int main(int argc, char **argv)
{
    int64_t seconds = argc == 3 ? strtol(argv[1], NULL, 10) : 0;
    if (seconds < 1) {
        fprintf(stderr, "usage: spawn SECONDS PROGRAM\n");
        return 64;
    }
    int64_t start_us = latencies_now_us(), now_us = start_us;
    while (now_us < start_us + seconds * 1000000) {
        if (run(argv[2]) != 0) {
            fprintf(stderr, "spawn: %s did not run well\n", argv[2]);
            return 1;
        }
        int64_t after_us = latencies_now_us();
        latencies_add(&latencies, after_us - now_us);
        now_us = after_us;
    }
    latencies_print(&latencies, now_us - start_us, 0);
    return 0;
}
