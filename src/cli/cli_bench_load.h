/* SPDX-License-Identifier: Apache-2.0
 *
 * The load of `bide bench`: a process for each connection submits one task after the other until the time is over, then
 * cancels what it submitted. What they count lies in memory that they share.
 */
#ifndef CLI_CLI_BENCH_LOAD_H
#define CLI_CLI_BENCH_LOAD_H

#include "bide.h"

#define CLI_BENCH_LOAD_MAX 64     /* connections */
#define CLI_BENCH_LOAD_STEPS 1024 /* of a latency scale: 32 steps for each doubling, in microseconds */

struct cli_bench_tally {
    int64_t submitted, errors, cancelled, left; /* left: could not be cancelled */
    int64_t submit_us, max_us;                  /* time spent submitting; the longest submit */
    uint32_t steps[CLI_BENCH_LOAD_STEPS];       /* submits by their time */
    bool full;                                  /* stopped early: the queue took no more */
    struct bide_error error;                    /* the last one */
};

struct cli_bench_load {
    const char *server; /* NULL: as the environment says */
    const struct bide_submit *submit;
    int connections;
    int64_t duration_ms;
};

/* Runs it; SIGINT and SIGTERM end the submitting early. `ret_sum` has the connections together (submit_us: of the
 * slowest). -1 with the reason: processes could not be made. */
int cli_bench_load_run(const struct cli_bench_load *load, struct cli_bench_tally *ret_sum, struct bide_error *error);
/* The time that a share (0..1) of the submits did not exceed, in microseconds, up to 3 % more. */
int64_t cli_bench_load_share(const struct cli_bench_tally *t, double share);

#endif
