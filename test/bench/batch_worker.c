/* SPDX-License-Identifier: Apache-2.0
 *
 * batch_worker FILE MAX BASE_US EACH_US: a model that takes MAX tasks at once and whose batch of n costs BASE_US + n x EACH_US,
 * asleep, so that it takes no processor from whoever is measured. Each task's result says when its batch was received. When it
 * is told to stop it writes a line for each batch to FILE, "N RECEIVED_US COMPUTED_US" of the monotonic clock: between the two
 * it was busy, and from then on until the next is received it was not.
 */
#include "bide.h"
#include "latencies.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define BATCHES_MAX 100000

struct batch {
    size_t n;
    int64_t received_us, computed_us;
};

struct model {
    const char *file;
    int64_t base_us, each_us;
    size_t n; /* of the batches */
};

static struct batch batches[BATCHES_MAX];

static void sleep_until(int64_t us)
{
    struct timespec until = {.tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR) {} // sleep: the model computes
}

static int run_batch(void *user, struct bide_task **tasks, size_t n)
{
    struct model *m = user;
    struct batch *b = &batches[m->n];
    char result[64];
    *b = (struct batch){.n = n, .received_us = latencies_now_us()};
    sleep_until(b->received_us + m->base_us + (int64_t)n * m->each_us);
    b->computed_us = latencies_now_us();
    m->n += m->n + 1 < BATCHES_MAX;
    snprintf(result, sizeof result, "{\"received_us\":%lld}", (long long)b->received_us);
    for (size_t i = 0; i < n; i++)
        if (bide_task_done(tasks[i], result) != 0) return -1;
    return 0;
}

static void unload(void *user)
{
    const struct model *m = user;
    FILE *f = fopen(m->file, "w");
    if (!f) return;
    for (size_t i = 0; i < m->n; i++)
        fprintf(f, "%zu %lld %lld\n", batches[i].n, (long long)batches[i].received_us, (long long)batches[i].computed_us);
    fclose(f);
}

int main(int argc, char **argv)
{
    if (argc != 5) return 64;
    struct model m = {.file = argv[1], .base_us = strtoll(argv[3], NULL, 10), .each_us = strtoll(argv[4], NULL, 10)};
    return bide_worker_run(&(struct bide_worker){.run_batch = run_batch, .unload = unload, .user = &m,
                                                 .max_batch = (int)strtol(argv[2], NULL, 10)}) ? 1 : 0;
}
