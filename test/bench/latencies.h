/* SPDX-License-Identifier: Apache-2.0
 *
 * Latencies by the microsecond, for the clients of this folder: one counter per microsecond up to a second, so that
 * quantiles are exact and remembering costs nothing. A quantile that lies beyond is told as the longest.
 */
#ifndef BENCH_LATENCIES_H
#define BENCH_LATENCIES_H

#include <stdint.h>

#define LATENCIES_US 1000000

struct latencies { /* zeroed is empty; large: make it static */
    uint32_t n[LATENCIES_US + 1];
    int64_t count, longest_us;
};

int64_t latencies_now_us(void); /* monotonic */
void latencies_add(struct latencies *l, int64_t us);

/* Appends one line to standard output, "RATE P50 P99 LONGEST ERRORS": per second, milliseconds three times, a count. */
void latencies_print(const struct latencies *l, int64_t took_us, int64_t errors);

#endif
