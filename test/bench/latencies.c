/* SPDX-License-Identifier: Apache-2.0
 *
 * Counting sort, and the line that bench.sh reads.
 */
#include "latencies.h"

#include <stdio.h>
#include <time.h>

int64_t latencies_now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

void latencies_add(struct latencies *l, int64_t us)
{
    l->n[us > LATENCIES_US ? LATENCIES_US : us]++;
    l->count++;
    if (us > l->longest_us) l->longest_us = us;
}

static double quantile_ms(const struct latencies *l, double q)
{
    int64_t below = 0, wanted = (int64_t)((double)l->count * q);
    for (int us = 0; us < LATENCIES_US; us++) {
        below += l->n[us];
        if (below > wanted) return (double)us / 1000;
    }
    return (double)l->longest_us / 1000;
}

void latencies_print(const struct latencies *l, int64_t took_us, int64_t errors)
{
    printf("%.0f %.3f %.3f %.3f %lld\n", (double)l->count * 1e6 / (double)took_us, quantile_ms(l, 0.5),
           quantile_ms(l, 0.99), (double)l->longest_us / 1000, (long long)errors);
}
