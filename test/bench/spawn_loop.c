/* SPDX-License-Identifier: Apache-2.0
 *
 * spawn_loop PARALLEL SECONDS PROGRAM: the least that starting programs can cost. PARALLEL of them at any time, by
 * posix_spawn, with nothing to read and nothing to write; prints how many a second have ended.
 */
#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void start(char *program)
{
    char *argv[] = {program, NULL};
    pid_t pid;
    int failed = posix_spawn(&pid, program, NULL, NULL, argv, environ);
    if (!failed) return;
    fprintf(stderr, "spawn_loop: %s: %s\n", program, strerror(failed));
    exit(1);
}

static void take_in(void)
{
    int status;
    while (waitpid(-1, &status, 0) < 0) {
        if (errno == EINTR) continue;
        perror("spawn_loop: waitpid");
        exit(1);
    }
    if (status == 0) return;
    fprintf(stderr, "spawn_loop: a program failed\n");
    exit(1);
}

int main(int argc, char **argv)
{
    if (argc != 4) return 64;
    int parallel = (int)strtol(argv[1], NULL, 10);
    double seconds = strtod(argv[2], NULL), begun = now(), elapsed;
    long ended = 0;
    for (int i = 0; i < parallel; i++) start(argv[3]);
    while ((elapsed = now() - begun) < seconds) {
        take_in();
        ended++;
        start(argv[3]);
    }
    for (int i = 0; i < parallel; i++) take_in();
    printf("%.0f\n", (double)ended / elapsed);
    return 0;
}
