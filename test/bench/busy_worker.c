/* SPDX-License-Identifier: Apache-2.0
 *
 * A worker that computes on two threads until its task is cancelled: what a model does to a machine of two cores.
 * BENCH_THREADS is how many threads compute.
 */
#include "bide.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#define THREADS_MAX 64

static atomic_bool over;

static void *compute(void *user)
{
    volatile double x = 1;
    (void)user;
    while (!atomic_load_explicit(&over, memory_order_relaxed))
        for (int i = 0; i < 100000; i++) x = x * 1.0000001 + 1e-9;
    return NULL;
}

static int run(void *user, struct bide_task *task)
{
    const char *said = getenv("BENCH_THREADS");
    long n = said ? strtol(said, NULL, 10) : 2;
    pthread_t threads[THREADS_MAX];
    (void)user;
    if (n < 1 || n > THREADS_MAX) n = 2;
    for (long i = 1; i < n; i++)
        if (pthread_create(&threads[i], NULL, compute, NULL) != 0) return -1;
    volatile double x = 1;
    while (!bide_task_cancelled(task)) /* the first of the n */
        for (int i = 0; i < 10000000; i++) x = x * 1.0000001 + 1e-9;
    atomic_store(&over, true);
    for (long i = 1; i < n; i++) pthread_join(threads[i], NULL);
    return 0;
}

int main(void)
{
    return bide_worker_run(&(struct bide_worker){.run = run}) ? 1 : 0;
}
