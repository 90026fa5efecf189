/* SPDX-License-Identifier: Apache-2.0
 *
 * sync [-a] [-b BYTES] [-t SECONDS] FILE: a write and its fdatasync, one after another: what a commit costs on this disk.
 *
 * Without -a round and round in a file of 1 MiB whose blocks are there, as a write-ahead log is written; with -a each
 * behind the one before, so that the file's size is synced, too.
 */
#include "latencies.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BYTES_MAX (64 * 1024)
#define LOG_BYTES (1024 * 1024)

static struct latencies latencies;
static char block[BYTES_MAX];

static void give_up(const char *what)
{
    perror(what);
    exit(1);
}

static void write_and_sync(int fd, size_t bytes, off_t at)
{
    if (pwrite(fd, block, bytes, at) != (ssize_t)bytes) give_up("sync: write");
    if (fdatasync(fd) != 0) give_up("sync: fdatasync");
}

int main(int argc, char **argv)
{
    bool append = false;
    long bytes = 4096, seconds = 5;
    int option;
    while ((option = getopt(argc, argv, "ab:t:")) != -1) {
        if (option == 'a') append = true;
        else if (option == 'b') bytes = strtol(optarg, NULL, 10);
        else if (option == 't') seconds = strtol(optarg, NULL, 10);
        else return 64;
    }
    if (argc - optind != 1 || bytes < 1 || bytes > BYTES_MAX || seconds < 1) {
        fprintf(stderr, "usage: sync [-a] [-b BYTES] [-t SECONDS] FILE\n");
        return 64;
    }
    int fd = open(argv[optind], O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0) give_up(argv[optind]);
    memset(block, 'x', sizeof block);
    off_t at = 0;
    for (; !append && at < LOG_BYTES; at += BYTES_MAX) write_and_sync(fd, BYTES_MAX, at);
    int64_t start_us = latencies_now_us(), now_us = start_us;
    for (at = 0; now_us < start_us + seconds * 1000000; at += bytes) {
        if (!append && at + bytes > LOG_BYTES) at = 0;
        write_and_sync(fd, (size_t)bytes, at);
        int64_t after_us = latencies_now_us();
        latencies_add(&latencies, after_us - now_us);
        now_us = after_us;
    }
    latencies_print(&latencies, now_us - start_us, 0);
    return 0;
}
